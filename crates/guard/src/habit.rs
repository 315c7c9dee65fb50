//! What is normal: the learnt habits of a line, and of a whole account, from calls that settled without an incident.

use serde::{Deserialize, Serialize};

use crate::attempt::{Attempt, PlaceKey, Suffix};
use crate::fading::{Fading, ONE};

mod hours;
mod numbers;
mod origins;
mod places;
mod prices;

pub(crate) use hours::{Hours, hour_of_week};
pub(crate) use numbers::Numbers;
pub(crate) use origins::{Familiarity, FirstSight, Known, OriginKey, Origins, Reach, Source};
pub(crate) use places::Places;
pub(crate) use prices::{BUCKETS, Prices, bucket};

/// Half-life of a habit's rate of calls to new numbers: two weeks, so that a growing market moves it.
pub(crate) const RATE_HALF_LIFE_MS: u64 = 14 * 24 * 3_600_000;

/// How much a habit may remember; lines and accounts differ.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Countries (and premium or satellite ranges); the least called is evicted.
    pub(crate) places: usize,
    /// Numbers; the one not called for longest is evicted.
    pub(crate) numbers: usize,
    /// Origins; the one not seen for longest is evicted.
    pub(crate) origins: usize,
}

/// What a line may remember.
pub(crate) const LINE: Bounds = Bounds { places: 64, numbers: 128, origins: 16 };
/// What an account may remember.
pub(crate) const ACCOUNT: Bounds = Bounds { places: 256, numbers: 1024, origins: 64 };

/// The habits of a line or an account. "Calls" are calls of the cut class unless said otherwise.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Habit {
    /// When its first event was seen.
    pub(crate) since_ms: Option<u64>,
    /// Settled calls.
    pub(crate) calls: u64,
    /// Home calls, learnt at once.
    pub(crate) home_calls: u64,
    /// Settled calls to a number that was known by then.
    pub(crate) repeats: u64,
    /// Settled calls to numbers that are not allocated.
    pub(crate) unallocated: u64,
    /// Settled calls that were forwarded or transferred.
    pub(crate) moved: u64,
    pub(crate) places: Places,
    pub(crate) numbers: Numbers,
    pub(crate) prices: Prices,
    pub(crate) hours: Hours,
    pub(crate) origins: Origins,
    /// Settled calls to numbers new by then, lately.
    pub(crate) new_numbers: Fading,
    /// What such calls cost, in thousandths of the deck's currency, lately.
    pub(crate) new_spend: Fading,
}

impl Habit {
    /// Notes that something was seen.
    pub(crate) fn touch(&mut self, now_ms: u64) {
        self.since_ms.get_or_insert(now_ms);
    }

    /// How long it has been watched.
    pub(crate) fn age_ms(&self, now_ms: u64) -> u64 {
        self.since_ms.map_or(0, |since| now_ms.saturating_sub(since))
    }

    /// Makes a settled call part of what is normal. Says whether its number was.
    pub(crate) fn learn(&mut self, now_ms: u64, call: &Settled, bounds: Bounds) -> bool {
        self.calls = self.calls.saturating_add(1);
        let was_known = self.numbers.learn(call.suffix, bounds.numbers);
        if was_known {
            self.repeats = self.repeats.saturating_add(1);
        } else {
            self.new_numbers.add(now_ms, RATE_HALF_LIFE_MS, ONE);
            self.new_spend.add(now_ms, RATE_HALF_LIFE_MS, u64::from(call.cost_mils));
        }
        self.unallocated = self.unallocated.saturating_add(u64::from(!call.valid));
        self.moved = self.moved.saturating_add(u64::from(call.moved));
        self.places.learn(call.place, bounds.places);
        self.prices.learn(call.price_bucket);
        self.hours.learn(call.hour);
        was_known
    }

    /// Takes a call back that was learnt at `then_ms`, when its number was known or not.
    pub(crate) fn unlearn(&mut self, now_ms: u64, then_ms: u64, call: &Settled, was_known: bool) {
        self.calls = self.calls.saturating_sub(1);
        if was_known {
            self.repeats = self.repeats.saturating_sub(1);
        } else {
            self.numbers.forget(call.suffix);
            self.new_numbers.take_back(now_ms, RATE_HALF_LIFE_MS, then_ms, ONE);
            self.new_spend.take_back(now_ms, RATE_HALF_LIFE_MS, then_ms, u64::from(call.cost_mils));
        }
        self.unallocated = self.unallocated.saturating_sub(u64::from(!call.valid));
        self.moved = self.moved.saturating_sub(u64::from(call.moved));
        self.places.unlearn(call.place);
        self.prices.unlearn(call.price_bucket);
        self.hours.unlearn(call.hour);
    }
}

/// What a call leaves behind once it counts as normal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Settled {
    pub(crate) suffix: Suffix,
    pub(crate) place: PlaceKey,
    pub(crate) price_bucket: u8,
    /// Whether the number is allocated.
    pub(crate) valid: bool,
    /// Hour of the week, local.
    pub(crate) hour: u8,
    /// What it cost, in thousandths of the deck's currency.
    pub(crate) cost_mils: u32,
    /// Whether it was forwarded or transferred.
    pub(crate) moved: bool,
}

impl From<&Attempt> for Settled {
    fn from(call: &Attempt) -> Self {
        Self {
            suffix: call.suffix(),
            place: call.place,
            price_bucket: bucket(call.per_minute),
            hour: call.hour,
            valid: call.destination.valid,
            cost_mils: u32::try_from(call.cost_mils(call.start_ms)).unwrap_or(u32::MAX),
            moved: call.circumstances.cause.is_some(),
        }
    }
}
