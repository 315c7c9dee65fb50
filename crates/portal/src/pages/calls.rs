//! The calls of an account: filtered, added up, page by page.

mod charts;

use std::ops::Range;

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use billing::{CallId, Cdr, Country, Decision};
use serde::Deserialize;
use store::{CdrFilter, MAX_ADDED_UP, Totals};

use super::table::CallTable;
use crate::access::Scope;
use crate::frame::{Frame, Tab, page};
use crate::problem::Problem;
use crate::words::{count, length};
use crate::zone::day_number;

/// Calls on one page.
const PER_PAGE: u32 = 50;

/// What is asked for; everything may be empty.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    line: String,
    number: String,
    from: String,
    to: String,
    verdict: String,
    /// Two letters.
    country: String,
    /// The last call of the page before: its beginning and id.
    before: String,
}

struct CountryChoice {
    code: String,
    name: &'static str,
    chosen: bool,
}

struct LineChoice {
    id: String,
    name: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "calls.html")]
struct CallsPage {
    f: Frame,
    action: String,
    wanted: Wanted,
    lines: Vec<LineChoice>,
    countries: Vec<CountryChoice>,
    is_filtered: bool,
    totals: String,
    charge: String,
    hours: Option<charts::Hours>,
    parts: Vec<charts::Part>,
    /// What the drawings are of.
    drawn: String,
    calls: CallTable,
    sheet: String,
    older: Option<String>,
    newest: Option<String>,
}

/// The page.
pub(crate) async fn show(scope: Scope, Query(wanted): Query<Wanted>) -> Result<Response, Problem> {
    let filter = filter(&scope, &wanted)?;
    let all = CdrFilter { before: None, ..filter.clone() };
    let days = wanted.days();
    let id = scope.id().clone();
    let found = scope.visitor.state.read(move |reader| {
        // One more than is shown tells whether there is another page.
        let cdrs = reader.cdrs(&CdrFilter { limit: PER_PAGE + 1, ..filter })?;
        let (counted, spread) = reader.spread(&all)?;
        let totals = match days {
            Some(days) => reader.totals_of_days(&id, all.line.as_ref(), days)?,
            None => counted,
        };
        Ok((cdrs, totals, spread, reader.lines(&id)?))
    });
    let (mut cdrs, totals, spread, lines) = found.await?;
    let has_older = cdrs.len() > PER_PAGE as usize;
    cdrs.truncate(PER_PAGE as usize);
    let chosen = |id: &str| wanted.line == id;
    let lines = lines.into_iter().map(|row| LineChoice {
        chosen: chosen(row.line.id.as_str()),
        id: row.line.id.to_string(),
        name: crate::words::line_in_full(&row.line),
    });
    let action = scope.path("/calls");
    let lines = lines.collect();
    page(&CallsPage {
        f: Frame::of_account(&scope, Tab::Calls, "Calls"),
        lines,
        countries: countries(&wanted.country),
        hours: charts::hours(&scope, &spread),
        parts: charts::countries(&spread),
        drawn: match spread.len() {
            most if most == MAX_ADDED_UP as usize => format!("the latest {most} calls"),
            some => count(some, "call"),
        },
        is_filtered: wanted.is_filtered(),
        totals: added_up(&totals, wanted.days().is_none()),
        charge: scope.money(totals.charge),
        calls: CallTable::of(&scope, &cdrs, wanted.nothing()),
        older: cdrs.last().filter(|_| has_older).map(|last| wanted.address(&action, Some(last))),
        sheet: wanted.address(&scope.path("/calls.csv"), None),
        newest: (!wanted.before.is_empty()).then(|| wanted.address(&action, None)),
        action,
        wanted,
    })
}

/// All countries, by name.
fn countries(chosen: &str) -> Vec<CountryChoice> {
    let choice = |country: Country| CountryChoice {
        code: country.code().to_owned(),
        name: country.name(),
        chosen: country.code() == chosen,
    };
    let mut all: Vec<CountryChoice> = Country::all().map(choice).collect();
    all.sort_by_key(|choice| choice.name);
    all
}

/// All calls that are asked for, as a file to keep.
pub(crate) async fn sheet(scope: Scope, Query(wanted): Query<Wanted>) -> Result<Response, Problem> {
    let filter = filter(&scope, &wanted)?;
    let name = format!("calls-{}", scope.id());
    Ok(super::sheet::of_filter(scope, filter, &name))
}

/// `counted`: one by one, as many as are.
fn added_up(totals: &Totals, counted: bool) -> String {
    let calls = count(usize::try_from(totals.calls).unwrap_or(usize::MAX), "call");
    let latest = if counted && totals.calls == u64::from(MAX_ADDED_UP) { "for the latest " } else { "" };
    format!("{latest}{calls}, {} answered, {} talked", totals.answered, length(totals.talk_ms))
}

