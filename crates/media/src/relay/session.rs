//! One relayed call: its peers, its counters and whether it is still alive.

use std::net::SocketAddr;

use super::latch::Peer;
use super::packet::{Arrival, DropReason, Fate, PacketKind};
use crate::{MAX_STREAMS, RelayCounters, Side, SideCounters};

/// A call of which only one side is silent counts as dead after this many times the limit. Muted phones and silence
/// suppression are honest reasons to send no voice for minutes, but a living phone still sends reports (RTCP).
pub const ONE_SIDE_FACTOR: u64 = 10;

/// Which sides have been silent (no valid RTP and no RTCP) for as long as was asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// Both sides are heard.
    Neither,
    /// Only this side is silent.
    One(Side),
    /// Nobody is heard.
    Both,
}

/// One side's two peers of a stream.
#[derive(Clone, Copy, Debug, Default)]
struct Ends {
    rtp: Peer,
    rtcp: Peer,
}

impl Ends {
    fn peer(&mut self, kind: PacketKind) -> &mut Peer {
        match kind {
            PacketKind::Rtp => &mut self.rtp,
            PacketKind::Rtcp => &mut self.rtcp,
        }
    }
}

/// The relay's state for one call: up to [`MAX_STREAMS`] streams, two sides, RTP and RTCP. See the module's description
/// for how it learns addresses.
#[derive(Clone, Debug)]
pub struct RelaySession {
    /// For each stream the ends at [`Side::index`].
    streams: Vec<[Ends; 2]>,
    counters: RelayCounters,
    held: bool,
    /// The last time signalling showed that the call lives; silence is never counted from before it.
    signalled_ms: u64,
}

impl RelaySession {
    /// A session of `streams` streams (at most [`MAX_STREAMS`]), opened at `now_ms`.
    #[must_use]
    pub fn new(streams: usize, now_ms: u64) -> RelaySession {
        RelaySession {
            streams: vec![[Ends::default(); 2]; streams.min(MAX_STREAMS)],
            counters: [SideCounters::default(); 2],
            held: false,
            signalled_ms: now_ms,
        }
    }

    /// How many streams it carries.
    #[must_use]
    pub fn stream_count(&self) -> usize {
        self.streams.len()
    }

    /// Notes where a side wants a stream. The same address as before changes nothing but the count of silence; another
    /// one starts learning that stream's peer anew. An address that cannot receive media (unspecified, multicast,
    /// broadcast, port 0) and a stream the session does not have are ignored.
    pub fn set_announced(&mut self, side: Side, stream: usize, rtp: SocketAddr, rtcp: SocketAddr, now_ms: u64) {
        self.signalled_ms = now_ms;
        if let Some(ends) = self.ends(side, stream) {
            ends.rtp.announce(rtp);
            ends.rtcp.announce(rtcp);
        }
    }

    /// Takes the addresses that a side announced for a stream as they are: those of another session of the same relay. Two
    /// that had to learn each other would wait for each other while a party that has left both still speaks.
    pub fn pin(&mut self, side: Side, stream: usize, now_ms: u64) {
        if let Some(ends) = self.ends(side, stream) {
            ends.rtp.pin(now_ms);
            ends.rtcp.pin(now_ms);
        }
    }

    /// Learns all of a side's addresses anew; to be called when signalling shows that the peer has moved. Until new
    /// packets arrive, the other side's packets go where they went.
    pub fn relatch(&mut self, side: Side, now_ms: u64) {
        self.signalled_ms = now_ms;
        for sides in &mut self.streams {
            if let Some(ends) = sides.get_mut(side.index()) {
                ends.rtp.relatch();
                ends.rtcp.relatch();
            }
        }
    }

    /// Puts the call on hold or takes it back. A held call is not silent; after the hold silence is counted afresh.
    pub fn set_held(&mut self, held: bool, now_ms: u64) {
        self.held = held;
        self.signalled_ms = now_ms;
    }

    /// Whether the call is on hold.
    #[must_use]
    pub fn held(&self) -> bool {
        self.held
    }

