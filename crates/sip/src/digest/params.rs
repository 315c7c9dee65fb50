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

/// The name of a parameter; none that we know is longer.
pub(super) type Name = Lower<9>;

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

/// Calls `each` with every parameter behind the word Digest: its name as written, its value without quotes.
pub(super) fn read<'a>(
    value: &'a [u8],
    mut each: impl FnMut(&[u8], Cow<'a, [u8]>) -> Result<(), DigestError>,
) -> Result<(), DigestError> {
    let value = value.trim_ascii();
    let end = value.iter().position(u8::is_ascii_whitespace).unwrap_or(value.len());
    let (scheme, params) = value.split_at(end);
    if !scan::eq_ignore_case(scheme, "Digest") {
        return Err(DigestError::Scheme);
    }
    let mut rest = params;
    let mut count = 0usize;
    loop {
        rest = after_separators(rest);
        if rest.is_empty() {
            return Ok(());
        }
        count += 1;
        if count > MAX_AUTH_PARAMS {
            return Err(DigestError::Malformed);
        }
        let equals = rest.iter().position(|b| matches!(b, b'=' | b',')).filter(|&at| rest.get(at) == Some(&b'='));
        let (name, behind) = rest.split_at(equals.ok_or(DigestError::Malformed)?);
        let behind = behind.get(1..).unwrap_or_default().trim_ascii_start();
        let (value, behind) = match behind.first() {
            Some(b'"') => {
                let (value, behind) = scan::quoted(behind).ok_or(DigestError::Malformed)?;
                (value, behind.trim_ascii_start())
            }
            _ => {
                let (token, behind) = behind.split_at(behind.iter().position(|&b| b == b',').unwrap_or(behind.len()));
                (Cow::Borrowed(token.trim_ascii_end()), behind)
            }
        };
        if !matches!(behind.first(), None | Some(b',')) {
            return Err(DigestError::Malformed);
        }
        rest = behind;
        each(name.trim_ascii_end(), value)?;
    }
}

/// What follows white space and commas: empty list elements are passed over.
fn after_separators(bytes: &[u8]) -> &[u8] {
    let from = bytes.iter().position(|b| *b != b',' && !b.is_ascii_whitespace()).unwrap_or(bytes.len());
    bytes.get(from..).unwrap_or_default()
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
