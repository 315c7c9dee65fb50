//! What is to happen to running calls and open cuts, and when.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use billing::{CallId, IncidentId};

/// Something that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Due {
    /// The call is answered.
    Answer(CallId),
    /// The call is looked at again.
    Check(CallId),
    /// The call ends by itself.
    End(CallId),
    /// The owner has read of the cut.
    Owner(IncidentId),
}

/// One entry: when, in which order it was entered, which account, what.
type Entry = (u64, u64, usize, Due);

/// The things that are due, soonest first; of those due together, the first entered first.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    entries: BinaryHeap<Reverse<Entry>>,
    entered: u64,
}

impl Agenda {
    /// Enters something for an account.
    pub(crate) fn enter(&mut self, at_ms: u64, firm: usize, due: Due) {
        self.entries.push(Reverse((at_ms, self.entered, firm, due)));
        self.entered += 1;
    }

    /// The next that is due by then.
    pub(crate) fn take(&mut self, by_ms: u64) -> Option<(u64, usize, Due)> {
        self.entries.peek().filter(|Reverse((at_ms, ..))| *at_ms <= by_ms)?;
        self.entries.pop().map(|Reverse((at_ms, _, firm, due))| (at_ms, firm, due))
    }
}
