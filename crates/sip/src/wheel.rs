//! A timer wheel: deadlines of many owners, set, moved and cancelled in a few steps however many there are.
//!
//! Moments are milliseconds. A level has 64 buckets, those of level 0 a millisecond wide and those of each level above 64
//! times as wide as those below. A deadline stands at the lowest level whose present round it lies in; when time comes
//! to a bucket of a level above 0, what is in it moves down (Varghese and Lauck, "Hashed and Hierarchical Timing Wheels",
//! scheme 6).

use crate::arena::{Arena, Slot};

const BITS: u32 = 6;
const BUCKETS: usize = 1 << BITS;
/// Together they reach as far as 64 bits count.
const LEVELS: usize = u64::BITS.div_ceil(BITS) as usize;

/// A deadline that is set. It finds nothing once the deadline has come or was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timer(Slot);

#[derive(Debug)]
struct Node<T> {
    at_ms: u64,
    owner: T,
    level: u8,
    bucket: u8,
    /// Its neighbours in the bucket, which is a ring: the last comes before the first.
    before: Slot,
    after: Slot,
}

#[derive(Clone, Copy, Debug)]
struct Level {
    /// Which buckets hold something, a bit for each.
    filled: u64,
    first: [Slot; BUCKETS],
    /// The earliest deadline that each bucket has had since it was empty.
    earliest_ms: [u64; BUCKETS],
}

/// Deadlines. The caller bounds their number.
#[derive(Debug)]
pub struct Wheel<T> {
    nodes: Arena<Node<T>>,
    levels: Box<[Level; LEVELS]>,
    /// All that lies before has come.
    now_ms: u64,
}

impl<T> Default for Wheel<T> {
    fn default() -> Self {
        let nowhere = Slot { index: u32::MAX, generation: 0 };
        let level = Level { filled: 0, first: [nowhere; BUCKETS], earliest_ms: [0; BUCKETS] };
        Self { nodes: Arena::default(), levels: Box::new([level; LEVELS]), now_ms: 0 }
    }
}

impl<T: Copy> Wheel<T> {
    /// Sets, moves or cancels the deadline that `timer` stands for.
    pub fn set(&mut self, timer: &mut Option<Timer>, at_ms: Option<u64>, owner: T) {
        let known_ms = timer.and_then(|Timer(slot)| self.nodes.get(slot)).map(|node| node.at_ms);
        if known_ms == at_ms {
            return;
        }
        if let Some(Timer(slot)) = timer.take() {
            self.unlink(slot);
            self.nodes.remove(slot);
        }
        *timer = at_ms.map(|at_ms| {
            let here = self.nodes.next_slot();
            let node = Node { at_ms, owner, level: 0, bucket: 0, before: here, after: here };
            let slot = self.nodes.insert(node);
            self.link(slot);
            Timer(slot)
        });
    }

    /// Takes the owner of the deadline that came first, if it has come. Of those of one millisecond the one that was set
    /// first comes first.
    pub fn due(&mut self, now_ms: u64) -> Option<T> {
        while let Some((level, bucket, from_ms)) = self.first_bucket().filter(|(_, _, from_ms)| *from_ms <= now_ms) {
            self.now_ms = self.now_ms.max(from_ms);
            if level == 0 {
                let first = self.levels[level].first[bucket];
                self.unlink(first);
                return self.nodes.remove(first).map(|node| node.owner);
            }
            // All of it moves down before anybody looks again which comes first.
            while self.levels[level].filled >> bucket & 1 == 1 {
                let first = self.levels[level].first[bucket];
                self.unlink(first);
                self.link(first);
            }
        }
        self.now_ms = self.now_ms.max(now_ms);
        None
    }

    /// When the first deadline comes. Where it was moved or cancelled this may be told too early, once; never too late.
    pub fn next_ms(&self) -> Option<u64> {
        let (level, bucket, from_ms) = self.first_bucket()?;
        Some(self.levels[level].earliest_ms[bucket].max(from_ms))
    }

    /// The bucket that time comes to first, and when that is.
    fn first_bucket(&self) -> Option<(usize, usize, u64)> {
        let level = self.levels.iter().position(|level| level.filled != 0)?;
        let bucket = self.levels[level].filled.trailing_zeros();
        let width = level as u32 * BITS;
        // What stands at a level shares with the present all that counts rounds of that level.
        let round = self.now_ms.checked_shr(width + BITS).map_or(0, |rounds| rounds << (width + BITS));
        Some((level, bucket as usize, round | u64::from(bucket) << width))
    }

