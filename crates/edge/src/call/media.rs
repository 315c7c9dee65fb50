//! A call's media: the relay session between the legs, and the session descriptions that go through it.
//!
//! Where the relay has addresses of both IP families, each side is told that of its own: the family of what it has last
//! asked for itself, or before that the one it is spoken to by (RFC 6157 section 4).

use std::net::SocketAddr;

use crate::core::Core;
use crate::io::Output;
use media::{RelayAddresses, RelayCommand, RelayId, Sdp, SdpError, Side};

/// An offer for callees, as those of either IP family are told it.
#[derive(Clone, Debug, Default)]
pub(super) struct Offer {
    body: Vec<u8>,
    /// For peers of the other family: whether that is IPv6.
    other: Option<(bool, Vec<u8>)>,
}

impl Offer {
    /// The same, of which nothing else is needed any more.
    pub fn into_facing(self, peer: SocketAddr) -> Vec<u8> {
        match self.other {
            Some((is_v6, body)) if is_v6 == peer.is_ipv6() => body,
            _ => self.body,
        }
    }

    /// For a callee at an address; empty if no offer is made.
    pub fn facing(&self, peer: SocketAddr) -> &[u8] {
        match &self.other {
            Some((is_v6, body)) if *is_v6 == peer.is_ipv6() => body,
            _ => &self.body,
        }
    }
}

/// Streams opened for a call whose INVITE made no offer: one voice.
const STREAMS_WITHOUT_OFFER: usize = 1;

pub(super) use crate::gate::description;

/// What carries a call's media.
#[derive(Debug)]
pub(super) struct Media {
    /// `None` for direct media: descriptions pass as they are.
    relay: Option<RelayId>,
    /// Where sides A and B shall send, once the relay is open.
    addresses: Option<(RelayAddresses, RelayAddresses)>,
    /// Streams that the caller's offer needs.
    streams: usize,
    opened: bool,
    held: bool,
}

impl Media {
    /// Through this relay, for so many streams.
    pub const fn new(relay: Option<RelayId>, streams: usize) -> Self {
        Self { relay, addresses: None, streams, opened: false, held: false }
    }

    /// How many streams the caller's offer needs.
    pub const fn streams(&self) -> usize {
        self.streams
    }

    /// Asks for ports; false if there is no relay to wait for.
    pub fn open(&mut self, core: &mut Core) -> bool {
        let Some(relay) = self.relay else { return false };
        self.opened = true;
        core.outputs.push_back(Output::Relay(RelayCommand::Open { relay, streams: self.streams }));
        true
    }

    /// The relay listens; the caller is at `caller`.
    pub fn opened(&mut self, a: RelayAddresses, b: RelayAddresses, caller: SocketAddr) {
        self.addresses = Some((a.facing(caller.is_ipv6()), b));
    }

    /// What callees are offered.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn offer(&self, sdp: &[u8]) -> Result<Offer, SdpError> {
        let other = match &self.addresses {
            Some((_, b)) if !sdp.is_empty() => match b.other_ip.map(|ip| ip.is_ipv6()) {
                Some(is_v6) => Some((is_v6, media::rewrite(sdp, &b.clone().facing(is_v6))?)),
                None => None,
            },
            _ => None,
        };
        Ok(Offer { body: self.towards(Side::B, sdp)?, other })
    }

    /// A description as it goes to `side`.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn towards(&self, side: Side, sdp: &[u8]) -> Result<Vec<u8>, SdpError> {
        match (&self.addresses, side) {
            _ if sdp.is_empty() => Ok(Vec::new()),
            (None, _) => Ok(sdp.to_vec()),
            (Some((a, _)), Side::A) => media::rewrite(sdp, a),
            (Some((_, b)), Side::B) => media::rewrite(sdp, b),
        }
    }

    /// Tells the relay where `side` wants its streams.
    pub fn announce(&mut self, core: &mut Core, side: Side, sdp: &[u8]) {
        let (Some(relay), true) = (self.relay, self.opened) else { return };
        let Ok(sdp) = Sdp::parse(sdp) else { return };
        let wanted = sdp.streams().filter(|stream| stream.is_carried()).find_map(|stream| stream.addr());
        if let Some(wanted) = wanted {
            self.addresses = self.addresses.take().map(|(a, b)| match side {
                Side::A => (a.facing(wanted.is_ipv6()), b),
                Side::B => (a, b.facing(wanted.is_ipv6())),
            });
        }
        for stream in sdp.streams().filter(|stream| stream.is_carried()) {
            if let (Some(addr), Some(rtcp)) = (stream.addr(), stream.rtcp_addr()) {
                let announce = RelayCommand::Announce { relay, side, stream: stream.index, addr, rtcp };
                core.outputs.push_back(Output::Relay(announce));
            }
        }
    }

    /// Tells the relay whether offer or answer put the call on hold.
    pub fn hold(&mut self, core: &mut Core, descriptions: [Option<&[u8]>; 2]) {
        let holds = |sdp: &[u8]| Sdp::parse(sdp).is_ok_and(|sdp| sdp.is_hold());
        let held = descriptions.into_iter().flatten().any(holds);
        if let Some(relay) = self.relay.filter(|_| self.opened && held != self.held) {
            self.held = held;
            core.outputs.push_back(Output::Relay(RelayCommand::Held { relay, held }));
        }
    }

    /// Gives the ports back.
    pub fn close(&mut self, core: &mut Core) {
        if let Some(relay) = self.relay.filter(|_| self.opened) {
            self.opened = false;
            core.outputs.push_back(Output::Relay(RelayCommand::Close { relay }));
        }
    }
}

/// How many streams an offer needs; through a relay one of them at least must be one that it carries.
///
/// # Errors
/// If it cannot be read, or nothing in it can be carried.
pub(super) fn streams_of(offer: Option<&[u8]>, relayed: bool) -> Result<usize, Unusable> {
    let Some(offer) = offer else { return Ok(STREAMS_WITHOUT_OFFER) };
    let sdp = Sdp::parse(offer)?;
    let carried = sdp.streams().any(|stream| stream.is_active() && stream.is_carried());
    if relayed && !carried { Err(Unusable::NothingCarried) } else { Ok(sdp.relay_streams()) }
}

/// Why an offer cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unusable {
    /// Not a session description.
    #[error(transparent)]
    Sdp(#[from] SdpError),
    /// Only streams the relay cannot carry (DTLS, fax, TCP).
    #[error("no stream of the offer can be relayed")]
    NothingCarried,
}
