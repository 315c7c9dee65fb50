//! A carrier's invoice held against our own call records: which of its rows is which of our calls, and what differs.
//!
//! Row and call belong together where the number is the same and the row's time lies near the call, from its beginning to
//! its answer (carriers count from either). Where a number was called often, the rows and calls are paired so that as many
//! as possible find each other and, among all such pairings, times and durations differ least in sum.

mod assign;
mod read;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::{CallId, E164, Money};
pub use read::{InvoiceColumn, InvoiceColumns, InvoiceFault, InvoiceTable, MAX_INVOICE_ROWS, read_invoice};

/// A second of duration that differs weighs as much as so many of time: clocks are off more often than lengths.
const DURATION_WEIGHT: u64 = 4;

/// A row of an invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceRow {
    /// Its line in the file, counted from 1.
    pub line: u64,
    /// The number called.
    pub number: E164,
    /// When it began, in milliseconds since the Unix epoch; twice where a clock that was put back shows the time twice.
    pub start_ms: (u64, u64),
    /// How long it was billed for, seconds.
    pub billed_s: u32,
    /// What it is billed at.
    pub cost: Money,
    /// What the carrier calls the destination; may be empty.
    pub destination: String,
}

/// A call of ours that the carrier took and that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarriedCall {
    /// Which.
    pub call: CallId,
    /// The number called.
    pub number: E164,
    /// When it began, in milliseconds since the Unix epoch.
    pub start_ms: u64,
    /// When it was answered.
    pub answer_ms: u64,
    /// How long was talked, in milliseconds.
    pub talk_ms: u64,
    /// What the carrier asks for it by its own deck, if it has one.
    pub cost: Option<Money>,
    /// The name of the destination.
    pub destination: String,
}

/// What is no difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tolerance {
    /// How far the carrier's clock may be from ours, milliseconds.
    pub clock_ms: u64,
    /// The carrier bills in whole steps of so many seconds, at least 1.
    pub step_s: u32,
    /// By how many seconds durations may differ beyond that.
    pub duration_s: u32,
    /// By how much prices may differ: what the carrier rounds.
    pub cost: Money,
}

/// A row and a call that belong together, as their places in what was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// The row.
    pub row: usize,
    /// The call.
    pub call: usize,
    /// Whether the duration differs.
    pub other_duration: bool,
    /// Whether the price differs; never where the carrier has no deck.
    pub other_cost: bool,
}

/// What became of rows and calls.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Those that belong together, in the order of the invoice.
    pub pairs: Vec<Pair>,
    /// Rows without a call.
    pub rows_only: Vec<usize>,
    /// Calls without a row.
    pub calls_only: Vec<usize>,
}

impl InvoiceRow {
    /// How far its time is from a call.
    fn apart_ms(&self, call: &CarriedCall) -> u64 {
        let apart = |at_ms: u64| call.start_ms.saturating_sub(at_ms).max(at_ms.saturating_sub(call.answer_ms));
        apart(self.start_ms.0).min(apart(self.start_ms.1))
    }
}

impl Tolerance {
    /// The seconds that a carrier with these steps bills for a talk, as [`crate::charge`] counts them.
    fn billed_s(&self, talk_ms: u64) -> u64 {
        let step_s = u64::from(self.step_s.max(1));
        talk_ms.div_ceil(1000).div_ceil(step_s) * step_s
    }

    /// By how many seconds a row's duration differs from a call's.
    fn longer_s(&self, row: &InvoiceRow, call: &CarriedCall) -> u64 {
        self.billed_s(call.talk_ms).abs_diff(self.billed_s(u64::from(row.billed_s) * 1000))
    }

    fn pair(&self, row: (usize, &InvoiceRow), call: (usize, &CarriedCall)) -> Pair {
        let differs = |cost: Money| cost.saturating_sub(row.1.cost).micros().unsigned_abs();
        Pair {
            row: row.0,
            call: call.0,
            other_duration: self.longer_s(row.1, call.1) > u64::from(self.duration_s),
            other_cost: call.1.cost.is_some_and(|cost| differs(cost) > self.cost.micros().unsigned_abs()),
        }
    }
}

