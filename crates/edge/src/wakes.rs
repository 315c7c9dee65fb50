//! Deadlines by owner: each owner has at most one, the earliest of its own.

use std::collections::BTreeMap;

use sip::arena::{Arena, Slot};
use sip::wheel::{Timer, Wheel};

/// Deadlines in a wheel; their number is bounded by that of the owners.
pub(crate) struct Wakes<K> {
    wheel: Wheel<Slot>,
    /// Who has a deadline.
    owners: Arena<K>,
    armed: BTreeMap<K, Armed>,
}

/// A deadline that is set, and its owner's place.
struct Armed {
    owner: Slot,
    timer: Option<Timer>,
}

impl<K: Ord + Clone> Wakes<K> {
    pub fn new() -> Self {
        Self { wheel: Wheel::default(), owners: Arena::default(), armed: BTreeMap::new() }
    }

    /// Sets or clears an owner's deadline.
    pub fn set(&mut self, owner: &K, at_ms: Option<u64>) {
        match (self.armed.get_mut(owner), at_ms) {
            (Some(Armed { owner, timer }), Some(_)) => self.wheel.set(timer, at_ms, *owner),
            (Some(_), None) => {
                if let Some(Armed { owner, mut timer }) = self.armed.remove(owner) {
                    self.wheel.set(&mut timer, None, owner);
                    self.owners.remove(owner);
                }
            }
            (None, Some(_)) => {
                let (place, mut timer) = (self.owners.insert(owner.clone()), None);
                self.wheel.set(&mut timer, at_ms, place);
                self.armed.insert(owner.clone(), Armed { owner: place, timer });
            }
            (None, None) => {}
        }
    }

    /// Takes the owner whose deadline came first, if it has come.
    pub fn due(&mut self, now_ms: u64) -> Option<K> {
        let owner = self.owners.remove(self.wheel.due(now_ms)?)?;
        self.armed.remove(&owner);
        Some(owner)
    }

    pub fn next_ms(&self) -> Option<u64> {
        self.wheel.next_ms()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_owner_has_one_deadline() {
        let mut wakes = Wakes::new();
        wakes.set(&"a", Some(5));
        wakes.set(&"b", Some(3));
        wakes.set(&"a", Some(9));
        assert_eq!((wakes.next_ms(), wakes.due(2)), (Some(3), None));
        assert_eq!((wakes.due(8), wakes.due(8)), (Some("b"), None));
        wakes.set(&"a", None);
        assert_eq!(wakes.next_ms(), None);
    }
}
