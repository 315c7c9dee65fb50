//! The buffer both builders write into, and the only place where bytes of headers are written.

use std::fmt::{self, Display, Write};

use crate::{Name, scan};

/// A message being written, up to the header lines so far.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    out: Vec<u8>,
}

/// Room for a usual message, so that the buffer seldom grows.
const USUAL_BYTES: usize = 1_024;

impl Draft {
    pub(super) fn new() -> Draft {
        Draft { out: Vec::with_capacity(USUAL_BYTES) }
    }

    /// Appends bytes, with spaces for those that could end a line.
    pub(super) fn text(&mut self, bytes: &[u8]) {
        let from = self.out.len();
        self.out.extend_from_slice(bytes);
        for b in self.out.iter_mut().skip(from).filter(|b| matches!(**b, b'\r' | b'\n' | 0)) {
            *b = b' ';
        }
    }

    /// Appends a Request-URI: white space and controls, which would end it, are escaped.
    pub(super) fn uri(&mut self, uri: &[u8]) {
        for &b in uri {
            if b <= b' ' || b == 0x7f {
                self.out.push(b'%');
                crate::hex::push(&mut self.out, &[b]);
            } else {
                self.out.push(b);
            }
        }
    }

    /// Appends a token; a byte that may not stand in one becomes a hyphen.
    pub(super) fn token(&mut self, token: &[u8]) {
        let clean = token.iter().map(|&b| if scan::is_token_byte(b) { b } else { b'-' });
        self.out.extend(clean);
    }

    pub(super) fn end_line(&mut self) {
        self.out.extend_from_slice(b"\r\n");
    }

    pub(super) fn header(&mut self, name: Name, value: &[u8]) {
        self.header_named(name.as_str().as_bytes(), value);
    }

    /// A Content-Length of the caller's is passed over: the true one is written at the end.
    pub(super) fn header_named(&mut self, name: &[u8], value: &[u8]) {
        if self.begin_header(name) {
            self.text(value);
            self.end_line();
        }
    }

    pub(super) fn header_display(&mut self, name: Name, value: impl Display) {
        if self.begin_header(name.as_str().as_bytes()) {
            // Writing into a draft cannot fail; an error could only be the value's own, and leaves a shorter value.
            let _ = write!(self, "{value}");
            self.end_line();
        }
    }

    fn begin_header(&mut self, name: &[u8]) -> bool {
        if name.is_empty() || Name::from_text(name) == Name::ContentLength {
            return false;
        }
        self.token(name);
        self.out.extend_from_slice(b": ");
        true
    }

    /// Ends the headers with Content-Length and appends the body.
    pub(super) fn finish(mut self, body: &[u8]) -> Vec<u8> {
        let _ = write!(self, "Content-Length: {}", body.len());
        self.out.extend_from_slice(b"\r\n\r\n");
        self.out.extend_from_slice(body);
        self.out
    }
}

impl Write for Draft {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.text(text.as_bytes());
        Ok(())
    }
}
