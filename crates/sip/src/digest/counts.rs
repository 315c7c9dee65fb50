//! Which nonce counts were used: credentials that were overheard cannot be used again (RFC 7616 section 3.4.5).

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::NonceId;

/// Nonces whose counts are remembered at once. When one more is used, the oldest is forgotten, and it and everything older
/// that is not remembered counts as stale from then on: never accepted, so the client only has to answer a new challenge.
pub const MAX_NONCES: usize = 65_536;

/// How far behind the highest count a late request may be, because packets overtake each other.
const WINDOW: u32 = 64;

/// The counts used with each nonce. Only requests whose response was right are entered, so strangers cannot fill it.
#[derive(Debug, Clone)]
pub struct NonceCounts {
    used: BTreeMap<NonceId, Used>,
    /// Everything up to here that is not in `used` is stale.
    forgotten: Option<NonceId>,
    capacity: usize,
}

/// The highest count, and which of the `WINDOW` counts up to it were used: bit 0 is the highest.
#[derive(Debug, Clone, Copy)]
struct Used {
    highest: u32,
    bits: u64,
}

impl Default for NonceCounts {
    fn default() -> NonceCounts {
        NonceCounts::with_capacity(MAX_NONCES)
    }
}

impl NonceCounts {
    /// For at most `capacity` nonces, itself at most `MAX_NONCES` and at least one.
    pub fn with_capacity(capacity: usize) -> NonceCounts {
        NonceCounts { used: BTreeMap::new(), forgotten: None, capacity: capacity.clamp(1, MAX_NONCES) }
    }

    /// Enters the use of `count` with a nonce; false if it was used before or is too far back to tell: then the nonce is
    /// to be treated as stale. Without qop there is no count: such a nonce serves once, as count 1.
    pub fn accept(&mut self, nonce: NonceId, count: Option<u32>) -> bool {
        let count = count.unwrap_or(1);
        if count == 0 {
            return false;
        }
        match self.used.entry(nonce) {
            Entry::Occupied(mut used) => return used.get_mut().accept(count),
            Entry::Vacant(_) if self.forgotten.is_some_and(|forgotten| nonce <= forgotten) => return false,
            Entry::Vacant(unused) => drop(unused.insert(Used { highest: count, bits: 1 })),
        }
        if self.used.len() > self.capacity
            && let Some((oldest, _)) = self.used.pop_first()
        {
            self.forgotten = self.forgotten.max(Some(oldest));
        }
        true
    }

    /// Forgets nonces made before `oldest_ms`, which no longer pass the mint's own check.
    pub fn expire(&mut self, oldest_ms: u64) {
        while let Some(entry) = self.used.first_entry()
            && entry.key().minted_ms < oldest_ms
        {
            self.forgotten = self.forgotten.max(Some(*entry.key()));
            entry.remove();
        }
    }

    /// How many nonces are remembered.
    pub fn len(&self) -> usize {
        self.used.len()
    }

    /// True if none is remembered.
    pub fn is_empty(&self) -> bool {
        self.used.is_empty()
    }
}

impl Used {
    fn accept(&mut self, count: u32) -> bool {
        if count > self.highest {
            self.bits = self.bits.checked_shl(count - self.highest).unwrap_or(0) | 1;
            self.highest = count;
            return true;
        }
        let back = self.highest - count;
        if back >= WINDOW {
            return false;
        }
        let bit = 1u64 << back;
        let new = self.bits & bit == 0;
        self.bits |= bit;
        new
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{NonceCheck, NonceMint};
    use super::*;

    fn nonce(at_ms: u64) -> NonceId {
        let mint = NonceMint::new([0; 16], u64::MAX);
        match mint.check(mint.mint(at_ms, [0; 8]).as_bytes(), at_ms) {
            NonceCheck::Fresh(id) => id,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_count_serves_once_and_may_come_late() {
        let mut counts = NonceCounts::default();
        let n = nonce(1);
        assert!(!counts.accept(n, Some(0)));
        assert!(counts.accept(n, Some(2)));
        assert!(counts.accept(n, Some(1)), "overtaken, not used");
        assert!(!counts.accept(n, Some(1)));
        assert!(counts.accept(n, Some(200)));
        assert!(!counts.accept(n, Some(136)), "too far back");
        assert!(counts.accept(n, Some(137)));
        assert!(counts.accept(n, Some(u32::MAX)));
        assert!(counts.accept(nonce(2), None));
        assert!(!counts.accept(nonce(2), None), "without a count a nonce serves once");
    }

    #[test]
    fn what_is_forgotten_is_stale() {
        let mut counts = NonceCounts::with_capacity(2);
        assert!(counts.accept(nonce(10), Some(1)) && counts.accept(nonce(20), Some(1)));
        assert!(counts.accept(nonce(30), Some(1)));
        assert_eq!(counts.len(), 2);
        assert!(!counts.accept(nonce(10), Some(2)), "evicted");
        assert!(!counts.accept(nonce(5), Some(1)), "older than the evicted one");
        assert!(counts.accept(nonce(20), Some(2)));
        counts.expire(30);
        assert_eq!(counts.len(), 1);
        assert!(!counts.accept(nonce(20), Some(3)));
    }

    proptest! {
        #[test]
        fn no_use_is_accepted_twice(uses in prop::collection::vec((0u64..6, 0u32..200), 0..300), capacity in 1usize..8) {
            let mut counts = NonceCounts::with_capacity(capacity);
            let mut seen = std::collections::BTreeSet::new();
            for (at_ms, count) in uses {
                if counts.accept(nonce(at_ms), Some(count)) {
                    prop_assert!(seen.insert((at_ms, count)));
                }
                prop_assert!(counts.len() <= capacity);
            }
        }
    }
}
