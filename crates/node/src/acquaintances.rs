//! Whom a worker knows to be no strangers: nearly every datagram is of somebody who has spoken a moment ago, of whom the
//! lock-out need not be asked again.

use std::net::{IpAddr, SocketAddr};

/// Flows remembered at most; a power of two.
const PLACES: usize = 1_024;

/// Flows that are no strangers', each at a place that its address and port lead to; one that comes there later takes it.
pub(crate) struct Acquaintances {
    /// Who, and until when they are known.
    flows: Box<[Option<(SocketAddr, u64)>]>,
    /// As of which count of those who became strangers.
    estranged: u64,
}

impl Acquaintances {
    /// Nobody.
    pub fn new() -> Self {
        Self { flows: vec![None; PLACES].into(), estranged: 0 }
    }

    /// Forgets all of them.
    pub fn forget(&mut self) {
        self.flows.fill(None);
    }

    /// Whether this is one of them, unless somebody has become a stranger since it was met.
    pub fn knows(&mut self, from: SocketAddr, now_ms: u64, estranged: u64) -> bool {
        if self.estranged != estranged {
            self.estranged = estranged;
            self.forget();
        }
        let known = self.flows.get(place(from)).copied().flatten();
        known.is_some_and(|(flow, until_ms)| flow == from && now_ms < until_ms)
    }

    /// One more, until then at most.
    pub fn meet(&mut self, from: SocketAddr, until_ms: u64) {
        if let Some(place) = self.flows.get_mut(place(from)) {
            *place = Some((from, until_ms));
        }
    }
}

/// Strangers are not remembered, so that nobody gains by meeting another at its place.
fn place(from: SocketAddr) -> usize {
    let ip = match from.ip() {
        IpAddr::V4(ip) => u64::from(ip.to_bits()),
        IpAddr::V6(ip) => {
            let bits = ip.to_bits();
            (bits >> 64) as u64 ^ bits as u64
        }
    };
    // The middle of the product depends on all bits that differ within a network (Fibonacci hashing).
    let spread = (ip << 16 ^ u64::from(from.port())).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (spread >> 32) as usize % PLACES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(ip: &str, port: u16) -> SocketAddr {
        SocketAddr::new(ip.parse().unwrap(), port)
    }

    #[test]
    fn an_acquaintance_is_one_flow_for_a_time_and_until_somebody_is_estranged() {
        let mut known = Acquaintances::new();
        for from in [flow("192.0.2.1", 5060), flow("2001:db8::1", 5060)] {
            assert!(!known.knows(from, 0, 0));
            known.meet(from, 10);
            assert!(known.knows(from, 9, 0) && !known.knows(from, 10, 0));
            assert!(!known.knows(flow("192.0.2.1", 5061), 9, 0));
        }
        assert!(!known.knows(flow("192.0.2.1", 5060), 0, 1) && !known.knows(flow("192.0.2.1", 5060), 0, 1));
    }

    #[test]
    fn neighbours_have_places_of_their_own() {
        let places = |flows: &mut dyn Iterator<Item = SocketAddr>| {
            flows.map(place).collect::<std::collections::BTreeSet<_>>().len()
        };
        let addresses = (0..200).map(|host| flow(&format!("192.0.2.{host}"), 5060));
        let ports = (0..200).map(|port| flow("192.0.2.1", 40_000 + port));
        assert!(places(&mut addresses.into_iter()) > 150 && places(&mut ports.into_iter()) > 150);
    }
}
