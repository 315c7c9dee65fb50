//! The pool of UDP port pairs from which relay sessions are served.

use std::collections::{BTreeSet, VecDeque};

use crate::PortPair;

/// How long a pair rests before it is used again, so that a late packet of the last call does not reach the next one.
pub const COOL_DOWN_MS: u64 = 30_000;

/// Why a pool cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PortPoolError {
    /// No even port with its odd neighbour lies in the range.
    #[error("the port range {first}-{last} holds no pair of an even port and the odd port above it")]
    NoPair {
        /// First port of the range.
        first: u16,
        /// Last port of the range.
        last: u16,
    },
}

/// Even/odd port pairs of a range, handed out round-robin: the pair that has rested longest goes first. It is bounded
/// by the range (at most 32,767 pairs).
#[derive(Clone, Debug)]
pub struct PortPool {
    /// Free pairs, each with the time from which it may be used; the times never decrease from front to back.
    free: VecDeque<(u64, PortPair)>,
    taken: BTreeSet<u16>,
    cool_down_ms: u64,
}

impl PortPool {
    /// A pool over `first..=last`. Port 0 is never used.
    ///
    /// # Errors
    /// [`PortPoolError::NoPair`] if no pair fits into the range.
    pub fn new(first: u16, last: u16, cool_down_ms: u64) -> Result<PortPool, PortPoolError> {
        let free: VecDeque<(u64, PortPair)> = (first.max(1)..=last)
            .filter(|port| port % 2 == 0 && *port < last)
            .map(|rtp| (0, PortPair { rtp, rtcp: rtp + 1 }))
            .collect();
        if free.is_empty() {
            return Err(PortPoolError::NoPair { first, last });
        }
        Ok(PortPool { free, taken: BTreeSet::new(), cool_down_ms })
    }

    /// Hands out the pair that has rested longest; `None` when every pair is in use or still cooling down.
    pub fn take(&mut self, now_ms: u64) -> Option<PortPair> {
        let &(from_ms, pair) = self.free.front()?;
        if from_ms > now_ms {
            return None;
        }
        self.free.pop_front();
        self.taken.insert(pair.rtp);
        Some(pair)
    }

    /// Takes a pair back. One that was not handed out is ignored, so that giving back twice does no harm.
    pub fn give_back(&mut self, pair: PortPair, now_ms: u64) {
        if !self.taken.remove(&pair.rtp) {
            return;
        }
        // The driver's clock never goes back; should it do so, the order of the queue must still hold.
        let last_ms = self.free.back().map_or(0, |&(from_ms, _)| from_ms);
        let from_ms = now_ms.saturating_add(self.cool_down_ms).max(last_ms);
        let pair = PortPair { rtp: pair.rtp, rtcp: pair.rtp + 1 };
        self.free.push_back((from_ms, pair));
    }

    /// Pairs that are handed out now.
    #[must_use]
    pub fn in_use(&self) -> usize {
        self.taken.len()
    }

    /// Pairs in the range, free or not.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.free.len() + self.taken.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(rtp: u16) -> PortPair {
        PortPair { rtp, rtcp: rtp + 1 }
    }

    #[test]
    fn pairs_are_even_and_odd_and_inside_the_range() {
        let mut pool = PortPool::new(10_001, 10_006, 0).unwrap();
        assert_eq!(pool.capacity(), 2);
        assert_eq!(pool.take(0), Some(pair(10_002)));
        assert_eq!(pool.take(0), Some(pair(10_004)));
        assert_eq!(pool.take(0), None, "10006 has no neighbour in the range");
    }

    #[test]
    fn the_whole_port_space_works() {
        let pool = PortPool::new(0, u16::MAX, 0).unwrap();
        assert_eq!(pool.capacity(), 32_767);
    }

    #[test]
    fn a_range_without_a_pair_is_refused() {
        for (first, last) in [(7, 8), (8, 8), (9, 8), (0, 1)] {
            assert_eq!(PortPool::new(first, last, 0).unwrap_err(), PortPoolError::NoPair { first, last });
        }
    }

    #[test]
    fn a_pair_rests_before_it_is_used_again() {
        let mut pool = PortPool::new(4000, 4001, 1_000).unwrap();
        let first = pool.take(50).unwrap();
        pool.give_back(first, 100);
        assert_eq!(pool.take(1_099), None);
        assert_eq!(pool.take(1_100), Some(first));
    }

    #[test]
    fn pairs_go_round_before_one_is_used_twice() {
        let mut pool = PortPool::new(4000, 4005, 0).unwrap();
        let mut seen = Vec::new();
        for now_ms in 0..6 {
            let taken = pool.take(now_ms).unwrap();
            seen.push(taken.rtp);
            pool.give_back(taken, now_ms);
        }
        assert_eq!(seen, [4000, 4002, 4004, 4000, 4002, 4004]);
    }

    #[test]
    fn giving_back_twice_or_a_foreign_pair_changes_nothing() {
        let mut pool = PortPool::new(4000, 4003, 0).unwrap();
        let taken = pool.take(0).unwrap();
        pool.give_back(taken, 0);
        pool.give_back(taken, 0);
        pool.give_back(pair(u16::MAX - 1), 0);
        assert_eq!((pool.capacity(), pool.in_use()), (2, 0));
    }
}
