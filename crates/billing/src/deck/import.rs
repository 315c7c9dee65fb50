//! Reads rate tables as carriers send them.

use std::collections::BTreeMap;

use super::{MAX_DECK_ROWS, MAX_STEP_S, Rate};
use crate::error::{DeckRowError, DeckRowFault, short};
use crate::{Error, Money, Prefix};

/// The most faulty rows reported at once.
pub const MAX_ROW_ERRORS: usize = 100;
/// Minimum and increment where the table does not say.
const DEFAULT_STEP_S: u32 = 60;

/// The names a column goes by, in lower case without anything but letters.
const PREFIX: &[&str] = &["prefix", "code", "dialcode", "dialprefix", "areacode", "destinationcode"];
const DESTINATION: &[&str] = &["destination", "name", "description", "destinationname", "country"];
const RATE: &[&str] = &["rateperminute", "rate", "price", "permin", "perminute", "ratemin", "priceperminute"];
const CONNECT_FEE: &[&str] = &["connectfee", "connectionfee", "setupfee", "connect", "connectcharge"];
const MINIMUM: &[&str] =
    &["minimums", "minimum", "min", "minimumseconds", "initial", "initialincrement", "firstincrement"];
const INCREMENT: &[&str] =
    &["increments", "increment", "interval", "incrementseconds", "subsequentincrement", "nextincrement"];

/// Where each column stands.
struct Columns {
    prefix: usize,
    rate: usize,
    destination: Option<usize>,
    connect_fee: Option<usize>,
    minimum: Option<usize>,
    increment: Option<usize>,
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
}

/// All rates of a table.
pub(super) fn rates(bytes: &[u8]) -> Result<Vec<Rate>, Error> {
    let mut faults = Faults::default();
    let rates = read(bytes, &mut faults);
    if faults.0.is_empty() { Ok(rates) } else { Err(Error::Deck { rows: faults.0 }) }
}

fn read(bytes: &[u8], faults: &mut Faults) -> Vec<Rate> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
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
            return Vec::new();
        }
        None => {
            faults.add(1, DeckRowFault::Empty);
            return Vec::new();
        }
    };
    let Some(columns) = columns(&header, faults) else {
        return Vec::new();
    };

    let mut rates = Vec::new();
    let mut seen: BTreeMap<Prefix, u64> = BTreeMap::new();
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
        if rates.len() == MAX_DECK_ROWS {
            faults.add(line, DeckRowFault::TooMany(MAX_DECK_ROWS));
            break;
        }
        if let Some(rate) = row(&record, &columns, line, faults) {
            if seen.insert(rate.prefix, line).is_some() {
                faults.add(line, DeckRowFault::Twice(rate.prefix));
            }
            rates.push(rate);
        }
    }
    if rates.is_empty() && faults.0.is_empty() {
        faults.add(line, DeckRowFault::Empty);
    }
    rates
}

/// Whatever of comma, semicolon and tab the first line has most of.
fn delimiter(bytes: &[u8]) -> u8 {
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

fn columns(header: &csv::StringRecord, faults: &mut Faults) -> Option<Columns> {
    let plain: Vec<String> = header
        .iter()
        .map(|name| {
            let letters = name.chars().filter(char::is_ascii_alphabetic);
            letters.map(|c| c.to_ascii_lowercase()).collect()
        })
        .collect();
    // The names are in order of preference: `rate` after `rate_per_minute`.
    let find = |names: &[&str]| names.iter().find_map(|name| plain.iter().position(|p| p == name));
    let (prefix, rate) = (find(PREFIX), find(RATE));
    if prefix.is_none() {
        faults.add(1, DeckRowFault::NoColumn("prefix"));
    }
    if rate.is_none() {
        faults.add(1, DeckRowFault::NoColumn("rate_per_minute"));
    }
    Some(Columns {
        prefix: prefix?,
        rate: rate?,
        destination: find(DESTINATION),
        connect_fee: find(CONNECT_FEE),
        minimum: find(MINIMUM),
        increment: find(INCREMENT),
    })
}

/// One rate; all faults of its row are noted.
fn row(record: &csv::StringRecord, columns: &Columns, line: u64, faults: &mut Faults) -> Option<Rate> {
    let cell = |at: usize| record.get(at).unwrap_or("");
    let optional = |at: Option<usize>| at.map(cell).filter(|text| !text.is_empty());
    let mut noted = |result: Result<_, DeckRowFault>| result.map_err(|f| faults.add(line, f)).ok();

    let per_minute = noted(price(cell(columns.rate)));
    let connect_fee = noted(optional(columns.connect_fee).map_or(Ok(Money::ZERO), price));
    let mut noted = |result: Result<_, DeckRowFault>| result.map_err(|f| faults.add(line, f)).ok();
    let minimum_s = noted(seconds(optional(columns.minimum), 0));
    let increment_s = noted(seconds(optional(columns.increment), 1));
    let prefix = match cell(columns.prefix).parse::<Prefix>() {
        Ok(prefix) => prefix,
        Err(_) => {
            faults.add(line, DeckRowFault::Prefix(short(cell(columns.prefix))));
            return None;
        }
    };
    let destination = match optional(columns.destination) {
        Some(name) => short(name).into(),
        None => prefix.to_string().into(),
    };
    Some(Rate {
        prefix,
        destination,
        per_minute: per_minute?,
        connect_fee: connect_fee?,
        minimum_s: minimum_s?,
        increment_s: increment_s?,
    })
}

fn price(text: &str) -> Result<Money, DeckRowFault> {
    match text.parse::<Money>() {
        Ok(price) if !price.is_negative() => Ok(price),
        _ => Err(DeckRowFault::Price(short(text))),
    }
}

fn seconds(text: Option<&str>, least: u32) -> Result<u32, DeckRowFault> {
    let Some(text) = text else {
        return Ok(DEFAULT_STEP_S);
    };
    match text.parse::<u32>() {
        Ok(seconds) if (least..=MAX_STEP_S).contains(&seconds) => Ok(seconds),
        _ => Err(DeckRowFault::Seconds(short(text), least, MAX_STEP_S)),
    }
}
