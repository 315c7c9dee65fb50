//! International numbers (ITU-T E.164) and prefixes of them, each in one machine word.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use crate::Error;
use crate::error::short;
use crate::ids::ParseVisitor;

/// The most digits a number may have (ITU-T E.164, 6.1).
const MAX_DIGITS: usize = 15;
/// The first value with too many digits.
const LIMIT: u64 = 1_000_000_000_000_000;

/// How many decimal digits a value has (at least one).
const fn count_digits(value: u64) -> u32 {
    match value.checked_ilog10() {
        Some(log) => log + 1,
        None => 1,
    }
}

/// 1 to 15 digits without a leading zero, as a value.
fn parse_digits(digits: &str) -> Option<u64> {
    if digits.is_empty() || digits.len() > MAX_DIGITS || digits.starts_with('0') {
        return None;
    }
    let mut value = 0;
    for b in digits.bytes() {
        if !b.is_ascii_digit() {
            return None;
        }
        value = value * 10 + u64::from(b - b'0');
    }
    Some(value)
}

/// The decimal digits of a number, as text on the stack.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Digits {
    buffer: [u8; MAX_DIGITS],
    /// Where the text starts in `buffer`; it ends at its end.
    start: usize,
}

impl Digits {
    fn of(mut value: u64) -> Self {
        let mut buffer = [b'0'; MAX_DIGITS];
        let mut start = MAX_DIGITS;
        while start > 0 && value > 0 {
            start -= 1;
            buffer[start] = b'0' + (value % 10) as u8;
            value /= 10;
        }
        Self { buffer, start }
    }

    /// The digits as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.buffer[self.start..]).unwrap_or("")
    }
}

impl std::ops::Deref for Digits {
    type Target = str;
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Debug for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An international number: 1 to 15 digits, the first not 0. Whether anybody has that number is
/// another question (see [`crate::Destination`]).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct E164(u64);

impl E164 {
    /// A number from its digits as a value: `14155550123` is `+14155550123`.
    #[must_use]
    pub const fn from_value(value: u64) -> Option<Self> {
        if value > 0 && value < LIMIT { Some(Self(value)) } else { None }
    }

    /// A number from its digits alone, without `+`.
    #[must_use]
    pub fn from_digits(digits: &str) -> Option<Self> {
        parse_digits(digits).map(Self)
    }

    /// The digits as a value.
    #[must_use]
    pub const fn value(self) -> u64 {
        self.0
    }

    /// The digits as text, without `+`.
    #[must_use]
    pub fn as_digits(self) -> Digits {
        Digits::of(self.0)
    }

    /// The number as text, with `+`.
    #[must_use]
    pub fn to_text(self) -> String {
        ["+", &self.as_digits()].concat()
    }

    /// The digits, first to last, each 0 to 9.
    pub fn digits(self) -> impl ExactSizeIterator<Item = u8> {
        let digits = self.as_digits();
        (digits.start..MAX_DIGITS).map(move |i| digits.buffer[i] - b'0')
    }

    /// How many digits it has.
    #[must_use]
    pub const fn digit_count(self) -> u32 {
        count_digits(self.0)
    }

    /// Whether the number begins with the digits of `prefix` (0 stands for no digits).
    #[must_use]
    pub const fn starts_with(self, prefix: u64) -> bool {
        if prefix == 0 {
            return true;
        }
        let have = count_digits(self.0);
        let want = count_digits(prefix);
        want <= have && self.0 / 10_u64.pow(have - want) == prefix
    }
}

impl FromStr for E164 {
    type Err = Error;

    /// Reads "+355691234567" or "355691234567".
    fn from_str(text: &str) -> Result<Self, Error> {
        parse_digits(text.strip_prefix('+').unwrap_or(text)).map(Self).ok_or_else(|| Error::E164 { text: short(text) })
    }
}

impl fmt::Display for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.0)
    }
}

