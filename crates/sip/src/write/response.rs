//! Writing a response to a request (RFC 3261 section 8.2.6, RFC 3581 section 4).

use std::fmt::Display;
use std::net::SocketAddr;

use super::draft::{Draft, OwnContact};
use crate::limits::MAX_VIAS;
use crate::{Host, Message, Name, Via, reason_phrase, scan};

/// Writes a response: what section 8.2.6 copies from the request first, then headers as they are pushed.
#[derive(Debug, Clone)]
pub struct ResponseBuilder {
    draft: Draft,
}

impl ResponseBuilder {
    /// Begins a response to `request`, which came from `source`. An empty `reason` is the standard phrase of `status`.
    ///
    /// Copied: every Via in order (of more than [`MAX_VIAS`], which nobody may send, so many), the top one with received and rport filled in from `source` (whatever the sender
    /// claimed there is dropped), From, To with `to_tag` if it has no tag yet, Call-ID, CSeq, and in a 100 also
    /// Timestamp. A 100 needs no tag; every other response to a request without a To tag does (section 8.2.6.2).
    pub fn from_request(
        request: &Message,
        status: u16,
        reason: &str,
        to_tag: Option<&str>,
        source: SocketAddr,
    ) -> ResponseBuilder {
        let mut draft = status_line(status, reason);
        copy(&mut draft, request, to_tag, source);
        if let Some(timestamp) = request.header(Name::Timestamp).filter(|_| status == 100) {
            draft.header(Name::Timestamp, timestamp);
        }
        ResponseBuilder { draft }
    }

    /// Begins a response with a head that was copied before. An empty `reason` is the standard phrase of `status`.
    pub fn with_head(status: u16, reason: &str, head: &ResponseHead) -> ResponseBuilder {
        let mut draft = status_line(status, reason);
        draft.lines(&head.lines);
        ResponseBuilder { draft }
    }

    /// Copies every Record-Route of the request, in order: for responses that make a dialog (section 12.1.1).
    pub fn copy_record_routes(&mut self, request: &Message) -> &mut ResponseBuilder {
        for value in request.record_routes() {
            self.draft.header(Name::RecordRoute, value);
        }
        self
    }

    /// One header line. Content-Length is passed over: it is written at the end.
    pub fn header(&mut self, name: Name, value: impl AsRef<[u8]>) -> &mut ResponseBuilder {
        self.draft.header(name, value.as_ref());
        self
    }

    /// One header line whose value is these parts, one behind the other.
    pub fn header_parts(&mut self, name: Name, parts: &[&[u8]]) -> &mut ResponseBuilder {
        self.draft.header_parts(name, parts);
        self
    }

    /// One header line of any name.
    pub fn header_named(&mut self, name: &str, value: impl AsRef<[u8]>) -> &mut ResponseBuilder {
        self.draft.header_named(name.as_bytes(), value.as_ref());
        self
    }

    /// One header line whose value is formatted in place (`format_args!`).
    pub fn header_display(&mut self, name: Name, value: impl Display) -> &mut ResponseBuilder {
        self.draft.header_display(name, value);
        self
    }

    /// Our Contact: where a peer reaches us, over this transport.
    pub fn own_contact(&mut self, contact: OwnContact) -> &mut ResponseBuilder {
        self.draft.own_contact(contact);
        self
    }

    /// A registered contact and the time it has left (RFC 3261 section 10.3 step 8).
    pub fn contact(&mut self, uri: &str, left_s: u64) -> &mut ResponseBuilder {
        self.draft.begin(Name::Contact);
        self.draft.own("<");
        self.draft.text(uri.as_bytes());
        self.draft.own(">;expires=");
        self.draft.number(left_s);
        self.draft.end_line();
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

/// What section 8.2.6 copies from a request into each response to it, made once for all of them.
#[derive(Debug, Clone)]
pub struct ResponseHead {
    lines: Box<[u8]>,
}

impl ResponseHead {
    /// Of a request that came from `source`; see [`ResponseBuilder::from_request`].
    pub fn new(request: &Message, to_tag: Option<&str>, source: SocketAddr) -> ResponseHead {
        let mut draft = Draft::new();
        copy(&mut draft, request, to_tag, source);
        ResponseHead { lines: draft.so_far().into() }
    }
}

fn status_line(status: u16, reason: &str) -> Draft {
    let mut draft = Draft::new();
    let reason = if reason.is_empty() { reason_phrase(status) } else { reason };
    // The status of a framed response has three digits; one of ours never has others.
    draft.own("SIP/2.0 ");
    draft.number(u64::from(status.clamp(100, 999)));
    draft.own(" ");
    draft.text(reason.as_bytes());
    draft.end_line();
    draft
}

fn copy(draft: &mut Draft, request: &Message, to_tag: Option<&str>, source: SocketAddr) {
    match request.top_via() {
        // Most requests have passed no proxy.
        Ok(via) if request.has_one_via() => {
            top_via(draft, &via, request.header(Name::Via).unwrap_or_default(), source);
        }
        top => {
            for (i, value) in request.headers(Name::Via).take(MAX_VIAS).enumerate() {
                match &top {
                    Ok(via) if i == 0 => top_via(draft, via, value, source),
                    _ => draft.header(Name::Via, value),
                }
            }
        }
    }
    for name in [Name::From, Name::To, Name::CallId, Name::CSeq] {
        let Some(value) = request.header(name) else {
            continue;
        };
        match to_tag.filter(|_| name == Name::To && !has_tag(request)) {
            Some(tag) => draft.header_parts(name, &[value, b";tag=", tag.as_bytes()]),
            None => draft.header(name, value),
        }
    }
}

fn has_tag(request: &Message) -> bool {
    request.to().is_ok_and(|to| to.tag().is_some())
}

/// The top Via with the packet's source in it: received if the sender's own idea of its address differs or it asked for
/// rport, rport only if it asked.
fn top_via(draft: &mut Draft, via: &Via<'_>, value: &[u8], source: SocketAddr) {
    let mut asked = false;
    draft.begin(Name::Via);
    draft.text(scan::split_once(value, b';').0.trim_ascii_end());
    for (name, param) in via.params.iter() {
        let is_port = scan::eq_ignore_case(name, "rport");
        asked |= is_port;
        if is_port || scan::eq_ignore_case(name, "received") {
            continue;
        }
        draft.own(";");
        draft.text(name);
        if let Some(param) = param {
            draft.own("=");
            draft.text(param);
        }
    }
    if asked || via.sent_by.host != Host::Ip(source.ip()) {
        draft.own(";received=");
        draft.ip(source.ip());
    }
    if asked {
        draft.own(";rport=");
        draft.number(u64::from(source.port()));
    }
    draft.end_line();
}
