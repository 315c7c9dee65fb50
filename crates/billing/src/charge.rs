//! What a talk of so long costs, and how long a talk so much money buys.
//!
//! Talk is billed in whole seconds, each begun second counting in full. The free seconds come first and
//! are not billed. What is talked beyond them is billed with the minimum first, then in whole
//! increments, each begun increment counting in full. The price of the billed seconds is rounded up to
//! a whole micro-unit, once for each call; the connect fee is added to it, free seconds or not. A call
//! that was not answered costs nothing.

use crate::{Money, Rate};

/// Seconds billed for a talk of `talk_ms`: nothing for no talk or within the free seconds, else at least the minimum.
#[must_use]
pub fn billed_s(rate: &Rate, talk_ms: u64) -> u32 {
    if talk_ms == 0 {
        return 0;
    }
    let Some(talk_s) = talk_ms.div_ceil(1000).checked_sub(u64::from(rate.free_s)).filter(|talk_s| *talk_s > 0) else {
        return 0;
    };
    let minimum_s = u64::from(rate.minimum_s);
    let increment_s = u64::from(rate.increment_s.max(1));
    let increments = talk_s.saturating_sub(minimum_s).div_ceil(increment_s);
    let billed_s = minimum_s.saturating_add(increments.saturating_mul(increment_s));
    u32::try_from(billed_s).unwrap_or(u32::MAX)
}

/// What a talk of `talk_ms` costs at `rate`. Zero means the call was never answered; one that was
/// answered and hung up in the same millisecond has talked for 1.
#[must_use]
pub fn charge(rate: &Rate, talk_ms: u64) -> Money {
    if talk_ms == 0 {
        return Money::ZERO;
    }
    let seconds = i128::from(billed_s(rate, talk_ms));
    let per_minute = i128::from(rate.per_minute.micros().max(0));
    let talked = (per_minute * seconds + 59) / 60;
    let total = talked + i128::from(rate.connect_fee.micros().max(0));
    i64::try_from(total).map_or(Money::MAX, Money::from_micros)
}

