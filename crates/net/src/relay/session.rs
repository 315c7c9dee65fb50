//! One relayed call: its sockets, and the pure session that decides where each packet goes.

use std::net::{IpAddr, SocketAddr};

use media::relay::HEAD_BYTES;
use media::{Arrival, Fate, PacketKind, PortPair, PortPool, RelayAddresses, RelaySession, Side};
use mio::net::UdpSocket;
use mio::{Interest, Registry, Token};

use crate::batch::Inbox;

/// Packets read from one socket before the others get their turn: a kernel's buffer holds fewer.
const BURST: usize = 4096;

/// Port pairs tried before an `Open` fails: another program may sit on some.
const ATTEMPTS: usize = 16;

/// Which of a call's sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketKey {
    side: Side,
    stream: usize,
    kind: PacketKind,
}

impl SocketKey {
    /// The token of this socket of the call at a place of the relay's.
    fn token(self, index: u32) -> Token {
        let kind = usize::from(self.kind == PacketKind::Rtcp);
        Token((index as usize) << STREAM_BITS + 2 | self.stream << 2 | self.side.index() << 1 | kind)
    }
}

/// Bits for the number of a stream.
const STREAM_BITS: u32 = 6;
const _: () = assert!(media::MAX_STREAMS <= 1 << STREAM_BITS, "a stream has its place in a token");

/// Place of the call, and which of its sockets; `None` for the waker's.
pub fn of_token(Token(number): Token) -> Option<(u32, SocketKey)> {
    let index = u32::try_from(number >> STREAM_BITS + 2).ok()?;
    let side = if number & 2 == 0 { Side::A } else { Side::B };
    let kind = if number & 1 == 0 { PacketKind::Rtp } else { PacketKind::Rtcp };
    Some((index, SocketKey { side, stream: number >> 2 & ((1 << STREAM_BITS) - 1), kind }))
}

/// The sockets of one stream on one side.
struct Ports {
    pair: PortPair,
    rtp: UdpSocket,
    rtcp: UdpSocket,
}

/// One relayed call.
pub struct Session {
    /// The decisions.
    pub relaying: RelaySession,
    sides: [Vec<Ports>; 2],
}

impl Session {
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
        Ok(Self { relaying: RelaySession::new(streams, now_ms), sides })
    }

    /// Registers all sockets with the poller, for the call at a place of the relay's.
    pub fn register(&mut self, registry: &Registry, index: u32) -> std::io::Result<()> {
        for side in [Side::A, Side::B] {
            for (stream, ports) in self.sides[side.index()].iter_mut().enumerate() {
                for (kind, socket) in [(PacketKind::Rtp, &mut ports.rtp), (PacketKind::Rtcp, &mut ports.rtcp)] {
                    let token = SocketKey { side, stream, kind }.token(index);
                    registry.register(socket, token, Interest::READABLE)?;
                }
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

    /// Reads what waits on one socket and sends it where the session says; how many packets.
    pub fn forward(&mut self, key: SocketKey, now_ms: u64, inbox: &mut Inbox) -> usize {
        let mut count = 0;
        // The poller tells of new packets only (edge-triggered), so everything is read now; the bound only keeps a flood
        // on one port from starving the others.
        while count < BURST {
            let Some(socket) = self.socket(key.side, key.stream, key.kind) else { break };
            match inbox.receive(socket) {
                Ok(got) => count += got,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
                // An ICMP error of an earlier send: the peer is not there yet.
                Err(_) => {
                    count += 1;
                    continue;
                }
            }
            for (from, bytes) in inbox.datagrams() {
                self.packet(key, from, bytes, now_ms);
            }
            if !inbox.is_full() {
                break;
            }
        }
        count
    }

    fn packet(&mut self, key: SocketKey, from: SocketAddr, bytes: &[u8], now_ms: u64) {
        let head = bytes.get(..HEAD_BYTES.min(bytes.len())).unwrap_or_default();
        let arrival = Arrival { side: key.side, stream: key.stream, kind: key.kind, from, len: bytes.len(), head };
        if let Fate::Forward { to, out_side } = self.relaying.on_packet(&arrival, now_ms)
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
