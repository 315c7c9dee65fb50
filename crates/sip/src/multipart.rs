//! Multipart bodies as SIP uses them (RFC 5621, RFC 2046 section 5.1): the parts, borrowed and read once.

use crate::limits::MAX_PARTS;
use crate::{Message, Name, Params, scan};

/// One part of a multipart body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part<'a> {
    headers: &'a [u8],
    /// What it holds.
    pub body: &'a [u8],
}

impl<'a> Part<'a> {
    /// The value of a header of the part.
    fn header(&self, name: Name) -> Option<&'a [u8]> {
        self.headers.split(|&b| b == b'\n').find_map(|line| {
            let (found, value) = scan::split_once(line, b':');
            let value = value.filter(|_| Name::from_text(found.trim_ascii()) == name)?;
            Some(value.trim_ascii())
        })
    }

    /// Its Content-Type without parameters; plain text where it has none (RFC 2046 section 5.1).
    pub fn media_type(&self) -> &'a [u8] {
        self.header(Name::ContentType).map_or(b"text/plain", essence)
    }

    /// Whether its sender says that it must be understood (RFC 5621 section 8.3).
    pub fn is_required(&self) -> bool {
        let disposition = self.header(Name::ContentDisposition).unwrap_or_default();
        let params = Params::new(scan::split_once(disposition, b';').1.unwrap_or_default());
        params.value("handling").is_some_and(|handling| scan::eq_ignore_case(handling, "required"))
    }
}

/// A Content-Type or Accept value without its parameters.
pub fn essence(value: &[u8]) -> &[u8] {
    scan::split_once(value, b';').0.trim_ascii()
}

/// The parts of a message whose Content-Type is `multipart/...`, at most `MAX_PARTS`; none of any other, and none of one
/// without a boundary. Multiparts within parts are not opened.
pub fn parts(message: &Message) -> impl Iterator<Item = Part<'_>> + Clone {
    let content_type = message.content_type().unwrap_or_default();
    let multipart = essence(content_type).get(..10).is_some_and(|head| scan::eq_ignore_case(head, "multipart/"));
    let params = Params::new(scan::split_once(content_type, b';').1.unwrap_or_default());
    let boundary = params.value("boundary").filter(|_| multipart).map(unquoted).filter(|boundary| !boundary.is_empty());
    // What stands before the first delimiter is for nobody.
    let rest = boundary.and_then(|boundary| delimiter(message.body(), boundary)).map(|(_, rest)| rest);
    Parts { boundary: boundary.unwrap_or_default(), rest }.take(MAX_PARTS)
}

fn unquoted(value: &[u8]) -> &[u8] {
    value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value)
}

#[derive(Clone)]
struct Parts<'a> {
    boundary: &'a [u8],
    rest: Option<&'a [u8]>,
}

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        let here = self.rest.take()?;
        // Behind the last delimiter two hyphens close the body; a body that is never closed ends with its last part.
        if here.starts_with(b"--") {
            return None;
        }
        let line_end = memchr::memchr(b'\n', here)?;
        let content = here.get(line_end + 1..)?;
        let (part, rest) = match delimiter(content, self.boundary) {
            Some((part, rest)) => (part, Some(rest)),
            None => (content, None),
        };
        self.rest = rest;
        let (headers, body) = split_headers(part);
        Some(Part { headers, body })
    }
}

/// What stands before the next delimiter, without the line end that belongs to it, and what stands behind.
fn delimiter<'a>(bytes: &'a [u8], boundary: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let mut from = 0;
    loop {
        let line = bytes.get(from..)?;
        if let Some(rest) = line.strip_prefix(b"--").and_then(|line| line.strip_prefix(boundary)) {
            let before = bytes.get(..from).unwrap_or_default();
            let before = before.strip_suffix(b"\n").unwrap_or(before);
            return Some((before.strip_suffix(b"\r").unwrap_or(before), rest));
        }
        from += memchr::memchr(b'\n', line)? + 1;
    }
}

/// Splits at the empty line; without one there are no headers.
fn split_headers(part: &[u8]) -> (&[u8], &[u8]) {
    let mut from = 0;
    while let Some(line) = part.get(from..)
        && let Some(end) = memchr::memchr(b'\n', line)
    {
        if line.get(..end).is_some_and(|line| line.trim_ascii().is_empty()) {
            return (part.get(..from).unwrap_or_default(), line.get(end + 1..).unwrap_or_default());
        }
        from += end + 1;
    }
    (&[], part)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(content_type: &str, body: &[u8]) -> Message {
        let head = format!("MESSAGE sip:a@b SIP/2.0\r\nContent-Type: {content_type}\r\n\r\n");
        Message::parse(&[head.as_bytes(), body].concat()).unwrap()
    }

    #[test]
    fn parts_with_headers_bodies_and_handling() {
        let body = b"for nobody\r\n--x y\r\nContent-Type: application/sdp; a=b\r\n\r\nv=0\r\n\r\n--x y\r\n\
            content-disposition: signal ; handling=Required\r\nc: application/isup\r\n\r\n\x00--x y\r\n\
            --x y\r\n\r\nplain\r\n--x y--\r\nfor nobody";
        let m = message("Multipart/Mixed; boundary=\"x y\"", body);
        let parts: Vec<_> = parts(&m).collect();
        let read: Vec<_> = parts.iter().map(|part| (part.media_type(), part.body, part.is_required())).collect();
        let expected: [(&[u8], &[u8], bool); 3] = [
            (b"application/sdp", b"v=0\r\n", false),
            (b"application/isup", b"\x00--x y", true),
            (b"text/plain", b"plain", false),
        ];
        assert_eq!(read, expected);
    }

    #[test]
    fn what_is_no_multipart_has_no_parts() {
        let count = |content_type, body| parts(&message(content_type, body)).count();
        assert_eq!(count("application/sdp;boundary=x", b"--x\r\n\r\na\r\n--x--"), 0);
        assert_eq!(count("multipart/mixed", b"--\r\n\r\na\r\n----"), 0, "no boundary");
        assert_eq!(count("multipart/mixed;boundary=x", b"--y\r\n\r\na"), 0);
        assert_eq!(count("multipart/mixed;boundary=x", b"--x\r\n\r\na"), 1, "never closed");
        assert_eq!(count("multipart/mixed;boundary=x", &b"--x\r\n\r\na\r\n".repeat(100)), MAX_PARTS);
    }

    proptest! {
        #[test]
        fn no_body_panics(body in prop::collection::vec(prop::sample::select(b"-x\r\n: ;=".to_vec()), 0..120)) {
            for part in parts(&message("multipart/mixed;boundary=x", &body)) {
                let _ = (part.media_type(), part.is_required(), part.body.len());
            }
        }
    }
}
