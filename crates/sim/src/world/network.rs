//! The virtual network: datagrams take their time, get lost, come twice or in another order, all from a seed.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crate::Dice;

/// How bad the network is, and the clocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Datagrams lost in a thousand.
    pub lost_permille: u64,
    /// Datagrams that arrive twice in a thousand.
    pub twice_permille: u64,
    /// The quickest way, milliseconds.
    pub min_ms: u64,
    /// The slowest; the spread between both lets datagrams overtake each other.
    pub max_ms: u64,
    /// Whether phones, carriers and attackers have clocks of their own; otherwise all are right.
    pub clocks: bool,
}

/// A router in front of a host: the world sees another address, and other ports. Several hosts may be behind one address;
/// each has the ports from its shift and [`FIRST_PORT`] on, up to the next one's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nat {
    /// The host's own address.
    pub inside: IpAddr,
    /// What the world sees.
    pub outside: IpAddr,
    /// What is added to a port on its way out.
    pub shift: u16,
}

/// The first port that a host behind a router may use itself.
const FIRST_PORT: u16 = 1_024;

/// A datagram under way.
#[derive(Clone, Debug)]
pub(super) struct Datagram {
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub bytes: Arc<[u8]>,
}

/// All wires of a world.
#[derive(Debug)]
pub(super) struct Network {
    faults: Faults,
    dice: Dice,
    nats: Vec<Nat>,
    under_way: BTreeMap<(u64, u64), Datagram>,
    next: u64,
}

impl Network {
    pub(super) fn new(faults: Faults, dice: Dice) -> Network {
        Network { faults, dice, nats: Vec::new(), under_way: BTreeMap::new(), next: 0 }
    }

    pub(super) fn add_nat(&mut self, nat: Nat) {
        self.nats.push(nat);
    }

    /// Puts a datagram on the wire, as the world outside any home router sees it.
    pub(super) fn send(&mut self, now_ms: u64, datagram: Datagram) {
        if self.dice.chance(self.faults.lost_permille) {
            return;
        }
        let copies = if self.dice.chance(self.faults.twice_permille) { 2 } else { 1 };
        for _ in 0..copies {
            let at_ms = now_ms.saturating_add(self.dice.between(self.faults.min_ms, self.faults.max_ms));
            self.under_way.insert((at_ms, self.next), datagram.clone());
            self.next += 1;
        }
    }

    /// The sender's address as the world sees it.
    pub(super) fn outside(&self, mut from: SocketAddr) -> SocketAddr {
        if let Some(nat) = self.nats.iter().find(|nat| nat.inside == from.ip()) {
            from = SocketAddr::new(nat.outside, from.port().wrapping_add(nat.shift));
        }
        from
    }

    /// The receiver's own address behind its router.
    pub(super) fn inside(&self, mut to: SocketAddr) -> SocketAddr {
        let reaches = |nat: &&Nat| nat.outside == to.ip() && to.port().checked_sub(nat.shift) >= Some(FIRST_PORT);
        if let Some(nat) = self.nats.iter().filter(reaches).max_by_key(|nat| nat.shift) {
            to = SocketAddr::new(nat.inside, to.port().wrapping_sub(nat.shift));
        }
        to
    }

    pub(super) fn next_ms(&self) -> Option<u64> {
        self.under_way.keys().next().map(|(at_ms, _)| *at_ms)
    }

    /// The next datagram that has arrived by now.
    pub(super) fn arrived(&mut self, now_ms: u64) -> Option<Datagram> {
        let first = self.under_way.first_entry().filter(|entry| entry.key().0 <= now_ms)?;
        Some(first.remove())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn datagram(n: u8) -> Datagram {
        Datagram { from: "192.0.2.1:1".parse().unwrap(), to: "192.0.2.2:2".parse().unwrap(), bytes: [n].into() }
    }

    #[test]
    fn faults_lose_double_and_reorder() {
        let faults = Faults { lost_permille: 100, twice_permille: 100, min_ms: 1, max_ms: 50, clocks: false };
        let mut network = Network::new(faults, Dice::new(1));
        for n in 0..=255 {
            network.send(1_000, datagram(n));
        }
        let mut arrived = Vec::new();
        while let Some(datagram) = network.arrived(2_000) {
            arrived.push(datagram.bytes[0]);
        }
        let distinct: BTreeSet<u8> = arrived.iter().copied().collect();
        assert!((200..256).contains(&distinct.len()) && arrived.len() > distinct.len() && !arrived.is_sorted());
    }

    #[test]
    fn a_router_shows_another_address_and_finds_the_way_back() {
        let mut network = Network::new(Faults::default(), Dice::new(1));
        let [inside, outside] = ["10.0.0.5", "203.0.113.9"].map(|ip| ip.parse().unwrap());
        network.add_nat(Nat { inside, outside, shift: 20_000 });
        let seen = network.outside(SocketAddr::new(inside, 5060));
        assert_eq!(seen, "203.0.113.9:25060".parse().unwrap());
        assert_eq!(network.inside(seen), SocketAddr::new(inside, 5060));
    }
}
