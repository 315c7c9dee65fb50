//! Requests within a dialog (RFC 3261 section 12.2.1.1) and the ACK of a 2xx (section 13.2.2.4).

use std::borrow::Cow;
use std::fmt::Write;

use super::Dialog;
use crate::limits::MAX_CSEQ;
use crate::{HostPort, Method, Name, NameAddr, Params, RequestBuilder};

impl Dialog {
    /// Begins the next request of ours: line, Via, Max-Forwards, Route, From, To, Call-ID and CSeq. The caller adds
    /// Contact (in INVITE and UPDATE), what else it wants, and the body. Not for ACK and CANCEL: see
    /// [`Dialog::ack`] and [`TransactionTable::cancel`](crate::transaction::TransactionTable::cancel).
    ///
    /// `sent_by` is what the Via names as ours.
    pub fn request(&mut self, method: Method, sent_by: HostPort<'_>, branch: &str) -> RequestBuilder {
        self.local_cseq = self.local_cseq.saturating_add(1).min(MAX_CSEQ);
        self.begin(method, self.local_cseq, sent_by, branch)
    }

    /// Begins the ACK of a 2xx to the INVITE whose CSeq was `invite_cseq`. A retransmitted 2xx gets the same bytes
    /// again.
    pub fn ack(&self, invite_cseq: u32, sent_by: HostPort<'_>, branch: &str) -> RequestBuilder {
        self.begin(Method::Ack, invite_cseq, sent_by, branch)
    }

    /// The URI of the next hop: of the first route, or of the peer itself (RFC 3261 section 8.1.2). Only for when
    /// the flow is gone: while it lives, it is the way.
    pub fn next_hop(&self) -> &str {
        self.route_set.first().and_then(|route| route_uri(route)).unwrap_or(&self.remote_target)
    }

    fn begin(&self, method: Method, cseq: u32, sent_by: HostPort<'_>, branch: &str) -> RequestBuilder {
        let first = self.route_set.first().and_then(|route| route_uri(route));
        let strict = first.filter(|uri| !is_loose(uri));
        let mut out = RequestBuilder::new(method, &*request_uri(strict.unwrap_or(&self.remote_target)));
        out.via(self.flow.transport, sent_by, branch);
        out.header(Name::MaxForwards, "70");
        // A strict router takes its own URI from the request line, and the peer's from the last Route.
        for route in self.route_set.iter().skip(usize::from(strict.is_some())) {
            out.header(Name::Route, route.as_bytes());
        }
        if strict.is_some() {
            out.header_display(Name::Route, format_args!("<{}>", self.remote_target));
        }
        for (name, address, tag) in
            [(Name::From, &self.local, self.id.local_tag()), (Name::To, &self.remote, self.id.remote_tag())]
        {
            let parts = [address.as_bytes(), b";tag=", tag.as_bytes()];
            out.header_parts(name, if tag.is_empty() { &parts[..1] } else { &parts });
        }
        out.header(Name::CallId, self.id.call_id());
        out.cseq(cseq, method);
        out
    }
}

fn route_uri(route: &str) -> Option<&str> {
    std::str::from_utf8(NameAddr::parse(route.as_bytes()).ok()?.uri).ok()
}

/// Whether a proxy's URI says that it routes by RFC 3261 (section 19.1.1, `lr`). One we cannot read is taken for
/// loose, which leaves the request line with the peer's own URI.
fn is_loose(uri: &str) -> bool {
    crate::Uri::parse(uri.as_bytes()).map_or(true, |uri| uri.params.has("lr"))
}

/// A URI without what may not stand in a request line: headers and the method parameter (RFC 3261 section 19.1.1).
fn request_uri(uri: &str) -> Cow<'_, str> {
    if !uri.contains(['?', ';']) {
        return uri.into();
    }
    // A question mark before the '@' belongs to the user part.
    let host_at = uri.rfind('@').map_or(0, |at| at + 1);
    let (user, rest) = uri.split_at(host_at);
    let rest = rest.split_once('?').map_or(rest, |(rest, _)| rest);
    let (host, params) = rest.split_once(';').unwrap_or((rest, ""));
    let mut out = format!("{user}{host}");
    for (name, value) in Params::new(params.as_bytes()).iter() {
        if name.eq_ignore_ascii_case(b"method") {
            continue;
        }
        // Writing to a String cannot fail, and the bytes came from one.
        let _ = write!(out, ";{}", String::from_utf8_lossy(name));
        if let Some(value) = value {
            let _ = write!(out, "={}", String::from_utf8_lossy(value));
        }
    }
    out.into()
}
