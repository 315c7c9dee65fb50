//! A packet as the relay sees it, the check that it is RTP or RTCP at all, and what becomes of it.

use std::net::SocketAddr;

use crate::Side;

/// Leading bytes of a packet that the relay looks at; the driver passes at least these (or all, if there are fewer).
pub const HEAD_BYTES: usize = 12;
/// Longest packet the relay carries: an Ethernet frame with room to spare.
pub const MAX_MEDIA_BYTES: usize = 2_048;
/// The fixed RTP header (RFC 3550 §5.1).
const RTP_HEADER_BYTES: usize = 12;
/// The shortest RTCP packet: an empty receiver report (RFC 3550 §6.4.2).
const RTCP_HEADER_BYTES: usize = 8;

/// Which of a stream's two ports a packet came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketKind {
    /// The even port.
    Rtp,
    /// The odd port.
    Rtcp,
}

/// A packet that arrived at one of the session's ports.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// The side whose port it came to.
    pub side: Side,
    /// The m-line, counted from 0.
    pub stream: usize,
    /// RTP port or RTCP port.
    pub kind: PacketKind,
    /// Where it came from.
    pub from: SocketAddr,
    /// Its whole length in bytes.
    pub len: usize,
    /// Its first bytes: [`HEAD_BYTES`] are enough, more do no harm.
    pub head: &'a [u8],
}

/// What the driver shall do with a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Send it unchanged to `to`, from the port of the same stream and kind on `out_side`.
    Forward {
        /// The peer on the other side.
        to: SocketAddr,
        /// The side whose socket sends.
        out_side: Side,
    },
    /// Throw it away.
    Drop(DropReason),
}

/// Why a packet was thrown away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DropReason {
    /// The session has no such stream.
    #[error("the session has no such stream")]
    NoSuchStream,
    /// Too short for its kind, or longer than [`MAX_MEDIA_BYTES`].
    #[error("the packet's length is not that of a media packet")]
    BadLength,
    /// STUN, DTLS or anything else that is not RTP or RTCP version 2.
    #[error("the packet is neither RTP nor RTCP of version 2")]
    NotMedia,
    /// RTCP on the RTP port, or RTP on the RTCP port: multiplexing was not agreed on.
    #[error("the packet came to the port of the other kind")]
    WrongPort,
    /// The sender is not the peer that this side is latched to.
    #[error("the sender is not the peer this stream belongs to")]
    Stranger,
    /// The other side has neither announced an address nor sent anything yet.
    #[error("the other side's address is not known yet")]
    NoDestination,
}

impl Arrival<'_> {
    /// The sender's SSRC, if this is a media packet of the port's kind. SRTP and SRTCP leave these bytes in the clear.
    pub(super) fn ssrc(&self) -> Result<u32, DropReason> {
        let shortest = match self.kind {
            PacketKind::Rtp => RTP_HEADER_BYTES,
            PacketKind::Rtcp => RTCP_HEADER_BYTES,
        };
        if self.len < shortest || self.len > MAX_MEDIA_BYTES {
            return Err(DropReason::BadLength);
        }
        let (Some(first), Some(second)) = (self.head.first(), self.head.get(1)) else {
            return Err(DropReason::BadLength);
        };
        if first >> 6 != 2 {
            return Err(DropReason::NotMedia);
        }
        // RFC 5761 §4: RTCP packet types lie in 192..=223, and no RTP payload type looks like one.
        let rtcp = (192..=223).contains(second);
        if rtcp != (self.kind == PacketKind::Rtcp) {
            return Err(DropReason::WrongPort);
        }
        let at = if rtcp { 4 } else { 8 };
        let bytes = self.head.get(at..at + 4).ok_or(DropReason::BadLength)?;
        let bytes = bytes.try_into().map_err(|_| DropReason::BadLength)?;
        Ok(u32::from_be_bytes(bytes))
    }
}
