//! A call's media: the relay session between the legs, and the session descriptions that go through it.

use crate::core::Core;
use crate::io::Output;
use media::{RelayAddresses, RelayCommand, RelayId, Sdp, SdpError, Side};

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

    pub fn opened(&mut self, a: RelayAddresses, b: RelayAddresses) {
        self.addresses = Some((a, b));
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
    pub fn announce(&self, core: &mut Core, side: Side, sdp: &[u8]) {
        let (Some(relay), true) = (self.relay, self.opened) else { return };
        let Ok(sdp) = Sdp::parse(sdp) else { return };
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
