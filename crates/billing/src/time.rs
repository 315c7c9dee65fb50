//! Calendar days without a clock or a time zone: the proleptic Gregorian calendar, counted from the Unix epoch.

const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// Days from 0000-03-01 to the Unix epoch, and in 400 years.
const TO_EPOCH: i64 = 719_468;
const DAYS_400_Y: i64 = 146_097;

/// Midnight UTC of a date, in milliseconds since the Unix epoch; `None` for a date that does not exist or lies before.
pub(crate) fn civil_ms(year: u32, month: u32, day: u32) -> Option<u64> {
    let (year, month, day) = (i64::from(year), i64::from(month), i64::from(day));
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || !(1970..=9999).contains(&year) {
        return None;
    }
    // Years begin in March, so that the leap day is the last one.
    let year = if month > 2 { year } else { year - 1 };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let (cycle, year) = (year / 400, year % 400);
    let days = cycle * DAYS_400_Y + year * 365 + year / 4 - year / 100 + day_of_year - TO_EPOCH;
    let ms = u64::try_from(days).ok()? * DAY_MS;
    (civil_of(days).1 == month && civil_of(days).2 == day).then_some(ms)
}

/// Year, month and day of a day counted from the Unix epoch.
fn civil_of(days: i64) -> (i64, i64, i64) {
    let days = days + TO_EPOCH;
    let (cycle, day) = (days.div_euclid(DAYS_400_Y), days.rem_euclid(DAYS_400_Y));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + cycle * 400;
    (if month > 2 { year } else { year + 1 }, month, day)
}

/// The calendar month of a day counted from the Unix epoch, as the number of months since year 0.
#[must_use]
pub fn month_of_day(day: u32) -> u32 {
    let (year, month, _) = civil_of(i64::from(day));
    u32::try_from(year * 12 + month - 1).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(civil_ms(1970, 1, 1), Some(0));
        assert_eq!(civil_ms(2000, 2, 29), Some(951_782_400_000));
        assert_eq!(civil_ms(2026, 3, 1), Some(1_772_323_200_000));
        for (year, month, day) in [(2026, 2, 29), (1900, 1, 1), (2026, 4, 31), (2026, 13, 1), (2026, 1, 0)] {
            assert_eq!(civil_ms(year, month, day), None, "{year}-{month}-{day}");
        }
    }

    #[test]
    fn months_turn_at_their_ends() {
        let day = |y, m, d| u32::try_from(civil_ms(y, m, d).unwrap() / DAY_MS).unwrap();
        assert_eq!(month_of_day(day(2026, 2, 28)) + 1, month_of_day(day(2026, 3, 1)));
        assert_eq!(month_of_day(day(2028, 2, 29)), month_of_day(day(2028, 2, 1)));
        assert_eq!(month_of_day(day(2026, 12, 31)) + 1, month_of_day(day(2027, 1, 1)));
    }
}
