//! The prices a line or an account is used to: a histogram by doublings of the price a minute.

use billing::Money;
use serde::{Deserialize, Serialize};

/// Buckets: below one cent, then a doubling each; the last is open above (10.24 a minute and more).
pub(crate) const BUCKETS: usize = 12;
/// Upper edge of the first bucket, micro-units a minute.
const FIRST_EDGE_MICROS: i64 = 10_000;

/// The bucket of a price a minute.
pub(crate) fn bucket(per_minute: Money) -> u8 {
    let doublings = (per_minute.micros() / FIRST_EDGE_MICROS).max(0);
    let bucket = 64 - doublings.leading_zeros();
    bucket.min(BUCKETS as u32 - 1) as u8
}

/// Settled calls by price.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Prices {
    counts: [u32; BUCKETS],
}

impl Prices {
    /// Counts a settled call.
    pub(crate) fn learn(&mut self, bucket: u8) {
        if let Some(count) = self.counts.get_mut(usize::from(bucket)) {
            *count = count.saturating_add(1);
        }
    }

    /// Takes a call back.
    pub(crate) fn unlearn(&mut self, bucket: u8) {
        if let Some(count) = self.counts.get_mut(usize::from(bucket)) {
            *count = count.saturating_sub(1);
        }
    }

    /// Settled calls in `bucket` or dearer.
    pub(crate) fn at_least(&self, bucket: u8) -> u64 {
        self.counts.get(usize::from(bucket)..).unwrap_or_default().iter().copied().map(u64::from).sum()
    }

    /// Settled calls in `bucket` or cheaper.
    pub(crate) fn at_most(&self, bucket: u8) -> u64 {
        self.counts.get(..=usize::from(bucket)).unwrap_or(&self.counts).iter().copied().map(u64::from).sum()
    }

    /// All settled calls.
    pub(crate) fn total(&self) -> u64 {
        self.at_least(0)
    }

    /// Upper edge of the bucket in which half of the calls are cheaper, if there are any.
    pub(crate) fn usual(&self) -> Option<Money> {
        let total = self.total();
        let half = (0..BUCKETS as u8).find(|&bucket| 2 * self.at_most(bucket) >= total.max(1))?;
        (total > 0).then(|| Money::from_micros(FIRST_EDGE_MICROS << half))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_doublings() {
        let at = |micros| bucket(Money::from_micros(micros));
        assert_eq!([at(-1), at(0), at(9_999), at(10_000), at(20_000), at(39_999)], [0, 0, 0, 1, 2, 2]);
        assert_eq!([at(280_000), at(720_000), at(7_900_000), at(i64::MAX)], [5, 7, 10, 11]);
    }

    #[test]
    fn the_usual_price_is_the_median() {
        let mut prices = Prices::default();
        assert_eq!(prices.usual(), None);
        for bucket in [1, 1, 2, 7] {
            prices.learn(bucket);
        }
        assert_eq!(prices.usual(), Some(Money::from_cents(2)));
        assert_eq!((prices.at_least(2), prices.at_most(2), prices.total()), (2, 3, 4));
    }
}
