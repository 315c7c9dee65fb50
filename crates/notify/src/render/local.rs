//! Times as the account's people read them.

use jiff::{Timestamp, Zoned, tz::TimeZone};

/// An account's time zone. One that is not known reads as UTC, and is named so.
pub(super) struct Local {
    zone: TimeZone,
    name: String,
}

impl Local {
    pub(super) fn new(name: &str) -> Self {
        match TimeZone::get(name) {
            Ok(zone) => Self { zone, name: name.to_owned() },
            Err(_) => Self { zone: TimeZone::UTC, name: "UTC".to_owned() },
        }
    }

    fn at(&self, at_ms: u64) -> Zoned {
        let at_ms = i64::try_from(at_ms).unwrap_or(i64::MAX);
        Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::MAX).to_zoned(self.zone.clone())
    }

    /// "04:12".
    pub(super) fn clock(&self, at_ms: u64) -> String {
        self.at(at_ms).strftime("%H:%M").to_string()
    }

    /// "04:12:05".
    pub(super) fn clock_s(&self, at_ms: u64) -> String {
        self.at(at_ms).strftime("%H:%M:%S").to_string()
    }

    /// "21 Mar 23:58:10".
    pub(super) fn day_and_clock_s(&self, at_ms: u64) -> String {
        self.at(at_ms).strftime("%-d %b %H:%M:%S").to_string()
    }

    /// "Sunday 22 March 2026".
    pub(super) fn date(&self, at_ms: u64) -> String {
        self.at(at_ms).strftime("%A %-d %B %Y").to_string()
    }

    /// Whether both are on the same day there.
    pub(super) fn same_day(&self, a_ms: u64, b_ms: u64) -> bool {
        self.at(a_ms).date() == self.at(b_ms).date()
    }

    /// "MDT, America/Denver"; the abbreviation alone says too little, the name alone not which half of the year.
    pub(super) fn zone(&self, at_ms: u64) -> String {
        let short = self.at(at_ms).strftime("%Z").to_string();
        if short == self.name { short } else { format!("{short}, {}", self.name) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_local_and_the_zone_is_named() {
        // 2026-03-22T10:12:05Z
        let at_ms = 1_774_174_325_000;
        let denver = Local::new("America/Denver");
        assert_eq!(denver.clock(at_ms), "04:12");
        assert_eq!(denver.clock_s(at_ms), "04:12:05");
        assert_eq!(denver.date(at_ms), "Sunday 22 March 2026");
        assert_eq!(denver.zone(at_ms), "MDT, America/Denver");
        assert_eq!(denver.day_and_clock_s(at_ms - 5 * 3_600_000), "21 Mar 23:12:05");
        assert!(!denver.same_day(at_ms, at_ms - 5 * 3_600_000));
        assert!(Local::new("UTC").same_day(at_ms, at_ms - 5 * 3_600_000));
        let unknown = Local::new("Mars/Olympus");
        assert_eq!((unknown.clock(at_ms), unknown.zone(at_ms)), ("10:12".into(), "UTC".into()));
        assert_eq!(unknown.clock(u64::MAX), unknown.clock(u64::MAX - 1));
    }
}
