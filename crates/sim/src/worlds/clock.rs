//! The calendar of a world: six weeks from a Monday, and local times of day.

/// A minute.
pub const MINUTE_MS: u64 = 60_000;
/// An hour.
pub const HOUR_MS: u64 = 60 * MINUTE_MS;
/// A day.
pub const DAY_MS: u64 = 24 * HOUR_MS;
/// Days in a world.
pub const DAYS: u64 = 42;
/// Monday, 1 June 2026, 0:00 UTC: the first day.
const MONDAY_MS: u64 = 1_780_272_000_000;

/// Milliseconds since the epoch of a local time of day, by the account's offset from UTC.
pub fn local(offset_h: i64, day: u64, minute_of_day: u64) -> u64 {
    (MONDAY_MS + day * DAY_MS + minute_of_day * MINUTE_MS).saturating_add_signed(-offset_h * HOUR_MS as i64)
}

/// When a world begins: before any of its local days.
pub const fn begin_ms() -> u64 {
    MONDAY_MS - DAY_MS / 2
}

/// The world's last moment: nothing begins later.
pub const fn end_ms() -> u64 {
    MONDAY_MS + DAYS * DAY_MS
}

/// Whether a day is Saturday or Sunday.
pub const fn is_weekend(day: u64) -> bool {
    day % 7 >= 5
}

/// The nearest working day from then on.
pub const fn working_day(day: u64) -> u64 {
    match day % 7 {
        5 => day + 2,
        6 => day + 1,
        _ => day,
    }
}

/// A Saturday in or after that week.
pub const fn saturday(day: u64) -> u64 {
    day / 7 * 7 + 5
}

/// RFC 3339 in UTC with milliseconds (civil from days: H. Hinnant, "chrono-compatible low-level date algorithms").
pub fn rfc3339(at_ms: u64) -> String {
    let (days, rest_ms) = ((at_ms / DAY_MS) as i64, at_ms % DAY_MS);
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + i64::from(month <= 2);
    let (hour, minute) = (rest_ms / HOUR_MS, rest_ms / MINUTE_MS % 60);
    let (second, ms) = (rest_ms / 1000 % 60, rest_ms % 1000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_day_is_a_monday() {
        assert_eq!(rfc3339(local(0, 0, 0)), "2026-06-01T00:00:00.000Z");
        assert_eq!(rfc3339(local(-7, 1, 61)), "2026-06-02T08:01:00.000Z");
        assert_eq!(rfc3339(1_709_164_799_999), "2024-02-28T23:59:59.999Z");
        assert!((begin_ms() / DAY_MS + 4).is_multiple_of(7), "the half day before is a Sunday's");
        assert_eq!((working_day(5), working_day(9), saturday(9)), (7, 9, 12));
    }
}
