//! Rates as VOIP.MS's `getRates` and `getTerminationRates` answer them: JSON in which every value is a string.

use serde::Deserialize;

use super::cells::{price, steps};
use super::{Faults, Row};
use crate::deck::{MAX_DECK_ROWS, Rate};
use crate::error::{DeckRowFault, short};
use crate::{Money, Prefix};

/// The answer; other fields are left alone.
#[derive(Deserialize)]
struct Answer {
    rates: Vec<Quoted>,
}

/// One rate: what the customer pays where both are told, never the provider's own cost.
#[derive(Deserialize)]
struct Quoted {
    prefix: String,
    #[serde(default)]
    destination: String,
    #[serde(alias = "client_rate")]
    rate: String,
    #[serde(alias = "client_increment")]
    increment: String,
}

/// Whether this is JSON rather than CSV.
pub(super) fn looks_like(bytes: &[u8]) -> bool {
    bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{')
}

/// All rows; each counts as a line.
pub(super) fn rows(bytes: &[u8], faults: &mut Faults) -> Vec<Row> {
    let Ok(answer) = serde_json::from_slice::<Answer>(bytes) else {
        faults.add(1, DeckRowFault::NotVoipMs);
        return Vec::new();
    };
    if answer.rates.is_empty() {
        faults.add(1, DeckRowFault::Empty);
    }
    if answer.rates.len() > MAX_DECK_ROWS {
        faults.add(1, DeckRowFault::TooMany(MAX_DECK_ROWS));
        return Vec::new();
    }
    let mut rows = Vec::with_capacity(answer.rates.len());
    for (line, quoted) in (1..).zip(&answer.rates) {
        rows.extend(row(line, quoted, faults));
    }
    rows
}

fn row(line: u64, quoted: &Quoted, faults: &mut Faults) -> Option<Row> {
    let per_minute = faults.note(line, price(&quoted.rate));
    let steps = steps(None, Some(&quoted.increment), line, faults);
    let prefix = quoted.prefix.parse::<Prefix>().map_err(|_| DeckRowFault::Prefix(short(&quoted.prefix)));
    let prefix = faults.note(line, prefix)?;
    let (minimum_s, increment_s) = steps?;
    let destination = if quoted.destination.is_empty() { prefix.to_string() } else { short(&quoted.destination) };
    let rate = Rate {
        prefix,
        destination: destination.into(),
        per_minute: per_minute?,
        connect_fee: Money::ZERO,
        minimum_s,
        increment_s,
        free_s: 0,
    };
    Some(Row { line, from_ms: 0, rate })
}
