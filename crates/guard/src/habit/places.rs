//! The countries (and premium or satellite ranges) a line or an account calls, with how often.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::attempt::PlaceKey;

/// Settled calls by destination.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Places {
    counts: BTreeMap<PlaceKey, u32>,
    total: u64,
    /// How many destinations were ever new, evicted ones too.
    first_calls: u64,
}

impl Places {
    /// Counts a settled call; above `most` destinations the least called is evicted.
    pub(crate) fn learn(&mut self, place: PlaceKey, most: usize) {
        self.total = self.total.saturating_add(1);
        if let Some(count) = self.counts.get_mut(&place) {
            *count = count.saturating_add(1);
            return;
        }
        if self.counts.len() >= most {
            let least = self.counts.iter().min_by_key(|&(_, count)| *count).map(|(place, _)| *place);
            least.and_then(|least| self.counts.remove(&least));
        }
        self.first_calls = self.first_calls.saturating_add(1);
        self.counts.insert(place, 1);
    }

    /// Takes a call back.
    pub(crate) fn unlearn(&mut self, place: PlaceKey) {
        let Some(count) = self.counts.get_mut(&place) else { return };
        *count -= 1;
        self.total = self.total.saturating_sub(1);
        if *count == 0 {
            self.counts.remove(&place);
            self.first_calls = self.first_calls.saturating_sub(1);
        }
    }

    /// Settled calls there.
    pub(crate) fn count(&self, place: PlaceKey) -> u64 {
        self.counts.get(&place).copied().map_or(0, u64::from)
    }

    /// The destinations remembered.
    pub(crate) fn known(&self) -> impl Iterator<Item = PlaceKey> {
        self.counts.keys().copied()
    }

    /// Settled calls anywhere.
    pub(crate) const fn total(&self) -> u64 {
        self.total
    }

    /// How often a settled call opened a new destination.
    pub(crate) const fn first_calls(&self) -> u64 {
        self.first_calls
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_called_place_makes_room() {
        let (a, b, c) = (PlaceKey::test(1), PlaceKey::test(2), PlaceKey::test(3));
        let mut places = Places::default();
        for place in [a, a, b, c] {
            places.learn(place, 2);
        }
        assert_eq!((places.count(a), places.count(b), places.count(c)), (2, 0, 1));
        assert_eq!((places.total(), places.first_calls()), (4, 3));
    }
}
