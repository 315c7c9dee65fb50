//! Writing a request.

use std::fmt::Display;

use super::draft::{Draft, OwnContact};
use crate::{HostPort, Method, Name, Transport};

/// Writes a request: the line first, then headers in the order they are pushed, then the body.
#[derive(Debug, Clone)]
pub struct RequestBuilder {
    draft: Draft,
}

impl RequestBuilder {
    /// `METHOD uri SIP/2.0`.
    pub fn new(method: Method, uri: impl AsRef<[u8]>) -> RequestBuilder {
        let mut draft = Draft::new();
        draft.own(method.as_str());
        draft.own(" ");
        draft.uri(uri.as_ref());
        draft.own(" SIP/2.0\r\n");
        RequestBuilder { draft }
    }

    /// As `new`, for a method without a name here.
    pub fn with_method(method: &[u8], uri: impl AsRef<[u8]>) -> RequestBuilder {
        let mut draft = Draft::new();
        draft.token(method);
        draft.own(" ");
        draft.uri(uri.as_ref());
        draft.own(" SIP/2.0\r\n");
        RequestBuilder { draft }
    }

    /// A Via that asks for rport (RFC 3581 section 3).
    pub fn via(&mut self, transport: Transport, sent_by: HostPort<'_>, branch: &str) -> &mut RequestBuilder {
        let draft = &mut self.draft;
        draft.begin(Name::Via);
        draft.own("SIP/2.0/");
        draft.own(transport.via_name());
        draft.own(" ");
        draft.host_port(sent_by);
        draft.own(";branch=");
        draft.text(branch.as_bytes());
        draft.own(";rport\r\n");
        self
    }

    /// Our Contact: where a peer reaches us, over this transport.
    pub fn own_contact(&mut self, contact: OwnContact) -> &mut RequestBuilder {
        self.draft.own_contact(contact);
        self
    }

    /// CSeq.
    pub fn cseq(&mut self, number: u32, method: Method) -> &mut RequestBuilder {
        self.draft.begin(Name::CSeq);
        self.draft.number(number.into());
        self.draft.own(" ");
        self.draft.own(method.as_str());
        self.draft.end_line();
        self
    }

    /// One header line whose value is these parts, one behind the other.
    pub fn header_parts(&mut self, name: Name, parts: &[&[u8]]) -> &mut RequestBuilder {
        self.draft.header_parts(name, parts);
        self
    }

    /// One header line. Content-Length is passed over: it is written at the end.
    pub fn header(&mut self, name: Name, value: impl AsRef<[u8]>) -> &mut RequestBuilder {
        self.draft.header(name, value.as_ref());
        self
    }

    /// One header line of any name.
    pub fn header_named(&mut self, name: &str, value: impl AsRef<[u8]>) -> &mut RequestBuilder {
        self.draft.header_named(name.as_bytes(), value.as_ref());
        self
    }

    /// One header line whose value is a number.
    pub fn header_number(&mut self, name: Name, number: u32) -> &mut RequestBuilder {
        if self.draft.begin(name) {
            self.draft.number(number.into());
            self.draft.end_line();
        }
        self
    }

    /// One header line whose value is formatted in place (`format_args!`).
    pub fn header_display(&mut self, name: Name, value: impl Display) -> &mut RequestBuilder {
        self.draft.header_display(name, value);
        self
    }

    /// The message, without a body.
    pub fn finish(self) -> Vec<u8> {
        self.draft.finish(&[])
    }

    /// The message with this body; an empty one gets no Content-Type.
    pub fn finish_with_body(mut self, content_type: &[u8], body: &[u8]) -> Vec<u8> {
        if !body.is_empty() {
            self.draft.header(Name::ContentType, content_type);
        }
        self.draft.finish(body)
    }
}
