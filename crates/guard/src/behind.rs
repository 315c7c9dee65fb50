//! The phones behind a trunk: in which countries they are, as the customer's PBX tells with its calls.
//!
//! What a PBX tells is not proven, so it can only speak against a call: whoever owns the PBX can tell anything.

use billing::CallId;
use serde::{Deserialize, Serialize};

use crate::Decibans;
use crate::habit::Familiarity;
use crate::kinds::origin::{HALF_LIFE_MS, MILLION, SMOOTHING, row};
use crate::line::MAX_RECENT;
use crate::math::{faded_db, ratio_db};

/// Countries remembered; the one not told of for longest is evicted.
const MAX_COUNTRIES: usize = 16;
/// Calls from one country count at most once in this time, so that a busy hour is one fact and not a thousand.
const SIGHTING_MS: u64 = 3_600_000;
/// ISO country code.
type Country = [u8; 2];

/// A country where phones are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Known {
    country: Country,
    since_ms: u64,
    last_ms: u64,
    /// What it said when it was new.
    weight: Decibans,
}

/// What a PBX told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Behind {
    known: Vec<Known>,
    sightings: u64,
    /// How many sightings were of a new country.
    new: u64,
    /// Where the line's latest calls of the cut class came from.
    calls: Vec<(CallId, Country)>,
}

impl Behind {
    /// The PBX tells of a call from a phone in a country; `at_home` where the trunk itself calls from there.
    pub(crate) fn tell(&mut self, now_ms: u64, country: Country, at_home: bool) {
        if let Some(known) = self.known.iter_mut().find(|known| known.country == country) {
            if now_ms.saturating_sub(known.last_ms) >= SIGHTING_MS {
                known.last_ms = now_ms;
                self.sightings = self.sightings.saturating_add(1);
            }
            return;
        }
        let news = self.sightings > 0 && !at_home;
        let weight = if news { self.novelty() } else { Decibans::default() };
        if self.known.len() >= MAX_COUNTRIES {
            let oldest = (0..self.known.len()).min_by_key(|&i| self.known[i].last_ms);
            oldest.map(|oldest| self.known.remove(oldest));
        }
        self.new = self.new.saturating_add(u64::from(news));
        self.sightings = self.sightings.saturating_add(1);
        self.known.push(Known { country, since_ms: now_ms, last_ms: now_ms, weight });
    }

    /// Remembers where a call that the guard watches comes from.
    pub(crate) fn note(&mut self, call: CallId, country: Country) {
        if self.calls.len() >= MAX_RECENT {
            self.calls.remove(0);
        }
        self.calls.push((call, country));
    }

    /// Where the PBX says that a call comes from.
    pub(crate) fn country_of(&self, call: CallId) -> Option<Country> {
        self.calls.iter().rev().find(|(told, _)| *told == call).map(|(_, country)| *country)
    }

    /// What that says by now.
    pub(crate) fn weight(&self, now_ms: u64, call: CallId) -> Decibans {
        let Some(country) = self.country_of(call) else { return Decibans::default() };
        let known = self.known.iter().find(|known| known.country == country);
        let fade = |known: &Known| faded_db(known.weight, now_ms.saturating_sub(known.since_ms), HALF_LIFE_MS);
        known.map_or_else(|| self.novelty(), fade)
    }

    /// Forgets the countries that are known since `since_ms` only: they may be the thief's.
    pub(crate) fn forget_since(&mut self, since_ms: u64) {
        let before = self.known.len();
        self.known.retain(|known| known.since_ms < since_ms || known.weight == Decibans::default());
        let forgotten = (before - self.known.len()) as u64;
        self.new = self.new.saturating_sub(forgotten);
        self.sightings = self.sightings.saturating_sub(forgotten);
    }

    /// The owner owns to a call: its country says nothing from now on.
    pub(crate) fn own(&mut self, now_ms: u64, call: CallId) {
        let Some(country) = self.country_of(call) else { return };
        self.tell(now_ms, country, true);
        for known in self.known.iter_mut().filter(|known| known.country == country) {
            known.weight = Decibans::default();
        }
    }

    /// What a country says that is new: as much as with the origin of a line.
    fn novelty(&self) -> Decibans {
        let (thief, firms, most_db) = row(Familiarity::NewCountry);
        let owner = (self.new * MILLION + SMOOTHING * firms) / (self.sightings + SMOOTHING);
        ratio_db(thief, owner).within(0, most_db)
    }
}