/// The most whole seconds of talk whose [`charge`] is within `budget`; `u32::MAX` when talk is free.
#[must_use]
pub fn affordable_talk_s(rate: &Rate, budget: Money) -> u32 {
    let fee = i128::from(rate.connect_fee.micros().max(0));
    let rest = i128::from(budget.micros()) - fee;
    if rest < 0 {
        return 0;
    }
    let per_minute = i128::from(rate.per_minute.micros().max(0));
    if per_minute == 0 {
        return u32::MAX;
    }
    // ceil(p * s / 60) <= rest holds exactly when p * s <= 60 * rest.
    let most_s = u64::try_from(rest * 60 / per_minute).unwrap_or(u64::MAX);
    let minimum_s = u64::from(rate.minimum_s);
    let increment_s = u64::from(rate.increment_s.max(1));
    let billed_s = most_s.checked_sub(minimum_s).map_or(0, |beyond_s| minimum_s + beyond_s / increment_s * increment_s);
    u32::try_from(billed_s.saturating_add(u64::from(rate.free_s))).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Prefix;
    use proptest::prelude::*;

    fn rate(per_minute: &str, connect_fee: &str, minimum_s: u32, increment_s: u32) -> Rate {
        Rate {
            prefix: Prefix::from_value(355).unwrap(),
            destination: "Albania".into(),
            per_minute: per_minute.parse().unwrap(),
            connect_fee: connect_fee.parse().unwrap(),
            minimum_s,
            increment_s,
            free_s: 0,
        }
    }

    #[test]
    fn worked_examples() {
        // (rate, fee, minimum, increment, talk in ms, billed seconds, charge)
        let examples = [
            ("0.35", "0", 6, 6, 0, 0, "0"),
            ("0.35", "0", 6, 6, 1, 6, "0.035"),
            ("0.35", "0", 6, 6, 6_000, 6, "0.035"),
            ("0.35", "0", 6, 6, 6_001, 12, "0.07"),
            ("0.35", "0", 6, 6, 31_000, 36, "0.21"),
            ("0.35", "0", 60, 60, 1_000, 60, "0.35"),
            ("0.35", "0", 60, 60, 60_001, 120, "0.70"),
            ("0.10", "0", 30, 6, 10_000, 30, "0.05"),
            ("0.10", "0", 30, 6, 30_001, 36, "0.06"),
            ("0.01", "0", 1, 1, 1_000, 1, "0.000167"),
            ("0.01", "0", 1, 1, 59_500, 60, "0.01"),
            ("0.01", "0", 0, 1, 1_200, 2, "0.000334"),
            ("0.01", "0.05", 6, 6, 6_000, 6, "0.051"),
            ("0", "0.05", 6, 6, 3_600_000, 3600, "0.05"),
            ("0.000001", "0", 1, 1, 1_000, 1, "0.000001"),
        ];
        for (per_minute, fee, minimum_s, increment_s, talk_ms, billed, cost) in examples {
            let rate = rate(per_minute, fee, minimum_s, increment_s);
            assert_eq!(billed_s(&rate, talk_ms), billed, "{rate:?} {talk_ms}");
            assert_eq!(charge(&rate, talk_ms), cost.parse().unwrap(), "{rate:?} {talk_ms}");
        }
    }

    #[test]
    fn budgets_buy_whole_increments() {
        let budget = |text: &str| text.parse::<Money>().unwrap();
        assert_eq!(affordable_talk_s(&rate("0.35", "0", 6, 6), budget("0.40")), 66);
        assert_eq!(affordable_talk_s(&rate("0.35", "0", 60, 60), budget("0.34")), 0);
        assert_eq!(affordable_talk_s(&rate("0.35", "0", 60, 60), budget("0.70")), 120);
        assert_eq!(affordable_talk_s(&rate("0.10", "0.05", 30, 6), budget("0.04")), 0);
        assert_eq!(affordable_talk_s(&rate("0", "0.05", 30, 6), budget("0.05")), u32::MAX);
        assert_eq!(affordable_talk_s(&rate("0", "0", 30, 6), budget("-1")), 0);
    }

    #[test]
    fn the_ends_of_the_range_are_held() {
        let mut dear = rate("0", "0", 1, 1);
        dear.per_minute = Money::MAX;
        dear.connect_fee = Money::MAX;
        assert_eq!(charge(&dear, u64::MAX), Money::MAX);
        assert_eq!(affordable_talk_s(&rate("0.000001", "0", 1, 1), Money::MAX), u32::MAX);
    }

    prop_compose! {
        fn any_rate()(
            micros in 0_i64..10_000_000, fee in 0_i64..1_000_000,
            minimum_s in 0_u32..121, increment_s in 1_u32..121, free_s in prop_oneof![Just(0), 0_u32..90],
        ) -> Rate {
            let mut rate = rate("0", "0", minimum_s, increment_s);
            rate.per_minute = Money::from_micros(micros);
            rate.connect_fee = Money::from_micros(fee);
            rate.free_s = free_s;
            rate
        }
    }

    proptest! {
        #[test]
        fn longer_never_costs_less(rate in any_rate(), a in 0_u64..10_000_000, more in 0_u64..100_000) {
            prop_assert!(charge(&rate, a) <= charge(&rate, a + more));
        }

        #[test]
        fn affordable_is_tight(rate in any_rate(), micros in 0_i64..50_000_000) {
            let budget = Money::from_micros(micros);
            let talk_s = u64::from(affordable_talk_s(&rate, budget));
            prop_assert!(charge(&rate, talk_s * 1000) <= budget);
            if talk_s < u64::from(u32::MAX) {
                prop_assert!(charge(&rate, talk_s * 1000 + 1) > budget);
            }
        }
    }
}
