//! One relayed call: its sockets, and the pure session that decides where each packet goes.

use std::net::{IpAddr, SocketAddr};

use media::relay::HEAD_BYTES;
use media::{Arrival, Fate, PacketKind, PortPair, PortPool, RelayAddresses, RelaySession, Side};
use mio::net::UdpSocket;
use mio::{Interest, Registry, Token};

use super::BURST;

/// Port pairs tried before an `Open` fails: another program may sit on some.
const ATTEMPTS: usize = 16;

/// Which of a call's sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketKey {
    side: Side,
    stream: usize,
    kind: PacketKind,
}

/// The sockets of one stream on one side.
struct Ports {
    pair: PortPair,
    rtp: UdpSocket,
    rtcp: UdpSocket,
}

/// One relayed call.
pub struct Slot {
    /// The decisions.
    pub session: RelaySession,
    sides: [Vec<Ports>; 2],
}

impl Slot {
    /// Binds four ports for each stream.
    pub fn open(ip: IpAddr, streams: usize, pool: &mut PortPool, now_ms: u64) -> std::io::Result<Self> {
        let mut sides = [Vec::new(), Vec::new()];
        for side in [Side::A, Side::B] {
            for _ in 0..streams {
                match bind(ip, pool, now_ms) {
                    Ok(ports) => sides[side.index()].push(ports),
                    Err(error) => {
                        for ports in sides.iter().flatten() {
                            pool.give_back(ports.pair, now_ms);
                        }
                        return Err(error);
                    }
                }
            }
        }
        Ok(Self { session: RelaySession::new(streams, now_ms), sides })
    }

    /// Registers all sockets with the poller.
    pub fn register(&mut self, registry: &Registry, mut token: impl FnMut(SocketKey) -> Token) -> std::io::Result<()> {
        for side in [Side::A, Side::B] {
            for (stream, ports) in self.sides[side.index()].iter_mut().enumerate() {
                let rtp = token(SocketKey { side, stream, kind: PacketKind::Rtp });
                registry.register(&mut ports.rtp, rtp, Interest::READABLE)?;
                let rtcp = token(SocketKey { side, stream, kind: PacketKind::Rtcp });
                registry.register(&mut ports.rtcp, rtcp, Interest::READABLE)?;
            }
        }
        Ok(())
    }

    /// What goes into the SDP for either side.
    pub fn addresses(&self, ip: IpAddr) -> (RelayAddresses, RelayAddresses) {
        let of = |side: Side| RelayAddresses { ip, streams: self.sides[side.index()].iter().map(|p| p.pair).collect() };
        (of(Side::A), of(Side::B))
    }

    /// The port pairs to give back.
    pub fn pairs(&self) -> impl Iterator<Item = PortPair> {
        self.sides.iter().flatten().map(|ports| ports.pair)
    }

    /// Reads what waits on one socket and sends it where the session says.
    pub fn forward(&mut self, key: SocketKey, now_ms: u64, buffer: &mut [u8]) {
        // The poller tells of new packets only (edge-triggered), so everything is read now: a kernel buffer
        // holds fewer packets than the bound, which only keeps a flood on one port from starving the others.
        for _ in 0..BURST {
            let Some(socket) = self.socket(key.side, key.stream, key.kind) else { return };
            match socket.recv_from(buffer) {
                Ok((length, from)) => self.packet(key, from, buffer.get(..length).unwrap_or_default(), now_ms),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return,
                // An ICMP error of an earlier send: the peer is not there yet.
                Err(_) => {}
            }
        }
    }

    fn packet(&mut self, key: SocketKey, from: SocketAddr, bytes: &[u8], now_ms: u64) {
        let head = bytes.get(..HEAD_BYTES.min(bytes.len())).unwrap_or_default();
        let arrival = Arrival { side: key.side, stream: key.stream, kind: key.kind, from, len: bytes.len(), head };
        if let Fate::Forward { to, out_side } = self.session.on_packet(&arrival, now_ms)
            && let Some(socket) = self.socket(out_side, key.stream, key.kind)
        {
            // A packet of voice that cannot be sent now is worth nothing later.
            let _ = socket.send_to(bytes, to);
        }
    }

    fn socket(&self, side: Side, stream: usize, kind: PacketKind) -> Option<&UdpSocket> {
        let ports = self.sides[side.index()].get(stream)?;
        Some(match kind {
            PacketKind::Rtp => &ports.rtp,
            PacketKind::Rtcp => &ports.rtcp,
        })
    }
}

fn bind(ip: IpAddr, pool: &mut PortPool, now_ms: u64) -> std::io::Result<Ports> {
    let mut last = std::io::Error::new(std::io::ErrorKind::AddrNotAvailable, "the relay's port range is used up");
    for _ in 0..ATTEMPTS {
        let Some(pair) = pool.take(now_ms) else { break };
        let rtp = UdpSocket::bind(SocketAddr::new(ip, pair.rtp));
        let rtcp = UdpSocket::bind(SocketAddr::new(ip, pair.rtcp));
        match (rtp, rtcp) {
            (Ok(rtp), Ok(rtcp)) => return Ok(Ports { pair, rtp, rtcp }),
            (Err(error), _) | (_, Err(error)) => last = error,
        }
        pool.give_back(pair, now_ms);
    }
    Err(last)
}
