//! Times as VOIP.MS writes them: the clock of its servers (US and Canada, Eastern), moved by the hours that a caller asks
//! for, counted from UTC-5.
//!
//! From November to March that is the clock at the offset asked for; while Eastern daylight saving is in force it is an hour
//! ahead of it. Programs reckon with that, so it is kept.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// Where VOIP.MS's servers are.
const SERVERS: &str = "America/Toronto";
/// The offset that hours are counted from.
const SERVERS_OFFSET_S: i64 = -5 * 3600;
/// The offsets that may be asked for, hours.
const OFFSETS_H: std::ops::RangeInclusive<f64> = -12.0..=13.0;

/// A clock.
pub(crate) struct Clock {
    zone: TimeZone,
    ahead: SignedDuration,
}

impl Clock {
    /// That of the servers.
    pub(crate) fn of_servers() -> Self {
        Self { zone: TimeZone::get(SERVERS).unwrap_or(TimeZone::UTC), ahead: SignedDuration::ZERO }
    }

    /// The one asked for by an offset from UTC in hours ("-7", "5.5"); `None` where it is none.
    pub(crate) fn asked(offset_h: &str) -> Option<Self> {
        let offset_h: f64 = offset_h.parse().ok().filter(|hours| OFFSETS_H.contains(hours))?;
        let offset_s = (offset_h * 3600.0).round() as i64;
        Some(Self { ahead: SignedDuration::from_secs(offset_s - SERVERS_OFFSET_S), ..Self::of_servers() })
    }

    /// "2026-11-20 03:12:44".
    pub(crate) fn write(&self, ms: u64) -> String {
        let at = i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or(Timestamp::MAX);
        let shown = at.to_zoned(self.zone.clone()).datetime().checked_add(self.ahead).unwrap_or(DateTime::MAX);
        shown.strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// When a day begins, milliseconds since the Unix epoch.
    pub(crate) fn begins(&self, day: Date) -> u64 {
        let begins = day.at(0, 0, 0, 0).checked_sub(self.ahead).ok();
        let begins = begins.and_then(|begins| begins.to_zoned(self.zone.clone()).ok());
        begins.map_or(0, |begins| u64::try_from(begins.timestamp().as_millisecond()).unwrap_or(0))
    }

    /// When the day after it begins.
    pub(crate) fn ends(&self, day: Date) -> u64 {
        day.tomorrow().map_or(u64::MAX, |next| self.begins(next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Friday 2026-11-20 10:12:44 UTC, and Monday 2026-07-20 10:12:44 UTC.
    const WINTER_MS: u64 = 1_795_169_564_000;
    const SUMMER_MS: u64 = 1_784_542_364_000;

    #[test]
    fn an_offset_is_that_from_utc_in_winter_and_an_hour_more_in_summer() {
        let denver = Clock::asked("-7").unwrap();
        assert_eq!(denver.write(WINTER_MS), "2026-11-20 03:12:44");
        assert_eq!(denver.write(SUMMER_MS), "2026-07-20 04:12:44", "Denver's clock, which is at -6 then");
        assert_eq!(Clock::asked("0").unwrap().write(WINTER_MS), "2026-11-20 10:12:44");
        assert_eq!(Clock::asked("5.50").unwrap().write(WINTER_MS), "2026-11-20 15:42:44");
        assert_eq!(Clock::of_servers().write(SUMMER_MS), "2026-07-20 06:12:44");
        for bad in ["", "x", "14", "-13", "NaN", "America/Denver"] {
            assert!(Clock::asked(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn days_are_those_of_the_clock() {
        let clock = Clock::asked("-7").unwrap();
        let day: Date = "2026-11-20".parse().unwrap();
        assert_eq!(clock.write(clock.begins(day)), "2026-11-20 00:00:00");
        assert_eq!(clock.write(clock.ends(day) - 1), "2026-11-20 23:59:59");
    }
}
