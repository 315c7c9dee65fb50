//! Calls as a table for spreadsheets (RFC 4180), read and sent page by page, so that millions fit.

use axum::body::Body;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use billing::Cdr;
use futures_util::stream;
use store::CdrFilter;

use crate::access::Scope;
use crate::problem::Problem;
use crate::words;

const HEADER: [&str; 22] = [
    "call",
    "start_utc",
    "start_local",
    "line",
    "ip",
    "port",
    "city",
    "ip_country",
    "network",
    "user_agent",
    "dialled",
    "number",
    "destination",
    "country",
    "result",
    "talk_s",
    "rate_a_minute",
    "charge",
    "currency",
    "verdict",
    "decibans",
    "reasons",
];

/// How many calls are read at once.
const PAGE: u32 = 1_000;

/// The table of some calls, as a file to keep.
pub(super) fn of_calls(scope: &Scope, cdrs: &[Cdr], name: &str) -> Response {
    let rows: String = cdrs.iter().map(|cdr| row(cells(scope, cdr))).collect();
    file(Body::from(row(HEADER.map(str::to_owned)) + &rows), name)
}

/// The table of all calls that a filter names, the oldest first.
pub(super) fn of_filter(scope: Scope, filter: CdrFilter, name: &str) -> Response {
    let filter = CdrFilter { before: None, limit: PAGE, ..filter };
    let first = (scope, Some(None));
    let pages = stream::try_unfold(first, move |(scope, after)| {
        let filter = filter.clone();
        async move {
            let Some(after) = after else { return Ok::<_, Problem>(None) };
            let cdrs = scope.visitor.state.read(move |reader| reader.cdrs_after(&filter, after)).await?;
            let mut text = if after.is_none() { row(HEADER.map(str::to_owned)) } else { String::new() };
            text.extend(cdrs.iter().map(|cdr| row(cells(&scope, cdr))));
            let last = cdrs.last().filter(|_| cdrs.len() == PAGE as usize);
            let next = last.map(|cdr| Some((cdr.times.start_ms, cdr.call)));
            Ok(Some((text, (scope, next))))
        }
    });
    file(Body::from_stream(pages), name)
}

fn file(body: Body, name: &str) -> Response {
    let name = format!("attachment; filename=\"{name}.csv\"");
    ([(CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (CONTENT_DISPOSITION, name)], body).into_response()
}

fn cells(scope: &Scope, cdr: &Cdr) -> [String; 22] {
    let (from, number, money) = (&cdr.from, &cdr.number, &cdr.money);
    let score = cdr.verdict.score_tenth_db;
    [
        cdr.call.to_string(),
        crate::zone::Zone::named("UTC").iso(cdr.times.start_ms),
        scope.zone.iso(cdr.times.start_ms),
        cdr.who.line.as_ref().map(ToString::to_string).unwrap_or_default(),
        from.ip.to_string(),
        from.port.to_string(),
        from.place.city.clone().unwrap_or_default(),
        from.place.country.map(|country| country.name().to_owned()).unwrap_or_default(),
        from.place.network.clone().unwrap_or_default(),
        from.user_agent.clone(),
        number.dialled.clone(),
        number.e164.map(|number| number.to_string()).unwrap_or_default(),
        number.destination.clone(),
        number.country.map(|country| country.name().to_owned()).unwrap_or_default(),
        words::result(cdr).text,
        cdr.times.talk_ms().div_ceil(1000).to_string(),
        money.per_minute.to_string(),
        money.charge.to_string(),
        scope.account.settings.currency.to_string(),
        cdr.verdict.decision.as_str().to_owned(),
        format!("{}{}.{}", if score < 0 { "-" } else { "" }, score.abs() / 10, score.abs() % 10),
        cdr.verdict.words().collect::<Vec<_>>().join("; "),
    ]
}

fn row<const N: usize>(cells: [String; N]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
    format!("{}\r\n", cells.join(","))
}

/// A cell, in quotes where it needs them. What a spreadsheet would take for a formula gets a sign in front; numbers do
/// not look like one to it.
fn quoted(cell: &str) -> String {
    let is_number =
        cell.strip_prefix(['+', '-']).is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit() || b == b'.'));
    let cell =
        if cell.starts_with(['=', '@', '+', '-', '\t']) && !is_number { format!("'{cell}") } else { cell.to_owned() };
    if cell.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_no_formulas() {
        assert_eq!(quoted("+355691234567"), "+355691234567");
        assert_eq!(quoted("=1+1"), "'=1+1");
        assert_eq!(quoted("-12.5"), "-12.5");
        assert_eq!(quoted("+x(1,2)"), "\"'+x(1,2)\"");
        assert_eq!(quoted("a \"b\", c"), "\"a \"\"b\"\", c\"");
        assert_eq!(row(["a".to_owned(), "b".to_owned()]), "a,b\r\n");
    }
}
