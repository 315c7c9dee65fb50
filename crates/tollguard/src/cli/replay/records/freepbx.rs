//! The CSV export of FreePBX's CDR report: Asterisk's fields under a heading, in any order.

use csv::{ReaderBuilder, StringRecord};

use super::asterisk::{Call, call};
use super::{Home, Row, Sink};

/// Reads a file.
pub fn read(bytes: &[u8], home: &Home, sink: &mut Sink<'_>) {
    let mut reader = ReaderBuilder::new().flexible(true).from_reader(bytes);
    let heading = match reader.headers() {
        Ok(heading) => heading.clone(),
        Err(error) => return sink.row(1, Err(error.to_string())),
    };
    for record in reader.records() {
        match record {
            Ok(record) => {
                let number = record.position().map_or(0, csv::Position::line);
                sink.row(number, row(&heading, &record, home));
            }
            Err(error) => sink.row(error.position().map_or(0, csv::Position::line), Err(error.to_string())),
        }
    }
}

fn row(heading: &StringRecord, record: &StringRecord, home: &Home) -> Result<Row, String> {
    let optional = |name: &str| {
        let place = heading.iter().position(|known| known.trim().trim_start_matches('\u{feff}') == name);
        place.and_then(|place| record.get(place))
    };
    let field = |name: &str| optional(name).ok_or_else(|| format!("there is no {name}"));
    let source = optional("cnum").filter(|number| !number.is_empty()).map_or_else(|| field("src"), Ok)?;
    call(
        &Call {
            source,
            dialled: field("dst")?,
            channel: field("channel")?,
            start: field("calldate")?,
            duration: field("duration")?,
            billed: field("billsec")?,
            disposition: field("disposition")?,
            user: optional("userfield").unwrap_or(""),
        },
        home,
    )
}
