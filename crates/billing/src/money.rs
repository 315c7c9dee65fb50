//! Money in whole micro-units, and currencies; nothing here is a float.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::error::short;

/// Micro-units in one unit of a currency.
const MICROS: i64 = 1_000_000;

/// An amount in micro-units (millionths) of the account's currency; may be negative.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Money(i64);

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The largest amount there is.
    pub const MAX: Self = Self(i64::MAX);

    /// An amount from micro-units.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// An amount from hundredths of a unit (cents).
    #[must_use]
    pub const fn from_cents(cents: i64) -> Self {
        Self(cents.saturating_mul(MICROS / 100))
    }

    /// The amount in micro-units.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The sum, or nothing if it leaves the range.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// The difference, or nothing if it leaves the range.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(rest) => Some(Self(rest)),
            None => None,
        }
    }

    /// The sum, held at the end of the range.
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference, held at the end of the range.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// The amount so many times, held at the end of the range.
    #[must_use]
    pub const fn saturating_mul(self, times: i64) -> Self {
        Self(self.0.saturating_mul(times))
    }

    /// Below zero.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Above zero.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// The amount as people read it: "$0.42", "-$3.00", thousands are not grouped. From the smallest
    /// coin up it is rounded to coins, half a coin upwards; below that all decimals are shown
    /// ("$0.0012"), so that a price never reads as nothing.
    #[must_use]
    pub fn format(&self, currency: &Currency) -> String {
        let coin = 10_u64.pow(6 - currency.decimals());
        let micros = self.0.unsigned_abs();
        if micros >= coin {
            let rounded = (micros + coin / 2) / coin * coin;
            self.with_symbol(&decimal(rounded, currency.decimals()), currency)
        } else {
            self.format_exact(currency)
        }
    }

    /// The amount with all its decimals, at least those of a coin: "$0.0125", "$0.30".
    #[must_use]
    pub fn format_exact(&self, currency: &Currency) -> String {
        let digits = decimal(self.0.unsigned_abs(), currency.decimals());
        self.with_symbol(&digits, currency)
    }

    fn with_symbol(self, digits: &str, currency: &Currency) -> String {
        let sign = if self.0 < 0 { "-" } else { "" };
        match currency.symbol() {
            Some(symbol) => format!("{sign}{symbol}{digits}"),
            None => format!("{sign}{currency} {digits}"),
        }
    }
}

/// `micros` in decimal, with trailing zeros beyond `min_decimals` left out.
fn decimal(micros: u64, min_decimals: u32) -> String {
    let mut text = format!("{}.{:06}", micros / MICROS as u64, micros % MICROS as u64);
    let shortest = text.len() - 6 + min_decimals as usize;
    while text.len() > shortest && text.ends_with('0') {
        text.pop();
    }
    if text.ends_with('.') {
        text.pop();
    }
    text
}

/// The amount without a currency, with all its decimals, at least two: "0.42", "-0.0012".
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        f.pad(&format!("{sign}{}", decimal(self.0.unsigned_abs(), 2)))
    }
}

/// Reads "12", "12.5", ".5", "-0.0012": no symbol, no grouping, no exponent. Zeros beyond the sixth
/// decimal are let through; other digits there are an error rather than rounded away.
impl FromStr for Money {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        parse(text.trim()).ok_or_else(|| Error::Money { text: short(text) })
    }
}

fn parse(text: &str) -> Option<Money> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut micros: i64 = 0;
    for b in whole.bytes() {
        micros = micros.checked_mul(10)?.checked_add(digit(b)?)?;
    }
    micros = micros.checked_mul(MICROS)?;
    let mut unit = MICROS / 10;
    for b in fraction.bytes() {
        let value = digit(b)?;
        if unit == 0 && value != 0 {
            return None;
        }
        micros = micros.checked_add(value * unit)?;
        unit /= 10;
    }
    Some(Money(if negative { -micros } else { micros }))
}

fn digit(b: u8) -> Option<i64> {
    b.is_ascii_digit().then(|| i64::from(b - b'0'))
}

/// An ISO 4217 currency code; US dollars unless told otherwise.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

impl Currency {
    /// US dollars.
    pub const USD: Self = Self(*b"USD");

    /// Its three-letter code.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("USD")
    }

    /// The symbol written before an amount, where one is unmistakable.
    #[must_use]
    pub fn symbol(&self) -> Option<&'static str> {
        match &self.0 {
            b"USD" => Some("$"),
            b"EUR" => Some("€"),
            b"GBP" => Some("£"),
            b"JPY" => Some("¥"),
            b"INR" => Some("₹"),
            b"ILS" => Some("₪"),
            b"KRW" => Some("₩"),
            _ => None,
        }
    }

    /// How many decimals its smallest coin has (ISO 4217, "minor unit").
    #[must_use]
    pub fn decimals(&self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG" | b"RWF" | b"UGX"
            | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            _ => 2,
        }
    }
}

impl Default for Currency {
    fn default() -> Self {
        Self::USD
    }
}

impl FromStr for Currency {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text.as_bytes() {
            &[a, b, c] if [a, b, c].iter().all(u8::is_ascii_alphabetic) => {
                Ok(Self([a, b, c].map(|b| b.to_ascii_uppercase())))
            }
            _ => Err(Error::Currency { text: short(text) }),
        }
    }
}

impl TryFrom<String> for Currency {
    type Error = Error;
    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.code().to_owned()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn money(text: &str) -> Money {
        text.parse().unwrap()
    }

    #[test]
    fn amounts_read_as_people_write_them() {
        assert_eq!(money("12"), Money::from_micros(12_000_000));
        assert_eq!(money(" 0.35 "), Money::from_cents(35));
        assert_eq!(money(".5"), Money::from_micros(500_000));
        assert_eq!(money("-0.0012"), Money::from_micros(-1_200));
        assert_eq!(money("0.01000000"), Money::from_cents(1));
        for bad in ["", ".", "-", "1e3", "1,5", "$1", "0.0000001", "1.2.3", "9223372036855", "--1"] {
            assert!(bad.parse::<Money>().is_err(), "{bad}");
        }
    }

    #[test]
    fn amounts_show_cents_and_never_hide_a_price() {
        let usd = Currency::USD;
        assert_eq!(money("0.42").format(&usd), "$0.42");
        assert_eq!(money("0.0012").format(&usd), "$0.0012");
        assert_eq!(money("0.425").format(&usd), "$0.43");
        assert_eq!(money("0.425").format_exact(&usd), "$0.425");
        assert_eq!(money("-3").format(&usd), "-$3.00");
        assert_eq!(money("0").format(&usd), "$0.00");
        assert_eq!(money("1234.5").format(&usd), "$1234.50");
        assert_eq!(money("12.5").format(&"JPY".parse().unwrap()), "¥13");
        assert_eq!(money("12.5").format(&"CHF".parse().unwrap()), "CHF 12.50");
        assert_eq!(money("0.001").format(&"KWD".parse().unwrap()), "KWD 0.001");
        assert_eq!(Money::from_micros(i64::MIN).format(&usd), "-$9223372036854.78");
    }

    #[test]
    fn currencies_are_three_letters() {
        assert_eq!("eur".parse::<Currency>().unwrap().code(), "EUR");
        assert!("EURO".parse::<Currency>().is_err());
        assert!("E1R".parse::<Currency>().is_err());
    }

    proptest! {
        #[test]
        fn amounts_round_trip(micros in -i64::MAX..i64::MAX) {
            let amount = Money::from_micros(micros);
            prop_assert_eq!(amount.to_string().parse::<Money>().unwrap(), amount);
        }
    }
}
