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

/// A byte eight times.
const fn eight(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// Where the first byte lies whose highest bit is set in `marks`, a word in little endian; `None` if there is none.
const fn first_mark(marks: u64) -> Option<usize> {
    if marks == 0 { None } else { Some(marks.trailing_zeros() as usize / 8) }
}

/// Marks `byte` in a word. The lowest mark is true; those behind it need not be.
const fn marks(word: u64, byte: u8) -> u64 {
    let differs = word ^ eight(byte);
    differs.wrapping_sub(eight(1)) & !differs & eight(0x80)
}

/// Where `byte` first stands in a word in little endian.
pub(crate) const fn first_in_word(word: u64, byte: u8) -> Option<usize> {
    first_mark(marks(word, byte))
}

/// Marks the bytes below `bound` in a word. The lowest mark is true; those behind it need not be.
const fn marks_below(word: u64, bound: u8) -> u64 {
    word.wrapping_sub(eight(bound)) & !word & eight(0x80)
}

/// Offset of the first byte that is looked for: `marked` marks it in a word of eight, which is looked at in one go, and
/// `is` tells it where there are fewer.
#[inline]
fn first(bytes: &[u8], marked: impl Fn(u64) -> u64, is: impl Fn(u8) -> bool) -> Option<usize> {
    let Some(last) = bytes.last_chunk::<8>() else { return bytes.iter().position(|&b| is(b)) };
    let (words, _) = bytes.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        if let Some(found) = first_mark(marked(u64::from_le_bytes(*word))) {
            return Some(at * 8 + found);
        }
    }
    // What of the last eight bytes was looked at before holds none.
    first_mark(marked(u64::from_le_bytes(*last))).map(|found| bytes.len() - 8 + found)
}

/// Offset of the first byte up to CR: NUL, line ends, tabs and what hardly ever stands in a message.
#[inline]
pub(crate) fn first_low(bytes: &[u8]) -> Option<usize> {
    first(bytes, |word| marks_below(word, b'\r' + 1), |b| b <= b'\r')
}

/// True if no byte is a control or white space.
pub(crate) fn is_graphic(bytes: &[u8]) -> bool {
    first(bytes, |word| marks_below(word, b' ' + 1) | marks(word, 0x7f), |b| b <= b' ' || b == 0x7f).is_none()
}

/// True if `b` may stand in a token.
pub(crate) fn is_token_byte(b: u8) -> bool {
    TOKEN[usize::from(b)]
}

/// True for white space. Nearly every byte is told from it by the first look.
const fn is_blank(b: u8) -> bool {
    b <= b' ' && b.is_ascii_whitespace()
}

/// Without white space at the beginning.
#[inline]
pub(crate) const fn trim_start(mut bytes: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = bytes
        && is_blank(*first)
    {
        bytes = rest;
    }
    bytes
}

/// Without white space at the end.
#[inline]
pub(crate) const fn trim_end(mut bytes: &[u8]) -> &[u8] {
    while let [rest @ .., last] = bytes
        && is_blank(*last)
    {
        bytes = rest;
    }
    bytes
}

/// Without white space at either end.
#[inline]
pub(crate) const fn trim(bytes: &[u8]) -> &[u8] {
    trim_end(trim_start(bytes))
}

/// ASCII case-insensitive equality, as SIP compares nearly every name.
#[inline]
pub fn eq_ignore_case(bytes: &[u8], text: &str) -> bool {
    // Nearly always it is written as we write it.
    bytes == text.as_bytes() || bytes.eq_ignore_ascii_case(text.as_bytes())
}

/// Reads a plain decimal number; surrounding white space is ignored, anything else (sign, overflow, nothing) is `None`.
pub(crate) fn number(bytes: &[u8]) -> Option<u32> {
    begin_number(trim(bytes)).filter(|(_, rest)| rest.is_empty()).map(|(number, _)| number)
}

/// The plain decimal number that `bytes` begins with, and what follows it; `None` without a digit and for more than 32 bits.
pub(crate) fn begin_number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (mut sum, mut rest) = (0_u32, bytes);
    while let Some((digit @ b'0'..=b'9', behind)) = rest.split_first() {
        sum = sum.checked_mul(10)?.checked_add(u32::from(digit - b'0'))?;
        rest = behind;
    }
    (rest.len() < bytes.len()).then_some((sum, rest))
}

/// Offset of the first `a` or `b`, of which one is seldom far.
#[inline]
fn find_either(bytes: &[u8], a: u8, b: u8) -> Option<usize> {
    first(bytes, |word| marks(word, a) | marks(word, b), |found| found == a || found == b)
}

/// Offset of the first `byte`, which is seldom far.
#[inline]
pub(crate) fn find(bytes: &[u8], byte: u8) -> Option<usize> {
    first(bytes, |word| marks(word, byte), |found| found == byte)
}

/// Splits at the first `at`; the second half lacks the separator and is `None` when there is none.
pub(crate) fn split_once(bytes: &[u8], at: u8) -> (&[u8], Option<&[u8]>) {
    match find(bytes, at) {
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
    let first = if angles { memchr::memchr3(at, b'"', b'<', bytes) } else { find_either(bytes, at, b'"') }?;
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

    /// Whether another value follows.
    pub(crate) fn has_more(&self) -> bool {
        self.rest.is_some()
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
            return Some(trim(rest));
        };
        let (value, tail) = rest.split_at(i);
        self.rest = tail.get(1..);
        Some(trim(value))
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

    proptest::proptest! {
        #[test]
        fn what_is_found_by_words_is_found_by_bytes(bytes in "[ -?\\x7f\\t\\r\\n:;\"\u{80}\u{ff}]{0,40}") {
            let bytes = bytes.as_bytes();
            let position = |is: fn(u8) -> bool| bytes.iter().position(|&b| is(b));
            proptest::prop_assert_eq!(first_low(bytes), position(|b| b <= b'\r'));
            proptest::prop_assert_eq!(find(bytes, b':'), position(|b| b == b':'));
            proptest::prop_assert_eq!(find_either(bytes, b';', b'"'), position(|b| matches!(b, b';' | b'"')));
            proptest::prop_assert_eq!(is_graphic(bytes), position(|b| b <= b' ' || b == 0x7f).is_none());
            proptest::prop_assert_eq!(trim(bytes), bytes.trim_ascii());
        }
    }

    #[test]
    fn low_bytes_are_found_wherever_they_are() {
        assert_eq!(first_in_word(u64::from_le_bytes(*b"ab:d::;\x3b"), b':'), Some(2));
        assert_eq!(first_in_word(u64::from_le_bytes(*b"\xbaabc;;;9"), b':'), None);
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
