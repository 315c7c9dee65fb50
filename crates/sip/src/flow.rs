//! The path a message came by and its answers go back by.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// Transport protocol of a flow (RFC 3261 section 18).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Transport {
    /// Datagrams: the transaction layer retransmits.
    Udp,
    /// A stream: nothing is retransmitted hop by hop.
    Tcp,
    /// A stream under TLS.
    Tls,
}

impl Transport {
    /// Whether the transport itself delivers in order and without loss, so that
    /// retransmission timers stay off and wait timers are zero.
    pub const fn is_reliable(self) -> bool {
        !matches!(self, Self::Udp)
    }

    /// The transport as a Via header spells it.
    pub const fn via_name(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
        }
    }

    /// The transport that a Via header names, in any case.
    pub(crate) fn from_via(name: &[u8]) -> Option<Self> {
        match &<[u8; 3]>::try_from(name).ok()?.map(|b| b.to_ascii_lowercase()) {
            b"udp" => Some(Self::Udp),
            b"tcp" => Some(Self::Tcp),
            b"tls" => Some(Self::Tls),
            _ => None,
        }
    }

    /// The transport as a URI's `transport` parameter spells it (RFC 3261 section 19.1.1).
    pub const fn uri_name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }
}

/// A path between one of our addresses and a peer. Behind NAT the only way back to a
/// phone is the exact flow it registered by (RFC 5626 section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Flow {
    /// Our address and port.
    pub local: SocketAddr,
    /// The peer's address and port as seen from here.
    pub remote: SocketAddr,
    /// Transport protocol.
    pub transport: Transport,
    /// Which connection of a stream transport; 0 for UDP. Never reused within a run.
    pub connection: u64,
}
