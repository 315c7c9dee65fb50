//! Messages the transaction layer itself makes: 100 Trying, the ACK of a failure, and CANCEL.

use std::net::SocketAddr;

use super::Wire;
use crate::{Message, Method, Name, RequestBuilder, ResponseBuilder};

/// 100 Trying (RFC 3261 section 8.2.6.1). `None` only if what came is no message.
pub(super) fn trying(invite: &[u8], source: SocketAddr) -> Option<Wire> {
    let invite = Message::parse(invite).ok()?;
    Some(ResponseBuilder::from_request(&invite, 100, "", None, source).finish().into())
}

/// The ACK of a failure (RFC 3261 section 17.1.1.3): its To is that of the response.
/// `None` only if what we sent is no message.
pub(super) fn ack(invite: &[u8], response: &Message) -> Option<Wire> {
    let invite = Message::parse(invite).ok()?;
    Some(follow_up(&invite, Method::Ack, response.header(Name::To)?))
}

/// The CANCEL of an INVITE (RFC 3261 section 9.1), and its branch: its To is that of the INVITE.
/// `None` only if what we sent is no message.
pub(super) fn cancel(invite: &[u8]) -> Option<(Wire, Vec<u8>)> {
    let invite = Message::parse(invite).ok()?;
    let branch = invite.top_via().ok()?.branch()?.to_vec();
    Some((follow_up(&invite, Method::Cancel, invite.header(Name::To)?), branch))
}

/// A request that goes exactly where the INVITE went: same Request-URI, top Via and Route.
fn follow_up(invite: &Message, method: Method, to: &[u8]) -> Wire {
    let mut out = RequestBuilder::new(method, invite.request_uri());
    out.header(Name::Via, invite.headers(Name::Via).next().unwrap_or_default());
    out.header(Name::MaxForwards, "70");
    for route in invite.routes() {
        out.header(Name::Route, route);
    }
    out.header(Name::From, invite.header(Name::From).unwrap_or_default());
    out.header(Name::To, to);
    out.header(Name::CallId, invite.call_id());
    let number = invite.cseq().map_or(0, |cseq| cseq.number);
    out.cseq(number, method);
    out.finish().into()
}
