//! Bencode, in which rtpengine is spoken to: written for what we say, read within bounds for what it answers.

use std::collections::BTreeMap;

/// Deepest nesting that is read.
const MAX_DEPTH: usize = 16;
/// Most values of one answer.
const MAX_VALUES: usize = 8_192;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    Bytes(&'a [u8]),
    Number(i64),
    List(Vec<Value<'a>>),
    Dictionary(BTreeMap<&'a [u8], Value<'a>>),
}

impl<'a> Value<'a> {
    /// Reads a whole value; `None` where it is none, or larger than any honest answer.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let mut parser = Parser { rest: bytes, left: MAX_VALUES };
        let value = parser.value(0)?;
        parser.rest.is_empty().then_some(value)
    }

    /// The value under a key of a dictionary.
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        if let Self::Dictionary(entries) = self { entries.get(key.as_bytes()) } else { None }
    }

    pub fn bytes(&self) -> Option<&'a [u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }

    pub fn number(&self) -> Option<u64> {
        if let Self::Number(number) = self { u64::try_from(*number).ok() } else { None }
    }

    pub fn list(&self) -> &[Value<'a>] {
        if let Self::List(values) = self { values } else { &[] }
    }
}

struct Parser<'a> {
    rest: &'a [u8],
    left: usize,
}

impl<'a> Parser<'a> {
    fn value(&mut self, depth: usize) -> Option<Value<'a>> {
        self.left = self.left.checked_sub(1)?;
        if depth > MAX_DEPTH {
            return None;
        }
        match self.rest.first()? {
            b'i' => {
                self.skip(1);
                let digits = self.until(b'e')?;
                std::str::from_utf8(digits).ok()?.parse().ok().map(Value::Number)
            }
            b'l' => {
                self.skip(1);
                let mut values = Vec::new();
                while !self.ends() {
                    values.push(self.value(depth + 1)?);
                }
                Some(Value::List(values))
            }
            b'd' => {
                self.skip(1);
                let mut entries = BTreeMap::new();
                while !self.ends() {
                    let key = self.string()?;
                    entries.insert(key, self.value(depth + 1)?);
                }
                Some(Value::Dictionary(entries))
            }
            _ => self.string().map(Value::Bytes),
        }
    }

    fn string(&mut self) -> Option<&'a [u8]> {
        let length: usize = std::str::from_utf8(self.until(b':')?).ok()?.parse().ok()?;
        let (string, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(string)
    }

    /// What stands before a byte, which is skipped.
    fn until(&mut self, end: u8) -> Option<&'a [u8]> {
        let at = self.rest.iter().take(20).position(|byte| *byte == end)?;
        let before = self.rest.get(..at)?;
        self.skip(at + 1);
        Some(before)
    }

    /// Whether list or dictionary end here; the end is skipped.
    fn ends(&mut self) -> bool {
        let ends = self.rest.first().is_none_or(|byte| *byte == b'e');
        if ends {
            self.skip(1);
        }
        ends
    }

    fn skip(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
    }
}

/// A request: a dictionary of strings, of numbers, and of the list of flags.
#[derive(Debug, Default)]
pub struct Request {
    entries: BTreeMap<&'static str, Vec<u8>>,
}

impl Request {
    pub fn new(command: &str) -> Self {
        Self::default().string("command", command)
    }

    #[must_use]
    pub fn string(mut self, key: &'static str, value: &str) -> Self {
        self.entries.insert(key, encoded(value));
        self
    }

    #[must_use]
    pub fn number(mut self, key: &'static str, value: u32) -> Self {
        self.entries.insert(key, format!("i{value}e").into_bytes());
        self
    }

    #[must_use]
    pub fn list(mut self, key: &'static str, values: &[&str]) -> Self {
        let values = values.iter().flat_map(|value| encoded(value));
        self.entries.insert(key, std::iter::once(b'l').chain(values).chain(std::iter::once(b'e')).collect());
        self
    }

    /// As it goes into a datagram, behind the cookie that its answer repeats.
    pub fn with_cookie(&self, cookie: &str) -> Vec<u8> {
        let mut bytes = format!("{cookie} d").into_bytes();
        for (key, value) in &self.entries {
            bytes.extend(encoded(key));
            bytes.extend(value);
        }
        bytes.push(b'e');
        bytes
    }
}

fn encoded(text: &str) -> Vec<u8> {
    format!("{}:{text}", text.len()).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let request = Request::new("offer").number("delay", 0).list("flags", &["one", "two"]).string("sdp", "v=0");
        let bytes = request.with_cookie("c1");
        assert_eq!(bytes, b"c1 d7:command5:offer5:delayi0e5:flagsl3:one3:twoe3:sdp3:v=0e");
        let value = Value::parse(&bytes[3..]).unwrap();
        assert_eq!(value.get("delay").and_then(Value::number), Some(0));
        assert_eq!(value.get("flags").unwrap().list()[1].bytes(), Some(&b"two"[..]));
    }

    #[test]
    fn nonsense_is_refused_and_bounded() {
        for bad in ["", "d", "i1", "5:abc", "d3:keye", "x", "i1ei2e", "99999999999999999999:"] {
            let refused = Value::parse(bad.as_bytes());
            assert!(refused.is_none() || bad == "d", "{bad}: {refused:?}");
        }
        assert_eq!(Value::parse("l".repeat(40).as_bytes()), None);
        assert_eq!(Value::parse(format!("l{}", "i1e".repeat(10_000)).as_bytes()), None);
    }
}
