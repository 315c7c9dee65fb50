//! The parameters of credentials and challenges: `Digest name=value, name="value"` (RFC 3261 section 25.1).

use std::borrow::Cow;

use super::DigestError;
use crate::limits::MAX_AUTH_PARAMS;
use crate::scan;

/// A short text in lower case, as names and hexadecimal digits are compared.
pub(super) struct Lower<const MAX: usize> {
    bytes: [u8; MAX],
    len: usize,
}

/// The parameters that we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parameter {
    Username,
    Realm,
    Nonce,
    Uri,
    Response,
    Algorithm,
    Qop,
    Nc,
    Cnonce,
    Opaque,
    Stale,
}

/// The longest name of a parameter that we know, bytes.
const MAX_NAME_BYTES: usize = 9;

impl Parameter {
    #[inline]
    fn of(name: &[u8]) -> Option<Parameter> {
        // Nearly always it is written as we write it.
        Parameter::of_lower(name).or_else(|| Parameter::of_lower(Lower::<MAX_NAME_BYTES>::of(name)?.as_bytes()))
    }

    #[inline]
    fn of_lower(name: &[u8]) -> Option<Parameter> {
        Some(match name {
            b"username" => Parameter::Username,
            b"realm" => Parameter::Realm,
            b"nonce" => Parameter::Nonce,
            b"uri" => Parameter::Uri,
            b"response" => Parameter::Response,
            b"algorithm" => Parameter::Algorithm,
            b"qop" => Parameter::Qop,
            b"nc" => Parameter::Nc,
            b"cnonce" => Parameter::Cnonce,
            b"opaque" => Parameter::Opaque,
            b"stale" => Parameter::Stale,
            _ => return None,
        })
    }
}

impl<const MAX: usize> Lower<MAX> {
    /// `None` if it is longer than `MAX` bytes.
    pub(super) fn of(text: &[u8]) -> Option<Self> {
        let mut bytes = [0; MAX];
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        bytes.make_ascii_lowercase();
        Some(Self { bytes, len: text.len() })
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// The scheme.
const DIGEST: &str = "Digest";

/// Calls `each` with every parameter that we know behind the word Digest, in order, and its value without quotes.
pub(super) fn read<'a>(
    value: &'a [u8],
    mut each: impl FnMut(Parameter, Cow<'a, [u8]>) -> Result<(), DigestError>,
) -> Result<(), DigestError> {
    let (scheme, params) = value.trim_ascii().split_at_checked(DIGEST.len()).ok_or(DigestError::Scheme)?;
    if !scan::eq_ignore_case(scheme, DIGEST) || params.first().is_some_and(|b| !b.is_ascii_whitespace()) {
        return Err(DigestError::Scheme);
    }
    let mut rest = after_separators(params);
    let mut count = 0usize;
    while !rest.is_empty() {
        count += 1;
        if count > MAX_AUTH_PARAMS {
            return Err(DigestError::Malformed);
        }
        let First { name, value, behind } = first(rest).ok_or(DigestError::Malformed)?;
        if !matches!(behind, [] | [b',', ..]) {
            return Err(DigestError::Malformed);
        }
        rest = after_separators(behind);
        if let Some(parameter) = Parameter::of(name) {
            each(parameter, value)?;
        }
    }
    Ok(())
}

/// A parameter, and what follows it.
struct First<'a> {
    name: &'a [u8],
    value: Cow<'a, [u8]>,
    behind: &'a [u8],
}

/// The first of the parameters.
#[inline]
fn first(params: &[u8]) -> Option<First<'_>> {
    let (name, behind) = params.split_at(find::<b'=', b','>(params)?);
    let [b'=', behind @ ..] = behind else { return None };
    let name = name.trim_ascii_end();
    let behind = behind.trim_ascii_start();
    if behind.first() == Some(&b'"') {
        let (value, behind) = quoted(behind)?;
        return Some(First { name, value, behind: behind.trim_ascii_start() });
    }
    let (value, behind) = behind.split_at(find::<b',', b','>(behind).unwrap_or(behind.len()));
    Some(First { name, value: Cow::Borrowed(value.trim_ascii_end()), behind })
}

/// The inside of a quoted string that opens at offset 0, without its escapes, and what follows it; `None` if it never
/// closes. Most have no escapes, and are looked through once.
#[inline]
fn quoted(bytes: &[u8]) -> Option<(Cow<'_, [u8]>, &[u8])> {
    let inside = bytes.get(1..)?;
    let (inner, behind) = inside.split_at(find::<b'"', b'\\'>(inside)?);
    if let [b'"', behind @ ..] = behind {
        return Some((Cow::Borrowed(inner), behind));
    }
    let len = scan::quoted_len(bytes)?;
    Some((scan::unquote(bytes.get(1..len - 1)?), bytes.get(len..)?))
}

/// Offset of the first `A` or `B`. Eight bytes are looked at in one go: what stands between them here is short.
#[inline]
fn find<const A: u8, const B: u8>(bytes: &[u8]) -> Option<usize> {
    let (words, rest) = bytes.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        // The lowest mark of all is true, those behind it need not be.
        let found = marks(word, A) | marks(word, B);
        if found != 0 {
            return Some(at * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    rest.iter().position(|b| *b == A || *b == B).map(|at| words.len() * 8 + at)
}

/// The highest bit of each byte of a word that is `byte`, and perhaps of some above such a one.
const fn marks(word: u64, byte: u8) -> u64 {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    let differs = word ^ (ONES * byte as u64);
    differs.wrapping_sub(ONES) & !differs & (ONES << 7)
}

/// What follows white space and commas: empty list elements are passed over.
#[inline]
fn after_separators(mut bytes: &[u8]) -> &[u8] {
    while let [b',' | b' ' | b'\t' | b'\n' | b'\x0c' | b'\r', behind @ ..] = bytes {
        bytes = behind;
    }
    bytes
}

/// Keeps a parameter that may stand once.
pub(super) fn once<T>(slot: &mut Option<T>, value: T) -> Result<(), DigestError> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(DigestError::Repeated),
    }
}

/// Appends `name="value"`, with quotes and backslashes escaped.
pub(super) fn push_quoted(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"=\"");
    for &b in value {
        if matches!(b, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(b);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_first_of_two_bytes_is_found(bytes in prop::collection::vec(prop::sample::select(b"=,=\xbd\x3c\x00ab".to_vec()), 0..40)) {
            prop_assert_eq!(find::<b'=', b','>(&bytes), bytes.iter().position(|b| matches!(b, b'=' | b',')));
            prop_assert_eq!(find::<b',', b','>(&bytes), bytes.iter().position(|b| *b == b','));
        }
    }

    #[test]
    fn quoted_strings_lose_quotes_and_escapes() {
        let read = |text: &'static str| quoted(text.as_bytes()).map(|(inside, behind)| (inside.into_owned(), behind));
        assert_eq!(read("\"\", x"), Some((b"".to_vec(), &b", x"[..])));
        assert_eq!(read("\"0123456789, abcdef\""), Some((b"0123456789, abcdef".to_vec(), &b""[..])));
        assert_eq!(read(r#""a\"b\\" c"#), Some((br#"a"b\"#.to_vec(), &b" c"[..])));
        assert_eq!((read(r#""a\"#), read(r#""a\""#), read("\"a")), (None, None, None));
    }
}
