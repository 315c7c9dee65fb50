//! A node's media relay in the virtual world: the product's own decisions ([`media::RelaySession`]) without sockets.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use media::ports::COOL_DOWN_MS;
use media::{Arrival, Fate, PacketKind, PortPair, PortPool, RelayAddresses, RelayCommand, RelayEvent, RelayId};
use media::{RelaySession, Side};

/// The ports of the relay, on the node's own address.
const PORTS: (u16, u16) = (30_000, 39_999);
/// How often it looks for silence.
const SILENCE_CHECK_MS: u64 = 1_000;

/// Whose port it is: session, side, stream and kind.
type Owner = (RelayId, Side, usize, PacketKind);

#[derive(Debug)]
struct Session {
    session: RelaySession,
    /// At [`Side::index`].
    ports: [Vec<PortPair>; 2],
    told_silent: bool,
}

/// The relay of one node.
#[derive(Debug)]
pub(super) struct Relay {
    ip: IpAddr,
    pool: PortPool,
    sessions: BTreeMap<RelayId, Session>,
    owners: BTreeMap<u16, Owner>,
    /// Silence that ends a call; `None` in worlds whose telephones do not speak.
    silence_ms: Option<u64>,
    next_check_ms: u64,
}

impl Relay {
    pub(super) fn new(ip: IpAddr, silence_ms: Option<u64>) -> Relay {
        let pool = PortPool::new(PORTS.0, PORTS.1, COOL_DOWN_MS).expect("the range holds pairs");
        Relay { ip, pool, sessions: BTreeMap::new(), owners: BTreeMap::new(), silence_ms, next_check_ms: 0 }
    }

    pub(super) fn command(&mut self, command: RelayCommand, now_ms: u64) -> Option<RelayEvent> {
        match command {
            RelayCommand::Open { relay, streams } => Some(self.open(relay, streams.min(media::MAX_STREAMS), now_ms)),
            RelayCommand::Announce { relay, side, stream, addr, rtcp } => {
                let session = self.sessions.get_mut(&relay)?;
                session.session.set_announced(side, stream, addr, rtcp, now_ms);
                if addr.ip() == self.ip && self.owners.contains_key(&addr.port()) {
                    session.session.pin(side, stream, now_ms);
                }
                None
            }
            RelayCommand::Relatch { relay, side } => {
                self.sessions.get_mut(&relay)?.session.relatch(side, now_ms);
                None
            }
            RelayCommand::Held { relay, held } => {
                let session = self.sessions.get_mut(&relay)?;
                session.session.set_held(held, now_ms);
                session.told_silent = false;
                None
            }
            RelayCommand::Close { relay } => self.close(relay, now_ms),
        }
    }

    fn open(&mut self, relay: RelayId, streams: usize, now_ms: u64) -> RelayEvent {
        let mut pairs: Vec<PortPair> = (0..streams * 2).map_while(|_| self.pool.take(now_ms)).collect();
        if pairs.len() < streams * 2 || self.sessions.contains_key(&relay) {
            for pair in pairs {
                self.pool.give_back(pair, now_ms);
            }
            return RelayEvent::OpenFailed { relay };
        }
        let ports = [pairs.split_off(streams), pairs];
        for (side, pairs) in [Side::A, Side::B].into_iter().zip(&ports) {
            for (stream, pair) in pairs.iter().enumerate() {
                self.owners.insert(pair.rtp, (relay, side, stream, PacketKind::Rtp));
                self.owners.insert(pair.rtcp, (relay, side, stream, PacketKind::Rtcp));
            }
        }
        let [a, b] = ports.clone().map(|streams| RelayAddresses { ip: self.ip, other_ip: None, streams });
        let session = Session { session: RelaySession::new(streams, now_ms), ports, told_silent: false };
        self.sessions.insert(relay, session);
        RelayEvent::Opened { relay, a, b }
    }

    fn close(&mut self, relay: RelayId, now_ms: u64) -> Option<RelayEvent> {
        let session = self.sessions.remove(&relay)?;
        for pair in session.ports.into_iter().flatten() {
            self.owners.remove(&pair.rtp);
            self.owners.remove(&pair.rtcp);
            self.pool.give_back(pair, now_ms);
        }
        Some(RelayEvent::Closed { relay, counters: session.session.counters() })
    }

    /// A packet came to one of the ports; returns from which address it goes where.
    pub(super) fn packet(
        &mut self,
        port: u16,
        from: SocketAddr,
        bytes: &[u8],
        now_ms: u64,
    ) -> Option<(SocketAddr, SocketAddr)> {
        let &(relay, side, stream, kind) = self.owners.get(&port)?;
        let session = self.sessions.get_mut(&relay)?;
        let arrival = Arrival { side, stream, kind, from, len: bytes.len(), head: bytes };
        let Fate::Forward { to, out_side } = session.session.on_packet(&arrival, now_ms) else { return None };
        let pair = session.ports.get(out_side.index())?.get(stream)?;
        let out_port = if kind == PacketKind::Rtp { pair.rtp } else { pair.rtcp };
        Some((SocketAddr::new(self.ip, out_port), to))
    }

    pub(super) fn next_wake_ms(&self) -> Option<u64> {
        let wanted = self.silence_ms.is_some() && !self.sessions.is_empty();
        wanted.then_some(self.next_check_ms)
    }

    /// The calls that have fallen silent since they were last looked at.
    pub(super) fn silent(&mut self, now_ms: u64) -> Vec<RelayEvent> {
        let Some(limit_ms) = self.silence_ms.filter(|_| self.next_check_ms <= now_ms) else { return Vec::new() };
        self.next_check_ms = now_ms.saturating_add(SILENCE_CHECK_MS);
        let mut events = Vec::new();
        for (relay, session) in self.sessions.iter_mut().filter(|(_, session)| !session.told_silent) {
            if let Some(heard_ms) = session.session.dead_call(now_ms, limit_ms) {
                session.told_silent = true;
                events.push(RelayEvent::Silent { relay: *relay, heard_ms });
            }
        }
        events
    }
}
