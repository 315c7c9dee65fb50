//! The parameters of credentials and challenges: `Digest name=value, name="value"` (RFC 3261 section 25.1).

use std::borrow::Cow;

use super::DigestError;
use crate::limits::MAX_AUTH_PARAMS;
use crate::scan;

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
    let mut rest = Some(params);
    let mut count = 0usize;
    while let Some(here) = rest {
        let part = match scan::find_outside_quotes(here, b',', false) {
            Some(i) => {
                rest = here.get(i + 1..);
                here.get(..i).unwrap_or_default().trim_ascii()
            }
            None => {
                rest = None;
                here.trim_ascii()
            }
        };
        if part.is_empty() {
            continue;
        }
        count += 1;
        if count > MAX_AUTH_PARAMS {
            return Err(DigestError::Malformed);
        }
        let (name, value) = scan::split_once(part, b'=');
        let value = value.ok_or(DigestError::Malformed)?.trim_ascii();
        each(name.trim_ascii_end(), plain(value)?)?;
    }
    Ok(())
}

/// A token as it is, a quoted string without its quotes and escapes.
fn plain(value: &[u8]) -> Result<Cow<'_, [u8]>, DigestError> {
    if value.first() != Some(&b'"') {
        return Ok(Cow::Borrowed(value));
    }
    match scan::quoted_len(value) {
        Some(len) if len == value.len() => value.get(1..len - 1).map(scan::unquote).ok_or(DigestError::Malformed),
        _ => Err(DigestError::Malformed),
    }
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
