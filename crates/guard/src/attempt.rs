//! One call of the cut class as the guard remembers it: small, complete enough to be weighed again while it runs.

use billing::{CallId, Destination, E164, Money, NumberClass};
use serde::{Deserialize, Serialize};

use crate::habit::{OriginKey, hour_of_week};
use crate::{Cause, Decibans, Elsewhere, Observed};

/// A number by its last nine digits: the same number behind another prefix is the same suffix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Suffix(pub(crate) u32);

impl From<E164> for Suffix {
    fn from(number: E164) -> Self {
        Self((number.value() % 1_000_000_000) as u32)
    }
}

/// A destination as habits count it: a country (or the first three digits where there is none), its premium and
/// satellite numbers apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct PlaceKey(u32);

impl PlaceKey {
    const SPECIAL: u32 = 1;

    /// The place of a number.
    pub(crate) fn of(number: E164, destination: &Destination) -> Self {
        let special = match destination.class {
            NumberClass::Unknown => 0,
            class if class.is_ordinary() => 0,
            _ => Self::SPECIAL,
        };
        let area = match destination.country {
            Some(country) => country.code().bytes().fold(0, |area, byte| area << 8 | u32::from(byte)),
            None => number.digits().take(3).fold(0, |area, digit| area * 10 + u32::from(digit)),
        };
        Self(area << 1 | special)
    }

    /// Premium, satellite, shared cost: numbers whose owner earns, or that are dear everywhere.
    pub(crate) const fn is_special(self) -> bool {
        self.0 & Self::SPECIAL != 0
    }

    #[cfg(test)]
    pub(crate) const fn test(key: u32) -> Self {
        Self(key)
    }
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) at_ms: u64,
    pub(crate) talk_ms: u64,
    /// Whether it did not get through at all: no such number, no way, refused by the network.
    pub(crate) failed: bool,
}

/// What else is known of an attempt from the start.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Circumstances {
    /// Forwarded or transferred.
    pub(crate) cause: Option<Cause>,
    /// What the bulletin says of its number and its place.
    pub(crate) elsewhere: Elsewhere,
}

/// One attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Attempt {
    pub(crate) call: CallId,
    pub(crate) start_ms: u64,
    pub(crate) number: E164,
    pub(crate) destination: Destination,
    pub(crate) place: PlaceKey,
    pub(crate) per_minute: Money,
    pub(crate) priced: bool,
    pub(crate) origin: OriginKey,
    pub(crate) circumstances: Circumstances,
    /// Local hour of the week.
    pub(crate) hour: u8,
    /// Whether the number is no habit of the line; kept up to date by the line, as it is asked often.
    pub(crate) fresh: bool,
    pub(crate) answered_ms: Option<u64>,
    pub(crate) outcome: Option<Outcome>,
    /// The guard refused it or hung it up.
    pub(crate) refused: bool,
    /// The highest sum of evidence it ever had.
    pub(crate) score: Decibans,
}

impl Attempt {
    /// What is kept of an observed call.
    pub(crate) fn new(now_ms: u64, seen: &Observed) -> Self {
        Self {
            call: seen.call,
            start_ms: now_ms,
            number: seen.number,
            destination: seen.destination,
            place: PlaceKey::of(seen.number, &seen.destination),
            per_minute: seen.per_minute,
            priced: seen.priced,
            origin: OriginKey::from(&seen.origin),
            circumstances: Circumstances { cause: seen.cause, elsewhere: seen.elsewhere },
            hour: hour_of_week(now_ms, seen.utc_offset_min),
            fresh: true,
            answered_ms: None,
            outcome: None,
            refused: false,
            score: Decibans::default(),
        }
    }

    /// The number as habits know it.
    pub(crate) fn suffix(&self) -> Suffix {
        self.number.into()
    }

    /// Whether it was let through and has not ended.
    pub(crate) const fn runs(&self) -> bool {
        !self.refused && self.outcome.is_none()
    }

    /// Talk time so far, or in all.
    pub(crate) fn talk_ms(&self, now_ms: u64) -> u64 {
        match (self.outcome, self.answered_ms) {
            (Some(outcome), _) => outcome.talk_ms,
            (None, Some(answered)) => now_ms.saturating_sub(answered),
            (None, None) => 0,
        }
    }

    /// What its talk costs so far, or in all, in thousandths of the deck's currency; without fees and rounding.
    pub(crate) fn cost_mils(&self, now_ms: u64) -> u64 {
        let micros = u64::try_from(self.per_minute.micros()).unwrap_or(0);
        micros.saturating_mul(self.talk_ms(now_ms)) / 60_000_000
    }

    /// The destination in words.
    pub(crate) fn destination_name(&self) -> String {
        self.destination.name(self.number)
    }
}