/// Whether numbers are the same, with a country code 1 left out or not.
fn key(number: E164) -> u64 {
    const NANP: u64 = 10_000_000_000;
    let value = number.value();
    if value / NANP == 1 { value % NANP } else { value }
}

/// Which rows are which calls. The same for the same rows and calls, in whatever order they are given.
#[must_use]
pub fn reconcile(rows: &[InvoiceRow], calls: &[CarriedCall], tolerance: &Tolerance) -> Reconciled {
    let mut numbers: BTreeMap<u64, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    for (at, row) in rows.iter().enumerate() {
        numbers.entry(key(row.number)).or_default().0.push(at);
    }
    for (at, call) in calls.iter().enumerate() {
        numbers.entry(key(call.number)).or_default().1.push(at);
    }
    let mut found = Reconciled::default();
    for (mut of_rows, mut of_calls) in numbers.into_values() {
        of_rows.sort_by_key(|at| rows.get(*at).map(|row| (row.start_ms, row.line)));
        of_calls.sort_by_key(|at| calls.get(*at).map(|call| (call.start_ms, call.call)));
        let near = near(rows, &of_rows, calls, &of_calls, tolerance);
        let taken = assign::cheapest(&near, of_calls.len());
        let mut is_taken = vec![false; of_calls.len()];
        for (row, taken) in of_rows.into_iter().zip(taken) {
            match taken.and_then(|place| Some((place, *of_calls.get(place)?))) {
                Some((place, call)) => {
                    is_taken[place] = true;
                    found.pairs.push(tolerance.pair((row, &rows[row]), (call, &calls[call])));
                }
                None => found.rows_only.push(row),
            }
        }
        found.calls_only.extend(of_calls.into_iter().zip(is_taken).filter(|(_, taken)| !taken).map(|(call, _)| call));
    }
    found.pairs.sort_by_key(|pair| rows.get(pair.row).map(|row| row.line));
    found.rows_only.sort_by_key(|at| rows.get(*at).map(|row| row.line));
    found.calls_only.sort_by_key(|at| calls.get(*at).map(|call| (call.start_ms, call.call)));
    found
}

/// For each row, the calls near enough, by their place among those of its number, and how badly they fit.
fn near(
    rows: &[InvoiceRow],
    of_rows: &[usize],
    calls: &[CarriedCall],
    of_calls: &[usize],
    tolerance: &Tolerance,
) -> Vec<Vec<(usize, u64)>> {
    // No call rings longer, so that only those that began within this time before a row can be near it.
    let longest_ms =
        of_calls.iter().filter_map(|at| calls.get(*at)).map(|call| call.answer_ms.saturating_sub(call.start_ms)).max();
    let before_ms = longest_ms.unwrap_or(0).saturating_add(tolerance.clock_ms);
    let of_row = |row: &InvoiceRow| {
        let first_ms = row.start_ms.0.min(row.start_ms.1).saturating_sub(before_ms);
        let last_ms = row.start_ms.0.max(row.start_ms.1).saturating_add(tolerance.clock_ms);
        let begin = of_calls.partition_point(|at| calls.get(*at).is_some_and(|call| call.start_ms < first_ms));
        let around = of_calls.iter().enumerate().skip(begin).map_while(|(place, at)| Some((place, calls.get(*at)?)));
        let around = around.take_while(|(_, call)| call.start_ms <= last_ms);
        let fits = around.filter(|(_, call)| row.apart_ms(call) <= tolerance.clock_ms);
        let badly = |call: &CarriedCall| {
            row.apart_ms(call).saturating_add(tolerance.longer_s(row, call) * 1000 * DURATION_WEIGHT)
        };
        fits.map(|(place, call)| (place, badly(call))).collect()
    };
    of_rows.iter().filter_map(|at| rows.get(*at)).map(of_row).collect()
}
