//! A leaky bucket that drains its whole size in a day, kept as one number.

/// One day, in milliseconds: how long a full bucket takes to drain.
pub(crate) const DAY_MS: u64 = 86_400_000;

/// Failures let in, by the moment at which the last of them will have drained. With a size of S it takes S at once and
/// then one more every S-th part of a day: 2 S on the first day at most, S on every later one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bucket {
    empty_ms: u64,
}

impl Bucket {
    /// How long until there is room for one more, in milliseconds; 0 if there is now.
    pub(crate) fn wait_ms(self, size: u32, now_ms: u64) -> u64 {
        (self.left_ms(now_ms) + drop_ms(size)).saturating_sub(DAY_MS)
    }

    /// Adds one. A full bucket stays full.
    pub(crate) fn add(&mut self, size: u32, now_ms: u64) {
        let filled_ms = (self.left_ms(now_ms) + drop_ms(size)).min(DAY_MS);
        self.empty_ms = now_ms.saturating_add(filled_ms);
    }

    /// Takes `count` back that turned out not to be failures.
    pub(crate) fn take_back(&mut self, count: u32, size: u32, now_ms: u64) {
        let left_ms = self.left_ms(now_ms).saturating_sub(drop_ms(size) * u64::from(count));
        self.empty_ms = if left_ms == 0 { 0 } else { now_ms.saturating_add(left_ms) };
    }

    /// When it will be empty, in milliseconds since the Unix epoch; 0 if it is.
    pub(crate) fn empty_ms(self) -> u64 {
        self.empty_ms
    }

    fn left_ms(self, now_ms: u64) -> u64 {
        self.empty_ms.saturating_sub(now_ms).min(DAY_MS)
    }
}

/// What one failure takes of the day.
fn drop_ms(size: u32) -> u64 {
    DAY_MS / u64::from(size.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::MAX_DAY_FAILURES;

    /// How many of those who ask every `every_ms` are let in within `span_ms`.
    fn let_in(size: u32, every_ms: u64, span_ms: u64) -> u32 {
        let mut bucket = Bucket::default();
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
        for size in [1, 2, 7, 20, 300, MAX_DAY_FAILURES] {
            let mut bucket = Bucket::default();
            let at_once = (0..).take_while(|_| {
                let room = bucket.wait_ms(size, 5) == 0;
                bucket.add(size, 5);
                room
            });
            assert_eq!(at_once.count() as u32, size);
        }
        assert_eq!(let_in(20, 1_000, DAY_MS), 2 * 20 - 1);
        assert_eq!(let_in(20, 1_000, 10 * DAY_MS), 11 * 20 - 1);
        assert_eq!(let_in(20, DAY_MS / 20, 2 * DAY_MS), 40, "who is slow enough never waits");
    }

    #[test]
    fn what_was_no_failure_is_taken_back() {
        let mut bucket = Bucket::default();
        for _ in 0..20 {
            bucket.add(20, 0);
        }
        assert_eq!(bucket.wait_ms(20, 0), DAY_MS / 20);
        bucket.take_back(1, 20, 0);
        assert_eq!(bucket.wait_ms(20, 0), 0);
        bucket.take_back(100, 20, 0);
        assert_eq!(bucket, Bucket::default());
    }
}
