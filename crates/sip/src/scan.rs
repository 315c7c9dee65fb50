//! Byte-level scanning shared by every parser of this crate: tokens, quoted strings, lists, numbers.

use std::borrow::Cow;

/// Which bytes may stand in a token (RFC 3261 section 25.1).
const TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0usize;
    while byte < 256 {
        let b = byte as u8;
        table[byte] = b.is_ascii_alphanumeric()
            || matches!(b, b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~');
        byte += 1;
    }
    table
};

/// True if `bytes` is a token: not empty, and token characters only.
pub fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|&b| TOKEN[usize::from(b)])
}

/// How many bytes at the beginning may stand in a token.
pub(crate) fn token_len(bytes: &[u8]) -> usize {
    bytes.iter().position(|&b| !TOKEN[usize::from(b)]).unwrap_or(bytes.len())
}

/// Offset of the first byte up to CR: NUL, line ends, tabs and what hardly ever stands in a message. Eight bytes are looked
/// at in one go.
pub(crate) fn first_low(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH_BITS: u64 = ONES << 7;
    const ABOVE: u8 = b'\r' + 1;
    let (words, rest) = bytes.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        // The lowest high bit that is left is that of the first byte below; those behind it may be of others.
        let low = word.wrapping_sub(ONES * ABOVE as u64) & !word & HIGH_BITS;
        if low != 0 {
            return Some(at * 8 + low.trailing_zeros() as usize / 8);
        }
    }
    rest.iter().position(|&b| b < ABOVE).map(|at| words.len() * 8 + at)
}

/// True if `b` may stand in a token.
pub(crate) fn is_token_byte(b: u8) -> bool {
    TOKEN[usize::from(b)]
}

/// ASCII case-insensitive equality, as SIP compares nearly every name.
pub fn eq_ignore_case(bytes: &[u8], text: &str) -> bool {
    // Nearly always it is written as we write it.
    bytes == text.as_bytes() || bytes.eq_ignore_ascii_case(text.as_bytes())
}

/// Reads a plain decimal number; surrounding white space is ignored, anything else (sign, overflow, nothing) is `None`.
pub(crate) fn number(bytes: &[u8]) -> Option<u32> {
    let digits = bytes.trim_ascii();
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u32, |sum, b| {
        let digit = b.is_ascii_digit().then(|| u32::from(b - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    })
}

/// Splits at the first `at`; the second half lacks the separator and is `None` when there is none.
pub(crate) fn split_once(bytes: &[u8], at: u8) -> (&[u8], Option<&[u8]>) {
    match bytes.iter().position(|&b| b == at) {
        Some(i) => {
            let (head, tail) = bytes.split_at(i);
            (head, tail.get(1..))
        }
        None => (bytes, None),
    }
}

/// Offset of the first `at` outside quoted strings, and outside `<...>` if `angles`.
pub(crate) fn find_outside_quotes(bytes: &[u8], at: u8, angles: bool) -> Option<usize> {
    // Most values have neither quotes nor angles in front of the first one.
    let first = if angles { memchr::memchr3(at, b'"', b'<', bytes) } else { memchr::memchr2(at, b'"', bytes) }?;
    if bytes.get(first) == Some(&at) { Some(first) } else { find_carefully(bytes, at, angles) }
}

fn find_carefully(bytes: &[u8], at: u8, angles: bool) -> Option<usize> {
    let (mut quoted, mut depth, mut i) = (false, false, 0);
    while let Some(&b) = bytes.get(i) {
        match b {
            b'\\' if quoted => i += 1,
            b'"' if !depth => quoted = !quoted,
            _ if quoted => {}
            b'<' if angles => depth = true,
            b'>' if angles => depth = false,
            _ if b == at && !depth => return Some(i),
            _ => {}
        }
        i += 1;
    }
    None
}

/// Offset just behind the closing quote of a quoted string that opens at offset 0; `None` if it never closes.
pub(crate) fn quoted_len(bytes: &[u8]) -> Option<usize> {
    let mut from = 1;
    loop {
        let at = from + memchr::memchr2(b'"', b'\\', bytes.get(from..)?)?;
        if bytes.get(at) == Some(&b'"') {
            return Some(at + 1);
        }
        from = at + 2;
    }
}

/// Takes the backslash escapes out of the inside of a quoted string. Borrows if there is nothing to do.
pub(crate) fn unquote(inner: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\\', inner).is_none() {
        return Cow::Borrowed(inner);
    }
    let mut bytes = inner.iter().copied();
    let plain = std::iter::from_fn(|| bytes.next().and_then(|b| if b == b'\\' { bytes.next() } else { Some(b) }));
    Cow::Owned(plain.collect())
}

/// The values of a comma-separated header line, trimmed, in order; commas in quotes and in `<...>` do not separate.
#[derive(Debug, Clone)]
pub(crate) struct List<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> List<'a> {
    pub(crate) fn new(line: &'a [u8]) -> List<'a> {
        List { rest: Some(line) }
    }
}

impl<'a> Iterator for List<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest?;
        // Most lines hold one value: a quick look for any comma spares the careful scan.
        let comma = memchr::memchr(b',', rest).and_then(|_| find_outside_quotes(rest, b',', true));
        let Some(i) = comma else {
            self.rest = None;
            return Some(rest.trim_ascii());
        };
        let (value, tail) = rest.split_at(i);
        self.rest = tail.get(1..);
        Some(value.trim_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_respect_quotes_and_angles() {
        let line = b"\"a, \\\"b\" <sip:x,y@h>;q=1 , <sip:c@h>,d";
        let values: Vec<&[u8]> = List::new(line).collect();
        assert_eq!(values, [&b"\"a, \\\"b\" <sip:x,y@h>;q=1"[..], b"<sip:c@h>", b"d"]);
    }

    #[test]
    fn an_unclosed_quote_swallows_the_rest() {
        assert_eq!(List::new(b"\"a, b").count(), 1);
        assert_eq!(quoted_len(b"\"a\\"), None);
    }

    #[test]
    fn low_bytes_are_found_wherever_they_are() {
        for len in 0..40 {
            for at in 0..len {
                for low in [0, b'\t', b'\n', b'\r'] {
                    let mut bytes = vec![b' '; len];
                    bytes[at] = low;
                    bytes[len - 1] = bytes[len - 1].min(0x0d);
                    assert_eq!(first_low(&bytes), Some(at));
                }
            }
            assert_eq!(first_low(&vec![b'\x0e'; len]), None);
            assert_eq!(first_low(&vec![0xff; len]), None);
        }
    }

    #[test]
    fn numbers_are_plain() {
        assert_eq!(number(b" 0068 "), Some(68));
        for bad in [&b""[..], b"-1", b"+1", b"1 2", b"4294967296", b"1x"] {
            assert_eq!(number(bad), None, "{bad:?}");
        }
    }
}
