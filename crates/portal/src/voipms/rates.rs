//! What a minute costs the account: its deck as it is in force, with its mark-up.

use billing::Rate;
use store::{MAX_ROWS, Reader};

use super::Answer;
use super::ask::{Ask, money};
use super::codes::{PREMIUM, VALUE, route_of, route_rows};
use super::reply::{Reply, Row};
use super::status::{Failure, Status};

/// `getRates`. An account has one package, its own rates, whatever is sent as `package`; what they cost the provider is not
/// told, so that both prices are the account's.
pub(super) fn rates(ask: &Ask, reader: &Reader) -> Answer {
    ask.needed("package")?;
    let found = found(ask, reader)?;
    let rows = found.iter().map(|rate| {
        let (increment, price) = (rate.increment_s.to_string(), money(rate.per_minute));
        Row::new([
            ("destination", rate.destination.to_string()),
            ("prefix", rate.prefix.as_digits().as_str().to_owned()),
            ("client_increment", increment.clone()),
            ("client_rate", price.clone()),
            ("real_increment", increment),
            ("real_rate", price),
        ])
    });
    Ok(Reply::list("rates", rows.collect(), Status::NO_RATE)?)
}

/// `getTerminationRates`. The account has rates on its own route alone.
pub(super) fn termination(ask: &Ask, reader: &Reader) -> Answer {
    let route = ask.needed("route")?;
    if ![VALUE, PREMIUM].contains(&route) {
        return Err(Status::INVALID_ROUTE.into());
    }
    let found = found(ask, reader)?;
    if found.is_empty() || route != route_of(ask) {
        return Err(Status::NO_RATE.into());
    }
    let rows = found.iter().map(|rate| {
        Row::new([
            ("destination", rate.destination.to_string()),
            ("prefix", rate.prefix.as_digits().as_str().to_owned()),
            ("increment", rate.increment_s.to_string()),
            ("rate", money(rate.per_minute)),
        ])
    });
    Ok(Reply::default().rows("route", route_rows(Some(route))).rows("rates", rows.collect()))
}

/// The rates that `query` asks for. Digits: those whose prefix begins with them, or else the one that prices a number that
/// begins with them; words: those whose destination holds them.
fn found(ask: &Ask, reader: &Reader) -> Result<Vec<Rate>, Failure> {
    let (query, settings) = (ask.needed("query")?, &ask.account.settings);
    let digits = query.strip_prefix('+').unwrap_or(query);
    let mut rates = if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let mut rates = reader.rates(&settings.deck, ask.now_ms, digits, MAX_ROWS)?;
        for end in (1..digits.len().min(MAX_PREFIX_DIGITS + 1)).rev() {
            if !rates.is_empty() {
                break;
            }
            let prefix = digits.get(..end).unwrap_or_default();
            rates = reader.rates(&settings.deck, ask.now_ms, prefix, 1)?;
            rates.retain(|rate| rate.prefix.as_digits().as_str() == prefix);
        }
        rates
    } else {
        reader.rates_named(&settings.deck, ask.now_ms, query, MAX_ROWS)?
    };
    for rate in &mut rates {
        *rate = rate.marked_up(settings.terms.markup_bp);
    }
    Ok(rates)
}

/// Digits of the longest prefix (E.164 section 6).
const MAX_PREFIX_DIGITS: usize = 15;
