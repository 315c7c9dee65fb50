//! What an owner allows whatever the guard thinks: where to, how dear, when, how much a day. Held at an account and at each
//! of its lines; both hold. Emergency calls and calls among phones are free of them.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use billing::{Country, Currency, Money};
use serde::{Deserialize, Serialize};

/// Countries in one list.
pub const MAX_COUNTRIES: usize = 250;
/// Spans of hours in a week.
pub const MAX_SPANS: usize = 14;
const DAY_MIN: u16 = 24 * 60;
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// The limits of an account or a line; by default none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Countries that may be called beyond the home numbering area, and none else (no satellites either); empty: all.
    pub allowed: BTreeSet<Country>,
    /// Countries that may not be called.
    pub denied: BTreeSet<Country>,
    /// The dearest call, a minute.
    pub max_rate: Option<Money>,
    /// Minutes of talk in a rolling day.
    pub minutes_a_day: Option<u32>,
    /// Money in a rolling day.
    pub money_a_day: Option<Money>,
    /// When outside calls may begin, by the account's clock.
    pub hours: Option<Hours>,
}

/// Spans of hours of the week ("Mon-Fri 08:00-18:00, Sat 09:00-13:00").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours(Vec<Span>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Span {
    /// Monday is 0; to the same or an earlier day goes round the week.
    days: (u8, u8),
    /// Minutes of the day; to the same or an earlier minute goes on past midnight.
    minutes: (u16, u16),
}

/// Why a text is no span of hours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not hours such as \"Mon-Fri 08:00-18:00, Sat 09:00-13:00\" (at most {MAX_SPANS} spans)")]
pub struct NotHours(String);

impl Limits {
    /// Whether any of them counts what a day uses.
    #[must_use]
    pub const fn are_of_a_day(&self) -> bool {
        self.minutes_a_day.is_some() || self.money_a_day.is_some()
    }

    /// In words, one for each; none where there are none.
    #[must_use]
    pub fn in_words(&self, currency: &Currency) -> Vec<String> {
        let list = |countries: &BTreeSet<Country>| {
            countries.iter().map(|country| country.name()).collect::<Vec<_>>().join(", ")
        };
        let mut words = Vec::new();
        if !self.allowed.is_empty() {
            words.push(format!("abroad only {}", list(&self.allowed)));
        }
        if !self.denied.is_empty() {
            words.push(format!("not {}", list(&self.denied)));
        }
        words.extend(self.max_rate.map(|rate| format!("at most {} a minute", rate.format(currency))));
        words.extend(self.minutes_a_day.map(|minutes| format!("at most {minutes} minutes a day")));
        words.extend(self.money_a_day.map(|money| format!("at most {} a day", money.format(currency))));
        words.extend(self.hours.as_ref().map(|hours| format!("only {hours}")));
        words
    }
}

impl Hours {
    /// Whether outside calls may begin at this minute of the account's clock.
    #[must_use]
    pub fn allow(&self, now_ms: u64, utc_offset_min: i16) -> bool {
        let minutes = (now_ms / 60_000).saturating_add_signed(i64::from(utc_offset_min));
        // The epoch was a Thursday.
        let (day, minute) = (((minutes / u64::from(DAY_MIN)) + 3) % 7, minutes % u64::from(DAY_MIN));
        let (day, minute) = (day as u8, minute as u16);
        self.0.iter().any(|span| span.holds(day, minute))
    }
}

impl Span {
    fn holds(&self, day: u8, minute: u16) -> bool {
        let (from, to) = self.minutes;
        let on = |day: u8| {
            let (first, last) = self.days;
            if first <= last { (first..=last).contains(&day) } else { day >= first || day <= last }
        };
        if from < to {
            return on(day) && (from..to).contains(&minute);
        }
        // Past midnight the day before counts.
        on(day) && minute >= from || on((day + 6) % 7) && minute < to
    }
}

impl FromStr for Hours {
    type Err = NotHours;

    fn from_str(text: &str) -> Result<Self, NotHours> {
        let wrong = || NotHours(text.chars().take(100).collect());
        let spans: Option<Vec<Span>> = text.split(',').map(|span| span.trim().parse().ok()).collect();
        let spans = spans.filter(|spans| !spans.is_empty() && spans.len() <= MAX_SPANS).ok_or_else(wrong)?;
        Ok(Self(spans))
    }
}

impl FromStr for Span {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (days, minutes) = text.split_once(' ').ok_or(())?;
        let day = |word: &str| {
            let at = DAYS.iter().position(|day| day.eq_ignore_ascii_case(word.trim())).ok_or(())?;
            u8::try_from(at).map_err(|_| ())
        };
        let minute = |word: &str| {
            let (hour, minute) = word.trim().split_once(':').ok_or(())?;
            let (hour, minute): (u16, u16) = (hour.parse().map_err(|_| ())?, minute.parse().map_err(|_| ())?);
            let all = hour.checked_mul(60).and_then(|minutes| minutes.checked_add(minute)).ok_or(())?;
            if minute < 60 && all <= DAY_MIN { Ok(all) } else { Err(()) }
        };
        let days = match days.split_once('-') {
            Some((first, last)) => (day(first)?, day(last)?),
            None => (day(days)?, day(days)?),
        };
        let (from, to) = minutes.split_once('-').ok_or(())?;
        Ok(Self { days, minutes: (minute(from)?, minute(to)?) })
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, Span { days: (first, last), minutes: (from, to) }) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            let day = |day: &u8| DAYS.get(usize::from(*day)).copied().unwrap_or_default();
            let dash = if first == last { String::new() } else { format!("-{}", day(last)) };
            let time = |minutes: &u16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
            write!(f, "{comma}{}{dash} {}-{}", day(first), time(from), time(to))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Monday, 5 January 2026, 0:00 UTC.
    const MONDAY_MS: u64 = 1_767_571_200_000;

    fn open(hours: &str, day: u64, hour: u64, minute: u64) -> bool {
        let at_ms = MONDAY_MS + ((day * 24 + hour) * 60 + minute) * 60_000;
        hours.parse::<Hours>().unwrap().allow(at_ms, 0)
    }

    #[test]
    fn hours_are_read_written_and_held() {
        let week = "Mon-Fri 08:00-18:00, Sat 09:00-13:00";
        assert_eq!(week.parse::<Hours>().unwrap().to_string(), week);
        assert!(open(week, 0, 8, 0) && open(week, 4, 17, 59) && open(week, 5, 12, 0));
        assert!(!open(week, 0, 7, 59) && !open(week, 4, 18, 0) && !open(week, 5, 13, 0) && !open(week, 6, 10, 0));
        // Friday's night ends on Saturday morning; from Sunday the week goes round.
        assert!(open("Fri 22:00-06:00", 5, 5, 59) && !open("Fri 22:00-06:00", 4, 5, 0));
        assert!(open("Sat-Mon 00:00-24:00", 0, 12, 0) && !open("Sat-Mon 00:00-24:00", 1, 12, 0));
        for wrong in ["", "Mon", "Mon 8-18", "Mon 08:00-25:00", "Noday 08:00-09:00", "Mon 08:00-09:00,"] {
            assert!(wrong.parse::<Hours>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_accounts_clock_counts() {
        let hours: Hours = "Mon 08:00-18:00".parse().unwrap();
        assert!(!hours.allow(MONDAY_MS + 8 * 3_600_000, -420), "one o'clock in the night in Denver");
        assert!(hours.allow(MONDAY_MS + 15 * 3_600_000, -420));
    }
}
