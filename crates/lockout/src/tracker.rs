//! What is kept for one source, and for one line name, between failures.

use std::sync::Arc;

use crate::bounded::{Rank, Remembered};
use crate::facts::{RUN_MEMORY_MS, Run};
use crate::source::Source;

/// Most names kept for one source. When they are full, the name that failed least, then longest ago, makes room.
pub const MAX_NAMES_TRIED: usize = 8;
/// Most sources kept for one line name.
pub const MAX_LINE_SOURCES: usize = 16;

/// One source's failures.
#[derive(Debug, Default)]
pub(crate) struct Tracker {
    /// Verifications that count towards a ban: admitted and not known to have succeeded. Oldest first.
    counted: Vec<Counted>,
    /// Runs of failures by name, in the order of first trial.
    names: Vec<(Arc<str>, Run)>,
    total: Run,
    /// Bans in a row.
    strikes: u32,
    /// When the bans in a row are forgiven.
    strikes_until_ms: u64,
}

#[derive(Debug)]
struct Counted {
    at_ms: u64,
    port: u16,
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
    pub(crate) fn reserve(&mut self, port: u16, keep: usize, now_ms: u64) {
        self.counted.push(Counted { at_ms: now_ms, port, failed_as: None });
        self.keep_last(keep);
    }

    /// Turns the reservation from that port into a failure. `false` if there was none.
    pub(crate) fn confirm(&mut self, port: u16, name: &Arc<str>) -> bool {
        let Some(at) = self.pending(port) else {
            return false;
        };
        if let Some(counted) = self.counted.get_mut(at) {
            counted.failed_as = Some(name.clone());
        }
        true
    }

    /// Counts a failure that nothing was reserved for (its reservation slid out of the window or was forgotten).
    pub(crate) fn count_failure(&mut self, port: u16, name: &Arc<str>, keep: usize, now_ms: u64) {
        self.counted.push(Counted { at_ms: now_ms, port, failed_as: Some(name.clone()) });
        self.keep_last(keep);
    }

    /// Gives the reservation from that port back. `false` if there was none.
    pub(crate) fn release(&mut self, port: u16) -> bool {
        let at = self.pending(port);
        if let Some(at) = at {
            self.counted.remove(at);
        }
        at.is_some()
    }

    /// Failures in the window that are known to have failed.
    pub(crate) fn failed(&self) -> usize {
        self.counted.iter().filter(|counted| counted.failed_as.is_some()).count()
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
    /// one known secret would buy any number of guesses at the rest.
    pub(crate) fn forgive(&mut self, name: &str) {
        self.counted.retain(|counted| counted.failed_as.as_deref() != Some(name));
        if let Some(at) = self.names.iter().position(|(known, _)| &**known == name) {
            let (_, run) = self.names.remove(at);
            self.total.failures = self.total.failures.saturating_sub(run.failures);
        }
    }

    /// Notes one more ban and returns how many there were in a row.
    pub(crate) fn strike(&mut self, now_ms: u64) -> u32 {
        if now_ms >= self.strikes_until_ms {
            self.strikes = 0;
        }
        self.strikes = self.strikes.saturating_add(1);
        self.counted.clear();
        self.strikes
    }

    pub(crate) fn set_strikes(&mut self, strikes: u32, until_ms: u64) {
        self.strikes = strikes;
        self.strikes_until_ms = until_ms;
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

    fn pending(&self, port: u16) -> Option<usize> {
        self.counted.iter().position(|counted| counted.port == port && counted.failed_as.is_none())
    }

    fn keep_last(&mut self, keep: usize) {
        let excess = self.counted.len().saturating_sub(keep);
        self.counted.drain(..excess);
    }

    fn last_ms(&self) -> u64 {
        self.counted.last().map_or(0, |counted| counted.at_ms).max(self.total.last_ms)
    }
}

impl Remembered for Tracker {
    fn rank(&self) -> Option<Rank> {
        let counted = u32::try_from(self.counted.len()).unwrap_or(u32::MAX);
        let failures = self.total.failures.max(counted);
        let rank = Rank { strikes: self.strikes, failures, last_ms: self.last_ms() };
        (self.strikes > 0 || failures > 0).then_some(rank)
    }

    fn stale_ms(&self) -> u64 {
        self.last_ms().saturating_add(RUN_MEMORY_MS).max(self.strikes_until_ms)
    }
}

/// Failures as one line name, from anywhere.
#[derive(Debug, Default)]
pub(crate) struct LineFailures {
    pub(crate) run: Run,
    sources: Vec<Source>,
}

impl LineFailures {
    pub(crate) fn note(&mut self, source: Source, now_ms: u64) {
        if self.run.is_over(now_ms) {
            self.sources.clear();
        }
        self.run.note(now_ms);
        if self.sources.len() < MAX_LINE_SOURCES && !self.sources.contains(&source) {
            self.sources.push(source);
        }
    }

    pub(crate) fn sources(&self) -> u32 {
        u32::try_from(self.sources.len()).unwrap_or(u32::MAX)
    }
}

impl Remembered for LineFailures {
    fn rank(&self) -> Option<Rank> {
        let Run { failures, last_ms, .. } = self.run;
        (failures > 0).then_some(Rank { strikes: 0, failures, last_ms })
    }

    fn stale_ms(&self) -> u64 {
        self.run.last_ms.saturating_add(RUN_MEMORY_MS)
    }
}
