//! How long a call may talk on what is held for it: intervals counted from the answer, and the hold each one needs.

use billing::{Money, Rate, affordable_talk_s, charge};

use crate::Lease;

/// Talk is paid for in intervals of this many seconds, counted from the answer.
pub const LEASE_S: u32 = 30;
/// The account is asked again this long before an interval ends, so that the next one is held in time.
pub const CHECK_BEFORE_S: u32 = LEASE_S / 3;
/// What hanging up may take; every hold covers it beyond the time it pays for.
pub const GRACE_S: u32 = 1;

/// A lease and the hold that covers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) lease: Lease,
    pub(crate) hold: Money,
}

/// The lease of a call that costs nothing and is not looked at again.
pub(crate) const FREE: Lease = Lease { check_at_s: None, paid_until_s: None };

/// The lease for a call that has talked for `talk_ms` and is paid for until `paid_until_s` so far, if its whole hold may
/// be `budget` and it may talk until `most_s`: to the end of the next interval, or as far as both go. `None` where that
/// is not even a second and the time to hang up.
pub(crate) fn grant(rate: &Rate, talk_ms: u64, paid_until_s: u32, budget: Money, most_s: u32) -> Option<Grant> {
    let until_s = interval_end_s(talk_ms).max(paid_until_s.div_ceil(LEASE_S).saturating_mul(LEASE_S));
    let hold = cost(rate, until_s);
    if hold <= budget && until_s <= most_s {
        let lease = Lease { check_at_s: Some(until_s - CHECK_BEFORE_S), paid_until_s: Some(until_s) };
        return Some(Grant { lease, hold });
    }
    let until_s = affordable_talk_s(rate, budget).checked_sub(GRACE_S)?.min(most_s).min(until_s);
    if until_s == 0 {
        return None;
    }
    let lease = Lease { check_at_s: None, paid_until_s: Some(until_s) };
    Some(Grant { lease, hold: cost(rate, until_s) })
}

/// When a call that has talked for `talk_ms` is looked at next, in seconds from its answer: [`CHECK_BEFORE_S`] before the
/// end of each interval of [`LEASE_S`].
#[must_use]
pub fn next_check_s(talk_ms: u64) -> u32 {
    interval_end_s(talk_ms) - CHECK_BEFORE_S
}

/// The end of the interval to pay for at that moment: the running one, or the next from its check on. Derived from
/// the answer, so that asking late or twice changes nothing.
fn interval_end_s(talk_ms: u64) -> u32 {
    // Rounded up: a timer that fires a millisecond early has still reached its second.
    let talk_s = u32::try_from(talk_ms.div_ceil(1000)).unwrap_or(u32::MAX);
    let intervals = talk_s.saturating_add(CHECK_BEFORE_S) / LEASE_S;
    intervals.saturating_add(1).saturating_mul(LEASE_S)
}

/// The most a call costs that is hung up at `paid_until_s`.
fn cost(rate: &Rate, paid_until_s: u32) -> Money {
    charge(rate, u64::from(paid_until_s.saturating_add(GRACE_S)) * 1000)
}

#[cfg(test)]
mod tests {
    use billing::Prefix;
    use proptest::prelude::*;

    use super::*;

    fn rate(per_minute: i64, fee: i64, minimum_s: u32, increment_s: u32) -> Rate {
        Rate {
            prefix: Prefix::from_value(355).unwrap(),
            destination: "Albania".into(),
            per_minute: Money::from_micros(per_minute),
            connect_fee: Money::from_micros(fee),
            minimum_s,
            increment_s,
            free_s: 0,
        }
    }

    #[test]
    fn intervals_follow_the_answer_not_the_asking() {
        let rate = rate(600_000, 0, 1, 1);
        let until = |talk_ms, paid| grant(&rate, talk_ms, paid, Money::MAX, u32::MAX).unwrap().lease;
        let lease = |check, paid| Lease { check_at_s: Some(check), paid_until_s: Some(paid) };
        assert_eq!(until(0, 0), lease(20, 30));
        assert_eq!(until(5_000, 30), lease(20, 30));
        assert_eq!(until(19_999, 30), lease(50, 60));
        assert_eq!(until(20_000, 30), lease(50, 60));
        assert_eq!(until(22_000, 60), lease(50, 60));
        assert_eq!(until(50_000, 60), lease(80, 90));
        // Money came in for a call that was to end at 37 s.
        assert_eq!(until(12_000, 37), lease(50, 60));
    }

    #[test]
    fn the_checks_of_a_lease_are_those_that_a_replay_makes() {
        let rate = rate(600_000, 0, 1, 1);
        let (mut talk_ms, mut paid_s) = (0, 0);
        for expected_s in [20, 50, 80, 110] {
            let lease = grant(&rate, talk_ms, paid_s, Money::MAX, u32::MAX).unwrap().lease;
            assert_eq!(lease.check_at_s, Some(expected_s));
            assert_eq!(next_check_s(talk_ms), expected_s);
            (talk_ms, paid_s) = (u64::from(expected_s) * 1000, lease.paid_until_s.unwrap());
        }
    }

    #[test]
    fn the_hold_covers_increments_and_hanging_up() {
        let per_minute = 400_000;
        let six = grant(&rate(per_minute, 0, 6, 6), 0, 0, Money::MAX, u32::MAX).unwrap();
        assert_eq!(six.hold, Money::from_micros(per_minute * 36 / 60));
        let sixty = grant(&rate(per_minute, 10_000, 60, 60), 0, 0, Money::MAX, u32::MAX).unwrap();
        assert_eq!(sixty.hold, Money::from_micros(per_minute + 10_000));
    }

    #[test]
    fn what_is_left_is_talked_and_then_it_ends() {
        let rate = rate(600_000, 0, 6, 6);
        let lease = grant(&rate, 0, 0, Money::from_micros(125_000), u32::MAX).unwrap();
        assert_eq!(lease.lease, Lease { check_at_s: None, paid_until_s: Some(11) });
        assert_eq!(lease.hold, Money::from_micros(120_000));
        assert_eq!(grant(&rate, 0, 0, Money::from_micros(59_999), u32::MAX), None);
        assert_eq!(grant(&rate, 0, 0, Money::ZERO, u32::MAX), None);
        let lease = grant(&rate, 0, 0, Money::MAX, 13).unwrap().lease;
        assert_eq!(lease, Lease { check_at_s: None, paid_until_s: Some(13) });
        assert_eq!(grant(&rate, 0, 0, Money::MAX, 0), None);
    }

    proptest! {
        #[test]
        fn a_lease_never_costs_more_than_its_hold_nor_the_hold_more_than_the_budget(
            per_minute in 0_i64..5_000_000, fee in 0_i64..500_000, minimum_s in 0_u32..121, increment_s in 1_u32..121,
            talk_ms in 0_u64..400_000, paid_until_s in 0_u32..400, budget in 0_i64..5_000_000, most_s in 0_u32..500,
        ) {
            let rate = rate(per_minute, fee, minimum_s, increment_s);
            let budget = Money::from_micros(budget);
            if let Some(Grant { lease, hold }) = grant(&rate, talk_ms, paid_until_s, budget, most_s) {
                let until_s = lease.paid_until_s.unwrap();
                prop_assert!(hold <= budget && (1..=most_s).contains(&until_s));
                prop_assert!(charge(&rate, u64::from(until_s + GRACE_S) * 1000) <= hold);
                prop_assert!(lease.check_at_s.is_none_or(|check_s| check_s < until_s));
            }
        }
    }
}
