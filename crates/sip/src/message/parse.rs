//! Framing: from the bytes of a datagram to spans of a message. One pass, one buffer, one list.

use std::sync::Arc;

use super::essentials::Essentials;
use super::fields::{Field, Fields};
use super::{Defect, Head, Message, Span, Start};
use crate::limits::{MAX_HEADERS, MAX_MESSAGE_BYTES};
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

pub(super) fn parse(datagram: &[u8]) -> Result<Message, ParseError> {
    let begin = datagram.iter().position(|b| !matches!(b, b'\r' | b'\n')).ok_or(ParseError::Empty)?;
    let bytes = datagram.get(begin..).unwrap_or_default();
    if bytes.len() > MAX_MESSAGE_BYTES {
        return Err(ParseError::TooLarge);
    }
    let mut buf: Arc<[u8]> = Arc::from(bytes);
    let bytes = Arc::get_mut(&mut buf).expect("the buffer was just made, nobody else holds it");
    let mut lines = Lines { bytes, at: 0 };
    let end = lines.end::<false>(0).ok_or(ParseError::CutOff)?;
    let (start, version) = start_line(lines.bytes, end).ok_or(ParseError::StartLine)?;
    let (mut fields, mut essentials, mut defect) = (Fields::new(), Essentials::default(), None);
    loop {
        let from = lines.at;
        // Nearly always a line begins with a name that we know and a colon: its end lies behind them.
        let known = lines.bytes.get(from..).and_then(Name::begin);
        let Some(end) = lines.end::<true>(known.map_or(0, |(_, len)| len)) else {
            // Behind a whole line only the empty one is missing: readable enough for a 400.
            if lines.at < lines.bytes.len() {
                return Err(ParseError::CutOff);
            }
            defect = Some(Defect::NoEnd);
            break;
        };
        if from == end {
            break;
        }
        let bytes: &[u8] = lines.bytes;
        let field = match known {
            Some((name, len)) => bytes.get(from + len + 1..end).map(|value| (name, len, scan::trim(value))),
            None => bytes.get(from..end).and_then(field),
        };
        if fields.all().len() == MAX_HEADERS {
            return Err(ParseError::TooManyHeaders);
        }
        let Some((name, len, value)) = field else {
            defect = Some(Defect::HeaderLine);
            continue;
        };
        let is_first =
            fields.push(Field { name, name_span: Span::new(from, from + len), value: Span::of(value, bytes) });
        if is_first && Essentials::NAMES.has(name) {
            essentials.read(name, value, bytes);
        }
    }
    let (body, body_defect) = body(lines.bytes, lines.at, &fields);
    let defect = defect.or(body_defect);
    Ok(Message(Arc::new(Head { buf, start, version, fields, essentials, body, defect })))
}

/// Walks the lines of the header section, undoing folds in place.
struct Lines<'a> {
    bytes: &'a mut [u8],
    at: usize,
}

impl Lines<'_> {
    /// Where the line ends that begins here; the first `known` bytes of it are known to hold no end. With `UNFOLD`, lines
    /// that begin with white space are joined to it: the CR and LF between them become spaces, so offsets stay as they
    /// are. A stray CR becomes a space too.
    fn end<const UNFOLD: bool>(&mut self, known: usize) -> Option<usize> {
        let from = self.at;
        let mut search = from + known;
        loop {
            let end = search + scan::first_low(self.bytes.get(search..)?)?;
            let next = match *self.bytes.get(end)? {
                b'\r' if self.bytes.get(end + 1) == Some(&b'\n') => end + 2,
                b'\n' => end + 1,
                low => {
                    if low == b'\r' {
                        self.bytes[end] = b' ';
                    }
                    search = end + 1;
                    continue;
                }
            };
            self.at = next;
            if !(UNFOLD && end > from && matches!(self.bytes.get(next), Some(b' ' | b'\t'))) {
                return Some(end);
            }
            self.bytes.get_mut(end..next)?.fill(b' ');
            search = next;
        }
    }
}

/// Reads the start line, which ends there, and the span of the version. White space at its end is ignored (RFC 4475
/// section 3.1.1.11).
fn start_line(bytes: &[u8], end: usize) -> Option<(Start, Span)> {
    let text = scan::trim_end(bytes.get(..end)?);
    let first = memchr::memchr(b' ', text)?;
    let (method, rest) = text.split_at(first);
    if is_sip(text) {
        // The status is three digits and no more: a longer number is not cut down to one (RFC 4475 section 3.1.2.19).
        let (status, reason) = rest.get(1..)?.split_at_checked(3)?;
        let (status, _) = scan::begin_number(status).filter(|(_, behind)| behind.is_empty())?;
        if !matches!(reason.first(), None | Some(b' ')) || !(100..700).contains(&status) {
            return None;
        }
        let start = Start::Response { status: status as u16, reason: Span::of(scan::trim(reason), bytes) };
        return Some((start, Span::new(0, first)));
    }
    let last = memchr::memrchr(b' ', text)?;
    if first == 0 || first >= last || !is_sip(text.get(last + 1..)?) {
        return None;
    }
    let (method, method_span) = (Method::from_token(method), Span::new(0, first));
    let start = Start::Request { method, method_span, uri: Span::new(first + 1, last) };
    Some((start, Span::new(last + 1, text.len())))
}

/// Whether that begins as a version does.
fn is_sip(text: &[u8]) -> bool {
    text.get(..4).is_some_and(|head| scan::eq_ignore_case(head, "SIP/"))
}

/// Reads `name : value`; `None` if the line is no header.
fn field(line: &[u8]) -> Option<(Name, usize, &[u8])> {
    let (name, rest) = line.split_at(scan::token_len(line));
    let value = scan::trim(scan::trim_start(rest).strip_prefix(b":")?);
    (!name.is_empty()).then(|| (Name::from_text(name), name.len(), value))
}

/// Where the body lies: as long as Content-Length says, or all that is left (RFC 3261 section 18.3).
fn body(bytes: &[u8], from: usize, fields: &Fields) -> (Span, Option<Defect>) {
    let all = Span::new(from, bytes.len());
    let mut length = None;
    for field in fields.among(Name::ContentLength).iter().filter(|field| field.name == Name::ContentLength) {
        let number = scan::number(field.value.on(bytes));
        if number.is_none() || length.is_some_and(|length| Some(length) != number) {
            return (all, Some(Defect::ContentLength));
        }
        length = number;
    }
    let Some(length) = length else {
        return (all, None);
    };
    let end = usize::try_from(length).ok().and_then(|length| from.checked_add(length));
    match end.filter(|&end| end <= bytes.len()) {
        Some(end) => (Span::new(from, end), None),
        None => (all, Some(Defect::BodyShort)),
    }
}
