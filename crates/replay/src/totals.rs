//! Sums over the calls of an account: how many, what they cost, what was saved.

use billing::Money;

use crate::Outcome;
use crate::call::Placed;

/// Sums over calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Calls, of whatever outcome.
    pub calls: u64,
    /// Of these, calls of the cut class.
    pub abroad: u64,
    /// Refused.
    pub refused: u64,
    /// Let through and hung up by the guard.
    pub hung_up: u64,
    /// Not placed any more: the owner had shut the attack out.
    pub skipped: u64,
    /// What was carried cost.
    pub cost: Money,
    /// What was refused, hung up or skipped would have cost beyond that.
    pub saved: Money,
}

/// The sums of one account, apart for what the labels call fraud.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Calls not labelled; all where there are no labels.
    pub honest: Sums,
    /// Labelled calls.
    pub fraud: Sums,
}

impl Totals {
    pub(crate) fn count(&mut self, placed: &Placed, outcome: Outcome, carried_ms: u64, hung_up: bool) {
        let sums = if placed.fraud { &mut self.fraud } else { &mut self.honest };
        sums.calls += 1;
        sums.abroad += u64::from(placed.seen.cut_class);
        sums.refused += u64::from(outcome == Outcome::Refused);
        sums.skipped += u64::from(outcome == Outcome::Skipped);
        sums.hung_up += u64::from(hung_up);
        let cost = placed.cost(carried_ms);
        sums.cost = sums.cost.saturating_add(cost);
        if placed.fate.talk_ms > carried_ms {
            sums.saved = sums.saved.saturating_add(placed.cost(placed.fate.talk_ms).saturating_sub(cost));
        }
    }
}

impl std::ops::Add for Sums {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            calls: self.calls + other.calls,
            abroad: self.abroad + other.abroad,
            refused: self.refused + other.refused,
            hung_up: self.hung_up + other.hung_up,
            skipped: self.skipped + other.skipped,
            cost: self.cost.saturating_add(other.cost),
            saved: self.saved.saturating_add(other.saved),
        }
    }
}
