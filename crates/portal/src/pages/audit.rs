//! The audit log: every change by a person, with what was there before and after.

use askama::Template;
use axum::response::Response;
use billing::{Currency, Money};
use store::AuditRow;

use crate::circle::Circle;
use crate::frame::{Frame, Tab, page};
use crate::problem::Problem;

/// Changes listed.
const MAX_LISTED: u32 = 200;
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
        let changes = row.changes.iter().map(|change| Difference {
            what: readable(&change.what),
            before: value(&change.what, &change.before, currency),
            after: value(&change.what, &change.after, currency),
        });
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
    path.replace('.', " › ").replace('_', " ")
}

/// A value as people read it: money with its currency, nothing as a word.
fn value(path: &str, value: &str, currency: Option<Currency>) -> String {
    let is_money = path.rsplit('.').next().is_some_and(|last| MONEY.contains(&last));
    match (value.parse::<i64>(), currency) {
        _ if value.is_empty() => "nothing".to_owned(),
        (Ok(micros), Some(currency)) if is_money => Money::from_micros(micros).format(&currency),
        _ if value == "true" => "yes".to_owned(),
        _ if value == "false" => "no".to_owned(),
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_for_people() {
        assert_eq!(value("account.exposure_ceiling", "25000000", Some(Currency::USD)), "$25.00");
        assert_eq!(value("account.max_calls", "25", Some(Currency::USD)), "25");
        assert_eq!(value("account.name", "", None), "nothing");
        assert_eq!(value("line 107.international", "false", None), "no");
        assert_eq!(readable("account.terms.low_balance"), "account › terms › low balance");
    }
}
