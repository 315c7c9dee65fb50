//! The price of a call, worked out a second time and in another way than the product does: second by second.

use billing::Rate;

/// What a talk of `talk_ms` costs, in micro-units: whole increments after the minimum, the sum rounded up once, and the
/// connect fee. Nothing without an answer.
pub(crate) fn price_micros(rate: &Rate, talk_ms: u64) -> i64 {
    if talk_ms == 0 {
        return 0;
    }
    let begun_s = talk_ms / 1_000 + u64::from(!talk_ms.is_multiple_of(1_000));
    if begun_s <= u64::from(rate.free_s) {
        return rate.connect_fee.micros();
    }
    let begun_s = begun_s - u64::from(rate.free_s);
    let mut billed_s = u64::from(rate.minimum_s);
    while billed_s < begun_s {
        billed_s += u64::from(rate.increment_s);
    }
    let sixtieths = rate.per_minute.micros() * i64::try_from(billed_s).unwrap_or(i64::MAX);
    rate.connect_fee.micros() + sixtieths / 60 + i64::from(sixtieths % 60 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use billing::{Money, Prefix, charge};

    #[test]
    fn both_ways_to_work_out_a_price_agree() {
        for (minimum_s, increment_s) in [(0, 1), (6, 6), (60, 60), (30, 6)] {
            let rate = Rate {
                prefix: Prefix::from_value(355).unwrap(),
                destination: "Albania".into(),
                per_minute: Money::from_micros(350_001),
                connect_fee: Money::from_micros(5_000),
                minimum_s,
                increment_s,
                free_s: 0,
            };
            for talk_ms in [0, 1, 999, 1_000, 1_001, 5_999, 6_000, 6_001, 61_000, 3_600_000] {
                assert_eq!(price_micros(&rate, talk_ms), charge(&rate, talk_ms).micros(), "{talk_ms} at {rate:?}");
            }
        }
    }
}
