//! The buffer both builders write into, and the only place where bytes of headers are written.

use std::fmt::{self, Display, Write};
use std::net::IpAddr;

use crate::{Host, HostPort, Name, Transport, scan};

/// A message being written, up to the header lines so far.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    out: Vec<u8>,
}

/// Room for a usual message, so that the buffer seldom grows.
const USUAL_BYTES: usize = 1_024;

/// Our Contact.
#[derive(Debug, Clone, Copy)]
pub struct OwnContact {
    /// It tells the worker ([`crate::ids::user`]).
    pub user: [u8; 5],
    /// Where a peer reaches us.
    pub host_port: HostPort<'static>,
    /// Over which transport.
    pub transport: Transport,
}

impl Draft {
    pub(super) fn new() -> Draft {
        Draft { out: Vec::with_capacity(USUAL_BYTES) }
    }

    /// Appends bytes, with spaces for those that could end a line.
    pub(super) fn text(&mut self, bytes: &[u8]) {
        let from = self.out.len();
        self.out.extend_from_slice(bytes);
        if scan::first_low(bytes).is_some() {
            let ends_line = |b: u8| matches!(b, b'\r' | b'\n' | 0);
            self.out.iter_mut().skip(from).filter(|b| ends_line(**b)).for_each(|b| *b = b' ');
        }
    }

    /// Appends words of ours, in which nothing ends a line.
    pub(super) fn own(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    /// Appends lines that another draft has written.
    pub(super) fn lines(&mut self, lines: &[u8]) {
        self.out.extend_from_slice(lines);
    }

    /// What was written so far.
    pub(super) fn so_far(&self) -> &[u8] {
        &self.out
    }

    /// Appends a Request-URI: white space and controls, which would end it, are escaped.
    pub(super) fn uri(&mut self, uri: &[u8]) {
        let ends = |b: &u8| *b <= b' ' || *b == 0x7f;
        if !uri.iter().any(ends) {
            return self.out.extend_from_slice(uri);
        }
        for &b in uri {
            if ends(&b) {
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

    /// One header line whose value is these parts, one behind the other.
    pub(super) fn header_parts(&mut self, name: Name, parts: &[&[u8]]) {
        if self.begin(name) {
            parts.iter().for_each(|part| self.text(part));
            self.end_line();
        }
    }

    /// Appends a host and its port.
    pub(super) fn host_port(&mut self, HostPort { host, port }: HostPort<'_>) {
        match host {
            Host::Ip(ip @ IpAddr::V4(_)) => self.ip(ip),
            Host::Ip(ip) => {
                self.out.push(b'[');
                self.ip(ip);
                self.out.push(b']');
            }
            Host::Name(name) => self.text(name.as_bytes()),
        }
        if let Some(port) = port {
            self.out.push(b':');
            self.number(port.into());
        }
    }

    pub(super) fn own_contact(&mut self, contact: OwnContact) {
        self.own("Contact: <sip:");
        self.text(&contact.user);
        self.own("@");
        self.host_port(contact.host_port);
        match contact.transport {
            Transport::Udp => self.own(">\r\n"),
            other => {
                self.own(";transport=");
                self.own(other.uri_name());
                self.own(">\r\n");
            }
        }
    }

    /// Appends a number.
    pub(super) fn number(&mut self, number: u64) {
        crate::decimal::push(&mut self.out, number);
    }

    /// Appends an address.
    pub(super) fn ip(&mut self, ip: IpAddr) {
        crate::decimal::push_ip(&mut self.out, ip);
    }

    pub(super) fn end_line(&mut self) {
        self.out.extend_from_slice(b"\r\n");
    }

    pub(super) fn header(&mut self, name: Name, value: &[u8]) {
        if self.begin(name) {
            self.text(value);
            self.end_line();
        }
    }

    /// A Content-Length of the caller's is passed over: the true one is written at the end.
    pub(super) fn header_named(&mut self, name: &[u8], value: &[u8]) {
        match Name::from_text(name) {
            Name::Other if !name.is_empty() => {
                self.token(name);
                self.out.extend_from_slice(b": ");
            }
            Name::Other | Name::ContentLength => return,
            _ => {
                self.out.extend_from_slice(name);
                self.out.extend_from_slice(b": ");
            }
        }
        self.text(value);
        self.end_line();
    }

    pub(super) fn header_display(&mut self, name: Name, value: impl Display) {
        if self.begin(name) {
            // Writing into a draft cannot fail; an error could only be the value's own, and leaves a shorter value.
            let _ = write!(self, "{value}");
            self.end_line();
        }
    }

    /// Begins a header line. A Content-Length of the caller's is passed over: the true one is written at the end.
    pub(super) fn begin(&mut self, name: Name) -> bool {
        if matches!(name, Name::Other | Name::ContentLength) {
            return false;
        }
        self.out.extend_from_slice(name.as_str().as_bytes());
        self.out.extend_from_slice(b": ");
        true
    }

    /// Ends the headers with Content-Length and appends the body.
    pub(super) fn finish(mut self, body: &[u8]) -> Vec<u8> {
        self.out.extend_from_slice(b"Content-Length: ");
        crate::decimal::push(&mut self.out, u64::try_from(body.len()).unwrap_or(u64::MAX));
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
