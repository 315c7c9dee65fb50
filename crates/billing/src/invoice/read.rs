//! Reads a carrier's invoice: columns by their usual names or as told, rows that cannot be read kept with their line.

use std::fmt;
use std::str::FromStr;

use super::InvoiceRow;
use crate::deck::{delimiter, plain};
use crate::error::short;
use crate::{E164, Error, Money};

/// The most rows one invoice may have.
pub const MAX_INVOICE_ROWS: usize = 5_000_000;

/// What a column of an invoice may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum InvoiceColumn {
    Number,
    Start,
    Duration,
    Cost,
    Destination,
}

/// All of them, with the names they go by, in lower case without anything but letters, the best first.
const COLUMNS: [(InvoiceColumn, &[&str]); 5] = [
    (
        InvoiceColumn::Number,
        &[
            "number",
            "callednumber",
            "destinationnumber",
            "dialednumber",
            "dialled",
            "dialed",
            "called",
            "callee",
            "to",
            "dst",
            "bnumber",
        ],
    ),
    (
        InvoiceColumn::Start,
        &[
            "start",
            "starttime",
            "startdate",
            "calldate",
            "datetime",
            "date",
            "connecttime",
            "answertime",
            "timestamp",
            "time",
        ],
    ),
    (
        InvoiceColumn::Duration,
        &[
            "durations",
            "duration",
            "billedseconds",
            "billedduration",
            "billsec",
            "seconds",
            "callduration",
            "durationsec",
            "talktime",
        ],
    ),
    (InvoiceColumn::Cost, &["cost", "charge", "amount", "price", "total", "totalcost", "callcost", "chargeamount"]),
    (InvoiceColumn::Destination, &["destination", "destinationname", "description", "country", "area"]),
];

impl InvoiceColumn {
    const fn as_str(self) -> &'static str {
        COLUMNS[self as usize].1[0]
    }
}

impl FromStr for InvoiceColumn {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let plain = plain(text);
        let found = COLUMNS.iter().find(|(_, names)| names.contains(&plain.as_str()));
        found.map(|(column, _)| *column).ok_or_else(|| Error::NotAnInvoiceColumn { text: short(text) })
    }
}

/// Columns whose names nobody could guess, as somebody told them; empty: all go by their usual names.
pub type InvoiceColumns = [(InvoiceColumn, String)];

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvoiceFault {
    /// The row cannot be read as CSV at all, or is not UTF-8.
    #[error("it cannot be read as CSV")]
    NotCsv,
    /// The number is none.
    #[error("`{0}` is not an international number")]
    Number(String),
    /// The time is none.
    #[error("`{0}` is not a time in the format of this invoice")]
    Start(String),
    /// The duration is none.
    #[error("`{0}` is not a duration: seconds, or 1:05, or 1:02:05")]
    Duration(String),
    /// The cost is none.
    #[error("`{0}` is not an amount")]
    Cost(String),
}

/// An invoice that was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InvoiceTable {
    /// Its rows.
    pub rows: Vec<InvoiceRow>,
    /// The lines that could not be read, and why.
    pub unread: Vec<(u64, InvoiceFault)>,
}

/// Reads a table with a header; `when` reads a time, in milliseconds since the Unix epoch: twice the same, or both where
/// the clock was put back and shows it twice.
///
/// # Errors
/// [`Error::InvoiceColumn`] where the header lacks one that is needed or was told; [`Error::InvoiceRows`].
pub fn read_invoice(
    bytes: &[u8],
    told: &InvoiceColumns,
    when: impl Fn(&str) -> Option<(u64, u64)>,
) -> Result<InvoiceTable, Error> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).delimiter(delimiter(bytes)).from_reader(bytes);
    let places = match reader.headers() {
        Ok(header) => places(header, told)?,
        Err(_) => return Err(Error::InvoiceColumn { name: InvoiceColumn::Number.as_str().to_owned() }),
    };
    let mut table = InvoiceTable::default();
    let mut line = 1;
    for record in reader.records() {
        if table.rows.len() == MAX_INVOICE_ROWS {
            return Err(Error::InvoiceRows { max: MAX_INVOICE_ROWS });
        }
        let read = match &record {
            Ok(record) => {
                line = record.position().map_or(line + 1, csv::Position::line);
                row(line, record, &places, &when)
            }
            Err(error) => {
                line = error.position().map_or(line + 1, csv::Position::line);
                Err(InvoiceFault::NotCsv)
            }
        };
        match read {
            Ok(row) => table.rows.push(row),
            Err(fault) => table.unread.push((line, fault)),
        }
    }
    Ok(table)
}

