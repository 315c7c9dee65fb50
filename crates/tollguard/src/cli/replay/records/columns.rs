//! Rows of CSV with their numbers in the file, as the readers of CSV share them.

use csv::{ReaderBuilder, StringRecord};

use super::{Row, Sink};

/// Reads rows without a heading; `row` makes each what it is.
pub fn bare(bytes: &[u8], sink: &mut Sink<'_>, row: impl Fn(&StringRecord) -> Result<Row, String>) {
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    for record in reader.records() {
        match record {
            Ok(record) => sink.row(record.position().map_or(0, csv::Position::line), row(&record)),
            Err(error) => sink.row(error.position().map_or(0, csv::Position::line), Err(error.to_string())),
        }
    }
}

/// The field at a place.
pub fn at<'a>(record: &'a StringRecord, place: usize, name: &str) -> Result<&'a str, String> {
    record.get(place).ok_or_else(|| format!("{name} is missing: the row has {} fields only", record.len()))
}
