//! How often the tables are written: at once while little happens, since somebody may be waiting to see it; in steps while
//! much does, since a transaction costs as much as the rows of dozens of calls.

use std::time::{Duration, Instant};

/// A step.
const STEP: Duration = Duration::from_millis(10);
/// So many records in one step make the next one wait for its end.
const BUSY: usize = 32;

/// The step that is under way.
#[derive(Debug)]
pub(super) struct Pace {
    begun: Instant,
    records: usize,
    busy: bool,
}

impl Pace {
    pub fn new(now: Instant) -> Self {
        Self { begun: now, records: 0, busy: false }
    }

    /// Until when records that come now may be gathered, if they may.
    pub fn gather_until(&mut self, now: Instant) -> Option<Instant> {
        let since = now.saturating_duration_since(self.begun);
        if since >= STEP {
            let just_now = since < STEP * 2;
            *self = Self { begun: now, records: 0, busy: just_now && self.records >= BUSY };
        }
        self.busy.then(|| self.begun + STEP)
    }

    /// So many were written.
    pub fn wrote(&mut self, records: usize) {
        self.records += records;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_is_written_at_once_and_much_in_steps() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut pace = Pace::new(start);
        for ms in 0..10 {
            assert_eq!(pace.gather_until(at(ms)), None, "nothing is known yet");
            pace.wrote(4);
        }
        assert_eq!(pace.gather_until(at(11)), Some(at(21)), "the step before had 40 records");
        pace.wrote(31);
        assert_eq!(pace.gather_until(at(22)), None, "and this one 31");
        pace.wrote(500);
        assert_eq!(pace.gather_until(at(60)), None, "that is long ago");
    }
}
