//! Rewriting a session description: the result is one again, with the same streams, and names no address but ours.

use std::net::{IpAddr, Ipv4Addr};

use media::{MAX_STREAMS, PortPair, RelayAddresses, Sdp};

const US: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 254));

/// The target.
///
/// # Panics
/// If a rewritten description cannot be read, has other streams, or shows where the other side is.
pub fn run(data: &[u8]) {
    let Ok(before) = Sdp::parse(data) else { return };
    assert!(before.relay_streams() <= MAX_STREAMS);
    let ports = |stream: u16| PortPair { rtp: 20_000 + 2 * stream, rtcp: 20_001 + 2 * stream };
    let us = RelayAddresses { ip: US, other_ip: None, streams: (0..4).map(ports).collect() };
    let Ok(bytes) = media::rewrite(data, &us) else { return };
    let Ok(after) = Sdp::parse(&bytes) else {
        assert!(bytes.len() > 15_000, "a rewritten description cannot be read: {}", bytes.escape_ascii());
        return;
    };
    assert_eq!(after.streams().count(), before.streams().count());
    // A stream on hold as of old (0.0.0.0) has no address.
    for addr in after.streams().flat_map(|stream| [stream.addr(), stream.rtcp_addr()]).flatten() {
        assert_eq!(addr.ip(), US, "{}", bytes.escape_ascii());
    }
}
