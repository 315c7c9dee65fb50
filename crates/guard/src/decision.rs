//! The sequential test: evidence so far against the money at risk until the next look.

use crate::Decibans;
use crate::math::ratio_db;
use billing::Money;

/// Odds, before any evidence, that a call of the cut class is a thief's, in decibans: one hijack in a hundred years of a
/// line, a hundred calls each, against a line's thousand calls abroad in a year, is 1 : 1000.
pub(crate) const PRIOR: Decibans = Decibans::whole(-30);
/// What refusing an honest call costs its caller: ten units of the deck's currency.
const REFUSAL: Money = Money::from_cents(1_000);
/// What a cut costs beyond that: about three refused calls until the owner has turned calling back on.
const CUT_ABOVE: Decibans = Decibans::whole(5);
/// Minutes a call runs until evidence grows enough to stop it, if it is a thief's.
const MINUTES_AT_RISK: i64 = 4;
/// No call is so dear that evidence may be thinner than this: one dear call in office hours is an honest oddity.
const LEAST: Decibans = Decibans::whole(34);

/// However much is at stake, evidence thinner than this leaves it to the owner to be alarmed by his bill: on one line in
/// six that spends so, it is a thief.
const LEAST_AT_STAKE: Decibans = Decibans::whole(22);

/// The evidence needed to refuse: where loss times odds of a thief exceeds the cost of refusing times odds of the owner.
///
/// The loss, if it is a thief: so much a minute until evidence grows enough; or, where evidence has stopped growing while
/// money flows, as much again as has flown already today (of a process of unknown end, half is over in the median).
pub(crate) fn needed(per_minute: Money, spent: Money) -> Decibans {
    let at_loss = |loss: Money| {
        ratio_db(REFUSAL.micros().unsigned_abs(), loss.micros().max(1).unsigned_abs()).plus(PRIOR.part(-1, 1))
    };
    let soon = at_loss(per_minute.saturating_mul(MINUTES_AT_RISK)).max(LEAST);
    soon.min(at_loss(spent).max(LEAST_AT_STAKE))
}

/// What the sum of evidence leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Decision {
    /// Let it run.
    Allow,
    /// Refuse this call, tell the owner.
    Refuse,
    /// Refuse it and cut.
    Cut,
}

/// The evidence that two decisions need.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Needed {
    /// To stop the call: all that it has cost is at stake by it.
    pub(crate) stop: Decibans,
    /// For the line: one dear call is stopped with itself, so that what is at stake is what flows beside it.
    pub(crate) line: Decibans,
}

/// Decides. Two refusals to different numbers within a day are no accident: the second one cuts, since either alone is
/// wrong as seldom as the stakes ask for.
pub(crate) fn decide(score: Decibans, needed: Needed, refused_before: bool) -> Decision {
    if score < needed.stop {
        Decision::Allow
    } else if score < needed.line.plus(CUT_ABOVE) && !(refused_before && score >= needed.line) {
        Decision::Refuse
    } else {
        Decision::Cut
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dear_call_needs_less_evidence_than_a_cheap_one() {
        let cents = |cents| needed(Money::from_cents(cents), Money::ZERO);
        assert_eq!(cents(2), Decibans::from_tenths(510));
        assert_eq!(cents(28), Decibans::from_tenths(395));
        assert_eq!(cents(790), LEAST);
        assert!(needed(Money::ZERO, Money::ZERO) > Decibans::whole(90));
    }

    #[test]
    fn money_that_flows_needs_less_and_never_more() {
        let spent = |cents| needed(Money::from_cents(28), Money::from_cents(cents));
        assert_eq!(spent(100), Decibans::from_tenths(395));
        assert_eq!(spent(1_000), Decibans::whole(30));
        assert_eq!(spent(100_000), LEAST_AT_STAKE);
    }

    #[test]
    fn refusing_needs_less_than_cutting() {
        let line = needed(Money::from_cents(28), Money::ZERO);
        let needed = Needed { stop: line, line };
        assert_eq!(decide(Decibans::whole(39), needed, true), Decision::Allow);
        assert_eq!(decide(Decibans::whole(40), needed, false), Decision::Refuse);
        assert_eq!(decide(Decibans::whole(40), needed, true), Decision::Cut);
        assert_eq!(decide(Decibans::whole(45), needed, false), Decision::Cut);
    }

    #[test]
    fn one_dear_call_is_stopped_without_the_line() {
        let needed = Needed { stop: Decibans::whole(25), line: Decibans::whole(34) };
        assert_eq!(decide(Decibans::whole(24), needed, true), Decision::Allow);
        assert_eq!(decide(Decibans::whole(33), needed, true), Decision::Refuse);
        assert_eq!(decide(Decibans::whole(34), needed, true), Decision::Cut);
        assert_eq!(decide(Decibans::whole(38), needed, false), Decision::Refuse);
    }
}
