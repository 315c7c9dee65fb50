//! Times as an invoice writes them.

use jiff::civil::DateTime;
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, civil::Date};

use crate::cli::CliError;
use crate::cli::error::refused;

/// How they are read.
pub struct Times {
    zone: TimeZone,
    format: Option<String>,
}

impl Times {
    /// In this time zone, and in this format of strftime if there is one.
    pub fn new(zone: &str, format: Option<&str>) -> Result<Self, CliError> {
        match TimeZone::get(zone) {
            Ok(zone) => Ok(Self { zone, format: format.map(str::to_owned) }),
            Err(_) => refused(format!("there is no time zone `{zone}`: write it like America/New_York")),
        }
    }

    /// In milliseconds since the Unix epoch: twice the same, or both where a clock that was put back shows it twice.
    pub fn read(&self, text: &str) -> Option<(u64, u64)> {
        let once = |at: Timestamp| u64::try_from(at.as_millisecond()).ok().map(|ms| (ms, ms));
        if let Some(format) = &self.format {
            let time = BrokenDownTime::parse(format, text).ok()?;
            return match time.to_timestamp() {
                Ok(at) => once(at),
                Err(_) => {
                    let midnight = || time.to_date().ok().map(|date| date.at(0, 0, 0, 0));
                    self.local(time.to_datetime().ok().or_else(midnight)?)
                }
            };
        }
        if text.len() >= 9
            && let Ok(unix_s) = text.parse::<u64>()
        {
            return unix_s.checked_mul(1000).map(|ms| (ms, ms));
        }
        if let Ok(at) = text.parse::<Timestamp>() {
            return once(at);
        }
        let midnight = || text.parse::<Date>().ok().map(|date| date.at(0, 0, 0, 0));
        self.local(text.parse::<DateTime>().ok().or_else(midnight)?)
    }

    fn local(&self, at: DateTime) -> Option<(u64, u64)> {
        let ms = |offset: jiff::tz::Offset| {
            offset.to_timestamp(at).ok().and_then(|at| u64::try_from(at.as_millisecond()).ok())
        };
        match self.zone.to_ambiguous_timestamp(at).offset() {
            AmbiguousOffset::Unambiguous { offset } => ms(offset).map(|ms| (ms, ms)),
            AmbiguousOffset::Gap { before, after } | AmbiguousOffset::Fold { before, after } => {
                Some((ms(before)?, ms(after)?))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_invoices_write_them() {
        let times = Times::new("America/New_York", None).unwrap();
        let noon = 1_772_384_405_000; // 2026-03-01 12:00:05 in New York
        for text in ["2026-03-01 12:00:05", "2026-03-01T17:00:05Z", "2026-03-01T18:00:05+01:00", "1772384405"] {
            assert_eq!(times.read(text), Some((noon, noon)), "{text}");
        }
        for text in ["", "01/03/2026", "2026-13-01", "noon"] {
            assert_eq!(times.read(text), None, "{text}");
        }
        let british = Times::new("UTC", Some("%d/%m/%Y %H:%M:%S")).unwrap();
        assert_eq!(british.read("01/03/2026 17:00:05"), Some((noon, noon)));
        assert!(Times::new("No/Where", None).is_err());
    }

    #[test]
    fn an_hour_that_comes_twice_is_both() {
        let times = Times::new("America/New_York", None).unwrap();
        let (first, second) = times.read("2026-11-01 01:30:00").unwrap();
        assert_eq!(second - first, 3_600_000);
    }
}
