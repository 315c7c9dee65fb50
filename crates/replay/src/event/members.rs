//! The members of one JSON object, read without copying: rows are flat, and there are millions of them.
//!
//! What is plain (texts without escapes, short numbers) is read here; whatever else JSON allows is given to `serde_json`.

use std::borrow::Cow;
use std::fmt;

use serde::de::IgnoredAny;
use serde_json::Error;

/// A value as rows have them.
#[derive(Debug, PartialEq)]
pub(super) enum Value<'a> {
    Text(Cow<'a, str>),
    Number(f64),
    Bool(bool),
    Null,
    /// An array or object: of no use here.
    Other,
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => write!(f, "{number}"),
            Self::Bool(truth) => write!(f, "{truth}"),
            Self::Null => f.write_str("null"),
            Self::Other => f.write_str("an array or an object"),
        }
    }
}

/// What is left of an object that is being read.
pub(super) struct Members<'a> {
    /// The whole row, for the parser to say what is wrong with it.
    row: &'a str,
    at: usize,
    begun: bool,
}

/// Digits of a number that are read here: they and the power of ten they are divided by are exact as floats.
const PLAIN_DIGITS: usize = 15;
/// Powers of ten.
const TENS: [f64; PLAIN_DIGITS + 1] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

impl<'a> Members<'a> {
    /// The members of the object that a row is.
    ///
    /// # Errors
    /// Where it is none.
    pub(super) fn of(row: &'a str) -> Result<Self, Error> {
        let mut members = Self { row, at: 0, begun: false };
        if members.skip(b'{') { Ok(members) } else { Err(members.wrong()) }
    }

    /// The name of the next member; `None` at the end of the object. [`Members::value`] has to come after it.
    ///
    /// # Errors
    /// Where the row is no JSON.
    #[inline]
    pub(super) fn name(&mut self) -> Result<Option<Cow<'a, str>>, Error> {
        if !(self.begun && self.skip(b',')) {
            if self.skip(b'}') {
                return if self.rest().trim_ascii().is_empty() { Ok(None) } else { Err(self.wrong()) };
            }
            if self.begun {
                return Err(self.wrong());
            }
        }
        self.begun = true;
        if self.peek() != Some(b'"') {
            self.space();
        }
        let name = self.text()?;
        if !self.skip(b':') {
            return Err(self.wrong());
        }
        self.space();
        Ok(Some(name))
    }

    /// The value of the member whose name was read.
    ///
    /// # Errors
    /// Where the row is no JSON.
    #[inline(always)]
    pub(super) fn value(&mut self) -> Result<Value<'a>, Error> {
        Ok(match self.peek() {
            Some(b'"') => Value::Text(self.text()?),
            Some(b'-' | b'0'..=b'9') => Value::Number(self.number()?),
            _ => self.other()?,
        })
    }

    fn rest(&self) -> &'a str {
        self.row.get(self.at..).unwrap_or_default()
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.row.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while self.peek().is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    #[inline]
    fn skip(&mut self, byte: u8) -> bool {
        if self.peek() == Some(byte) {
            self.at += 1;
            return true;
        }
        self.space();
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    #[inline]
    fn text(&mut self) -> Result<Cow<'a, str>, Error> {
        if self.peek() == Some(b'"') {
            let begin = self.at + 1;
            let end = begin + plain(self.row.as_bytes().get(begin..).unwrap_or_default());
            if self.row.as_bytes().get(end) == Some(&b'"')
                && let Some(text) = self.row.get(begin..end)
            {
                self.at = end + 1;
                return Ok(Cow::Borrowed(text));
            }
        }
        self.by_parser::<String>().map(Cow::Owned)
    }

    fn number(&mut self) -> Result<f64, Error> {
        let (mut digits, mut after_point, mut value) = (0, None, 0_u64);
        let rest = self.rest().as_bytes();
        for byte in rest {
            match byte {
                b'0'..=b'9' if digits < PLAIN_DIGITS => {
                    value = value * 10 + u64::from(byte - b'0');
                    digits += 1;
                    after_point = after_point.map(|places| places + 1);
                }
                b'.' if after_point.is_none() && digits > 0 => after_point = Some(0),
                b',' | b'}' => {
                    let len = digits + usize::from(after_point.is_some());
                    let plain = after_point != Some(0)
                        && (rest.first() != Some(&b'0') || digits == 1 || rest.get(1) == Some(&b'.'));
                    if !plain || digits == 0 {
                        break;
                    }
                    self.at += len;
                    return Ok(value as f64 / TENS[after_point.unwrap_or(0)]);
                }
                _ => break,
            }
        }
        self.by_parser()
    }

    fn other(&mut self) -> Result<Value<'a>, Error> {
        for (word, value) in [("true", Value::Bool(true)), ("false", Value::Bool(false)), ("null", Value::Null)] {
            if self.rest().starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        self.by_parser::<IgnoredAny>().map(|_| Value::Other)
    }

    /// One value by the parser.
    #[cold]
    fn by_parser<T: serde::de::DeserializeOwned>(&mut self) -> Result<T, Error> {
        let mut values = serde_json::Deserializer::from_str(self.rest()).into_iter::<T>();
        let value = values.next();
        self.at += values.byte_offset();
        match value {
            Some(Ok(value)) => Ok(value),
            // Of the whole row, so that the column is right.
            _ => Err(self.wrong()),
        }
    }

    /// What is wrong with the row.
    #[cold]
    fn wrong(&self) -> Error {
        let whole: Result<serde::de::IgnoredAny, Error> = serde_json::from_str(self.row);
        whole.err().unwrap_or_else(|| serde::de::Error::custom("it is no object"))
    }
}

