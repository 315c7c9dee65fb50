//! `tollguard reconcile`: a carrier's invoice held against our call records.

mod show;
mod times;

use std::path::PathBuf;

use billing::{
    CallId, CarriedCall, CarrierId, Cdr, InvoiceColumn, InvoiceTable, Money, Reconciled, Tolerance, read_invoice,
    reconcile,
};
use clap::Args;
use store::{CdrFilter, MAX_ROWS, Reader};

use self::show::Page;
use self::times::Times;
use super::context::Context;
use super::error::refused;
use super::span::Span;
use super::{CliError, Listing};

/// The largest invoice, bytes.
const MAX_INVOICE_BYTES: u64 = 1 << 30;
/// A call rings no longer before it is answered, milliseconds.
const LONGEST_RING_MS: u64 = 3_600_000;

/// Hold a carrier's invoice against our call records.
#[derive(Debug, Args)]
#[command(long_about = "\
Holds a carrier's invoice (a table with a header) against our records of the calls that it took: what is on both, on both \
with another duration or price, on the invoice only, and in our records only; with sums by destination. Prices are compared \
where the carrier has a deck of its own (`tollguard carrier add --cost-deck`). Ends with 1 if anything differs.

A row belongs to a call of the same number if its time lies near the call, from its beginning to its answer. Where a number \
was called often, as many as possible are paired, and so that times and durations differ least.

Columns go by their usual names (number, start, duration, cost, destination); --column tells others. Durations are seconds \
or 1:05 or 1:02:05.

Examples:
  tollguard reconcile march.csv --carrier wholesale --time-zone America/New_York --step 6
  tollguard reconcile march.csv --carrier wholesale --column number=Rufnummer --column cost=Betrag
  tollguard reconcile march.csv --carrier wholesale --time-format '%d/%m/%Y %H:%M:%S' --json")]
pub struct Reconcile {
    /// The invoice.
    file: PathBuf,
    /// Whose it is.
    #[arg(long)]
    carrier: CarrierId,
    /// Which column holds what, where its name does not say: number=CALLED, cost=AMOUNT; again for each.
    #[arg(long = "column", value_name = "WHAT=NAME", value_parser = mapping)]
    columns: Vec<(InvoiceColumn, String)>,
    /// The time zone of the invoice, where its times name none.
    #[arg(long, default_value = "UTC", value_name = "ZONE")]
    time_zone: String,
    /// How its times are written, as strftime has it [default: 2026-03-01 12:00:05, with an offset or not, or Unix seconds].
    #[arg(long, value_name = "FORMAT")]
    time_format: Option<String>,
    /// The first moment that it covers, written as its times are [default: that of its first call].
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// The moment that it ends before [default: just after its last call].
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// How far the carrier's clock may be from ours.
    #[arg(long, default_value = "2m", value_name = "LENGTH")]
    clock: Span,
    /// The carrier bills in whole steps of so many seconds.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=3_600), value_name = "SECONDS")]
    step: u32,
    /// By how many seconds durations may differ beyond that.
    #[arg(long, default_value_t = 1, value_name = "SECONDS")]
    duration: u32,
    /// By how much prices may differ: what the carrier rounds.
    #[arg(long, default_value = "0.0001", value_name = "AMOUNT")]
    price: Money,
    /// How many of each kind of difference are listed.
    #[arg(long, default_value_t = 50)]
    limit: usize,
    #[command(flatten)]
    listing: Listing,
}

fn mapping(text: &str) -> Result<(InvoiceColumn, String), String> {
    let (what, name) = text.split_once('=').ok_or("write what it holds, `=`, and its name")?;
    let column = what.parse::<InvoiceColumn>().map_err(|error| error.to_string())?;
    Ok((column, name.to_owned()))
}

/// From and to before, milliseconds since the Unix epoch.
#[derive(Clone, Copy)]
struct Period(u64, u64);