    /// What another relay says it has carried of a side so far; more than before is a sign of life.
    pub fn carried(&mut self, side: Side, packets: u64, bytes: u64, now_ms: u64) {
        if let Some(counters) = self.counters.get_mut(side.index()) {
            if packets > counters.packets {
                counters.last_packet_ms = Some(now_ms);
            }
            (counters.packets, counters.bytes) = (packets, bytes);
        }
    }

    /// Decides on a packet and counts it.
    pub fn on_packet(&mut self, packet: &Arrival<'_>, now_ms: u64) -> Fate {
        let fate = self.decide(packet, now_ms);
        let Some(counters) = self.counters.get_mut(packet.side.index()) else {
            return fate;
        };
        match fate {
            Fate::Forward { .. } => {
                counters.packets = counters.packets.saturating_add(1);
                counters.bytes = counters.bytes.saturating_add(packet.len as u64);
                counters.last_packet_ms = Some(now_ms);
            }
            Fate::Drop(reason) => {
                counters.dropped = counters.dropped.saturating_add(1);
                if reason == DropReason::NoDestination {
                    counters.last_packet_ms = Some(now_ms);
                }
            }
        }
        fate
    }

    fn decide(&mut self, packet: &Arrival<'_>, now_ms: u64) -> Fate {
        let Some(sender) = self.ends(packet.side, packet.stream) else {
            return Fate::Drop(DropReason::NoSuchStream);
        };
        let ssrc = match packet.ssrc() {
            Ok(ssrc) => ssrc,
            Err(reason) => return Fate::Drop(reason),
        };
        if !sender.peer(packet.kind).takes(packet.from, ssrc, now_ms) {
            return Fate::Drop(DropReason::Stranger);
        }
        let out_side = packet.side.other();
        let to = self.ends(out_side, packet.stream).and_then(|ends| ends.peer(packet.kind).target());
        match to {
            Some(to) => Fate::Forward { to, out_side },
            None => Fate::Drop(DropReason::NoDestination),
        }
    }

    fn ends(&mut self, side: Side, stream: usize) -> Option<&mut Ends> {
        self.streams.get_mut(stream)?.get_mut(side.index())
    }

    /// What has been carried so far, A first.
    #[must_use]
    pub fn counters(&self) -> RelayCounters {
        self.counters
    }

    /// Since when a side has been silent: its last valid packet, or later signalling, or the opening.
    #[must_use]
    pub fn silent_since(&self, side: Side) -> u64 {
        let last_ms = self.counters.get(side.index()).and_then(|side| side.last_packet_ms);
        last_ms.map_or(self.signalled_ms, |last_ms| last_ms.max(self.signalled_ms))
    }

    /// Which sides have been silent for at least `limit_ms`.
    #[must_use]
    pub fn silence(&self, now_ms: u64, limit_ms: u64) -> Silence {
        let silent = |side| now_ms.saturating_sub(self.silent_since(side)) >= limit_ms;
        match (silent(Side::A), silent(Side::B)) {
            (false, false) => Silence::Neither,
            (true, false) => Silence::One(Side::A),
            (false, true) => Silence::One(Side::B),
            (true, true) => Silence::Both,
        }
    }

    /// When a side was last heard, if the call is dead: both sides silent for `limit_ms`, or one side silent for
    /// [`ONE_SIDE_FACTOR`] times as long. A held call is not silent, and one of which a side has not yet announced
    /// where it wants media is still being set up.
    ///
    /// A ringing phone may announce itself (early media) and then send nothing, so the call machine ignores this until
    /// the call is answered.
    #[must_use]
    pub fn dead_call(&self, now_ms: u64, limit_ms: u64) -> Option<u64> {
        if self.held || !self.both_announced() {
            return None;
        }
        let long_ms = limit_ms.saturating_mul(ONE_SIDE_FACTOR);
        let is_dead =
            self.silence(now_ms, limit_ms) == Silence::Both || self.silence(now_ms, long_ms) != Silence::Neither;
        is_dead.then(|| self.silent_since(Side::A).max(self.silent_since(Side::B)))
    }

    fn both_announced(&self) -> bool {
        [Side::A, Side::B].into_iter().all(|side| {
            self.streams.iter().any(|sides| sides.get(side.index()).is_some_and(|ends| ends.rtp.is_announced()))
        })
    }
}
