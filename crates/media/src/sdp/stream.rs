//! What an m-section says about its stream: kind, address, direction, protocol.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

/// Which way a stream flows, seen by the side that wrote the description (RFC 3264 §5.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    /// Both ways; what holds if nothing is said.
    #[default]
    SendRecv,
    /// It sends and will not listen: the other side is on hold.
    SendOnly,
    /// It listens and will not send: usually the answer to `SendOnly`.
    RecvOnly,
    /// Nothing flows.
    Inactive,
}

impl Direction {
    pub(super) fn of_attribute(name: &[u8]) -> Option<Direction> {
        match name {
            b"sendrecv" => Some(Direction::SendRecv),
            b"sendonly" => Some(Direction::SendOnly),
            b"recvonly" => Some(Direction::RecvOnly),
            b"inactive" => Some(Direction::Inactive),
            _ => None,
        }
    }

    /// The same without listening: what an address of 0.0.0.0 means (RFC 3264 §8.4).
    pub(super) fn deaf(self) -> Direction {
        match self {
            Direction::SendRecv | Direction::SendOnly => Direction::SendOnly,
            Direction::RecvOnly | Direction::Inactive => Direction::Inactive,
        }
    }
}

/// One m-section of a description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream<'a> {
    /// Place among the m-lines, counted from 0; it is the relay's stream number.
    pub index: usize,
    /// `audio`, `video`, `image`, ...
    pub media: &'a str,
    /// Port for RTP; 0 means the stream is refused or over.
    pub port: u16,
    /// Transport, as `RTP/AVP`.
    pub proto: &'a str,
    /// Direction, with the old way of holding by 0.0.0.0 (RFC 2543) folded in.
    pub direction: Direction,
    /// The connection address; `None` for a host name or a missing c-line.
    pub(super) ip: Option<IpAddr>,
    /// Port and address of `a=rtcp:` (RFC 3605), where given.
    pub(super) rtcp: Option<(u16, Option<IpAddr>)>,
    /// Whether a c-line holds for the stream, its own or the session's.
    pub(super) connected: bool,
}

impl Stream<'_> {
    /// Whether the stream is in use at all.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.port != 0
    }

    /// Whether the relay can carry it: RTP over UDP, plain or encrypted with keys from the description (RFC 3551, 3711,
    /// 4585, 5124, 4568). Not DTLS, not T.38 fax, not TCP.
    #[must_use]
    pub fn is_carried(&self) -> bool {
        ["RTP/AVP", "RTP/AVPF", "RTP/SAVP", "RTP/SAVPF"].iter().any(|proto| proto.eq_ignore_ascii_case(self.proto))
    }

    /// Where the writer wants RTP; `None` if the stream is not in use, or on hold by 0.0.0.0, or names a host.
    #[must_use]
    pub fn addr(&self) -> Option<SocketAddr> {
        let ip = self.ip.filter(|ip| !ip.is_unspecified())?;
        self.is_active().then(|| SocketAddr::new(ip, self.port))
    }

    /// Where the writer wants RTCP: by `a=rtcp:`, or else one port above RTP (RFC 3550 §11; port 0 if there is none
    /// above). `None` exactly when [`Stream::addr`] is.
    #[must_use]
    pub fn rtcp_addr(&self) -> Option<SocketAddr> {
        let rtp = self.addr()?;
        let (port, ip) = self.rtcp.unwrap_or((rtp.port().wrapping_add(1), None));
        Some(SocketAddr::new(ip.unwrap_or(rtp.ip()), port))
    }
}
