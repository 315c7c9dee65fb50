//! What messages are matched to transactions by (RFC 3261 sections 17.1.3 and 17.2.3).

use std::net::IpAddr;

use crate::{HashKey, Host, Message, Method, Name, keyed::Print};

/// What a received request is matched by, as if its method were `method`: an ACK and a CANCEL find their INVITE that way.
/// `None` if the message lacks what it takes.
pub(super) fn of_request(key: &HashKey, request: &Message, method: &[u8]) -> Option<Print> {
    let via = request.top_via().ok()?;
    let port = via.sent_by.port.map_or([0; 3], |port| {
        let [high, low] = port.to_be_bytes();
        [1, high, low]
    });
    if !via.has_rfc3261_branch() {
        // RFC 2543. The To tag is left out, since an ACK has the one of our response, which its INVITE had not; the top
        // Via tells the same transactions apart.
        return Some(key.print(&[
            b"2",
            request.request_uri(),
            request.from().ok()?.tag().unwrap_or_default(),
            request.call_id(),
            &request.cseq().ok()?.number.to_be_bytes(),
            request.headers(Name::Via).next()?,
            method,
        ]));
    }
    // The sender is part of it: another host may have drawn the same branch.
    let branch = via.branch()?;
    Some(match via.sent_by.host {
        Host::Ip(IpAddr::V4(ip)) => key.print(&[b"3", branch, method, &port, &ip.octets()]),
        Host::Ip(IpAddr::V6(ip)) => key.print(&[b"3", branch, method, &port, &ip.octets()]),
        // Hosts are compared in any case.
        Host::Name(name) => key.print(&[b"3", branch, method, &port, name.to_ascii_lowercase().as_bytes()]),
    })
}

/// What a received response is matched by: the branch we minted and the method it answers.
pub(super) fn of_response(key: &HashKey, response: &Message) -> Option<Print> {
    let method = response.cseq().ok()?.method;
    Some(of_client(key, response.top_via().ok()?.branch()?, method))
}

/// What the answers to a request of ours are matched by.
pub(super) fn of_client(key: &HashKey, branch: &[u8], method: Method) -> Print {
    key.print(&[b"c", branch, method.as_str().as_bytes()])
}
