//! One relayed call: its sockets, and the pure session that decides where each packet goes.

use std::net::{IpAddr, SocketAddr};

use media::relay::HEAD_BYTES;
use media::{Arrival, Fate, PacketKind, PortPair, PortPool, RelayAddresses, RelaySession, Side};
use mio::net::UdpSocket;
use mio::{Interest, Registry, Token};
use socket2::{Domain, Protocol, Socket, Type};

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
    is_v6: bool,
}

impl SocketKey {
    /// The token of this socket of the call at a place of the relay's.
    fn token(self, index: u32) -> Token {
        let (kind, family) = (usize::from(self.kind == PacketKind::Rtcp), usize::from(self.is_v6));
        let socket = self.stream << 3 | family << 2 | self.side.index() << 1 | kind;
        Token((index as usize) << SOCKET_BITS | socket)
    }
}

/// Bits for the number of a stream, and for that of a socket of a call.
const STREAM_BITS: u32 = 6;
const SOCKET_BITS: u32 = STREAM_BITS + 3;
const _: () = assert!(media::MAX_STREAMS <= 1 << STREAM_BITS, "a stream has its place in a token");

/// Place of the call, and which of its sockets; `None` for the waker's.
pub fn of_token(Token(number): Token) -> Option<(u32, SocketKey)> {
    let index = u32::try_from(number >> SOCKET_BITS).ok()?;
    let side = if number & 2 == 0 { Side::A } else { Side::B };
    let kind = if number & 1 == 0 { PacketKind::Rtp } else { PacketKind::Rtcp };
    let stream = number >> 3 & ((1 << STREAM_BITS) - 1);
    Some((index, SocketKey { side, stream, kind, is_v6: number & 4 != 0 }))
}

/// The sockets of one stream on one side.
struct Ports {
    pair: PortPair,
    sockets: Sockets,
    /// The same ports at the address of the other IP family, where there is one.
    other: Option<Sockets>,
}

impl Ports {
    fn of_family(&self, is_v6: bool) -> Option<&Sockets> {
        [Some(&self.sockets), self.other.as_ref()].into_iter().flatten().find(|sockets| sockets.is_v6 == is_v6)
    }
}

/// A pair of them.
struct Sockets {
    is_v6: bool,
    rtp: UdpSocket,
    rtcp: UdpSocket,
}

impl Sockets {
    fn bind(ip: IpAddr, pair: PortPair) -> std::io::Result<Self> {
        Ok(Self { is_v6: ip.is_ipv6(), rtp: socket((ip, pair.rtp).into())?, rtcp: socket((ip, pair.rtcp).into())? })
    }
}

/// One relayed call.
pub struct Session {
    /// The decisions.
    pub relaying: RelaySession,
    sides: [Vec<Ports>; 2],
}

impl Session {
    /// Binds four ports for each stream, at the address and at that of the other IP family.
    pub fn open(
        ip: IpAddr,
        other_ip: Option<IpAddr>,
        streams: usize,
        pool: &mut PortPool,
        now_ms: u64,
    ) -> std::io::Result<Self> {
        let mut sides = [Vec::new(), Vec::new()];
        for side in [Side::A, Side::B] {
            for _ in 0..streams {
                match bind(ip, other_ip, pool, now_ms) {
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
                for Sockets { is_v6, rtp, rtcp } in
                    [Some(&mut ports.sockets), ports.other.as_mut()].into_iter().flatten()
                {
                    for (kind, socket) in [(PacketKind::Rtp, rtp), (PacketKind::Rtcp, rtcp)] {
                        let token = SocketKey { side, stream, kind, is_v6: *is_v6 }.token(index);
                        registry.register(socket, token, Interest::READABLE)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// What goes into the SDP for either side.
    pub fn addresses(&self, ip: IpAddr, other_ip: Option<IpAddr>) -> (RelayAddresses, RelayAddresses) {
        let pairs = |side: Side| self.sides[side.index()].iter().map(|ports| ports.pair).collect();
        let of = |side| RelayAddresses { ip, other_ip, streams: pairs(side) };
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
            let Some(socket) = self.socket(key) else { break };
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
            && let Some(socket) = self.socket(SocketKey { side: out_side, is_v6: to.is_ipv6(), ..key })
        {
            // A packet of voice that cannot be sent now is worth nothing later.
            let _ = socket.send_to(bytes, to);
        }
    }

    fn socket(&self, key: SocketKey) -> Option<&UdpSocket> {
        let sockets = self.sides[key.side.index()].get(key.stream)?.of_family(key.is_v6)?;
        Some(match key.kind {
            PacketKind::Rtp => &sockets.rtp,
            PacketKind::Rtcp => &sockets.rtcp,
        })
    }
}

fn bind(ip: IpAddr, other_ip: Option<IpAddr>, pool: &mut PortPool, now_ms: u64) -> std::io::Result<Ports> {
    let mut last = std::io::Error::new(std::io::ErrorKind::AddrNotAvailable, "the relay's port range is used up");
    for _ in 0..ATTEMPTS {
        let Some(pair) = pool.take(now_ms) else { break };
        let other = other_ip.map(|ip| Sockets::bind(ip, pair)).transpose();
        match (Sockets::bind(ip, pair), other) {
            (Ok(sockets), Ok(other)) => return Ok(Ports { pair, sockets, other }),
            (Err(error), _) | (_, Err(error)) => last = error,
        }
        pool.give_back(pair, now_ms);
    }
    Err(last)
}

/// A socket of one IP family alone, so that the same port may be opened for the other.
fn socket(address: SocketAddr) -> std::io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(UdpSocket::from_std(socket.into()))
}
