//! The audit log: every change by a person, with what was there before and after.

use askama::Template;
use axum::response::Response;
use billing::{Country, Currency, Money};
use store::AuditRow;

use crate::circle::Circle;
use crate::frame::{Frame, Tab, page};
use crate::problem::Problem;
use crate::zone::Zone;

/// Changes listed.
const MAX_LISTED: u32 = 200;
/// What holds codes of countries.
const COUNTRIES: [&str; 3] = ["country", "allowed", "denied"];
/// What holds money, in micro-units, whatever account it is of.
const MONEY: [&str; 6] =
    ["exposure_ceiling", "low_balance", "monthly_limit", "auto_top_up_max", "max_rate", "money_a_day"];

struct Difference {
    what: String,
    before: String,
    after: String,
}

struct Row {
    when: String,
    iso: String,
    by: String,
    text: String,
    account: Option<(String, String)>,
    changes: Vec<Difference>,
}

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    f: Frame,
    rows: Vec<Row>,
    is_all: bool,
}

/// The page.
pub(crate) async fn show(circle: Circle) -> Result<Response, Problem> {
    let visitor = circle.visitor();
    let only = circle.account().cloned();
    let (rows, accounts) =
        visitor.state.read(move |reader| Ok((reader.audit(only.as_ref(), MAX_LISTED)?, reader.accounts()?))).await?;
    let zone = circle.zone();
    let view = |row: &AuditRow| {
        let account = row.account.as_ref().and_then(|id| accounts.iter().find(|account| account.id == *id));
        let currency = account.map(|account| account.settings.currency);
        let shown = |what: &str, text: &str| value(what, text, currency, &zone);
        let changes = row.changes.iter().map(|change| Difference {
            what: readable(&change.what),
            before: shown(&change.what, &change.before),
            after: shown(&change.what, &change.after),
        });
        // What is there now and holds nothing is no difference to people.
        let changes = changes.filter(|change| change.before != change.after);
        let named = account.filter(|_| circle.account().is_none());
        Row {
            when: zone.short(row.at_ms),
            iso: zone.iso(row.at_ms),
            by: row.by.clone(),
            text: row.text.clone(),
            account: named
                .map(|account| (visitor.path(&format!("/accounts/{}", account.id)), account.settings.name.clone())),
            changes: changes.collect(),
        }
    };
    page(&AuditPage {
        f: circle.frame(Tab::Audit, "Audit log"),
        is_all: rows.len() < MAX_LISTED as usize,
        rows: rows.iter().map(view).collect(),
    })
}

/// "account › terms › low balance".
fn readable(path: &str) -> String {
    path.strip_suffix("_ms").unwrap_or(path).replace('.', " › ").replace('_', " ")
}

/// Milliseconds above this are a moment (of 2001 or later), and no length.
const FIRST_MOMENT_MS: i64 = 1_000_000_000_000;

/// A value as people read it: money with its currency, a moment on the account's clock, nothing as a word.
fn value(path: &str, value: &str, currency: Option<Currency>, zone: &Zone) -> String {
    let is_money = path.rsplit('.').next().is_some_and(|last| MONEY.contains(&last));
    let is_country = path.rsplit('.').next().is_some_and(|last| COUNTRIES.contains(&last));
    match (value.parse::<i64>(), currency) {
        _ if value.is_empty() => "nothing".to_owned(),
        (Ok(micros), Some(currency)) if is_money => Money::from_micros(micros).format(&currency),
        (Ok(at_ms), _) if path.ends_with("_ms") && at_ms >= FIRST_MOMENT_MS => zone.short(at_ms.unsigned_abs()),
        _ if is_country => named(value),
        _ if value == "true" => "yes".to_owned(),
        _ if value == "false" => "no".to_owned(),
        _ => value.to_owned(),
    }
}

/// The names of countries, in a list or alone.
fn named(codes: &str) -> String {
    let name = |code: &str| code.parse().map_or(code.to_owned(), |country: Country| country.name().to_owned());
    codes.split(", ").map(name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_for_people() {
        let value = |path, text| value(path, text, Some(Currency::USD), &Zone::named("America/Denver"));
        assert_eq!(value("account.exposure_ceiling", "25000000"), "$25.00");
        assert_eq!(value("account.max_calls", "25"), "25");
        assert_eq!(value("account.name", ""), "nothing");
        assert_eq!(value("line 107.international", "false"), "no");
        assert_eq!(value("account.country", "US"), "United States");
        assert_eq!(value("line 107.limits.denied", "AL, GM"), "Albania, Gambia");
        assert_eq!(value("line 107.cut.since_ms", "1772346600000"), "28 Feb 2026 23:30:00");
        assert_eq!(readable("line 107.cut.since_ms"), "line 107 › cut › since");
        assert_eq!(readable("account.terms.low_balance"), "account › terms › low balance");
    }
}