fn filter(scope: &Scope, wanted: &Wanted) -> Result<CdrFilter, Problem> {
    let day = |text: &str, begins: fn(&crate::zone::Zone, &str) -> Option<u64>| match text {
        "" => Ok(None),
        text => begins(&scope.zone, text).map(Some).ok_or_else(|| Problem::Typed(format!("“{text}” is not a day"))),
    };
    let line = match wanted.line.as_str() {
        "" => None,
        text => Some(text.parse().map_err(|error: billing::Error| Problem::Typed(error.to_string()))?),
    };
    Ok(CdrFilter {
        account: Some(scope.id().clone()),
        line,
        since_ms: day(&wanted.from, crate::zone::Zone::day_begins)?,
        until_ms: day(&wanted.to, crate::zone::Zone::day_ends)?,
        number_prefix: wanted.number_prefix(),
        country: match wanted.country.as_str() {
            "" => None,
            code => Some(code.parse().map_err(|_| Problem::Typed(format!("“{code}” is not a country")))?),
        },
        verdict: match wanted.verdict.as_str() {
            "allowed" => Some(Decision::Allowed),
            "refused" => Some(Decision::Refused),
            _ => None,
        },
        before: wanted.before(),
        limit: PER_PAGE,
        ..CdrFilter::default()
    })
}

impl Wanted {
    fn is_filtered(&self) -> bool {
        [&self.line, &self.number, &self.from, &self.to, &self.verdict, &self.country]
            .iter()
            .any(|field| !field.is_empty())
    }

    fn nothing(&self) -> &'static str {
        if !self.before.is_empty() {
            "No call is older than those you have seen."
        } else if self.is_filtered() {
            "No call fits. Take something out of the filter."
        } else {
            "No calls yet. The first one will be listed here."
        }
    }

    /// The days it is of, where it asks for all calls of them: those are added up already.
    fn days(&self) -> Option<Range<u32>> {
        if !self.number.is_empty() || !self.verdict.is_empty() || !self.country.is_empty() {
            return None;
        }
        let first = if self.from.is_empty() { Some(0) } else { day_number(&self.from) };
        let last = if self.to.is_empty() { Some(u32::MAX) } else { day_number(&self.to).map(|day| day + 1) };
        Some(first?..last?)
    }

    /// The number as it is kept: people leave blanks and hyphens in.
    fn number_prefix(&self) -> Option<String> {
        let number: String = self.number.chars().filter(|c| c.is_ascii_alphanumeric() || "+*#".contains(*c)).collect();
        (!number.is_empty()).then_some(number)
    }

    fn before(&self) -> Option<(u64, CallId)> {
        let (start_ms, call) = self.before.split_once('.')?;
        Some((start_ms.parse().ok()?, call.parse().ok()?))
    }

    /// The address of the same question, after a call.
    fn address(&self, action: &str, last: Option<&Cdr>) -> String {
        let before = last.map(|cdr| format!("{}.{}", cdr.times.start_ms, cdr.call)).unwrap_or_default();
        let fields = [
            ("line", &self.line),
            ("number", &self.number),
            ("from", &self.from),
            ("to", &self.to),
            ("verdict", &self.verdict),
            ("country", &self.country),
            ("before", &before),
        ];
        let mut address = action.to_owned();
        let mut sign = '?';
        for (name, value) in fields.into_iter().filter(|(_, value)| !value.is_empty()) {
            address.push(sign);
            address.push_str(&format!("{name}={}", escaped(value)));
            sign = '&';
        }
        address
    }
}

/// A value in an address.
fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_asks_the_same() {
        let wanted = Wanted { number: "+355 69".into(), verdict: "refused".into(), ..Wanted::default() };
        assert_eq!(wanted.address("/calls", None), "/calls?number=%2B355%2069&verdict=refused");
        assert_eq!(wanted.number_prefix().as_deref(), Some("+35569"));
        let wanted = Wanted { before: "12.c0000000000007".into(), ..Wanted::default() };
        assert_eq!(wanted.before(), Some((12, CallId(7))));
        assert!(!wanted.is_filtered());
        assert_eq!(wanted.days(), Some(0..u32::MAX));
        let wanted = Wanted { from: "1970-01-03".into(), to: "1970-01-03".into(), ..Wanted::default() };
        assert_eq!(wanted.days(), Some(2..3));
        let wanted = Wanted { number: "+355".into(), ..wanted };
        assert_eq!(wanted.days(), None);
    }
}
