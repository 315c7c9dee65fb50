//! Runs of failures, and what the guard is told of them.

use serde::{Deserialize, Serialize};

/// A run of failures ends when there was none for so long, in milliseconds: one day.
pub const RUN_MEMORY_MS: u64 = 86_400_000;

/// Failed authentications one after the other, never a day apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Run {
    /// How many.
    pub failures: u32,
    /// The first, in milliseconds since the Unix epoch.
    pub first_ms: u64,
    /// The last, in milliseconds since the Unix epoch.
    pub last_ms: u64,
}

impl Run {
    pub(crate) fn note(&mut self, now_ms: u64) {
        if self.is_over(now_ms) {
            *self = Run { failures: 0, first_ms: now_ms, last_ms: now_ms };
        }
        self.failures = self.failures.saturating_add(1);
        self.last_ms = now_ms;
    }

    pub(crate) fn is_over(&self, now_ms: u64) -> bool {
        self.failures == 0 || now_ms >= self.last_ms.saturating_add(RUN_MEMORY_MS)
    }

    /// The run as of now: nothing if it is over.
    pub(crate) fn as_of(self, now_ms: u64) -> Run {
        if self.is_over(now_ms) { Run::default() } else { self }
    }
}

/// What failed before an authentication from one address as one line: the guard's "guessed before it got in".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FailureFacts {
    /// From this address as this line.
    pub address_as_line: Run,
    /// From this address as anybody.
    pub address: Run,
    /// As this line from networks it never logged in from.
    pub line: Run,
    /// From how many addresses those came; counted up to [`MAX_TALLY_ADDRESSES`](crate::MAX_TALLY_ADDRESSES).
    pub line_addresses: u32,
}

impl FailureFacts {
    /// How often the address failed as this line in a run whose last failure is at most `window_s` seconds old.
    pub fn here(&self, now_ms: u64, window_s: u64) -> u32 {
        let since_ms = now_ms.saturating_sub(window_s.saturating_mul(1000));
        if self.address_as_line.last_ms >= since_ms { self.address_as_line.failures } else { 0 }
    }

    /// How often the address failed as other names.
    pub fn other_names(&self) -> u32 {
        self.address.failures.saturating_sub(self.address_as_line.failures)
    }
}
