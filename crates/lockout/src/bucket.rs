//! A leaky bucket, kept as one number.

/// One day, in milliseconds: how long most full buckets take to drain.
pub(crate) const DAY_MS: u64 = 86_400_000;

/// How many failures a bucket holds, and in how many milliseconds it drains when it is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Size {
    pub(crate) holds: u32,
    pub(crate) drains_ms: u64,
}

impl Size {
    /// One that drains in a day.
    pub(crate) fn of_day(holds: u32) -> Self {
        Size { holds, drains_ms: DAY_MS }
    }

    /// What one failure takes of the time.
    fn drop_ms(self) -> u64 {
        (self.drains_ms / u64::from(self.holds.max(1))).max(1)
    }
}

/// Failures let in, by the moment at which the last of them will have drained. With a size of S it takes S at once and
/// then one more every S-th part of the time in which it drains: 2 S in the first such time at most, S in every later one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bucket {
    empty_ms: u64,
}

impl Bucket {
    /// How long until there is room for one more, in milliseconds; 0 if there is now.
    pub(crate) fn wait_ms(self, size: Size, now_ms: u64) -> u64 {
        (self.left_ms(size, now_ms) + size.drop_ms()).saturating_sub(size.drains_ms)
    }

    /// Adds one. A full bucket stays full.
    pub(crate) fn add(&mut self, size: Size, now_ms: u64) {
        let filled_ms = (self.left_ms(size, now_ms) + size.drop_ms()).min(size.drains_ms);
        self.empty_ms = now_ms.saturating_add(filled_ms);
    }

    /// Takes `count` back that turned out not to be failures.
    pub(crate) fn take_back(&mut self, count: u32, size: Size, now_ms: u64) {
        let left_ms = self.left_ms(size, now_ms).saturating_sub(size.drop_ms() * u64::from(count));
        self.empty_ms = if left_ms == 0 { 0 } else { now_ms.saturating_add(left_ms) };
    }

    /// When it will be empty, in milliseconds since the Unix epoch; 0 if it is.
    pub(crate) fn empty_ms(self) -> u64 {
        self.empty_ms
    }

    fn left_ms(self, size: Size, now_ms: u64) -> u64 {
        self.empty_ms.saturating_sub(now_ms).min(size.drains_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::MAX_DAY_FAILURES;

    /// How many of those who ask every `every_ms` are let in within `span_ms`.
    fn let_in(size: u32, every_ms: u64, span_ms: u64) -> u32 {
        let (mut bucket, size) = (Bucket::default(), Size::of_day(size));
        let mut count = 0;
        for now_ms in (0..span_ms).step_by(every_ms as usize) {
            if bucket.wait_ms(size, now_ms) == 0 {
                bucket.add(size, now_ms);
                count += 1;
            }
        }
        count
    }

    #[test]
    fn its_size_at_once_and_its_size_a_day() {
        for (holds, drains_ms) in [
            (1, DAY_MS),
            (2, DAY_MS),
            (7, DAY_MS),
            (20, DAY_MS),
            (300, DAY_MS),
            (MAX_DAY_FAILURES, DAY_MS),
            (100, 1_000),
        ] {
            let (mut bucket, size) = (Bucket::default(), Size { holds, drains_ms });
            let at_once = (0..).take_while(|_| {
                let room = bucket.wait_ms(size, 5) == 0;
                bucket.add(size, 5);
                room
            });
            assert_eq!(at_once.count() as u32, holds);
        }
        assert_eq!(let_in(20, 1_000, DAY_MS), 2 * 20 - 1);
        assert_eq!(let_in(20, 1_000, 10 * DAY_MS), 11 * 20 - 1);
        assert_eq!(let_in(20, DAY_MS / 20, 2 * DAY_MS), 40, "who is slow enough never waits");
    }

    #[test]
    fn what_was_no_failure_is_taken_back() {
        let (mut bucket, size) = (Bucket::default(), Size::of_day(20));
        for _ in 0..20 {
            bucket.add(size, 0);
        }
        assert_eq!(bucket.wait_ms(size, 0), DAY_MS / 20);
        bucket.take_back(1, size, 0);
        assert_eq!(bucket.wait_ms(size, 0), 0);
        bucket.take_back(100, size, 0);
        assert_eq!(bucket, Bucket::default());
    }
}
