//! When transactions end of which nothing but their end is left: most of a table's, and all after one of two times
//! (RFC 3261 table 4: T4 and 64 T1).
//!
//! Deadlines that are set after each other and lie equally far ahead come in the same order, so they need no wheel: a
//! queue a time, written at one end and read at the other.

use std::collections::VecDeque;

use crate::arena::Slot;

/// There are so many times that a transaction may linger, so that each has a queue whose last deadline is not later.
const TIMES: usize = 2;
/// So few are never looked through for those that are gone.
const FEW: usize = 1_024;

/// Deadlines that are neither moved nor cancelled: whose transaction is gone before finds nothing.
#[derive(Debug, Default)]
pub(super) struct Lingering([VecDeque<(u64, Slot)>; TIMES]);

impl Lingering {
    /// Sets a deadline; false where it is earlier than those that were set before (a clock that was set back), and no
    /// queue takes it.
    pub(super) fn push(&mut self, at_ms: u64, slot: Slot) -> bool {
        let is_in_order =
            |queue: &&mut VecDeque<(u64, Slot)>| queue.back().is_none_or(|(last_ms, _)| *last_ms <= at_ms);
        let queue = self.0.iter_mut().find(is_in_order);
        let found = queue.is_some();
        queue.into_iter().for_each(|queue| queue.push_back((at_ms, slot)));
        found
    }

    /// Forgets those whose transaction is gone, where they might be most: there are `alive` transactions.
    pub(super) fn prune(&mut self, alive: usize, is_alive: impl Fn(Slot) -> bool) {
        if self.len() > 2 * alive + FEW {
            self.0.iter_mut().for_each(|queue| queue.retain(|(_, slot)| is_alive(*slot)));
        }
    }

    /// Takes a transaction whose deadline has come.
    pub(super) fn due(&mut self, now_ms: u64) -> Option<Slot> {
        let is_due = |queue: &&mut VecDeque<(u64, Slot)>| queue.front().is_some_and(|(at_ms, _)| *at_ms <= now_ms);
        self.0.iter_mut().find(is_due)?.pop_front().map(|(_, slot)| slot)
    }

    /// When the first deadline comes.
    pub(super) fn next_ms(&self) -> Option<u64> {
        self.0.iter().filter_map(|queue| queue.front()).map(|(at_ms, _)| *at_ms).min()
    }

    fn len(&self) -> usize {
        self.0.iter().map(VecDeque::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(index: u32) -> Slot {
        Slot { index, generation: 0 }
    }

    #[test]
    fn deadlines_of_two_times_come_each_when_it_is_due() {
        let mut lingering = Lingering::default();
        for now_ms in 0..100 {
            assert!(lingering.push(now_ms + 5_000, slot(2)) && lingering.push(now_ms + 32_000, slot(3)));
        }
        assert_eq!((lingering.next_ms(), lingering.due(4_999)), (Some(5_000), None));
        let due = |lingering: &mut Lingering, at_ms| std::iter::from_fn(|| lingering.due(at_ms)).collect::<Vec<_>>();
        assert_eq!(due(&mut lingering, 5_000), [slot(2)]);
        assert_eq!((lingering.next_ms(), due(&mut lingering, 6_000)), (Some(5_001), vec![slot(2); 99]));
        assert_eq!((lingering.next_ms(), due(&mut lingering, 40_000)), (Some(32_000), vec![slot(3); 100]));
        assert_eq!(lingering.next_ms(), None);
    }

    #[test]
    fn a_deadline_that_comes_before_all_others_is_not_taken() {
        let mut lingering = Lingering::default();
        assert!(lingering.push(9_000, slot(1)) && lingering.push(8_000, slot(2)));
        assert!(!lingering.push(7_999, slot(3)));
    }

    #[test]
    fn what_is_gone_takes_no_room_for_long() {
        let mut lingering = Lingering::default();
        for index in 0..100_000 {
            lingering.prune(10, |slot| slot.index + 10 >= index);
            assert!(lingering.push(u64::from(index), slot(index)));
            assert!(lingering.len() <= 2 * 10 + FEW + 1, "{}", lingering.len());
        }
        let left: Vec<Slot> = std::iter::from_fn(|| lingering.due(u64::MAX)).collect();
        assert!(left.ends_with(&[slot(99_998), slot(99_999)]) && left.len() >= 10, "none that is alive is forgotten");
    }
}
