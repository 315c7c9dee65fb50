//! `tollguard cdr export`: calls as a table or as JSON Lines, read page by page, so that millions fit.

use std::io::{BufWriter, Write};

use billing::{CallId, Cdr, Money, Route};
use clap::ValueEnum;
use jiff::Timestamp;
use store::{CdrFilter, MAX_ROWS};

use crate::cli::CliError;
use crate::cli::context::Context;

/// How calls are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A table with a header.
    Csv,
    /// A JSON object a line.
    Jsonl,
}

const HEADER: [&str; 29] = [
    "call",
    "account",
    "line",
    "direction",
    "start",
    "answer",
    "end",
    "talk_s",
    "caller",
    "dialled",
    "number",
    "destination",
    "country",
    "ip",
    "city",
    "ip_country",
    "user_agent",
    "carrier",
    "status",
    "reason",
    "recovered",
    "verdict",
    "reasons",
    "incident",
    "per_minute",
    "billed_s",
    "charge",
    "cost",
    "margin",
];

/// Writes them to standard output.
pub fn run(context: &Context, mut filter: CdrFilter, format: Format) -> Result<(), CliError> {
    let reader = context.reader()?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut after: Option<(u64, CallId)> = None;
    let wrote = |source| CliError::Terminal { what: "write the calls", source };
    if format == Format::Csv {
        write_row(&mut out, &HEADER.map(str::to_owned)).map_err(wrote)?;
    }
    filter.limit = MAX_ROWS;
    loop {
        let page = reader.cdrs_after(&filter, after)?;
        for cdr in &page {
            match format {
                Format::Csv => write_row(&mut out, &row(cdr)),
                Format::Jsonl => serde_json::to_writer(&mut out, cdr).map_err(Into::into).and_then(|()| writeln!(out)),
            }
            .map_err(wrote)?;
        }
        match page.last() {
            Some(last) if page.len() == MAX_ROWS as usize => after = Some((last.times.start_ms, last.call)),
            _ => return out.flush().map_err(wrote),
        }
    }
}

fn write_row(out: &mut impl Write, cells: &[String]) -> std::io::Result<()> {
    csv::Writer::from_writer(out).write_record(cells).map_err(std::io::Error::other)
}

fn row(cdr: &Cdr) -> [String; 29] {
    let text = |text: Option<&dyn ToString>| text.map(ToString::to_string).unwrap_or_default();
    let time = |ms: Option<u64>| {
        let at = ms.and_then(|ms| Timestamp::from_millisecond(i64::try_from(ms).ok()?).ok());
        at.map(|at| at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()).unwrap_or_default()
    };
    let carrier = match &cdr.route {
        Some(Route::Carrier(carrier)) => carrier.to_string(),
        _ => String::new(),
    };
    let (from, number, money, times) = (&cdr.from, &cdr.number, &cdr.money, &cdr.times);
    [
        cdr.call.to_string(),
        cdr.who.account.to_string(),
        text(cdr.who.line.as_ref().map(|line| line as &dyn ToString)),
        cdr.who.direction.as_str().to_owned(),
        time(Some(times.start_ms)),
        time(times.answer_ms),
        time(Some(times.end_ms)),
        times.talk_ms().div_ceil(1000).to_string(),
        plain(&cdr.who.caller),
        plain(&number.dialled),
        text(number.e164.as_ref().map(|number| number as &dyn ToString)),
        plain(&number.destination),
        text(number.country.as_ref().map(|country| country as &dyn ToString)),
        from.ip.to_string(),
        from.place.city.clone().unwrap_or_default(),
        text(from.place.country.as_ref().map(|country| country as &dyn ToString)),
        plain(&from.user_agent),
        carrier,
        cdr.result.sip_status.to_string(),
        plain(&cdr.result.reason),
        cdr.result.recovered.to_string(),
        cdr.verdict.decision.as_str().to_owned(),
        plain(&cdr.verdict.words().collect::<Vec<_>>().join("; ")),
        text(cdr.verdict.incident.as_ref().map(|incident| incident as &dyn ToString)),
        money.per_minute.to_string(),
        money.billed_s.to_string(),
        money.charge.to_string(),
        text(money.cost.as_ref().map(|cost: &Money| cost as &dyn ToString)),
        text(money.margin().as_ref().map(|margin| margin as &dyn ToString)),
    ]
}

/// A text of somebody else's that a spreadsheet must not take for a formula.
fn plain(text: &str) -> String {
    if text.starts_with(['=', '@', '-', '\t']) { format!("'{text}") } else { text.to_owned() }
}
