//! Flows of live bindings: the exact address and port a registered phone talks from.
//!
//! They outrank a ban of their address, so that a banned office can still call for help.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use crate::source::canonical;

/// Most flows known at once. When they are full, the one that ends soonest makes room: it loses its precedence over
/// bans, nothing else.
pub const MAX_FLOWS: usize = 100_000;

#[derive(Debug, Default)]
pub(crate) struct Flows {
    by_address: BTreeMap<SocketAddr, Flow>,
    by_end: BTreeSet<(u64, SocketAddr)>,
}

#[derive(Debug, Default)]
struct Flow {
    until_ms: u64,
    /// Verifications admitted on the flow's own budget since `budget_since_ms`, successes given back.
    spent: u32,
    budget_since_ms: u64,
}

impl Flows {
    /// Notes a binding on the flow. With several bindings on one flow the longest counts.
    pub(crate) fn registered(&mut self, from: SocketAddr, until_ms: u64) {
        let from = canonical(from);
        let is_new = !self.by_address.contains_key(&from);
        if is_new
            && self.by_address.len() >= MAX_FLOWS
            && let Some((_, soonest)) = self.by_end.pop_first()
        {
            self.by_address.remove(&soonest);
        }
        let flow = self.by_address.entry(from).or_default();
        self.by_end.remove(&(flow.until_ms, from));
        flow.until_ms = flow.until_ms.max(until_ms);
        self.by_end.insert((flow.until_ms, from));
    }

    pub(crate) fn gone(&mut self, from: SocketAddr) {
        let from = canonical(from);
        if let Some(flow) = self.by_address.remove(&from) {
            self.by_end.remove(&(flow.until_ms, from));
        }
    }

    pub(crate) fn is_live(&self, from: SocketAddr, now_ms: u64) -> bool {
        self.by_address.get(&canonical(from)).is_some_and(|flow| flow.until_ms > now_ms)
    }

    /// Admits one verification on the flow's own budget of `budget` failures within a window, although its address is
    /// refused. Without a budget a thief with one stolen phone could guess at the others without end.
    pub(crate) fn spend(&mut self, from: SocketAddr, budget: u32, window_ms: u64, now_ms: u64) -> bool {
        let Some(flow) = self.by_address.get_mut(&canonical(from)) else {
            return false;
        };
        if flow.until_ms <= now_ms {
            return false;
        }
        if now_ms >= flow.budget_since_ms.saturating_add(window_ms) {
            flow.budget_since_ms = now_ms;
            flow.spent = 0;
        }
        let admitted = flow.spent < budget;
        flow.spent += u32::from(admitted);
        admitted
    }

    /// Gives back what a verification that succeeded had spent.
    pub(crate) fn refund(&mut self, from: SocketAddr) {
        if let Some(flow) = self.by_address.get_mut(&canonical(from)) {
            flow.spent = flow.spent.saturating_sub(1);
        }
    }

    pub(crate) fn forget_ended(&mut self, now_ms: u64) {
        while let Some((until_ms, from)) = self.by_end.first().copied() {
            if until_ms > now_ms {
                return;
            }
            self.by_end.remove(&(until_ms, from));
            self.by_address.remove(&from);
        }
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.by_address.len()
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

    #[test]
    fn a_flow_may_guess_only_so_often() {
        let mut flows = Flows::default();
        let phone = flow("192.0.2.1:5060");
        assert!(!flows.spend(phone, 2, 1000, 5000), "not a flow");
        flows.registered(phone, 100_000);
        let admitted = [5000, 5001, 5002, 5999].map(|now_ms| flows.spend(phone, 2, 1000, now_ms));
        assert_eq!(admitted, [true, true, false, false]);
        flows.refund(phone);
        assert!(flows.spend(phone, 2, 1000, 5999), "a success costs nothing");
        assert!(flows.spend(phone, 2, 1000, 6000), "a new window");
    }
}