impl fmt::Debug for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The first digits of international numbers, as a rate table lists them: 1 to 15 digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix(u64);

impl Prefix {
    /// A prefix from its digits as a value.
    #[must_use]
    pub const fn from_value(value: u64) -> Option<Self> {
        if value > 0 && value < LIMIT { Some(Self(value)) } else { None }
    }

    /// The digits as a value.
    #[must_use]
    pub const fn value(self) -> u64 {
        self.0
    }

    /// How many digits it has.
    #[must_use]
    pub const fn digit_count(self) -> u32 {
        count_digits(self.0)
    }

    /// The digits as text.
    #[must_use]
    pub fn as_digits(self) -> Digits {
        Digits::of(self.0)
    }

    /// Whether `number` begins with it.
    #[must_use]
    pub const fn matches(self, number: E164) -> bool {
        number.starts_with(self.0)
    }
}

impl FromStr for Prefix {
    type Err = Error;

    /// Reads "3556" or "+3556".
    fn from_str(text: &str) -> Result<Self, Error> {
        parse_digits(text.strip_prefix('+').unwrap_or(text))
            .map(Self)
            .ok_or_else(|| Error::Prefix { text: short(text) })
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_digits().as_str())
    }
}

impl fmt::Debug for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

macro_rules! serde_as_text_or_value {
    ($name:ident, $kind:literal) => {
        /// Text where people read it, the value where they do not.
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    serializer.serialize_u64(self.0)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    deserializer.deserialize_str(ParseVisitor::<Self>::new($kind))
                } else {
                    Self::from_value(u64::deserialize(deserializer)?)
                        .ok_or_else(|| de::Error::custom(concat!("not a valid ", $kind)))
                }
            }
        }
    };
}

serde_as_text_or_value!(E164, "international number");
serde_as_text_or_value!(Prefix, "prefix");

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_read_and_show() {
        let number: E164 = "+355691234567".parse().unwrap();
        assert_eq!(number.to_string(), "+355691234567");
        assert_eq!(number.as_digits().as_str(), "355691234567");
        assert_eq!(number.digits().next(), Some(3));
        for bad in ["", "+", "0123", "+1234567890123456", "12 34", "++1", "1a", "１２"] {
            assert!(bad.parse::<E164>().is_err(), "{bad}");
        }
        assert!(postcard::from_bytes::<E164>(&[0]).is_err());
    }

    #[test]
    fn prefixes_match_whole_digits() {
        let number = E164::from_digits("3556").unwrap();
        for (prefix, fits) in [(0, true), (3, true), (355, true), (3556, true), (35, true)] {
            assert_eq!(number.starts_with(prefix), fits);
        }
        for prefix in [4, 56, 35560, 356, u64::MAX] {
            assert!(!number.starts_with(prefix), "{prefix}");
        }
    }

    proptest! {
        #[test]
        fn numbers_round_trip(value in 1..LIMIT) {
            let number = E164::from_value(value).unwrap();
            prop_assert_eq!(number.to_string().parse::<E164>().unwrap(), number);
            prop_assert_eq!(E164::from_digits(&number.as_digits()), Some(number));
            prop_assert_eq!(number.digits().len(), number.digit_count() as usize);
            prop_assert_eq!(number.digits().fold(0, |sum, d| sum * 10 + u64::from(d)), value);
            let bytes = postcard::to_stdvec(&number).unwrap();
            prop_assert_eq!(postcard::from_bytes::<E164>(&bytes).unwrap(), number);
            let json = serde_json::to_string(&number).unwrap();
            prop_assert_eq!(serde_json::from_str::<E164>(&json).unwrap(), number);
        }

        #[test]
        fn prefix_agrees_with_text(value in 1..LIMIT, prefix in 1_u64..100_000) {
            let number = E164::from_value(value).unwrap();
            let text = value.to_string().starts_with(&prefix.to_string());
            prop_assert_eq!(number.starts_with(prefix), text);
        }
    }
}
