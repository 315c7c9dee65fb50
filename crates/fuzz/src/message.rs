//! Reading, judging and answering a message: nothing panics, and what we write of it reads back.

use sip::digest::{Authorization, Challenge};
use sip::{Message, Name, NameAddr, ResponseBuilder, SipUri, Uri, Via, multipart};

const SOURCE: std::net::SocketAddr =
    std::net::SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 77)), 5060);

/// The target.
///
/// # Panics
/// If an answer to the message cannot be read, or loses what must be repeated in it.
pub fn run(data: &[u8]) {
    let Ok(message) = Message::parse(data) else { return };
    let valid = message.validate().is_ok();
    look(&message);
    if !message.is_request() {
        return;
    }
    let answer = ResponseBuilder::from_request(&message, 480, "", Some("ours"), SOURCE);
    let bytes = answer.finish_with_body(b"application/sdp", b"v=0\r\n");
    // An answer grows by a few parameters and may so pass the limits that its request kept.
    let Ok(answer) = Message::parse(&bytes) else {
        assert!(data.len() > 50_000, "an answer cannot be read: {}", bytes.escape_ascii());
        return;
    };
    assert_eq!((answer.status(), answer.body()), (Some(480), &b"v=0\r\n"[..]));
    if valid {
        assert_eq!(answer.validate(), Ok(()), "the answer to a valid request is valid");
        assert_eq!(answer.call_id(), message.call_id());
        assert_eq!(answer.cseq(), message.cseq());
        assert_eq!(answer.headers(Name::Via).count(), message.headers(Name::Via).count());
    }
}

/// Reads everything a message offers.
fn look(message: &Message) {
    for (_, _, value) in message.header_lines() {
        assert!(!value.iter().any(|b| matches!(b, b'\r' | b'\n')), "a value holds a line end");
        let _ = (Authorization::parse(value), Challenge::parse(value));
        if let Ok(via) = Via::parse(value) {
            let _ = (via.received(), via.rport(), via.response_addr(5060), via.has_rfc3261_branch());
        }
        if let Ok(address) = NameAddr::parse(value) {
            let _ = (address.display(), address.tag(), address.expires_s(), address.params.iter().count());
            uri(address.uri);
        }
    }
    uri(message.request_uri());
    let _ = (message.max_forwards(), message.expires(), message.user_agent(), message.contacts().count());
    for part in multipart::parts(message) {
        let _ = (part.media_type(), part.is_required());
    }
}

/// An owned URI is written as it was read, from then on.
fn uri(bytes: &[u8]) {
    let _ = Uri::parse(bytes).map(|uri| (uri.user(), uri.password(), uri.host(), uri.params.iter().count()));
    if let Ok(owned) = SipUri::parse(bytes) {
        let text = owned.to_string();
        assert_eq!(text.parse().as_ref(), Ok(&owned), "{text}");
    }
}
