//! How often something is done that costs as much for one as for many: at once while little happens, since somebody may be
//! waiting for it; in steps while much does.

use std::time::{Duration, Instant};

/// Steps of a thread's work.
#[derive(Debug)]
pub struct Pace {
    step: Duration,
    busy_from: usize,
    begun: Instant,
    done: usize,
    busy: bool,
}

impl Pace {
    /// Steps of that length; so much done in one makes what comes in the next wait for its end.
    pub fn new(step: Duration, busy_from: usize, now: Instant) -> Self {
        Self { step, busy_from, begun: now, done: 0, busy: false }
    }

    /// Lets what there is to do gather while much is done; call it before it is done. Whether it took time.
    #[allow(clippy::disallowed_methods, reason = "the end of a step is what is waited for")]
    pub fn gather(&mut self) -> bool {
        let now = Instant::now();
        let until = self.gather_until(now);
        if let Some(until) = until {
            std::thread::sleep(until.saturating_duration_since(now));
        }
        until.is_some()
    }

    /// Until when what comes now may be gathered, if it may.
    fn gather_until(&mut self, now: Instant) -> Option<Instant> {
        let since = now.saturating_duration_since(self.begun);
        if since >= self.step {
            let just_now = since < self.step * 2;
            self.busy = just_now && self.done >= self.busy_from;
            (self.begun, self.done) = (now, 0);
        }
        self.busy.then(|| self.begun + self.step)
    }

    /// So much was done.
    pub fn done(&mut self, count: usize) {
        self.done += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_is_done_at_once_and_much_in_steps() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut pace = Pace::new(Duration::from_millis(10), 32, start);
        for ms in 0..10 {
            assert_eq!(pace.gather_until(at(ms)), None, "nothing is known yet");
            pace.done(4);
        }
        assert_eq!(pace.gather_until(at(11)), Some(at(21)), "the step before had 40");
        pace.done(31);
        assert_eq!(pace.gather_until(at(22)), None, "and this one 31");
        pace.done(500);
        assert_eq!(pace.gather_until(at(60)), None, "that is long ago");
    }
}
