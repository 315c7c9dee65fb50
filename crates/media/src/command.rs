//! What the call machine asks of the relay's driver, what the driver reports back, and the types both use.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

/// Names one relay session; the call machine chooses it and never uses it twice on a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RelayId(pub u64);

/// One side of a relayed call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Side {
    /// The caller's side.
    A,
    /// The callee's side.
    B,
}

impl Side {
    /// The other side, to which this side's packets go.
    #[must_use]
    pub const fn other(self) -> Side {
        match self {
            Side::A => Side::B,
            Side::B => Side::A,
        }
    }

    /// 0 for A, 1 for B: the place of this side in [`RelayCounters`].
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Side::A => 0,
            Side::B => 1,
        }
    }
}

/// Two neighbouring UDP ports for one stream (RFC 3550 §11): RTP on the even one, RTCP on the odd one above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PortPair {
    /// Even port, for RTP.
    pub rtp: u16,
    /// Odd port, for RTCP.
    pub rtcp: u16,
}

/// Where the relay listens for one side: what is written into the SDP that goes to that side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelayAddresses {
    /// The address to advertise.
    pub ip: IpAddr,
    /// One of the other IP family, where the relay has one: the same ports are open there, too.
    pub other_ip: Option<IpAddr>,
    /// One pair for each m-line, in the order of the m-lines; at most [`crate::MAX_STREAMS`].
    pub streams: Vec<PortPair>,
}

impl RelayAddresses {
    /// As a peer of an IP family is to be told: by the address of its own family, if there is one.
    #[must_use]
    pub fn facing(self, is_v6: bool) -> Self {
        match self.other_ip {
            Some(other_ip) if other_ip.is_ipv6() == is_v6 => Self { ip: other_ip, other_ip: Some(self.ip), ..self },
            _ => self,
        }
    }
}

/// An instruction of the call machine to the relay's driver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RelayCommand {
    /// Open ports for `streams` m-lines on both sides; answered by `Opened` or `OpenFailed`.
    Open {
        /// The session to open.
        relay: RelayId,
        /// How many m-lines; more than [`crate::MAX_STREAMS`] are cut to it.
        streams: usize,
    },
    /// A side's SDP says that it wants to receive a stream here (see [`RelaySession::set_announced`]).
    ///
    /// [`RelaySession::set_announced`]: crate::RelaySession::set_announced
    Announce {
        /// The session.
        relay: RelayId,
        /// Whose SDP it is.
        side: Side,
        /// The m-line, counted from 0.
        stream: usize,
        /// Where it wants RTP ([`Stream::addr`](crate::Stream::addr)).
        addr: SocketAddr,
        /// Where it wants RTCP ([`Stream::rtcp_addr`](crate::Stream::rtcp_addr)).
        rtcp: SocketAddr,
    },
    /// A side is known to have moved: learn its addresses anew.
    Relatch {
        /// The session.
        relay: RelayId,
        /// The side that moved.
        side: Side,
    },
    /// The call was put on hold or taken back: a held call is not silent.
    Held {
        /// The session.
        relay: RelayId,
        /// True while on hold.
        held: bool,
    },
    /// Give the ports back; answered by `Closed`.
    Close {
        /// The session to close.
        relay: RelayId,
    },
}

impl RelayCommand {
    /// The session it is about.
    pub const fn relay(&self) -> RelayId {
        match self {
            Self::Open { relay, .. }
            | Self::Announce { relay, .. }
            | Self::Relatch { relay, .. }
            | Self::Held { relay, .. }
            | Self::Close { relay } => *relay,
        }
    }
}

/// What the relay's driver tells the call machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RelayEvent {
    /// Ports are open. `a` goes into SDP sent to side A, `b` into SDP sent to side B.
    Opened {
        /// The session.
        relay: RelayId,
        /// Where side A shall send.
        a: RelayAddresses,
        /// Where side B shall send.
        b: RelayAddresses,
    },
    /// No ports were free, or they could not be bound.
    OpenFailed {
        /// The session that does not exist.
        relay: RelayId,
    },
    /// The call is dead by [`RelaySession::dead_call`](crate::RelaySession::dead_call).
    Silent {
        /// The session.
        relay: RelayId,
        /// When a packet last came from either side, milliseconds since the Unix epoch.
        heard_ms: u64,
    },
    /// The session is gone.
    Closed {
        /// The session.
        relay: RelayId,
        /// What it carried, A first.
        counters: RelayCounters,
    },
}

impl RelayEvent {
    /// The session it is about.
    pub const fn relay(&self) -> RelayId {
        match self {
            Self::Opened { relay, .. }
            | Self::OpenFailed { relay }
            | Self::Silent { relay, .. }
            | Self::Closed { relay, .. } => *relay,
        }
    }
}

/// What arrived from one side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SideCounters {
    /// Packets taken from this side (RTP and RTCP) and sent on to the other.
    pub packets: u64,
    /// UDP payload bytes of those packets.
    pub bytes: u64,
    /// Packets that arrived at this side's ports and were dropped.
    pub dropped: u64,
    /// When the last valid packet of this side's peer arrived, milliseconds since the Unix epoch.
    pub last_packet_ms: Option<u64>,
}

/// Both sides' counters, at [`Side::index`].
pub type RelayCounters = [SideCounters; 2];
