//! Deadlines by owner: each owner has at most one, the earliest of its own.

use std::collections::{BTreeMap, BTreeSet};

/// A queue of deadlines; its size is bounded by the number of owners.
pub(crate) struct Wakes<K> {
    queue: BTreeSet<(u64, K)>,
    armed: BTreeMap<K, u64>,
}

impl<K: Ord + Clone> Wakes<K> {
    pub fn new() -> Self {
        Self { queue: BTreeSet::new(), armed: BTreeMap::new() }
    }

    /// Sets or clears an owner's deadline.
    pub fn set(&mut self, owner: &K, at_ms: Option<u64>) {
        let armed_ms = self.armed.get(owner).copied();
        if armed_ms == at_ms {
            return;
        }
        if let Some(old_ms) = armed_ms {
            self.queue.remove(&(old_ms, owner.clone()));
            self.armed.remove(owner);
        }
        if let Some(at_ms) = at_ms {
            self.queue.insert((at_ms, owner.clone()));
            self.armed.insert(owner.clone(), at_ms);
        }
    }

    /// Takes the owner whose deadline came first, if it has come.
    pub fn due(&mut self, now_ms: u64) -> Option<K> {
        let (at_ms, _) = self.queue.first()?;
        if *at_ms > now_ms {
            return None;
        }
        let (_, owner) = self.queue.pop_first()?;
        self.armed.remove(&owner);
        Some(owner)
    }

    pub fn next_ms(&self) -> Option<u64> {
        self.queue.first().map(|(at_ms, _)| *at_ms)
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