/// Where each column stands.
fn places(header: &csv::StringRecord, told: &InvoiceColumns) -> Result<[Option<usize>; COLUMNS.len()], Error> {
    let known: Vec<String> = header.iter().map(plain).collect();
    let mut places = [None; COLUMNS.len()];
    for (place, (column, names)) in places.iter_mut().zip(&COLUMNS) {
        let by_name = told.iter().find(|(told, _)| told == column);
        *place = match by_name {
            Some((_, name)) => header.iter().position(|known| known.eq_ignore_ascii_case(name)),
            None => names.iter().find_map(|name| known.iter().position(|known| known == name)),
        };
        if place.is_none() && (by_name.is_some() || *column != InvoiceColumn::Destination) {
            let name = by_name.map_or(column.as_str(), |(_, name)| name);
            return Err(Error::InvoiceColumn { name: short(name) });
        }
    }
    Ok(places)
}

fn row(
    line: u64,
    record: &csv::StringRecord,
    places: &[Option<usize>; COLUMNS.len()],
    when: impl Fn(&str) -> Option<(u64, u64)>,
) -> Result<InvoiceRow, InvoiceFault> {
    let cell = |column: InvoiceColumn| places[column as usize].and_then(|at| record.get(at)).unwrap_or("");
    let wrong = |column: InvoiceColumn| short(cell(column));
    let number =
        number(cell(InvoiceColumn::Number)).ok_or_else(|| InvoiceFault::Number(wrong(InvoiceColumn::Number)))?;
    let start_ms = when(cell(InvoiceColumn::Start)).ok_or_else(|| InvoiceFault::Start(wrong(InvoiceColumn::Start)))?;
    let billed_s = duration_s(cell(InvoiceColumn::Duration))
        .ok_or_else(|| InvoiceFault::Duration(wrong(InvoiceColumn::Duration)))?;
    let cost = cost(cell(InvoiceColumn::Cost)).ok_or_else(|| InvoiceFault::Cost(wrong(InvoiceColumn::Cost)))?;
    Ok(InvoiceRow { line, number, start_ms, billed_s, cost, destination: short(cell(InvoiceColumn::Destination)) })
}

/// A number as carriers write it: with or without `+`, 00 or 011, blanks, hyphens and brackets.
fn number(text: &str) -> Option<E164> {
    if text.chars().any(|c| !c.is_ascii_digit() && !" +-().".contains(c)) {
        return None;
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let digits = ["011", "00"].iter().find_map(|exit| digits.strip_prefix(exit)).unwrap_or(&digits);
    digits.parse::<u64>().ok().and_then(E164::from_value)
}

/// Seconds, with a fraction or not (a begun second counts in full), or `m:ss`, or `h:mm:ss`.
fn duration_s(text: &str) -> Option<u32> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() || fraction.bytes().any(|b| !b.is_ascii_digit()) {
        return None;
    }
    let begun = u32::from(fraction.bytes().any(|b| b != b'0'));
    let mut s: u32 = 0;
    for (place, part) in whole.split(':').enumerate() {
        let part = part.parse::<u32>().ok().filter(|part| place == 0 || *part < 60)?;
        s = if place < 3 { s.checked_mul(60)?.checked_add(part)? } else { return None };
    }
    s.checked_add(begun)
}

/// An amount, with or without a sign of its currency.
fn cost(text: &str) -> Option<Money> {
    text.trim_matches(|c: char| !c.is_ascii_digit() && !"-.".contains(c)).parse().ok()
}

impl fmt::Display for InvoiceColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