impl Reconcile {
    /// Does it.
    pub fn run(self, context: &Context) -> Result<(), CliError> {
        let times = Times::new(&self.time_zone, self.time_format.as_deref())?;
        let failed = |source| CliError::File { what: "read", path: self.file.clone(), source };
        if self.file.metadata().map_err(failed)?.len() > MAX_INVOICE_BYTES {
            return refused(format!("{} is larger than any invoice", self.file.display()));
        }
        let bytes = std::fs::read(&self.file).map_err(failed)?;
        let table = read_invoice(&bytes, &self.columns, |text| times.read(text))?;
        let Some(period) = self.period(&table, &times)? else {
            return refused(format!("{} has no row that can be read{}", self.file.display(), first_fault(&table)));
        };
        let reader = context.reader()?;
        if !reader.carriers()?.iter().any(|carrier| carrier.id == self.carrier) {
            return refused(format!("there is no carrier {}", self.carrier));
        }
        let tolerance = Tolerance {
            clock_ms: self.clock.s.saturating_mul(1000),
            step_s: self.step,
            duration_s: self.duration,
            cost: self.price,
        };
        let calls = carried(&reader, &self.carrier, period, tolerance.clock_ms)?;
        let mut found = reconcile(&table.rows, &calls, &tolerance);
        // What lies about the period was there to be found, and is not missed.
        found.calls_only.retain(|at| calls.get(*at).is_some_and(|call| (period.0..period.1).contains(&call.start_ms)));
        let differences = differences(&found) + table.unread.len();
        Page { table: &table, calls: &calls, found: &found, limit: self.limit }.print(self.listing)?;
        if differences > 0 { refused(format!("{differences} differences")) } else { Ok(()) }
    }

    /// What the invoice covers; `None` where it has no rows.
    fn period(&self, table: &InvoiceTable, times: &Times) -> Result<Option<Period>, CliError> {
        let told = |text: &Option<String>| match text {
            None => Ok(None),
            Some(text) => match times.read(text) {
                Some((at_ms, _)) => Ok(Some(at_ms)),
                None => refused(format!("`{text}` is not a time as this invoice has them")),
            },
        };
        let first = table.rows.iter().map(|row| row.start_ms.0.min(row.start_ms.1)).min();
        let last = table.rows.iter().map(|row| row.start_ms.0.max(row.start_ms.1)).max();
        let (since, until) = (told(&self.since)?, told(&self.until)?);
        Ok(first.zip(last).map(|(first, last)| Period(since.unwrap_or(first), until.unwrap_or(last + 1))))
    }
}

fn first_fault(table: &InvoiceTable) -> String {
    table.unread.first().map_or_else(String::new, |(line, fault)| format!(": in line {line}, {fault}"))
}

fn differences(found: &Reconciled) -> usize {
    let differ = found.pairs.iter().filter(|pair| pair.other_duration || pair.other_cost).count();
    differ + found.rows_only.len() + found.calls_only.len()
}

/// The answered calls that the carrier took, of the period and as far about it as its rows may lie.
fn carried(reader: &Reader, carrier: &CarrierId, period: Period, clock_ms: u64) -> Result<Vec<CarriedCall>, CliError> {
    let filter = CdrFilter {
        carrier: Some(carrier.clone()),
        since_ms: Some(period.0.saturating_sub(clock_ms).saturating_sub(LONGEST_RING_MS)),
        until_ms: Some(period.1.saturating_add(clock_ms)),
        limit: MAX_ROWS,
        ..CdrFilter::default()
    };
    let mut calls = Vec::new();
    let mut after: Option<(u64, CallId)> = None;
    loop {
        let page = reader.cdrs_after(&filter, after)?;
        let Some(last) = page.last() else { return Ok(calls) };
        after = Some((last.times.start_ms, last.call));
        calls.extend(page.into_iter().filter_map(carried_call));
    }
}

/// A call as the carrier may have billed it.
fn carried_call(cdr: Cdr) -> Option<CarriedCall> {
    Some(CarriedCall {
        call: cdr.call,
        number: cdr.number.e164?,
        start_ms: cdr.times.start_ms,
        answer_ms: cdr.times.answer_ms?,
        talk_ms: cdr.times.talk_ms(),
        cost: cdr.money.cost,
        destination: cdr.number.destination,
    })
}
