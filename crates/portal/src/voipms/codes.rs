//! The codes of a sub-account's fields, and what they mean.

use store::Reader;

use super::Answer;
use super::ask::Ask;
use super::reply::{Reply, Row};

/// Calls abroad are allowed.
pub(super) const UNLOCKED: &str = "0";
/// They are not.
pub(super) const LOCKED: &str = "1";
/// A line that logs in.
pub(super) const BY_PASSWORD: &str = "1";
/// A trunk that is known by its address.
pub(super) const BY_ADDRESS: &str = "2";
/// An account on any deck but the one for premium routes.
pub(super) const VALUE: &str = "1";
/// An account on the deck for premium routes.
pub(super) const PREMIUM: &str = "2";

/// The deck whose name says that it is for premium routes.
const PREMIUM_DECK: &str = "premium";

const ROUTES: [(&str, &str); 2] = [(VALUE, "Value"), (PREMIUM, "Premium")];

/// The account's route: its deck's.
pub(super) fn route_of(ask: &Ask) -> &'static str {
    if ask.account.settings.deck.as_str() == PREMIUM_DECK { PREMIUM } else { VALUE }
}

/// Routes as rows; with a code, that one alone.
pub(super) fn route_rows(code: Option<&str>) -> Vec<Row> {
    rows(&ROUTES, code)
}

fn rows(codes: &[(&str, &str)], only: Option<&str>) -> Vec<Row> {
    let wanted = codes.iter().filter(|(value, _)| only.is_none_or(|only| only == *value));
    wanted.map(|(value, text)| Row::code(value, text)).collect()
}

fn only<'a>(ask: &'a Ask, field: &str) -> Option<&'a str> {
    Some(ask.get(field)).filter(|value| !value.is_empty())
}

/// `getLockInternational`.
pub(super) fn locks(ask: &Ask, _: &Reader) -> Answer {
    let codes = [(UNLOCKED, "Allow international calls"), (LOCKED, "Deny international calls")];
    Ok(Reply::default().rows("lock_international", rows(&codes, only(ask, "lock_international"))))
}

/// `getRoutes`.
pub(super) fn routes(ask: &Ask, _: &Reader) -> Answer {
    Ok(Reply::default().rows("routes", route_rows(only(ask, "route"))))
}

/// `getAuthTypes`.
pub(super) fn auth_types(ask: &Ask, _: &Reader) -> Answer {
    let codes = [(BY_PASSWORD, "User and password"), (BY_ADDRESS, "Static IP address")];
    Ok(Reply::default().rows("auth_types", rows(&codes, only(ask, "type"))))
}
