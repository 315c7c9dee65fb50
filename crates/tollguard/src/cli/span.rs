//! Lengths of time and moments as people type them: "90", "15m", "2h", "7d"; "2026-03-01", "2026-03-01 07:00".

use std::str::FromStr;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// A length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// In seconds.
    pub s: u64,
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a length of time such as 90s, 15m, 2h or 7d");
        let (number, unit_s) = match text.char_indices().last() {
            Some((at, 's')) => (&text[..at], 1),
            Some((at, 'm')) => (&text[..at], 60),
            Some((at, 'h')) => (&text[..at], 3600),
            Some((at, 'd')) => (&text[..at], 86_400),
            _ => (text, 1),
        };
        let s = number.trim().parse::<u64>().ok().and_then(|count| count.checked_mul(unit_s)).ok_or_else(wrong)?;
        Ok(Self { s })
    }
}

/// A moment: a time ago ("24h"), or a date with or without a time in this machine's time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// So many seconds ago.
    Ago(Span),
    /// Milliseconds since the Unix epoch.
    At(u64),
}

impl Moment {
    /// In milliseconds since the Unix epoch.
    pub fn ms(self, now_ms: u64) -> u64 {
        match self {
            Self::Ago(span) => now_ms.saturating_sub(span.s.saturating_mul(1000)),
            Self::At(ms) => ms,
        }
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(span) = text.parse() {
            return Ok(Self::Ago(span));
        }
        let wrong = || {
            format!("`{text}` is neither a time ago such as 24h nor a date such as 2026-03-01 or \"2026-03-01 07:00\"")
        };
        let at: DateTime = text.parse().map_err(|_| wrong())?;
        let at = at.to_zoned(TimeZone::system()).map_err(|_| wrong())?;
        u64::try_from(at.timestamp().as_millisecond()).map(Self::At).map_err(|_| wrong())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_units() {
        let seconds = |text: &str| text.parse::<Span>().map(|span| span.s);
        assert_eq!(seconds("90"), Ok(90));
        assert_eq!(seconds("15m"), Ok(900));
        assert_eq!(seconds("7d"), Ok(604_800));
        for wrong in ["", "h", "1w", "-1h", "1.5h", "99999999999999999999d", "é"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn moments_are_ago_or_dates() {
        assert_eq!("24h".parse::<Moment>().unwrap().ms(86_400_000 + 5), 5);
        assert!(matches!("2026-03-01".parse(), Ok(Moment::At(ms)) if ms > 1_772_000_000_000));
        assert!(matches!("2026-03-01 07:00".parse(), Ok(Moment::At(_))));
        assert!("yesterday".parse::<Moment>().is_err());
    }
}
