//! The node's clock: wall time read once, then moved on by the monotonic clock, so that it never goes back.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A clock in milliseconds since the Unix epoch that never goes back.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
    start_ms: u64,
}

impl Clock {
    /// Reads the wall clock once; `not_before_ms` is the newest time already in the journal.
    pub fn start(not_before_ms: u64) -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let wall_ms = u64::try_from(wall.as_millis()).unwrap_or(u64::MAX);
        Self { start: Instant::now(), start_ms: wall_ms.max(not_before_ms) }
    }

    /// Now.
    pub fn now_ms(&self) -> u64 {
        self.start_ms.saturating_add(u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX))
    }
}