/// How many bytes come before the first that ends a text or is not plain in one: a quote, a backslash, a control
/// character. Eight at a time.
fn plain(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    let (words, rest) = bytes.as_chunks::<8>();
    for (place, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
        let control = word.wrapping_sub(ONES * 32) & !word & HIGH;
        // Borrows reach only bytes after the first that is found.
        let found = zero(word ^ (ONES * 34)) | zero(word ^ (ONES * 92)) | control;
        if found != 0 {
            return place * 8 + found.trailing_zeros() as usize / 8;
        }
    }
    let ends = |byte: &u8| *byte == b'"' || *byte == b'\\' || *byte < b' ';
    words.len() * 8 + rest.iter().position(ends).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn members(row: &str) -> Result<Vec<(String, Value<'_>)>, String> {
        let mut members = Members::of(row).map_err(|error| error.to_string())?;
        let mut all = Vec::new();
        while let Some(name) = members.name().map_err(|error| error.to_string())? {
            all.push((name.into_owned(), members.value().map_err(|error| error.to_string())?));
        }
        Ok(all)
    }

    #[test]
    fn what_json_allows_is_read() {
        let row =
            " {\"a\" : \"x\" ,\"b\\u0062\":\"tab\\t\u{e9}\",\"c\":[1,{\"d\":2}],\"e\":-1.5e3,\"f\":true,\"g\":null} ";
        let read: Vec<Value<'_>> = members(row).unwrap().into_iter().map(|(_, value)| value).collect();
        let text = |text: &'static str| Value::Text(text.into());
        let expected =
            vec![text("x"), text("tab\t\u{e9}"), Value::Other, Value::Number(-1500.0), Value::Bool(true), Value::Null];
        assert_eq!(read, expected);
        assert_eq!(members(row).unwrap()[1].0, "bb");
        assert_eq!(members("{}"), Ok(Vec::new()));
    }

    #[test]
    fn what_is_no_object_is_told_with_its_column() {
        for row in [
            "",
            "[]",
            "{",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{\"a\":01}",
            "{\"a\":1 2}",
            "{\"a\":1}x",
            "{\"a\":.5}",
        ] {
            assert!(members(row).is_err(), "{row}");
        }
        assert!(members("{\"a\":1,x}").unwrap_err().contains("column 8"));
    }

    proptest! {
        #[test]
        fn numbers_are_those_of_the_parser(number: f64, whole in -5_000_i64..2_000_000_000, places in 0_usize..5) {
            for text in [format!("{number}"), format!("{number:e}"), format!("{whole}"), format!("{:.places$}", whole as f64 / 7.0)] {
                let row = format!("{{\"n\":{text}}}");
                let by_parser: Option<f64> = serde_json::from_str(&text).ok();
                let read = members(&row).ok().map(|all| all[0].1 == Value::Number(by_parser.unwrap_or(f64::NAN)));
                prop_assert_eq!(read, by_parser.map(|_| true), "{}", text);
            }
        }

        #[test]
        fn no_text_is_a_panic(row in "\\PC{0,40}", middle in "[\"{}:,a0. \\\\]{0,30}") {
            for row in [row, format!("{{{middle}}}"), format!("{{\"a\":{middle}}}")] {
                prop_assert_eq!(members(&row).is_ok(), serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&row).is_ok(), "{}", row);
            }
        }
    }
}
