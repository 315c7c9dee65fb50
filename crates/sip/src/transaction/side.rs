//! One side of the table, server or client: the machines, their matching keys and their timers.

use std::collections::BTreeSet;

use super::Action;
use super::lingering::Lingering;
use super::timer::earliest;
use crate::arena::{Arena, Slot};
use crate::flow::Flow;
use crate::keyed::{Keyed, Print};
use crate::wheel::{Timer, Wheel};

/// A transaction machine as a side drives it.
pub(super) trait Machine {
    fn deadline_ms(&self) -> Option<u64>;
    /// Whether nothing is left for it but to end at its deadline.
    fn lingers(&self) -> bool;
    fn fire(&mut self, now_ms: u64, out: &mut Vec<Action>);
}

#[derive(Debug)]
struct Entry<M> {
    machine: M,
    flow: Flow,
    /// What its messages are matched by (RFC 3261 sections 17.1.3 and 17.2.3).
    key: Print,
    /// Its deadline in the wheel.
    timer: Option<Timer>,
    /// It stands in the queue of those that linger instead.
    lingers: bool,
}

/// Machines of one side. Each has exactly one key and at most one deadline, so memory is bounded by the number of machines.
#[derive(Debug)]
pub(super) struct Side<M> {
    entries: Arena<Entry<M>>,
    by_key: Keyed<Slot>,
    timers: Wheel<Slot>,
    lingering: Lingering,
    /// Those on connections, since a connection that ends tells all of them.
    on_connections: BTreeSet<(Flow, Slot)>,
}

impl<M> Default for Side<M> {
    fn default() -> Self {
        Self {
            entries: Arena::default(),
            by_key: Keyed::default(),
            timers: Wheel::default(),
            lingering: Lingering::default(),
            on_connections: BTreeSet::new(),
        }
    }
}

impl<M: Machine> Side<M> {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn find(&self, key: Print) -> Option<Slot> {
        self.by_key.get(key).copied()
    }

    pub(super) fn machine(&self, slot: Slot) -> Option<&M> {
        self.entries.get(slot).map(|entry| &entry.machine)
    }

    pub(super) fn flow(&self, slot: Slot) -> Option<Flow> {
        self.entries.get(slot).map(|entry| entry.flow)
    }

    /// Adds a machine; one that has the key already gives way.
    pub(super) fn insert(&mut self, key: Print, flow: Flow, machine: M) -> Slot {
        let slot = self.entries.insert(Entry { machine, flow, key, timer: None, lingers: false });
        if let Some(old) = self.by_key.insert(key, slot) {
            self.forget(old);
        }
        if flow.transport.is_reliable() {
            self.on_connections.insert((flow, slot));
        }
        self.rearm(slot);
        slot
    }

    /// Lets a machine act, then keeps its timer in step and drops it if it is done.
    /// Returns its flow; `None` if the slot is empty.
    pub(super) fn step(
        &mut self,
        slot: Slot,
        out: &mut Vec<Action>,
        act: impl FnOnce(&mut M, &mut Vec<Action>),
    ) -> Option<Flow> {
        let entry = self.entries.get_mut(slot)?;
        let flow = entry.flow;
        act(&mut entry.machine, out);
        if out.last() == Some(&Action::Terminated) {
            self.remove(slot);
        } else {
            self.rearm(slot);
        }
        Some(flow)
    }

    /// Fires the machine whose deadline came first, if it has come.
    pub(super) fn fire_next(&mut self, now_ms: u64, out: &mut Vec<Action>) -> Option<(Slot, Flow)> {
        // Whose transaction is gone already is passed over.
        loop {
            let slot = self.lingering.due(now_ms).or_else(|| self.timers.due(now_ms))?;
            if let Some(flow) = self.step(slot, out, |machine, out| machine.fire(now_ms, out)) {
                return Some((slot, flow));
            }
        }
    }

    pub(super) fn next_deadline_ms(&self) -> Option<u64> {
        earliest(self.timers.next_ms(), self.lingering.next_ms())
    }

    pub(super) fn remove(&mut self, slot: Slot) {
        if let Some(key) = self.forget(slot) {
            self.by_key.remove(key);
        }
    }

    /// Every machine on a connection, in the order of their slots.
    pub(super) fn on_connection(&self, flow: Flow) -> Vec<Slot> {
        let [first, last] = [u32::MIN, u32::MAX].map(|end| Slot { index: end, generation: end });
        self.on_connections.range((flow, first)..=(flow, last)).map(|(_, slot)| *slot).collect()
    }

    /// Drops a machine and its deadline; its key.
    fn forget(&mut self, slot: Slot) -> Option<Print> {
        let mut entry = self.entries.remove(slot)?;
        self.timers.set(&mut entry.timer, None, slot);
        if entry.flow.transport.is_reliable() {
            self.on_connections.remove(&(entry.flow, slot));
        }
        Some(entry.key)
    }

    fn rearm(&mut self, slot: Slot) {
        let Some(entry) = self.entries.get_mut(slot).filter(|entry| !entry.lingers) else { return };
        let deadline_ms = entry.machine.deadline_ms();
        entry.lingers = entry.machine.lingers() && deadline_ms.is_some_and(|at_ms| self.lingering.push(at_ms, slot));
        self.timers.set(&mut entry.timer, deadline_ms.filter(|_| !entry.lingers), slot);
        self.lingering.prune(self.entries.len(), |slot| self.entries.get(slot).is_some());
    }
}
