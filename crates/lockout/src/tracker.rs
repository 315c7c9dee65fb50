//! The burst of one address: its verifications within the window, and the names it tried.

use std::sync::Arc;

use crate::bounded::{Rank, Remembered};
use crate::facts::{RUN_MEMORY_MS, Run};

/// Most names kept for one source. When they are full, the name that failed least, then longest ago, makes room.
pub const MAX_NAMES_TRIED: usize = 8;

/// One source's failures.
#[derive(Debug, Default)]
pub(crate) struct Tracker {
    /// Verifications that count towards a ban: admitted and not known to have succeeded. Oldest first.
    counted: Vec<Counted>,
    /// Runs of failures by name, in the order of first trial.
    names: Vec<(Arc<str>, Run)>,
    total: Run,
}

#[derive(Debug)]
struct Counted {
    at_ms: u64,
    ticket: u64,
    /// As whom, once it has failed; `None` while the answer is in flight.
    failed_as: Option<Arc<str>>,
}

impl Tracker {
    /// Drops what has slid out of the window.
    pub(crate) fn prune(&mut self, window_ms: u64, now_ms: u64) {
        self.counted.retain(|counted| counted.at_ms.saturating_add(window_ms) > now_ms);
    }

    pub(crate) fn counted(&self) -> usize {
        self.counted.len()
    }

    /// Counts a verification before it is made. Beyond `keep` the oldest goes: that happens only where nothing is
    /// refused (lock-out off).
    pub(crate) fn reserve(&mut self, ticket: u64, keep: usize, now_ms: u64) {
        self.counted.push(Counted { at_ms: now_ms, ticket, failed_as: None });
        let excess = self.counted.len().saturating_sub(keep);
        self.counted.drain(..excess);
    }

    /// Turns a reservation into a failure, if it has not slid out of the window.
    pub(crate) fn confirm(&mut self, ticket: u64, name: &Arc<str>) {
        if let Some(counted) = self.counted.iter_mut().find(|counted| counted.ticket == ticket) {
            counted.failed_as = Some(name.clone());
        }
    }

    /// Gives a reservation back.
    pub(crate) fn release(&mut self, ticket: u64) {
        self.counted.retain(|counted| counted.ticket != ticket);
    }

    /// Failures in the window that are known to have failed.
    pub(crate) fn failed(&self) -> usize {
        self.counted.iter().filter(|counted| counted.failed_as.is_some()).count()
    }

    /// Starts a new count of the window; the runs go on.
    pub(crate) fn restart(&mut self) {
        self.counted.clear();
    }

    /// Adds a failure to the runs.
    pub(crate) fn note(&mut self, name: &Arc<str>, now_ms: u64) {
        self.total.note(now_ms);
        if let Some((_, run)) = self.names.iter_mut().find(|(known, _)| known == name) {
            return run.note(now_ms);
        }
        self.names.retain(|(_, run)| !run.is_over(now_ms));
        if self.names.len() >= MAX_NAMES_TRIED {
            let least = |(_, (_, run)): &(usize, &(Arc<str>, Run))| (run.failures, run.last_ms);
            if let Some((at, _)) = self.names.iter().enumerate().min_by_key(least) {
                self.names.remove(at);
            }
        }
        let mut run = Run::default();
        run.note(now_ms);
        self.names.push((name.clone(), run));
    }

    /// Forgives the failures as one name: whoever knows its secret may have mistyped it. Those as other names stay, or
    /// one known secret would buy any number of guesses at the rest. Returns how many in the window are forgiven.
    pub(crate) fn forgive(&mut self, name: &str) -> u32 {
        let before = self.counted.len();
        self.counted.retain(|counted| counted.failed_as.as_deref() != Some(name));
        if let Some(at) = self.names.iter().position(|(known, _)| &**known == name) {
            let (_, run) = self.names.remove(at);
            self.total.failures = self.total.failures.saturating_sub(run.failures);
        }
        u32::try_from(before - self.counted.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn total(&self, now_ms: u64) -> Run {
        self.total.as_of(now_ms)
    }

    pub(crate) fn as_name(&self, name: &str, now_ms: u64) -> Run {
        let known = self.names.iter().find(|(known, _)| &**known == name);
        known.map(|(_, run)| run.as_of(now_ms)).unwrap_or_default()
    }

    pub(crate) fn names_tried(&self, now_ms: u64) -> Vec<String> {
        let recent = self.names.iter().filter(|(_, run)| !run.is_over(now_ms));
        recent.map(|(name, _)| name.to_string()).collect()
    }

    fn last_ms(&self) -> u64 {
        self.counted.last().map_or(0, |counted| counted.at_ms).max(self.total.last_ms)
    }
}

impl Remembered for Tracker {
    fn rank(&self) -> Option<Rank> {
        let counted = u32::try_from(self.counted.len()).unwrap_or(u32::MAX);
        let failures = self.total.failures.max(counted);
        let rank = Rank { strikes: 0, failures, last_ms: self.last_ms() };
        (failures > 0).then_some(rank)
    }

    fn stale_ms(&self) -> u64 {
        self.last_ms().saturating_add(RUN_MEMORY_MS)
    }
}
