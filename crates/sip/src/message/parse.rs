//! Framing: from the bytes of a datagram to spans of a message. One pass, one buffer, one list.

use std::sync::Arc;

use super::essentials::Essentials;
use super::{Defect, Field, Message, Span, Start};
use crate::limits::{MAX_HEADERS, MAX_MESSAGE_BYTES};
use crate::name::Names;
use crate::{Method, Name, scan};

/// The bytes are not a SIP message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Nothing but line ends: a keep-alive (RFC 5626 section 3.5.1), not a fault.
    #[error("the datagram is empty or a keep-alive")]
    Empty,
    /// More than `MAX_MESSAGE_BYTES`.
    #[error("the message is larger than {MAX_MESSAGE_BYTES} bytes")]
    TooLarge,
    /// The first line is neither a request line nor a status line.
    #[error("the first line is neither a SIP request line nor a status line")]
    StartLine,
    /// More than `MAX_HEADERS` lines.
    #[error("the message has more than {MAX_HEADERS} header lines")]
    TooManyHeaders,
    /// The datagram ends in the middle of a header line.
    #[error("the message was cut off in its headers")]
    CutOff,
}

/// Header lines a message usually has: the list seldom grows.
const USUAL_HEADERS: usize = 24;

pub(super) fn parse(datagram: &[u8]) -> Result<Message, ParseError> {
    let begin = datagram.iter().position(|b| !matches!(b, b'\r' | b'\n')).ok_or(ParseError::Empty)?;
    let bytes = datagram.get(begin..).unwrap_or_default();
    if bytes.len() > MAX_MESSAGE_BYTES {
        return Err(ParseError::TooLarge);
    }
    let mut buf: Arc<[u8]> = Arc::from(bytes);
    let bytes = Arc::get_mut(&mut buf).expect("the buffer was just made, nobody else holds it");
    let mut lines = Lines { bytes, at: 0 };
    let line = lines.next_line(false).ok_or(ParseError::CutOff)?;
    let (start, version) = start_line(lines.bytes, line).ok_or(ParseError::StartLine)?;
    let mut headers = Vec::with_capacity(USUAL_HEADERS);
    let (mut present, mut repeated) = (Names::default(), Names::default());
    let mut essentials = Essentials::default();
    let mut defect = None;
    loop {
        let Some(line) = lines.next_line(true) else {
            // Behind a whole line only the empty one is missing: readable enough for a 400.
            if lines.at < lines.bytes.len() {
                return Err(ParseError::CutOff);
            }
            defect = Some(Defect::NoEnd);
            break;
        };
        if line.from == line.to {
            break;
        }
        if headers.len() == MAX_HEADERS {
            return Err(ParseError::TooManyHeaders);
        }
        match field(lines.bytes, line) {
            Some(field) => {
                if present.has(field.name) {
                    repeated.add(field.name);
                } else {
                    essentials.read(field.name, field.value.on(lines.bytes), lines.bytes);
                }
                present.add(field.name);
                headers.push(field);
            }
            None => defect = Some(Defect::HeaderLine),
        }
    }
    let (body, body_defect) = body(lines.bytes, lines.at, &headers);
    let defect = defect.or(body_defect);
    Ok(Message { buf, start, version, headers, present, repeated, essentials, body, defect })
}

/// Walks the lines of the header section, undoing folds in place.
struct Lines<'a> {
    bytes: &'a mut [u8],
    at: usize,
}

impl Lines<'_> {
    /// The next line without its end. With `unfold`, lines that begin with white space are joined to it: the CR and LF
    /// between them become spaces, so offsets stay as they are. A stray CR becomes a space too.
    fn next_line(&mut self, unfold: bool) -> Option<Span> {
        let from = self.at;
        let mut search = from;
        // Nearly always the first low byte is the CRLF of a line that is not folded.
        let end = from + scan::first_low(self.bytes.get(from..)?)?;
        if let Some([b'\r', b'\n', next @ ..]) = self.bytes.get(end..)
            && !(unfold && end > from && matches!(next.first(), Some(b' ' | b'\t')))
        {
            self.at = end + 2;
            return span(from, end);
        }
        loop {
            let lf = search + memchr::memchr(b'\n', self.bytes.get(search..)?)?;
            self.at = lf + 1;
            let cr = lf.checked_sub(1).filter(|&i| i >= from && self.bytes.get(i) == Some(&b'\r'));
            let to = cr.unwrap_or(lf);
            let folded = matches!(self.bytes.get(lf + 1), Some(b' ' | b'\t'));
            if !(unfold && folded && to > from) {
                self.blank_carriage_returns(from, to);
                return span(from, to);
            }
            if let Some(end) = self.bytes.get_mut(to..=lf) {
                end.fill(b' ');
            }
            search = lf + 1;
        }
    }

    fn blank_carriage_returns(&mut self, from: usize, to: usize) {
        let Some(line) = self.bytes.get_mut(from..to) else {
            return;
        };
        let mut rest = line;
        while let Some(i) = memchr::memchr(b'\r', rest) {
            let (_, tail) = rest.split_at_mut(i);
            let Some((cr, tail)) = tail.split_first_mut() else {
                return;
            };
            *cr = b' ';
            rest = tail;
        }
    }
}

