//! A name and address as From, To, Contact and Route hold it: `"Name" <uri>;params` or `uri;params` (RFC 3261 §20.10).

use std::borrow::Cow;

use crate::uri::UriError;
use crate::{Malformed, Params, Uri, scan};

/// One name-addr or addr-spec with its parameters, borrowed from its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameAddr<'a> {
    /// The display name without its quotes, escapes as written; empty if there is none.
    pub display_raw: &'a [u8],
    /// The URI as written, of any scheme; `*` for the Contact that clears all bindings.
    pub uri: &'a [u8],
    /// The header's parameters (tag, q, expires), not the URI's.
    pub params: Params<'a>,
    /// The tag among them.
    pub(crate) tag: Option<&'a [u8]>,
}

impl<'a> NameAddr<'a> {
    /// Reads one value.
    ///
    /// # Errors
    /// `Malformed` for an unclosed quote or bracket, for bytes that belong to no part, for a missing URI, and for a
    /// question mark in a URI without brackets (RFC 3261 section 20.10).
    #[inline]
    pub fn parse(value: &'a [u8]) -> Result<NameAddr<'a>, Malformed> {
        let (display_raw, uri, params) = parts(value).ok_or(Malformed::new("name and address"))?;
        let params = Params::new(params);
        Ok(NameAddr { display_raw, uri, params, tag: params.value("tag").filter(|tag| !tag.is_empty()) })
    }

    /// The display name with its escapes taken out.
    pub fn display(&self) -> Cow<'a, [u8]> {
        scan::unquote(self.display_raw)
    }

    /// The tag, if there is one (RFC 3261 section 19.3).
    pub fn tag(&self) -> Option<&'a [u8]> {
        self.tag
    }

    /// Reads the URI.
    ///
    /// # Errors
    /// As `Uri::parse`.
    pub fn parse_uri(&self) -> Result<Uri<'a>, UriError> {
        Uri::parse(self.uri)
    }

    /// True for the `*` of `Contact: *`.
    pub fn is_star(&self) -> bool {
        self.uri == b"*" && self.display_raw.is_empty()
    }

    /// The binding's own `expires`, in seconds; `None` if absent or not a number.
    pub fn expires_s(&self) -> Option<u32> {
        self.params.value("expires").and_then(scan::number)
    }
}

/// The display name, the URI and the parameters of a value.
fn parts(value: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let mut value = scan::trim(value);
    // A zero byte is written back as white space.
    while let [0, rest @ ..] = value {
        value = scan::trim_start(rest);
    }
    let (display, rest) = match value.first()? {
        b'<' => value.split_at_checked(0)?,
        b'"' => {
            let end = scan::quoted_len(value)?;
            let rest = scan::trim_start(value.get(end..)?);
            (value.get(1..end - 1)?, rest.starts_with(b"<").then_some(rest)?)
        }
        _ => match memchr::memchr(b'<', value) {
            Some(open) => (scan::trim_end(value.get(..open)?), value.get(open..)?),
            None => return without_brackets(value),
        },
    };
    let close = scan::find(rest, b'>')?;
    let (uri, params) = (scan::trim(rest.get(1..close)?), scan::trim(rest.get(close + 1..)?));
    let is_whole = !uri.is_empty() && matches!(params.first(), None | Some(b';')) && !has_open_quote(params);
    is_whole.then_some((display, uri, params))
}

/// Whether a quote begins that does not end: what is written behind it, a tag of ours, would be swallowed.
fn has_open_quote(params: &[u8]) -> bool {
    let mut rest = params;
    while let Some(at) = memchr::memchr(b'"', rest) {
        let quoted = rest.get(at..).unwrap_or_default();
        let Some(end) = scan::quoted_len(quoted) else { return true };
        rest = quoted.get(end..).unwrap_or_default();
    }
    false
}

fn without_brackets(value: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (uri, params) = scan::split_once(value, b';');
    let uri = scan::trim(uri);
    let is_odd = |b: &u8| matches!(b, 0..=b' ' | 0x7f | b'?' | b'>' | b'"');
    let params = params.unwrap_or_default();
    (!uri.is_empty() && !uri.iter().any(is_odd) && !has_open_quote(params)).then_some((&[], uri, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_bare_and_bracketless() {
        let quoted = NameAddr::parse(b"\"J \\\\\\\"R\\\" <x>\"  <sip:j@example.com> ; tag = 98").unwrap();
        assert_eq!(quoted.display().as_ref(), b"J \\\"R\" <x>");
        assert_eq!((quoted.uri, quoted.tag()), (&b"sip:j@example.com"[..], Some(&b"98"[..])));
        let bare = NameAddr::parse(b"caller<sip:c@h;lr>;tag=3").unwrap();
        assert_eq!((bare.display_raw, bare.uri), (&b"caller"[..], &b"sip:c@h;lr"[..]));
        let plain = NameAddr::parse(b"sip:c@h;tag=9;expires=60").unwrap();
        assert_eq!((plain.uri, plain.tag(), plain.expires_s()), (&b"sip:c@h"[..], Some(&b"9"[..]), Some(60)));
        assert!(NameAddr::parse(b" * ").unwrap().is_star());
    }

    #[test]
    fn broken_values_are_refused() {
        for bad in [
            &b""[..],
            b"\"Mr. <sip:a@b>",
            b"\"a\" sip:a@b",
            b"\0\" <sip:a@b>",
            b"<sip:a@b",
            b"<>",
            b"<sip:a@b> x",
            b"sip:a b@c",
            b"sip:a\0b@c",
            b"sip:a@b?Route=x",
            b";tag=1",
            b"<sip:a@b>;ta\"g=1",
            b"sip:a@b;x=\"\\\";tag=1",
        ] {
            assert!(NameAddr::parse(bad).is_err(), "{}", String::from_utf8_lossy(bad));
        }
    }
}
