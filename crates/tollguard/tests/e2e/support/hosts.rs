//! Addresses: every test has a network of its own in 127.0.0.0/8, so that all run side by side on the usual ports.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU8, Ordering};

/// The second octet of all networks of this process, claimed by a port that it holds: other runs of the tests on this
/// machine have others.
static PROCESS: LazyLock<(u8, TcpListener)> = LazyLock::new(|| {
    // 127.0.x.y stays free: other services of a machine listen there.
    let first = std::process::id();
    let mut octets = (0..200).filter_map(|step| u8::try_from((first + step) % 200 + 50).ok());
    let claim = |octet| Some((octet, TcpListener::bind((Ipv4Addr::new(127, octet, 0, 1), 9_999)).ok()?));
    octets.find_map(claim).expect("one of 200 networks is free")
});

/// A network of 254 hosts.
#[derive(Clone, Copy, Debug)]
pub struct Hosts {
    network: [u8; 3],
}

impl Hosts {
    /// The next free network of this process.
    pub fn new() -> Self {
        static NEXT: AtomicU8 = AtomicU8::new(1);
        let count = NEXT.fetch_add(1, Ordering::Relaxed);
        Self { network: [127, PROCESS.0, count] }
    }

    /// Host `number` of it; the node is host 1.
    pub fn host(&self, number: u8) -> Ipv4Addr {
        let [a, b, c] = self.network;
        Ipv4Addr::new(a, b, c, number)
    }

    /// The usual SIP port of a host.
    pub fn sip(&self, number: u8) -> SocketAddr {
        (self.host(number), 5060).into()
    }

    /// The node's address.
    pub fn node(&self) -> Ipv4Addr {
        self.host(1)
    }
}