/// A span, if both ends fit; they do while the message keeps to `MAX_MESSAGE_BYTES`.
fn span(from: usize, to: usize) -> Option<Span> {
    Some(Span { from: u16::try_from(from).ok()?, to: u16::try_from(to).ok()? })
}

/// The span of `part`, which lies `from` bytes into the buffer, with white space around it left out.
fn trimmed(bytes: &[u8], from: usize, to: usize) -> Option<Span> {
    let part = bytes.get(from..to)?;
    let head = part.len() - part.trim_ascii_start().len();
    let len = part.trim_ascii().len();
    span(from + head, from + head + len)
}

/// Reads the start line and the span of the version. White space at its end is ignored (RFC 4475 section 3.1.1.11).
fn start_line(bytes: &[u8], line: Span) -> Option<(Start, Span)> {
    let from = usize::from(line.from);
    let text = bytes.get(from..usize::from(line.to))?.trim_ascii_end();
    let first = memchr::memchr(b' ', text);
    if text.get(..4).is_some_and(|head| scan::eq_ignore_case(head, "SIP/")) {
        let first = first?;
        // The status is three digits and no more: a longer number is not cut down to one (RFC 4475 section 3.1.2.19).
        let code = text.get(first + 1..first + 4)?;
        let status = scan::number(code).filter(|_| code.iter().all(u8::is_ascii_digit))?;
        if !matches!(text.get(first + 4), None | Some(b' ')) || !(100..700).contains(&status) {
            return None;
        }
        let reason = trimmed(bytes, from + first + 4, from + text.len())?;
        let start = Start::Response { status: u16::try_from(status).ok()?, reason };
        return Some((start, span(from, from + first)?));
    }
    let (first, last) = (first?, memchr::memrchr(b' ', text)?);
    let version = text.get(last + 1..)?;
    if first == 0 || first >= last || !version.get(..4).is_some_and(|head| scan::eq_ignore_case(head, "SIP/")) {
        return None;
    }
    let method_span = span(from, from + first)?;
    let method = Method::from_token(text.get(..first)?);
    let uri = span(from + first + 1, from + last)?;
    Some((Start::Request { method, method_span, uri }, span(from + last + 1, from + text.len())?))
}

/// Reads `name : value`; `None` if the line is no header.
fn field(bytes: &[u8], line: Span) -> Option<Field> {
    let (from, to) = (usize::from(line.from), usize::from(line.to));
    let line = bytes.get(from..to)?;
    let (name, rest) = line.split_at(scan::token_len(line));
    let value = rest.trim_ascii_start().strip_prefix(b":")?.trim_ascii();
    if name.is_empty() {
        return None;
    }
    Some(Field { name: Name::from_text(name), name_span: Span::of(name, bytes), value: Span::of(value, bytes) })
}

/// Where the body lies: as long as Content-Length says, or all that is left (RFC 3261 section 18.3).
fn body(bytes: &[u8], from: usize, headers: &[Field]) -> (Span, Option<Defect>) {
    let all = span(from, bytes.len()).unwrap_or_default();
    let mut length = None;
    for field in headers.iter().filter(|field| field.name == Name::ContentLength) {
        let value = bytes.get(usize::from(field.value.from)..usize::from(field.value.to));
        let number = value.and_then(scan::number);
        if number.is_none() || length.is_some_and(|length| Some(length) != number) {
            return (all, Some(Defect::ContentLength));
        }
        length = number;
    }
    let Some(length) = length else {
        return (all, None);
    };
    let end = usize::try_from(length).ok().and_then(|length| from.checked_add(length));
    match end.filter(|&end| end <= bytes.len()).and_then(|end| span(from, end)) {
        Some(span) => (span, None),
        None => (all, Some(Defect::BodyShort)),
    }
}
