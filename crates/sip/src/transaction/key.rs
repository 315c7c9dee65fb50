//! What messages are matched to transactions by (RFC 3261 sections 17.1.3 and 17.2.3).

use std::net::IpAddr;

use crate::{Host, HostPort, Message, Method, Name};

/// Longest matching key. Request-URI, Via and Call-ID together stay far below this in any honest message; without a
/// limit a flood could make us remember whole datagrams.
pub const MAX_KEY_BYTES: usize = 2_048;

/// The key of a received request as if its method were `method`: an ACK and a CANCEL find their INVITE that way.
/// `None` if the message lacks what it takes, or takes too much.
pub(super) fn request_key(request: &Message, method: &[u8]) -> Option<Vec<u8>> {
    let via = request.top_via().ok()?;
    if via.has_rfc3261_branch() {
        // The sender is part of the key: another host may have drawn the same branch.
        return KeyWriter::new(b'3').part(via.branch()?).host(via.sent_by).part(method).finish();
    }
    // RFC 2543. The To tag is left out, since an ACK has the one of our response, which its INVITE had not; the top
    // Via tells the same transactions apart.
    KeyWriter::new(b'2')
        .part(request.request_uri())
        .part(request.from().ok()?.tag().unwrap_or_default())
        .part(request.call_id())
        .part(&request.cseq().ok()?.number.to_be_bytes())
        .part(request.headers(Name::Via).next()?)
        .part(method)
        .finish()
}

/// The key of a received response: the branch we minted and the method it answers.
pub(super) fn response_key(response: &Message) -> Option<Vec<u8>> {
    let method = response.cseq().ok()?.method;
    client_key(response.top_via().ok()?.branch()?, method)
}

/// The key of a request of ours.
pub(super) fn client_key(branch: &[u8], method: Method) -> Option<Vec<u8>> {
    KeyWriter::new(b'c').part(branch).part(method.as_str().as_bytes()).finish()
}

/// Writes parts behind line ends, which no part of a header can contain.
struct KeyWriter {
    key: Vec<u8>,
}

impl KeyWriter {
    fn new(kind: u8) -> Self {
        const USUAL_BYTES: usize = 128;
        let mut key = Vec::with_capacity(USUAL_BYTES);
        key.push(kind);
        Self { key }
    }

    fn part(mut self, part: &[u8]) -> Self {
        self.key.push(b'\n');
        self.key.extend_from_slice(part);
        self
    }

    /// Hosts are compared in any case.
    fn host(mut self, host: HostPort<'_>) -> Self {
        self.key.push(b'\n');
        match host.host {
            Host::Ip(IpAddr::V4(ip)) => {
                self.key.push(b'4');
                self.key.extend_from_slice(&ip.octets());
            }
            Host::Ip(IpAddr::V6(ip)) => {
                self.key.push(b'6');
                self.key.extend_from_slice(&ip.octets());
            }
            Host::Name(name) => {
                self.key.push(b'n');
                self.key.extend(name.bytes().map(|byte| byte.to_ascii_lowercase()));
            }
        }
        self.key.push(b':');
        self.key.extend(host.port.into_iter().flat_map(u16::to_be_bytes));
        self
    }

    fn finish(self) -> Option<Vec<u8>> {
        (self.key.len() <= MAX_KEY_BYTES).then_some(self.key)
    }
}
