//! Times as people read them: in the account's time zone, with its name.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

const EPOCH: Date = Date::constant(1970, 1, 1);

/// A time zone.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    zone: TimeZone,
    name: String,
}

impl Zone {
    /// An IANA time zone; UTC where there is no such.
    pub(crate) fn named(name: &str) -> Self {
        match TimeZone::get(name) {
            Ok(zone) => Self { zone, name: name.to_owned() },
            Err(_) => Self { zone: TimeZone::UTC, name: "UTC".to_owned() },
        }
    }

    /// "Times are those of America/Denver (MST)."
    pub(crate) fn words(&self) -> String {
        let now = self.format(crate::state::now_ms(), "%Z");
        if now == self.name {
            format!("Times are in {now}.")
        } else {
            format!("Times are those of {} ({now}).", self.name)
        }
    }

    fn format(&self, ms: u64, form: &str) -> String {
        let at = i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or(Timestamp::MAX);
        at.to_zoned(self.zone.clone()).strftime(form).to_string()
    }

    /// "Sunday 22 November 2026 at 03:14 MST".
    pub(crate) fn in_full(&self, ms: u64) -> String {
        self.format(ms, "%A %-d %B %Y at %H:%M %Z")
    }

    /// "Sun 22 Nov 2026 03:14:05 MST".
    pub(crate) fn moment(&self, ms: u64) -> String {
        self.format(ms, "%a %-d %b %Y %H:%M:%S %Z")
    }

    /// For tables, which say the zone once: "22 Nov 2026 03:14:05".
    pub(crate) fn short(&self, ms: u64) -> String {
        self.format(ms, "%-d %b %Y %H:%M:%S")
    }

    /// "03:14:05 MST".
    pub(crate) fn time(&self, ms: u64) -> String {
        self.format(ms, "%H:%M:%S %Z")
    }

    /// The hour of the day, 0 to 23.
    pub(crate) fn hour(&self, ms: u64) -> usize {
        self.format(ms, "%-H").parse().unwrap_or(0)
    }

    /// For the `datetime` attribute of machines.
    pub(crate) fn iso(&self, ms: u64) -> String {
        self.format(ms, "%Y-%m-%dT%H:%M:%S%:z")
    }

    /// When a day (given as "2026-11-22") begins; `None` where it is no day.
    pub(crate) fn day_begins(&self, day: &str) -> Option<u64> {
        self.begins(day.parse().ok()?)
    }

    /// When the day after it begins.
    pub(crate) fn day_ends(&self, day: &str) -> Option<u64> {
        self.begins(day.parse::<Date>().ok()?.tomorrow().ok()?)
    }

    /// The day of a moment, counted from the Unix epoch by this zone's calendar: days of sums are kept so.
    pub(crate) fn day_of(&self, ms: u64) -> u32 {
        day_number(&self.format(ms, "%Y-%m-%d")).unwrap_or(0)
    }

    /// "Sun 22 Nov" of such a number.
    pub(crate) fn day_name(day: u32) -> String {
        let date = EPOCH.checked_add(jiff::Span::new().days(i64::from(day)));
        date.map(|date| date.strftime("%a %-d %b").to_string()).unwrap_or_default()
    }

    fn begins(&self, day: Date) -> Option<u64> {
        let midnight = day.to_zoned(self.zone.clone()).ok()?;
        u64::try_from(midnight.timestamp().as_millisecond()).ok()
    }
}

/// The day of such a number: "2026-11-22".
pub(crate) fn day_text(day: u32) -> String {
    let date = EPOCH.checked_add(jiff::Span::new().days(i64::from(day)));
    date.map(|date| date.to_string()).unwrap_or_default()
}

/// A day (given as "2026-11-22") counted from the Unix epoch; `None` where it is no day or before.
pub(crate) fn day_number(day: &str) -> Option<u32> {
    u32::try_from((day.parse::<Date>().ok()? - EPOCH).get_days()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sunday 2026-03-08 09:30 UTC, the night the clocks go forward in Denver (at 09:00 UTC).
    const MS: u64 = 1_772_962_200_000;

    #[test]
    fn times_are_those_of_the_account() {
        let denver = Zone::named("America/Denver");
        assert_eq!(denver.in_full(MS), "Sunday 8 March 2026 at 03:30 MDT");
        assert_eq!(denver.moment(MS), "Sun 8 Mar 2026 03:30:00 MDT");
        assert_eq!(denver.time(MS - 3_600_000), "01:30:00 MST");
        assert_eq!(denver.iso(MS), "2026-03-08T03:30:00-06:00");
        assert_eq!(Zone::named("No/Where").time(MS), "09:30:00 UTC");
        assert_eq!(Zone::named("UTC").words(), "Times are in UTC.");
    }

    #[test]
    fn a_day_with_a_changed_clock_has_23_hours() {
        let denver = Zone::named("America/Denver");
        let (begins, ends) = (denver.day_begins("2026-03-08").unwrap(), denver.day_ends("2026-03-08").unwrap());
        assert_eq!(ends - begins, 23 * 3_600_000);
        assert_eq!(Some(denver.day_of(MS)), day_number("2026-03-08"));
        assert_eq!(denver.day_begins("tomorrow"), None);
        assert_eq!((denver.day_of(begins - 1), denver.day_of(begins)), (20_519, 20_520));
        assert_eq!(Zone::day_name(20_520), "Sun 8 Mar");
    }
}
