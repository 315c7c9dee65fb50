//! What stands in the cells of a rate table: prices, seconds, dates.

use super::Faults;
use crate::Money;
use crate::deck::MAX_STEP_S;
use crate::error::{DeckRowFault, short};
use crate::time::civil_ms;

/// Minimum and increment where the table does not say.
const DEFAULT_STEP_S: u32 = 60;

/// A price, at least 0.
pub(super) fn price(text: &str) -> Result<Money, DeckRowFault> {
    match text.parse::<Money>() {
        Ok(price) if !price.is_negative() => Ok(price),
        _ => Err(DeckRowFault::Price(short(text))),
    }
}

/// Seconds, at least so many.
pub(super) fn seconds(text: &str, least: u32) -> Result<u32, DeckRowFault> {
    match text.parse::<u32>() {
        Ok(seconds) if (least..=MAX_STEP_S).contains(&seconds) => Ok(seconds),
        _ => Err(DeckRowFault::Seconds(short(text), least, MAX_STEP_S)),
    }
}

/// Minimum and increment: each in its own column, or both in one as `30/6`. Where there is an increment and no minimum,
/// the first increment is the minimum; where there is neither, both are 60 seconds.
pub(super) fn steps(
    minimum: Option<&str>,
    increment: Option<&str>,
    line: u64,
    faults: &mut Faults,
) -> Option<(u32, u32)> {
    let (minimum, increment) = match increment.and_then(|text| text.split_once('/')) {
        Some((first, then)) => (Some(minimum.unwrap_or(first.trim())), Some(then.trim())),
        None => (minimum, increment),
    };
    let increment_s = faults.note(line, increment.map_or(Ok(DEFAULT_STEP_S), |text| seconds(text, 1)));
    let minimum_s = match minimum {
        Some(text) => faults.note(line, seconds(text, 0)),
        None => increment_s,
    };
    minimum_s.zip(increment_s)
}

/// `2026-12-01` or `2026-12-01 08:30:00`, in UTC, in milliseconds since the Unix epoch. Other orders of day and month
/// cannot be told apart.
pub(super) fn date_ms(text: &str) -> Result<u64, DeckRowFault> {
    let wrong = || DeckRowFault::Date(short(text));
    let (date, time) = text.split_once([' ', 'T']).unwrap_or((text, "00:00"));
    let numbers = |text: &str, by: char| -> Option<Vec<u32>> {
        text.trim_end_matches('Z').split(by).map(|part| part.parse().ok()).collect()
    };
    let (Some(date), Some(time)) = (numbers(date, '-'), numbers(time, ':')) else { return Err(wrong()) };
    let (&[year, month, day], &[hour, minute, ref rest @ ..]) = (date.as_slice(), time.as_slice()) else {
        return Err(wrong());
    };
    let second = match rest {
        [] => 0,
        [second] => *second,
        _ => return Err(wrong()),
    };
    if hour > 23 || minute > 59 || second > 59 {
        return Err(wrong());
    }
    let day_ms = civil_ms(year, month, day).ok_or_else(wrong)?;
    Ok(day_ms + u64::from((hour * 60 + minute) * 60 + second) * 1000)
}
