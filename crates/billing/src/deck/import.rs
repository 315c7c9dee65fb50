//! Reads rate tables as carriers send them.

mod cells;
mod columns;
mod voipms;

use std::collections::BTreeMap;

use super::versions::{DeckVersion, MAX_VERSIONS};
use super::{Deck, MAX_DECK_ROWS, Rate};
use crate::error::{DeckRowError, DeckRowFault, short};
use crate::{Error, Money, Prefix};
use cells::{date_ms, price, seconds, steps};
use columns::Columns;
pub(crate) use columns::plain;
pub use columns::{Column, ColumnNames};

/// The most faulty rows reported at once.
pub const MAX_ROW_ERRORS: usize = 100;

/// A rate table that was read without a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// Its versions, in the order in which they come into force; the first one from the time of the import on.
    pub versions: Vec<DeckVersion>,
    /// Columns of the header that nothing was read from.
    pub unread: Vec<String>,
}

/// A row of the table.
struct Row {
    line: u64,
    /// When it comes into force; 0 where no date stands.
    from_ms: u64,
    rate: Rate,
}

/// Faults found so far; beyond [`MAX_ROW_ERRORS`] they are no longer kept.
#[derive(Default)]
struct Faults(Vec<DeckRowError>);

impl Faults {
    fn add(&mut self, line: u64, fault: DeckRowFault) {
        if self.0.len() < MAX_ROW_ERRORS {
            self.0.push(DeckRowError { line, fault });
        }
    }

    /// The value, or its fault noted.
    fn note<T>(&mut self, line: u64, result: Result<T, DeckRowFault>) -> Option<T> {
        result.map_err(|fault| self.add(line, fault)).ok()
    }
}

/// All versions of a table that is imported at `now_ms`.
pub(super) fn read(bytes: &[u8], names: &ColumnNames, now_ms: u64) -> Result<Imported, Error> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut faults = Faults::default();
    let (rows, unread) = if voipms::looks_like(bytes) {
        (voipms::rows(bytes, &mut faults), Vec::new())
    } else {
        csv_rows(bytes, names, &mut faults)
    };
    let dates = versions(rows, now_ms, &mut faults);
    if !faults.0.is_empty() {
        faults.0.sort_by_key(|row| row.line);
        return Err(Error::Deck { rows: faults.0 });
    }
    let mut versions = Vec::with_capacity(dates.len());
    for (from_ms, rates) in dates {
        versions.push(DeckVersion { from_ms, deck: Deck::new(rates)? });
    }
    Ok(Imported { versions, unread })
}

/// The rates of each version, by when it comes into force: those of the version before, with its own in their place.
fn versions(mut rows: Vec<Row>, now_ms: u64, faults: &mut Faults) -> Vec<(u64, Vec<Rate>)> {
    // Stable, so that of two rows of one date the later line is the one that is told of.
    rows.sort_by_key(|row| row.from_ms);
    let mut dates: Vec<u64> = rows.iter().map(|row| row.from_ms.max(now_ms)).collect();
    dates.dedup();
    if dates.len() > MAX_VERSIONS {
        faults.add(1, DeckRowFault::TooManyDates(MAX_VERSIONS));
        return Vec::new();
    }
    let mut rows = rows.into_iter().peekable();
    let mut in_force: BTreeMap<Prefix, (u64, Rate)> = BTreeMap::new();
    let mut versions = Vec::with_capacity(dates.len());
    for date_ms in dates {
        while let Some(row) = rows.next_if(|row| row.from_ms.max(now_ms) == date_ms) {
            let prefix = row.rate.prefix;
            if in_force.get(&prefix).is_some_and(|(from_ms, _)| *from_ms == row.from_ms) {
                faults.add(row.line, DeckRowFault::Twice(prefix));
            }
            in_force.insert(prefix, (row.from_ms, row.rate));
        }
        versions.push((date_ms, in_force.values().map(|(_, rate)| rate.clone()).collect()));
    }
    versions
}

fn csv_rows(bytes: &[u8], names: &ColumnNames, faults: &mut Faults) -> (Vec<Row>, Vec<String>) {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .delimiter(delimiter(bytes))
        .from_reader(bytes);
    let mut records = reader.records();
    let header = match records.next() {
        Some(Ok(header)) => header,
        Some(Err(_)) => {
            faults.add(1, DeckRowFault::NotCsv);
            return Default::default();
        }
        None => {
            faults.add(1, DeckRowFault::Empty);
            return Default::default();
        }
    };
    let Some(columns) = Columns::find(&header, names, faults) else { return Default::default() };
    let mut rows = Vec::new();
    let mut line = 1;
    for record in records {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                line = error.position().map_or(line + 1, csv::Position::line);
                faults.add(line, DeckRowFault::NotCsv);
                continue;
            }
        };
        line = record.position().map_or(line + 1, csv::Position::line);
        if rows.len() == MAX_DECK_ROWS {
            faults.add(line, DeckRowFault::TooMany(MAX_DECK_ROWS));
            break;
        }
        rows.extend(row(&record, &columns, line, faults));
    }
    if rows.is_empty() && faults.0.is_empty() {
        faults.add(line, DeckRowFault::Empty);
    }
    (rows, columns.unread(&header))
}

/// Whatever of comma, semicolon and tab the first line has most of.
pub(crate) fn delimiter(bytes: &[u8]) -> u8 {
    let header = bytes.split(|&b| b == b'\n').next().unwrap_or_default();
    let count = |wanted: u8| header.iter().filter(|&&b| b == wanted).count();
    let mut best = b',';
    for candidate in [b';', b'\t'] {
        if count(candidate) > count(best) {
            best = candidate;
        }
    }
    best
}

/// One row; all its faults are noted.
fn row(record: &csv::StringRecord, columns: &Columns, line: u64, faults: &mut Faults) -> Option<Row> {
    let cell = |column: Column| columns.at(column).and_then(|at| record.get(at)).filter(|text| !text.is_empty());
    let per_minute = faults.note(line, price(cell(Column::Rate).unwrap_or("")));
    let connect_fee = faults.note(line, cell(Column::ConnectFee).map_or(Ok(Money::ZERO), price));
    let steps = steps(cell(Column::Minimum), cell(Column::Increment), line, faults);
    let free_s = faults.note(line, cell(Column::Free).map_or(Ok(0), |text| seconds(text, 0)));
    let from_ms = faults.note(line, cell(Column::Effective).map_or(Ok(0), date_ms));
    let written = cell(Column::Prefix).unwrap_or("");
    let prefix = faults.note(line, written.parse::<Prefix>().map_err(|_| DeckRowFault::Prefix(short(written))))?;
    let (minimum_s, increment_s) = steps?;
    let rate = Rate {
        prefix,
        destination: cell(Column::Destination).map_or_else(|| prefix.to_string(), short).into(),
        per_minute: per_minute?,
        connect_fee: connect_fee?,
        minimum_s,
        increment_s,
        free_s: free_s?,
    };
    Some(Row { line, from_ms: from_ms?, rate })
}

#[cfg(test)]
mod tests;
