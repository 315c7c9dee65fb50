//! What a kind of evidence looks at: one call, its line, its account, and the time.

use crate::Decibans;
use crate::attempt::Attempt;
use crate::habit::Habit;
use crate::kinds::{burst, destination, origin, price};
use crate::line::Line;

/// The legs of a conference are called within so long.
const LEGS_WITHIN_MS: u64 = 10 * 60_000;

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
    /// What the owner's "that was not us" says of the number, and of the place the call comes from.
    pub(crate) theirs: (Decibans, Decibans),
    /// What the destination alone says; other kinds take off what they see alike.
    pub(crate) place: Decibans,
    /// What the place the call comes from says; what else is new there counts only as far as that is news.
    pub(crate) origin: origin::Sight,
    /// What the price and the number of calls say alone; other kinds take off what they see alike.
    pub(crate) price: Decibans,
    pub(crate) burst: Decibans,
    /// Whether the number is being called by another call of the line, too.
    called_twice: bool,
}

impl<'a> Scene<'a> {
    /// A call of a line, with what several kinds look at worked out once.
    pub(crate) fn new(
        now_ms: u64,
        call: &'a Attempt,
        line: &'a Line,
        account: &'a Habit,
        lines: u64,
        struck_beside_ms: Option<u64>,
    ) -> Self {
        let place = destination::place_db(call, &line.habit, account);
        let origin = origin::sight(now_ms, &call.origin, &line.habit.origins, &account.origins);
        let twice = |other: &Attempt| other.runs() && other.call != call.call && other.suffix() == call.suffix();
        let called_twice = line.recent.iter().any(twice);
        let none = Decibans::default();
        let (theirs, price, burst) = ((none, none), none, none);
        let scene = Self {
            now_ms,
            call,
            line,
            account,
            lines,
            struck_beside_ms,
            theirs,
            place,
            origin,
            price,
            burst,
            called_twice,
        };
        Self { price: price::of(&scene), burst: burst::of(&scene), ..scene }
    }

    /// The same with what "that was not us" says of its number and its place.
    pub(crate) const fn disowned(self, theirs: (Decibans, Decibans)) -> Self {
        Self { theirs, ..self }
    }

    /// Whether the number is no habit of the line.
    pub(crate) fn is_fresh(&self) -> bool {
        self.call.fresh
    }

    /// Whether another attempt may be a leg of the same conference: another number, begun within minutes, talking at the
    /// same time. Who calls one number twice at once holds no conference.
    pub(crate) fn is_leg(&self, other: &Attempt) -> bool {
        let overlaps = other.runs() || other.outcome.is_some_and(|outcome| outcome.at_ms > self.call.start_ms);
        overlaps
            && other.suffix() != self.call.suffix()
            && other.start_ms.abs_diff(self.call.start_ms) <= LEGS_WITHIN_MS
            && !self.called_twice
    }

    /// The other attempts of the line in the last day to numbers that are no habit.
    pub(crate) fn other_fresh(&self) -> impl Iterator<Item = &Attempt> {
        self.line.recent.iter().filter(|other| other.fresh && other.call != self.call.call)
    }
}
