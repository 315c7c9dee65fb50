//! How many requests somebody has made in this minute: in memory, bounded.

use std::collections::BTreeMap;

/// Whoever is counted at once; beyond it all begin anew.
const MAX_COUNTED: usize = 10_000;
const MINUTE_MS: u64 = 60_000;

/// Requests of the running minute, by who made them.
#[derive(Debug)]
pub(crate) struct PerMinute<K> {
    most: u32,
    minute: u64,
    counts: BTreeMap<K, u32>,
}

impl<K: Ord> PerMinute<K> {
    /// So many are taken.
    pub(crate) fn new(most: u32) -> Self {
        Self { most, minute: 0, counts: BTreeMap::new() }
    }

    /// Counts one; false where it is one too many.
    pub(crate) fn take(&mut self, who: K, now_ms: u64) -> bool {
        let minute = now_ms / MINUTE_MS;
        if minute != self.minute || self.counts.len() >= MAX_COUNTED && !self.counts.contains_key(&who) {
            self.minute = minute;
            self.counts.clear();
        }
        let count = self.counts.entry(who).or_insert(0);
        *count = count.saturating_add(1);
        *count <= self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_own_minute() {
        let mut counts = PerMinute::new(2);
        assert!(counts.take("a", 0) && counts.take("a", 59_999));
        assert!(!counts.take("a", 59_999) && counts.take("b", 59_999));
        assert!(counts.take("a", 60_000), "the next minute");
    }

    #[test]
    fn memory_is_bounded() {
        let mut counts = PerMinute::new(1);
        for n in 0..2 * MAX_COUNTED {
            assert!(counts.take(n, 0));
        }
        assert!(counts.counts.len() <= MAX_COUNTED);
    }
}
