//! The address of one peer for one stream and kind: announced, learnt, kept, moved.

use std::net::{IpAddr, SocketAddr};

/// For this long after the first packet a better fitting source may still replace the latched one.
pub const LEARN_MS: u64 = 3_000;
/// The latched source must have been silent this long before the stream may move to another one.
pub const MOVE_SILENCE_MS: u64 = 3_000;

/// Whom a packet is taken from.
#[derive(Clone, Copy, Debug)]
struct Latched {
    addr: SocketAddr,
    ssrc: u32,
    /// Until then a better fitting source replaces this one.
    learning_until_ms: u64,
    last_ms: u64,
}

/// One peer: what it announced and what was learnt.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Peer {
    announced: Option<SocketAddr>,
    latched: Option<Latched>,
    /// The source latched before learning started again.
    former: Option<SocketAddr>,
    /// Where packets go until something is latched: the newest of what was announced and what was latched before.
    standby: Option<SocketAddr>,
}

impl Peer {
    /// Notes the address from the peer's SDP. Another address than before starts learning anew. An address to which
    /// media cannot go (unspecified, multicast, broadcast, port 0) changes nothing.
    pub fn announce(&mut self, addr: SocketAddr) {
        if !can_receive(addr) || self.announced == Some(addr) {
            return;
        }
        if self.announced.is_some() {
            self.relatch();
        }
        self.announced = Some(addr);
        self.standby = Some(addr);
    }

    /// Takes what is announced for the source without learning it.
    pub fn pin(&mut self, now_ms: u64) {
        let known = self.announced.map(|addr| Latched { addr, ssrc: 0, learning_until_ms: 0, last_ms: now_ms });
        self.latched = known.or(self.latched);
    }

    /// Starts learning anew; until something is learnt, packets go where they went.
    pub fn relatch(&mut self) {
        if let Some(latched) = self.latched.take() {
            self.former = Some(latched.addr);
            self.standby = self.former;
        }
    }

    /// Whether this peer announced where it can be reached.
    pub fn is_announced(&self) -> bool {
        self.announced.is_some()
    }

    /// Whether a valid packet from `from` is this peer's; learns from it.
    pub fn takes(&mut self, from: SocketAddr, ssrc: u32, now_ms: u64) -> bool {
        let Some(latched) = self.latched else {
            let learning_until_ms = now_ms.saturating_add(LEARN_MS);
            self.latched = Some(Latched { addr: from, ssrc, learning_until_ms, last_ms: now_ms });
            return true;
        };
        if latched.addr != from && !self.may_move(&latched, from, ssrc, now_ms) {
            return false;
        }
        self.latched = Some(Latched { addr: from, ssrc, last_ms: now_ms, ..latched });
        true
    }

    /// Rules 3 and 4 of the module's description.
    fn may_move(&self, latched: &Latched, from: SocketAddr, ssrc: u32, now_ms: u64) -> bool {
        if now_ms < latched.learning_until_ms && self.fit(from) > self.fit(latched.addr) {
            return true;
        }
        let same_ip = latched.addr.ip() == from.ip();
        let same_ssrc = latched.ssrc == ssrc;
        if same_ip && same_ssrc {
            return true;
        }
        let silent = now_ms.saturating_sub(latched.last_ms) >= MOVE_SILENCE_MS;
        silent && (same_ip || same_ssrc || self.announced == Some(from))
    }

    /// How well a source fits what was announced: more is better. The source latched before loses a tie.
    fn fit(&self, from: SocketAddr) -> u8 {
        let announced = match self.announced {
            Some(addr) if addr == from => 3,
            Some(addr) if addr.ip() == from.ip() => 2,
            Some(addr) if addr.port() == from.port() => 1,
            _ => 0,
        };
        announced * 2 + u8::from(self.former != Some(from))
    }

    /// Where packets towards this peer go.
    pub fn target(&self) -> Option<SocketAddr> {
        self.latched.map(|latched| latched.addr).or(self.standby)
    }
}

/// Whether media can be sent to this address at all; anything else in an SDP would make the relay a weapon.
fn can_receive(addr: SocketAddr) -> bool {
    let ip = addr.ip();
    let broadcast = matches!(ip, IpAddr::V4(v4) if v4.is_broadcast());
    addr.port() != 0 && !ip.is_unspecified() && !ip.is_multicast() && !broadcast
}
