//! What a kind of evidence looks at: one call, its line, its account, and the time.

use crate::Decibans;
use crate::attempt::Attempt;
use crate::chosen::Chosen;
use crate::habit::Habit;
use crate::kinds::{burst, destination, origin, price, spend};
use crate::line::Line;
use billing::Currency;

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
    /// What its money is told in.
    pub(crate) currency: Currency,
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
    /// The other attempts of the line in the last day to numbers that are no habit, if this one's is none.
    fresh: Chosen,
    /// Those of them that may be legs of the same conference.
    legs: Chosen,
    /// What has been spent within the day on such numbers.
    pub(crate) spent: spend::Spent,
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
        let fresh = Chosen::of(&line.recent, |other| other.fresh && other.call != call.call);
        let legs = if call.fresh { legs(call, &line.recent, fresh) } else { Chosen::default() };
        let none = Decibans::default();
        let (theirs, price, burst, spent) = ((none, none), none, none, spend::Spent::default());
        let scene = Self {
            now_ms,
            call,
            line,
            account,
            lines,
            currency: Currency::default(),
            struck_beside_ms,
            theirs,
            place,
            origin,
            price,
            burst,
            fresh,
            legs,
            spent,
        };
        if !scene.is_fresh() {
            return Self { price: price::of(&scene), ..scene };
        }
        Self { price: price::of(&scene), burst: burst::of(&scene), spent: spend::spent(&scene), ..scene }
    }

    /// The same, its money told in a currency.
    pub(crate) const fn counted_in(self, currency: Currency) -> Self {
        Self { currency, ..self }
    }

    /// The same with what "that was not us" says of its number and its place.
    pub(crate) const fn disowned(self, theirs: (Decibans, Decibans)) -> Self {
        Self { theirs, ..self }
    }

    /// Whether the number is no habit of the line.
    pub(crate) fn is_fresh(&self) -> bool {
        self.call.fresh
    }

    /// The other attempts of the line in the last day to numbers that are no habit.
    pub(crate) fn other_fresh(&self) -> impl Iterator<Item = &'a Attempt> {
        self.fresh.among(&self.line.recent)
    }

    /// Those of them that may be legs of the same conference.
    pub(crate) fn legs(&self) -> impl Iterator<Item = &'a Attempt> {
        self.legs.among(&self.line.recent)
    }

    /// How many these are.
    pub(crate) const fn leg_count(&self) -> u64 {
        self.legs.count()
    }

    /// Those that are none.
    pub(crate) fn other_fresh_but_legs(&self) -> impl Iterator<Item = &'a Attempt> {
        self.fresh.but(self.legs).among(&self.line.recent)
    }
}

/// The attempts that may be legs of the same conference as a call: another number, begun within minutes, talking at the
/// same time. Who calls one number twice at once holds no conference.
fn legs(call: &Attempt, recent: &[Attempt], among: Chosen) -> Chosen {
    let is_twice = |other: &Attempt| other.runs() && other.call != call.call && other.suffix() == call.suffix();
    if recent.iter().any(is_twice) {
        return Chosen::default();
    }
    among.filter(recent, |other| {
        let overlaps = other.runs() || other.outcome.is_some_and(|outcome| outcome.at_ms > call.start_ms);
        overlaps && other.suffix() != call.suffix() && other.start_ms.abs_diff(call.start_ms) <= LEGS_WITHIN_MS
    })
}