    /// Puts a node at the end of the bucket where it belongs.
    fn link(&mut self, slot: Slot) {
        let Some(node) = self.nodes.get_mut(slot) else { return };
        let at_ms = node.at_ms.max(self.now_ms);
        let differs = (at_ms ^ self.now_ms).checked_ilog2().unwrap_or(0);
        let level = (differs / BITS) as usize;
        let bucket = (at_ms >> (level as u32 * BITS)) as usize % BUCKETS;
        (node.level, node.bucket) = (level as u8, bucket as u8);
        let Level { filled, first, earliest_ms } = &mut self.levels[level];
        let is_first = *filled >> bucket & 1 == 0;
        *filled |= 1 << bucket;
        if is_first {
            (first[bucket], earliest_ms[bucket]) = (slot, at_ms);
            self.join(slot, slot);
        } else {
            earliest_ms[bucket] = earliest_ms[bucket].min(at_ms);
            let first = first[bucket];
            let last = self.nodes.get(first).map_or(first, |node| node.before);
            self.join(last, slot);
            self.join(slot, first);
        }
    }

    /// Takes a node out of its bucket.
    fn unlink(&mut self, slot: Slot) {
        let Some(&Node { level, bucket, before, after, .. }) = self.nodes.get(slot) else { return };
        let Level { filled, first, .. } = &mut self.levels[usize::from(level)];
        if after == slot {
            *filled &= !(1 << bucket);
            return;
        }
        if first[usize::from(bucket)] == slot {
            first[usize::from(bucket)] = after;
        }
        self.join(before, after);
    }

    fn join(&mut self, before: Slot, after: Slot) {
        if let Some(node) = self.nodes.get_mut(before) {
            node.after = after;
        }
        if let Some(node) = self.nodes.get_mut(after) {
            node.before = before;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn deadlines_come_in_their_order_and_not_before_their_time() {
        let mut wheel = Wheel::default();
        let mut timers = [None; 6];
        let moments = [5, 70, 5, 1_772_323_200_000, u64::MAX, 64];
        for (owner, at_ms) in moments.into_iter().enumerate() {
            wheel.set(&mut timers[owner], Some(at_ms), owner);
        }
        assert_eq!((wheel.next_ms(), wheel.due(4)), (Some(5), None));
        assert_eq!((wheel.due(5), wheel.due(5), wheel.due(5)), (Some(0), Some(2), None));
        wheel.set(&mut timers[5], None, 5);
        assert_eq!((wheel.due(69), wheel.next_ms(), wheel.due(80)), (None, Some(70), Some(1)));
        wheel.set(&mut timers[3], Some(90), 3);
        assert_eq!((wheel.due(1 << 45), wheel.due(1 << 45)), (Some(3), None));
        assert_eq!((wheel.next_ms(), wheel.due(u64::MAX), wheel.next_ms()), (Some(u64::MAX), Some(4), None));
    }

    #[test]
    fn a_deadline_in_the_past_has_come() {
        let mut wheel = Wheel::default();
        assert_eq!(wheel.due(1_000), None);
        let mut timer = None;
        wheel.set(&mut timer, Some(3), "late");
        assert_eq!((wheel.next_ms(), wheel.due(1_000)), (Some(1_000), Some("late")));
    }

    proptest! {
        #[test]
        fn it_does_what_an_ordered_set_does(
            steps in proptest::collection::vec((0usize..40, prop_oneof![
                Just(None), (0u64..200).prop_map(Some), (0u64..300_000).prop_map(Some),
            ], prop_oneof![0u64..3, 0u64..5_000]), 1..200),
        ) {
            let (mut wheel, mut timers, mut set) = (Wheel::default(), [None; 40], BTreeSet::new());
            let mut armed = [None; 40];
            let mut now_ms = 1_772_323_200_000;
            for (owner, after_ms, passes_ms) in steps {
                let at_ms = after_ms.map(|after_ms| now_ms + after_ms);
                wheel.set(&mut timers[owner], at_ms, owner);
                if let Some(old_ms) = std::mem::replace(&mut armed[owner], at_ms) {
                    set.remove(&(old_ms, owner));
                }
                set.extend(at_ms.map(|at_ms| (at_ms, owner)));
                prop_assert_eq!(wheel.next_ms().is_some(), !set.is_empty());
                let before_ms = now_ms;
                now_ms += passes_ms;
                // Who looks when he is told to misses no moment, and need not look often.
                let (mut due, mut looks) = (Vec::new(), 0);
                while let Some(next_ms) = wheel.next_ms().filter(|next_ms| *next_ms <= now_ms) {
                    while let Some(owner) = wheel.due(next_ms) {
                        let at_ms = armed[owner].take().unwrap();
                        prop_assert_eq!(at_ms.max(before_ms), next_ms);
                        due.push((at_ms, owner));
                    }
                    looks += 1;
                    prop_assert!(looks <= 40 * LEVELS);
                }
                prop_assert_eq!(wheel.due(now_ms), None);
                prop_assert!(due.is_sorted_by_key(|(at_ms, _)| *at_ms));
                let later = set.split_off(&(now_ms + 1, 0));
                prop_assert_eq!(due.into_iter().collect::<BTreeSet<_>>(), std::mem::replace(&mut set, later));
            }
        }
    }
}
