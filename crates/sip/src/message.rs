//! A received SIP message: one buffer, and offsets into it (RFC 3261 section 7).
//!
//! `Message::parse` only frames: start line, headers, body. `Message::validate` then says whether it may be acted on,
//! and with which status it is refused otherwise; a message that frames but is not valid can still be answered.

mod access;
mod essentials;
mod fields;
mod parse;
mod reliable;
#[cfg(test)]
mod tests;
mod validate;

use std::fmt;
use std::sync::Arc;

pub use access::{CSeq, Values};
pub use parse::ParseError;
pub use reliable::RAck;
pub use validate::Invalid;

use self::essentials::Essentials;
use self::fields::Fields;
use crate::Method;

/// A range of the message's buffer. Sixteen bits are enough for `MAX_MESSAGE_BYTES`.
#[derive(Debug, Clone, Copy, Default)]
struct Span {
    from: u16,
    to: u16,
}

impl Span {
    /// From one offset to another, in a buffer of at most `MAX_MESSAGE_BYTES`.
    const fn new(from: usize, to: usize) -> Span {
        Span { from: from as u16, to: to as u16 }
    }

    /// Where `part` lies in `bytes`, of which it is a slice.
    fn of(part: &[u8], bytes: &[u8]) -> Span {
        let from = part.as_ptr().addr().wrapping_sub(bytes.as_ptr().addr());
        Span::new(from, from + part.len())
    }

    /// The bytes that lie there.
    fn on(self, bytes: &[u8]) -> &[u8] {
        bytes.get(usize::from(self.from)..usize::from(self.to)).unwrap_or_default()
    }
}

#[derive(Debug, Clone, Copy)]
enum Start {
    Request { method: Method, method_span: Span, uri: Span },
    Response { status: u16, reason: Span },
}

/// A fault of framing that leaves the message readable enough to be answered 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Defect {
    /// A line that is no header.
    HeaderLine,
    /// No empty line ends the headers.
    NoEnd,
    /// Content-Length is no number, or given twice with different numbers.
    ContentLength,
    /// Content-Length counts more bytes than the datagram has.
    BodyShort,
}

/// A SIP message. Cloning shares it.
///
/// Header values are the sender's bytes, which need not be UTF-8, but for one thing: a CR or LF inside a value (a folded
/// line) has become a space, as RFC 3261 section 7.3.1 reads it. So no value can start a header line of its own when it
/// is written again.
#[derive(Clone)]
pub struct Message(Arc<Head>);

/// What was found in the buffer.
struct Head {
    buf: Arc<[u8]>,
    start: Start,
    version: Span,
    fields: Fields,
    essentials: Essentials,
    body: Span,
    defect: Option<Defect>,
}

impl Message {
    /// Reads the message a datagram holds. Line ends before it and bytes behind its Content-Length are ignored. A bare
    /// LF ends a line as CRLF does.
    ///
    /// # Errors
    /// `ParseError` if the bytes cannot be framed as a SIP message: there is nothing to answer, drop them.
    pub fn parse(datagram: &[u8]) -> Result<Message, ParseError> {
        parse::parse(datagram)
    }

    /// Says whether the message may be acted on (RFC 3261 sections 8.1.1, 8.2 and 20; RFC 4475).
    ///
    /// # Errors
    /// What is wrong, with the status to answer a request with. A response that is not valid is dropped.
    pub fn validate(&self) -> Result<(), Invalid> {
        validate::validate(self)
    }

    fn bytes(&self, span: Span) -> &[u8] {
        span.on(&self.0.buf)
    }
}

/// The start line and sizes only: headers may hold credentials.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Message");
        match self.0.start {
            Start::Request { method_span, uri, .. } => {
                out.field("method", &self.bytes(method_span).escape_ascii().to_string());
                out.field("uri", &self.bytes(uri).escape_ascii().to_string());
            }
            Start::Response { status, .. } => {
                out.field("status", &status);
            }
        }
        out.field("headers", &self.0.fields.all().len()).field("body_bytes", &self.body().len()).finish()
    }
}
