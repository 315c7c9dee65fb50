//! The addresses of the cast: a block of loopback addresses that nobody else uses.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};

use super::{PHONES, Phone, Side};

/// The port of SIP.
const SIP: u16 = 5060;
/// The first voice port of each station.
const VOICE: u16 = 4_000;
/// Blocks to choose from: 127.0.x.x to 127.63.x.x.
const BLOCKS: u8 = 64;

/// One block of loopback addresses, 127.`block`.x.x.
#[derive(Clone, Copy, Debug)]
pub(in crate::demo) struct Addresses {
    block: u8,
}

impl Addresses {
    /// The first block whose addresses are free.
    ///
    /// # Errors
    /// Why the last one is not.
    pub(in crate::demo) fn find() -> io::Result<Self> {
        let mut reason = io::Error::from(io::ErrorKind::AddrInUse);
        for block in 0..BLOCKS {
            let addresses = Self { block };
            let needed = [
                addresses.node(Side::Provider),
                addresses.node(Side::Pbx),
                addresses.carrier(),
                addresses.attacker(),
                addresses.phone(&PHONES[0]),
            ];
            match needed.into_iter().try_for_each(|address| UdpSocket::bind(address).map(drop)) {
                Ok(()) => return Ok(addresses),
                Err(error) => reason = error,
            }
        }
        Err(reason)
    }

    const fn sip(self, third: u8, host: u8) -> SocketAddr {
        SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, self.block, third, host)), SIP)
    }

    /// A node.
    pub(in crate::demo) fn node(self, side: Side) -> SocketAddr {
        match side {
            Side::Provider => self.sip(50, 1),
            Side::Pbx => self.sip(51, 2),
        }
    }

    /// The wholesale carrier.
    pub(in crate::demo) fn carrier(self) -> SocketAddr {
        self.sip(49, 1)
    }

    /// A telephone of the firm.
    pub(in crate::demo) fn phone(self, phone: &Phone) -> SocketAddr {
        self.sip(if phone.office { 51 } else { 52 }, phone.host)
    }

    /// The attacker.
    pub(in crate::demo) fn attacker(self) -> SocketAddr {
        self.sip(66, 23)
    }

    /// The office's network.
    pub(super) fn office(self) -> String {
        self.range(51)
    }

    /// The network of the bat phone.
    pub(super) fn home(self) -> String {
        self.range(52)
    }

    /// The attacker's network.
    pub(super) fn abroad(self) -> String {
        self.range(66)
    }

    fn range(self, third: u8) -> String {
        format!("127.{}.{third}.0/24", self.block)
    }
}

/// The voice ports of a station: `count` even ports.
pub(super) fn voice(address: SocketAddr, count: u16) -> Vec<SocketAddr> {
    (0..count).map(|call| SocketAddr::new(address.ip(), VOICE + 2 * call)).collect()
}

/// An address for a portal: the usual port if it is free, any other if not.
///
/// # Errors
/// Where there is no free port at all.
pub(in crate::demo) fn portal(usual: u16) -> io::Result<SocketAddr> {
    let bind = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port))?.local_addr();
    bind(usual).or_else(|_| bind(0))
}
