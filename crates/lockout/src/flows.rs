//! Flows of live bindings: the exact address and port a registered phone talks from.
//!
//! They outrank a ban of their address, so that a banned office can still call for help.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

/// Most flows known at once. When they are full, the one that ends soonest makes room: it loses its precedence over
/// bans, nothing else.
pub const MAX_FLOWS: usize = 100_000;

/// An address and port in as few bytes as they have: there is one for each registered phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Peer(IpAddr, [u8; 2]);

impl Peer {
    /// An IPv4-mapped address counts as the IPv4 address it holds; IPv6 scope and flow label do not count.
    fn of(from: SocketAddr) -> Self {
        Self::at(from.ip().to_canonical(), from.port())
    }

    /// In the order of addresses, then of ports.
    pub(crate) fn at(ip: IpAddr, port: u16) -> Self {
        Self(ip, port.to_be_bytes())
    }
}

#[derive(Debug, Default)]
pub(crate) struct Flows {
    /// Until when a binding lives on each.
    pub(crate) until_ms: BTreeMap<Peer, u64>,
    by_end: BTreeSet<(u64, Peer)>,
    /// Counts flows that ended before their time.
    pub(crate) ended_early: u64,
}

impl Flows {
    /// Notes a binding on the flow. With several bindings on one flow the longest counts.
    pub(crate) fn registered(&mut self, from: SocketAddr, until_ms: u64) {
        let from = Peer::of(from);
        let is_new = !self.until_ms.contains_key(&from);
        if is_new
            && self.until_ms.len() >= MAX_FLOWS
            && let Some((_, soonest)) = self.by_end.pop_first()
        {
            self.until_ms.remove(&soonest);
            self.ended_early += 1;
        }
        let known_ms = self.until_ms.entry(from).or_default();
        self.by_end.remove(&(*known_ms, from));
        *known_ms = until_ms.max(*known_ms);
        self.by_end.insert((*known_ms, from));
    }

    pub(crate) fn gone(&mut self, from: SocketAddr) {
        let from = Peer::of(from);
        if let Some(until_ms) = self.until_ms.remove(&from) {
            self.by_end.remove(&(until_ms, from));
            self.ended_early += 1;
        }
    }

    pub(crate) fn is_live(&self, from: SocketAddr, now_ms: u64) -> bool {
        self.until_ms(from) > now_ms
    }

    /// Until when a binding lives on the flow, in milliseconds since the Unix epoch.
    pub(crate) fn until_ms(&self, from: SocketAddr) -> u64 {
        self.until_ms.get(&Peer::of(from)).copied().unwrap_or(0)
    }

    pub(crate) fn forget_ended(&mut self, now_ms: u64) {
        while let Some((until_ms, from)) = self.by_end.first().copied() {
            if until_ms > now_ms {
                return;
            }
            self.by_end.remove(&(until_ms, from));
            self.until_ms.remove(&from);
        }
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.until_ms.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_flow_is_exact_and_ends() {
        let mut flows = Flows::default();
        flows.registered(flow("192.0.2.1:5060"), 100);
        assert!(flows.is_live(flow("[::ffff:192.0.2.1]:5060"), 99));
        assert!(!flows.is_live(flow("192.0.2.1:5061"), 99), "another port");
        assert!(!flows.is_live(flow("192.0.2.1:5060"), 100), "ended");
        flows.registered(flow("192.0.2.1:5060"), 50);
        assert!(flows.is_live(flow("192.0.2.1:5060"), 99), "the longest binding counts");
        flows.forget_ended(100);
        assert_eq!(flows.len(), 0);
    }
}
