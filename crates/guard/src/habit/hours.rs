//! The hours of the week at which a line or an account calls.

use serde::{Deserialize, Serialize};

/// Hours in a week.
pub(crate) const WEEK: usize = 168;
/// The epoch was a Thursday: hours from the Monday before it.
const EPOCH_HOUR: i64 = 3 * 24;
/// When so many calls are counted every count is halved, so that habits may change.
const HALVE_AT: u32 = 20_000;

/// The local hour of the week, Monday 0:00 being 0.
pub(crate) fn hour_of_week(now_ms: u64, utc_offset_min: i16) -> u8 {
    let minutes = (now_ms / 60_000) as i64 + i64::from(utc_offset_min);
    (minutes.div_euclid(60) + EPOCH_HOUR).rem_euclid(WEEK as i64) as u8
}

/// Calls by hour of the week, home calls too.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Hours {
    /// Empty or [`WEEK`] counts.
    counts: Vec<u16>,
    total: u32,
}

impl Hours {
    /// Counts a call.
    pub(crate) fn learn(&mut self, hour: u8) {
        if self.counts.is_empty() {
            self.counts = vec![0; WEEK];
        }
        if let Some(count) = self.counts.get_mut(usize::from(hour)) {
            *count = count.saturating_add(1);
            self.total += 1;
        }
        if self.total >= HALVE_AT {
            self.counts.iter_mut().for_each(|count| *count /= 2);
            self.total = self.counts.iter().copied().map(u32::from).sum();
        }
    }

    /// Takes a call back.
    pub(crate) fn unlearn(&mut self, hour: u8) {
        if let Some(count) = self.counts.get_mut(usize::from(hour)).filter(|count| **count > 0) {
            *count -= 1;
            self.total = self.total.saturating_sub(1);
        }
    }

    /// All calls counted.
    pub(crate) fn total(&self) -> u64 {
        u64::from(self.total)
    }

    /// Calls in the hours alike to this one, and how many hours that are: the hour, the one before and the one after
    /// it, over the five working days or over the one day of the weekend.
    pub(crate) fn alike(&self, hour: u8) -> (u64, u64) {
        let (day, hour) = (usize::from(hour) / 24, usize::from(hour) % 24);
        let days = if day < 5 { 0..5 } else { day..day + 1 };
        let (before, after) = (usize::from(hour > 0), usize::from(hour < 23));
        let count = |slot: usize| self.counts.get(slot).copied().map_or(0, u64::from);
        let mut calls = 0;
        for slot in days.clone().map(|day| day * 24 + hour) {
            calls += count(slot);
            calls += if before > 0 { count(slot - 1) } else { 0 };
            calls += if after > 0 { count(slot + 1) } else { 0 };
        }
        (calls, (days.len() * (before + 1 + after)) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_week_begins_on_monday() {
        // 2026-03-01 was a Sunday; 06:30 UTC is 23:30 on Saturday in Denver.
        let sunday_ms = 1_772_346_600_000;
        assert_eq!(hour_of_week(sunday_ms, 0), 6 * 24 + 6);
        assert_eq!(hour_of_week(sunday_ms, -420), 5 * 24 + 23);
        assert_eq!(hour_of_week(0, -720), 2 * 24 + 12);
    }

    #[test]
    fn working_days_are_alike_and_a_weekend_day_is_not() {
        let mut hours = Hours::default();
        hours.learn(10);
        hours.learn(24 + 11);
        hours.learn(5 * 24 + 10);
        assert_eq!(hours.alike(2 * 24 + 10), (2, 15));
        assert_eq!(hours.alike(5 * 24 + 10), (1, 3));
        assert_eq!(hours.alike(6 * 24 + 10), (0, 3));
        assert_eq!(hours.alike(0), (0, 10));
    }

    #[test]
    fn old_counts_fade_when_many_came() {
        let mut hours = Hours::default();
        for _ in 0..HALVE_AT {
            hours.learn(3);
        }
        assert_eq!(hours.total(), u64::from(HALVE_AT / 2));
    }
}
