//! What messages are matched to transactions by (RFC 3261 sections 17.1.3 and 17.2.3).

use super::side::MatchKey;
use crate::{Message, Method, Name};

/// Longest matching key. Request-URI, Via and Call-ID together stay far below this in any
/// honest message; without a limit a flood could make us remember whole datagrams.
pub const MAX_KEY_BYTES: usize = 2_048;

/// The key of a received request as if its method were `method`: an ACK and a CANCEL find their
/// INVITE that way. `None` if the message lacks what it takes, or takes too much.
pub(super) fn request_key(request: &Message, method: &[u8]) -> Option<MatchKey> {
    let via = request.top_via().ok()?;
    if via.has_rfc3261_branch() {
        // The sender is part of the key: another host may have drawn the same branch.
        let sent_by = via.sent_by.to_string().to_ascii_lowercase();
        return join(b'3', &[via.branch()?, sent_by.as_bytes(), method]);
    }
    // RFC 2543. The To tag is left out, since an ACK has the one of our response, which its
    // INVITE had not; the top Via tells the same transactions apart.
    let via = request.headers(Name::Via).next()?;
    let from = request.from().ok()?;
    let number = request.cseq().ok()?.number.to_string();
    let parts =
        [request.request_uri(), from.tag().unwrap_or_default(), request.call_id(), number.as_bytes(), via, method];
    join(b'2', &parts)
}

/// The key of a received response: the branch we minted and the method it answers.
pub(super) fn response_key(response: &Message) -> Option<MatchKey> {
    let method = response.cseq().ok()?.method;
    client_key(response.top_via().ok()?.branch()?, method)
}

/// The key of a request of ours.
pub(super) fn client_key(branch: &[u8], method: Method) -> Option<MatchKey> {
    join(b'c', &[branch, method.as_str().as_bytes()])
}

/// Joins parts with line ends, which no part of a header can contain.
fn join(kind: u8, parts: &[&[u8]]) -> Option<MatchKey> {
    let len = parts.iter().fold(1usize, |len, part| len.saturating_add(part.len()).saturating_add(1));
    if len > MAX_KEY_BYTES {
        return None;
    }
    let mut key = Vec::with_capacity(len);
    key.push(kind);
    for part in parts {
        key.push(b'\n');
        key.extend_from_slice(part);
    }
    Some(key.into())
}
