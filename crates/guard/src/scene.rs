//! What a kind of evidence looks at: one call, its line, its account, and the time.

use crate::attempt::Attempt;
use crate::habit::Habit;
use crate::line::Line;

/// One call to be weighed, in front of what is normal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene<'a> {
    pub(crate) now_ms: u64,
    /// The call; it is also the last or an earlier one of `line.recent`.
    pub(crate) call: &'a Attempt,
    pub(crate) line: &'a Line,
    /// The habits of the whole account.
    pub(crate) account: &'a Habit,
    /// How many lines the account has.
    pub(crate) lines: u64,
    /// When another line of the account was last struck, if it still is.
    pub(crate) struck_beside_ms: Option<u64>,
}

impl Scene<'_> {
    /// Whether the number is no habit of the line.
    pub(crate) fn is_fresh(&self) -> bool {
        self.call.fresh
    }

    /// The other attempts of the line in the last day to numbers that are no habit.
    pub(crate) fn other_fresh(&self) -> impl Iterator<Item = &Attempt> {
        self.line.recent.iter().filter(|other| other.fresh && other.call != self.call.call)
    }
}
