//! A table of counters with a fixed size, and the rule for what is forgotten when it is full.
//!
//! Whoever has been banned fewest times, then failed least, then longest ago is forgotten first. A newcomer with one
//! failure therefore displaces others with one failure and never a real counter: to flush an address with four failures
//! an attacker must fail five times from as many addresses as the table holds, and each of them is then banned. Those
//! once banned hold three quarters of the table at most, so that there is always room to count the others.

use std::collections::{BTreeMap, BTreeSet};

/// How many entries one sweep looks at: old ones go a few at a time, never in one long pause.
const SWEPT_AT_ONCE: usize = 64;

/// How much an entry is worth keeping; the least is forgotten first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    pub(crate) strikes: u32,
    pub(crate) failures: u32,
    pub(crate) last_ms: u64,
}

pub(crate) trait Remembered: Default {
    /// What the entry is worth, `None` if it holds nothing to remember.
    fn rank(&self) -> Option<Rank>;
    /// When there is no more use for it, in milliseconds since the Unix epoch.
    fn stale_ms(&self) -> u64;
}

#[derive(Debug)]
pub(crate) struct Bounded<K, V> {
    entries: BTreeMap<K, V>,
    /// Entries never banned, least worth keeping first.
    clean: BTreeSet<(Rank, K)>,
    /// Entries banned before, likewise.
    struck: BTreeSet<(Rank, K)>,
    max: usize,
    swept_to: Option<K>,
}

impl<K: Ord + Clone, V: Remembered> Bounded<K, V> {
    pub(crate) fn new(max: usize) -> Self {
        let (clean, struck) = (BTreeSet::new(), BTreeSet::new());
        Bounded { entries: BTreeMap::new(), clean, struck, max: max.max(1), swept_to: None }
    }

    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.entries.iter()
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Changes an entry, a new one if there is none, and forgets it if nothing in it is worth remembering.
    pub(crate) fn update<R>(&mut self, key: &K, change: impl FnOnce(&mut V) -> R) -> R {
        let mut entry = self.take(key).unwrap_or_default();
        let result = change(&mut entry);
        if let Some(rank) = entry.rank() {
            while self.entries.len() >= self.max {
                self.forget_least();
            }
            self.ranks_like(rank).insert((rank, key.clone()));
            self.entries.insert(key.clone(), entry);
        }
        result
    }

    /// Changes an entry if there is one.
    pub(crate) fn update_existing<R>(&mut self, key: &K, change: impl FnOnce(&mut V) -> R) -> Option<R> {
        self.entries.contains_key(key).then(|| self.update(key, change))
    }

    pub(crate) fn resize(&mut self, max: usize) {
        self.max = max.max(1);
        while self.entries.len() > self.max {
            self.forget_least();
        }
    }

    /// Forgets stale entries among the next few; call it on every tick.
    pub(crate) fn sweep(&mut self, now_ms: u64) {
        let after = match self.swept_to.take() {
            Some(key) => (std::ops::Bound::Excluded(key), std::ops::Bound::Unbounded),
            None => (std::ops::Bound::Unbounded, std::ops::Bound::Unbounded),
        };
        let next: Vec<(K, u64)> =
            self.entries.range(after).take(SWEPT_AT_ONCE).map(|(key, entry)| (key.clone(), entry.stale_ms())).collect();
        if next.len() == SWEPT_AT_ONCE {
            self.swept_to = next.last().map(|(key, _)| key.clone());
        }
        for (key, stale_ms) in next {
            if stale_ms <= now_ms {
                self.take(&key);
            }
        }
    }

    pub(crate) fn take(&mut self, key: &K) -> Option<V> {
        let entry = self.entries.remove(key)?;
        if let Some(rank) = entry.rank() {
            self.ranks_like(rank).remove(&(rank, key.clone()));
        }
        Some(entry)
    }

    fn forget_least(&mut self) {
        let struck_is_full = self.struck.len() > self.max / 4 * 3;
        let first =
            if struck_is_full || self.clean.is_empty() { self.struck.pop_first() } else { self.clean.pop_first() };
        if let Some((_, key)) = first {
            self.entries.remove(&key);
        }
    }

    fn ranks_like(&mut self, rank: Rank) -> &mut BTreeSet<(Rank, K)> {
        if rank.strikes > 0 { &mut self.struck } else { &mut self.clean }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default)]
    struct Entry {
        strikes: u32,
        failures: u32,
        last_ms: u64,
    }

    impl Remembered for Entry {
        fn rank(&self) -> Option<Rank> {
            let Entry { strikes, failures, last_ms } = *self;
            (failures > 0).then_some(Rank { strikes, failures, last_ms })
        }

        fn stale_ms(&self) -> u64 {
            self.last_ms + 100
        }
    }

    fn fail(table: &mut Bounded<u32, Entry>, key: u32, now_ms: u64) {
        table.update(&key, |entry| {
            entry.failures += 1;
            entry.last_ms = now_ms;
        });
    }

    fn keys(table: &Bounded<u32, Entry>) -> Vec<u32> {
        table.iter().map(|(key, _)| *key).collect()
    }

    #[test]
    fn newcomers_displace_each_other_not_a_real_counter() {
        let mut table = Bounded::new(3);
        for now_ms in 0..4 {
            fail(&mut table, 7, now_ms);
        }
        for newcomer in 100..200 {
            fail(&mut table, newcomer, u64::from(newcomer));
        }
        assert_eq!(keys(&table), [7, 198, 199]);
        assert_eq!(table.get(&7).unwrap().failures, 4);
        assert_eq!(table.clean.len(), 3);
    }

    #[test]
    fn the_once_banned_leave_room_to_count_the_others() {
        let mut table = Bounded::new(8);
        for key in 0..8 {
            fail(&mut table, key, 0);
            table.update(&key, |entry| entry.strikes = 1);
        }
        for newcomer in [100, 101, 100, 101, 100, 101] {
            fail(&mut table, newcomer, 1);
        }
        assert_eq!(keys(&table), [2, 3, 4, 5, 6, 7, 100, 101]);
        assert_eq!(table.get(&100).unwrap().failures, 3);
    }

    #[test]
    fn an_entry_with_nothing_in_it_is_gone() {
        let mut table = Bounded::new(3);
        fail(&mut table, 1, 0);
        table.update_existing(&1, |entry| entry.failures = 0);
        assert_eq!((table.len(), table.clean.len()), (0, 0));
        assert!(table.update_existing(&2, |_| ()).is_none());
    }

    #[test]
    fn sweeps_get_round_to_every_entry() {
        let mut table = Bounded::new(1000);
        for key in 0..200 {
            fail(&mut table, key, if key == 150 { 500 } else { 0 });
        }
        for _ in 0..4 {
            table.sweep(100);
        }
        assert_eq!(keys(&table), [150]);
        table.resize(0);
        assert_eq!((table.len(), table.clean.len()), (1, 1), "a table holds one entry at least");
    }
}
