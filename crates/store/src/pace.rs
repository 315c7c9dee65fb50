//! How often something is done that costs as much for one as for many: at once while little happens, since somebody may be
//! waiting for it; in steps while much does.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// Where the steps of all threads are counted from: steps that end together wake the processor once.
static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Steps of a thread's work.
#[derive(Debug)]
pub struct Pace {
    step: Duration,
    busy_from: f64,
    origin: Instant,
    begun: Instant,
    done: usize,
    /// What was done in a step of late; what was done before counts half as much with each.
    of_late: f64,
}

impl Pace {
    /// Steps of that length; so much done in one makes what comes in the next wait for its end.
    pub fn new(step: Duration, busy_from: u32) -> Self {
        Self::since(*ORIGIN, step, busy_from)
    }

    fn since(origin: Instant, step: Duration, busy_from: u32) -> Self {
        Self { step, busy_from: busy_from.into(), origin, begun: origin, done: 0, of_late: 0.0 }
    }

    /// Lets what there is to do gather while much is done; call it before it is done.
    pub fn gather(&mut self) {
        if let Some(time) = self.time_to_gather() {
            Self::rest(time);
        }
    }

    /// For how long what comes now may gather, if it may: for those who do something else before they [`Pace::rest`].
    pub fn time_to_gather(&mut self) -> Option<Duration> {
        let now = Instant::now();
        self.gather_until(now).map(|until| until.saturating_duration_since(now))
    }

    /// Sleeps until a step is over.
    #[allow(clippy::disallowed_methods, reason = "the end of a step is what is waited for")]
    pub fn rest(time: Duration) {
        std::thread::sleep(time);
    }

    /// Until when what comes now may gather, if it may.
    fn gather_until(&mut self, now: Instant) -> Option<Instant> {
        let steps = now.saturating_duration_since(self.begun).div_duration_f64(self.step).floor();
        if steps >= 1.0 {
            // What has gathered may take longer to do than a step, and what comes may pause for one.
            let each = self.done as f64 / steps;
            self.of_late = each + (self.of_late - each) * (-steps).exp2();
            (self.begun, self.done) = (self.begin_of_step(now), 0);
        }
        (self.of_late >= self.busy_from).then(|| self.begun + self.step)
    }

    /// When the present step began.
    fn begin_of_step(&self, now: Instant) -> Instant {
        let into = now.saturating_duration_since(self.origin).as_nanos() % self.step.as_nanos().max(1);
        now - Duration::from_nanos(u64::try_from(into).unwrap_or(0))
    }

    /// So much was done.
    pub fn done(&mut self, count: usize) {
        self.done += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP_MS: u64 = 10;

    fn pace(origin: Instant) -> Pace {
        Pace::since(origin, Duration::from_millis(STEP_MS), 16)
    }

    #[test]
    fn little_is_done_at_once_and_much_in_steps() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut pace = pace(start);
        for ms in 0..STEP_MS {
            assert_eq!(pace.gather_until(at(ms)), None, "nothing is known yet");
            pace.done(4);
        }
        assert_eq!(pace.gather_until(at(11)), Some(at(20)), "20 of late");
        pace.done(10);
        assert_eq!(pace.gather_until(at(20)), None, "15 of late");
        pace.done(500);
        assert_eq!(pace.gather_until(at(30)), Some(at(40)));
        assert_eq!(pace.gather_until(at(300)), None, "that is long ago");
    }

    #[test]
    fn neither_long_work_nor_a_pause_is_an_end() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut pace = pace(start);
        pace.done(32 * 4);
        assert_eq!(pace.gather_until(at(4 * STEP_MS)), Some(at(5 * STEP_MS)), "four times as long, four times as much");
        pace.done(40);
        assert_eq!(pace.gather_until(at(5 * STEP_MS)), Some(at(6 * STEP_MS)));
        assert_eq!(pace.gather_until(at(6 * STEP_MS)), Some(at(7 * STEP_MS)), "one in which nothing came");
        assert_eq!(pace.gather_until(at(7 * STEP_MS)), None, "two");
    }

    #[test]
    fn steps_of_two_threads_end_together() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let ends = [13, 17].map(|began_ms| {
            let mut pace = pace(start);
            pace.done(500);
            pace.gather_until(at(began_ms))
        });
        assert_eq!(ends, [Some(at(20)), Some(at(20))]);
    }
}
