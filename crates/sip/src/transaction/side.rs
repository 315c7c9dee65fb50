//! One side of the table, server or client: the machines, their matching keys and their timers.

use super::Action;
use crate::arena::{Arena, Slot};
use crate::flow::Flow;
use crate::keyed::{Keyed, Print};
use crate::wheel::{Timer, Wheel};

/// A transaction machine as a side drives it.
pub(super) trait Machine {
    fn deadline_ms(&self) -> Option<u64>;
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
}

/// Machines of one side. Each has exactly one key and at most one deadline in the wheel, so memory is bounded by the
/// number of machines.
#[derive(Debug)]
pub(super) struct Side<M> {
    entries: Arena<Entry<M>>,
    by_key: Keyed<Slot>,
    timers: Wheel<Slot>,
}

impl<M> Default for Side<M> {
    fn default() -> Self {
        Self { entries: Arena::default(), by_key: Keyed::default(), timers: Wheel::default() }
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
        let slot = self.entries.insert(Entry { machine, flow, key, timer: None });
        if let Some(old) = self.by_key.insert(key, slot)
            && let Some(mut entry) = self.entries.remove(old)
        {
            self.timers.set(&mut entry.timer, None, old);
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
        let slot = self.timers.due(now_ms)?;
        let flow = self.step(slot, out, |machine, out| machine.fire(now_ms, out))?;
        Some((slot, flow))
    }

    pub(super) fn next_deadline_ms(&self) -> Option<u64> {
        self.timers.next_ms()
    }

    pub(super) fn remove(&mut self, slot: Slot) {
        if let Some(mut entry) = self.entries.remove(slot) {
            self.by_key.remove(entry.key);
            self.timers.set(&mut entry.timer, None, slot);
        }
    }

    /// Every machine on a flow, in the order of their slots.
    pub(super) fn on_flow(&self, flow: &Flow) -> Vec<Slot> {
        let on_flow = self.entries.iter().filter(|(_, entry)| entry.flow == *flow);
        on_flow.map(|(slot, _)| slot).collect()
    }

    fn rearm(&mut self, slot: Slot) {
        let Some(entry) = self.entries.get_mut(slot) else { return };
        self.timers.set(&mut entry.timer, entry.machine.deadline_ms(), slot);
    }
}
