//! The relay's decisions for one call: whose packet is it, may it pass, and where to.
//!
//! # Latching
//! A phone's SDP says where it wants its media, but behind NAT that is a private address, and on one machine a phone
//! may send from 127.0.0.1 whatever it announced. So the relay learns a peer's address from what arrives (RFC 4961,
//! symmetric RTP; RFC 7362 for the method and its dangers), for each side, stream and kind on its own. The danger is a
//! stranger who sends to the relay's port and so steals the other side's voice. The rules:
//!
//! 1. Only what looks like RTP or RTCP counts: version 2, sane length, a payload type of its kind (RFC 3550, 5761).
//! 2. Until a valid packet arrives, packets towards a peer go to the address it announced.
//! 3. The first valid packet latches. For [`LEARN_MS`] after it, a source that fits the announced address better
//!    (address and port, then address, then port) replaces it; a source that fits no better never does.
//! 4. After that the latch holds, and every other source is dropped, except
//!    - the same address on another port, with the same SSRC (a NAT changed its mapping): taken at once;
//!    - the same address on another port with another SSRC, or another address with the same SSRC (a mobile phone
//!      changed networks), or exactly the announced address: taken once the latched source was silent for
//!      [`MOVE_SILENCE_MS`]. Another address with another SSRC is never taken: a stranger cannot know the SSRC.
//! 5. A new offer or answer that announces another address, or [`RelaySession::relatch`], starts learning again. Among
//!    equally fitting sources one that differs from the former latch then wins, as packets of the old place may still
//!    be under way.

mod latch;
mod packet;
mod session;
#[cfg(test)]
mod tests;

pub use latch::{LEARN_MS, MOVE_SILENCE_MS};
pub use packet::{Arrival, DropReason, Fate, HEAD_BYTES, MAX_MEDIA_BYTES, PacketKind};
pub use session::{ONE_SIDE_FACTOR, RelaySession, Silence};
