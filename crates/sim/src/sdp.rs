//! The session descriptions simulated stations write, and what they read in those of others.

use std::net::{IpAddr, SocketAddr};

use media::{Direction, Sdp};

/// A description of one voice stream, G.711 mu-law with telephone events, at `media`.
pub(crate) fn describe(media: SocketAddr, version: u64, direction: Direction) -> Vec<u8> {
    let ip = media.ip();
    let family = if ip.is_ipv4() { "IP4" } else { "IP6" };
    let flow = match direction {
        Direction::SendRecv => "sendrecv",
        Direction::SendOnly => "sendonly",
        Direction::RecvOnly => "recvonly",
        Direction::Inactive => "inactive",
    };
    format!(
        "v=0\r\no=- 1 {version} IN {family} {ip}\r\ns=-\r\nc=IN {family} {ip}\r\nt=0 0\r\nm=audio {} RTP/AVP 0 101\r\n\
         a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na={flow}\r\n",
        media.port()
    )
    .into_bytes()
}

/// Where the writer of a description wants voice, and which way it flows as the writer sees it.
pub(crate) fn voice_of(body: &[u8]) -> Option<(Option<SocketAddr>, Direction)> {
    let sdp = Sdp::parse(body).ok()?;
    let stream = sdp.streams().find(|stream| stream.media == "audio" && stream.is_active())?;
    Some((stream.addr(), stream.direction))
}

/// The answer to a direction (RFC 3264 section 6.1).
pub(crate) const fn answer_to(direction: Direction) -> Direction {
    match direction {
        Direction::SendRecv => Direction::SendRecv,
        Direction::SendOnly => Direction::RecvOnly,
        Direction::RecvOnly => Direction::SendOnly,
        Direction::Inactive => Direction::Inactive,
    }
}

/// Every address that stands in a message or description, wherever it stands: for the check that neither side of a
/// call sees the other's (invariant 14).
#[must_use]
pub fn addresses_in(bytes: &[u8]) -> Vec<IpAddr> {
    let text = String::from_utf8_lossy(bytes);
    let words = text.split(|c: char| !(c.is_ascii_hexdigit() || c == '.'));
    words.filter_map(|word| word.trim_matches('.').parse::<std::net::Ipv4Addr>().ok()).map(IpAddr::V4).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_described_is_read_back() {
        let media: SocketAddr = "192.0.2.7:4000".parse().unwrap();
        for direction in [Direction::SendRecv, Direction::SendOnly, Direction::RecvOnly, Direction::Inactive] {
            assert_eq!(voice_of(&describe(media, 1, direction)), Some((Some(media), direction)));
        }
    }

    #[test]
    fn addresses_are_found_anywhere() {
        let found = addresses_in(b"Via: SIP/2.0/UDP 10.1.2.3:5060;received=192.0.2.1.\r\nx=1.2.3 v2.0 999.1.1.1");
        assert_eq!(found, ["10.1.2.3".parse::<IpAddr>().unwrap(), "192.0.2.1".parse().unwrap()]);
    }
}
