//! A rate table, and the longest prefix in it that a number begins with.

use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};

use crate::error::DeckRowFault;
use crate::{E164, Error, Money, Prefix};

mod comparison;
mod import;
mod versions;

pub use comparison::Comparison;
pub use import::{Column, ColumnNames, Imported, MAX_ROW_ERRORS};
pub(crate) use import::{delimiter, plain};
pub use versions::{DeckVersion, DeckVersions, MAX_VERSIONS};

/// The most rows a deck may have.
pub const MAX_DECK_ROWS: usize = 500_000;
/// The most seconds a minimum or an increment may have.
pub const MAX_STEP_S: u32 = 3_600;

/// The price of calls to the numbers that begin with a prefix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// The first digits of the numbers it prices.
    pub prefix: Prefix,
    /// The destination as the table names it.
    pub destination: Arc<str>,
    /// The price of a minute of talk.
    pub per_minute: Money,
    /// The price of an answer.
    pub connect_fee: Money,
    /// The least number of seconds billed.
    pub minimum_s: u32,
    /// Beyond the minimum, seconds are billed in steps of this many; at least 1.
    pub increment_s: u32,
    /// The first seconds of talk, which are not billed; minimum and steps count from their end.
    pub free_s: u32,
}

/// Hundredths of a percent in the whole.
const WHOLE_BP: i64 = 10_000;
/// The steepest mark-up there may be: ten times the deck's price.
pub const MAX_MARKUP_BP: i32 = 90_000;
/// The largest discount there may be: calls for nothing.
pub const MIN_MARKUP_BP: i32 = -10_000;

impl Rate {
    /// What keeps this rate from being charged, if anything.
    fn fault(&self) -> Option<DeckRowFault> {
        if self.per_minute.is_negative() {
            return Some(DeckRowFault::Price(self.per_minute.to_string()));
        }
        if self.connect_fee.is_negative() {
            return Some(DeckRowFault::Price(self.connect_fee.to_string()));
        }
        if self.minimum_s > MAX_STEP_S {
            return Some(DeckRowFault::Seconds(self.minimum_s.to_string(), 0, MAX_STEP_S));
        }
        if self.increment_s == 0 || self.increment_s > MAX_STEP_S {
            return Some(DeckRowFault::Seconds(self.increment_s.to_string(), 1, MAX_STEP_S));
        }
        if self.free_s > MAX_STEP_S {
            return Some(DeckRowFault::Seconds(self.free_s.to_string(), 0, MAX_STEP_S));
        }
        None
    }

    /// The same rate with both its prices raised (or, below zero, lowered) by `basis_points` hundredths of a percent;
    /// each is rounded up to a whole micro-unit. What is beyond [`MIN_MARKUP_BP`] and [`MAX_MARKUP_BP`] counts as these.
    #[must_use]
    pub fn marked_up(&self, basis_points: i32) -> Self {
        let factor = i128::from(WHOLE_BP + i64::from(basis_points.clamp(MIN_MARKUP_BP, MAX_MARKUP_BP)));
        let raised = |price: Money| {
            let micros = (i128::from(price.micros().max(0)) * factor + i128::from(WHOLE_BP - 1)) / i128::from(WHOLE_BP);
            i64::try_from(micros).map_or(Money::MAX, Money::from_micros)
        };
        Self { per_minute: raised(self.per_minute), connect_fee: raised(self.connect_fee), ..self.clone() }
    }
}

/// A rate table. Cloning is cheap.
///
/// The rates are sorted as text is (1, 12, 120, 13), and each knows the longest other prefix that it
/// begins with. All rates between a prefix and a number that begins with it begin with that prefix,
/// too; so the one search that finds the last rate not after the number finds either the answer or
/// one that leads to it. Most of a look-up's time is waiting for memory, so that it goes by what is
/// kept close together, and touches the one rate that is the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Rate>", into = "Vec<Rate>")]
pub struct Deck(Arc<Table>);

#[derive(Debug, PartialEq, Eq)]
struct Table {
    /// The sort key of the first place of each [`BLOCK`].
    firsts: Vec<u64>,
    places: Vec<Place>,
    /// In the order of the places.
    rates: Vec<Rate>,
}

/// Where a rate stands among the others.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    key: u64,
    /// The place of the longest other prefix it begins with, or `NO_PARENT`.
    parent: u32,
}

/// Places found in one step: the first ones of all blocks of a large deck fit into the fastest memory.
const BLOCK: usize = 64;
const NO_PARENT: u32 = u32::MAX;

/// Sorts 1 to 15 digits as text: the digits, filled with zeros to 15, then how many there are.
fn sort_key(digits: u64, count: u32) -> u64 {
    (digits * 10_u64.pow(15_u32.saturating_sub(count))) << 4 | u64::from(count)
}

/// Whether the digits of one sort key begin with those of another.
fn begins_with(key: u64, prefix: u64) -> bool {
    /// How many numbers of 15 digits begin with so many given ones.
    const NUMBERS: [u64; 16] = {
        let mut numbers = [1; 16];
        let mut digits = 15;
        while digits > 0 {
            digits -= 1;
            numbers[digits] = numbers[digits + 1] * 10;
        }
        numbers
    };
    let digits = prefix & 15;
    let is_long_enough = digits <= key & 15;
    is_long_enough && (key >> 4).wrapping_sub(prefix >> 4) < NUMBERS[(digits & 15) as usize]
}

impl Deck {
    /// A deck of these rates, in any order.
    ///
    /// # Errors
    /// [`Error::Rate`] for the first rate that cannot be charged or whose prefix is there twice, or
    /// if there are more than [`MAX_DECK_ROWS`].
    pub fn new(mut rates: Vec<Rate>) -> Result<Self, Error> {
        for rate in &rates {
            if let Some(fault) = rate.fault() {
                return Err(Error::Rate { prefix: rate.prefix, fault });
            }
        }
        if rates.len() > MAX_DECK_ROWS {
            let prefix = rates[MAX_DECK_ROWS].prefix;
            return Err(Error::Rate { prefix, fault: DeckRowFault::TooMany(MAX_DECK_ROWS) });
        }
        rates.sort_by_key(|rate| sort_key(rate.prefix.value(), rate.prefix.digit_count()));
        for pair in rates.windows(2) {
            if let [a, b] = pair
                && a.prefix == b.prefix
            {
                let prefix = a.prefix;
                return Err(Error::Rate { prefix, fault: DeckRowFault::Twice(prefix) });
            }
        }
        Ok(Self(Arc::new(Table::of(rates))))
    }

    /// Reads a rate table as [`DeckVersions::read`] does, without its dates: where a prefix stands there with several,
    /// the latest counts.
    ///
    /// # Errors
    /// [`Error::Deck`] with all faulty rows by line, at most [`MAX_ROW_ERRORS`].
    pub fn from_csv(bytes: &[u8]) -> Result<Self, Error> {
        let latest = |imported: Imported| imported.versions.into_iter().next_back().map(|version| version.deck);
        Ok(DeckVersions::read(bytes, &ColumnNames::default(), 0).map(latest)?.unwrap_or_default())
    }

    /// The deck a fresh node starts with: made-up prices, plausible for a small provider, in US
    /// dollars, for every country and for mobile, premium and satellite numbers where they differ.
    /// Its prefixes were drawn from libphonenumber's patterns (release 9.0.33).
    #[must_use]
    pub fn starter() -> Self {
        static STARTER: LazyLock<Deck> = LazyLock::new(|| {
            Deck::from_csv(include_bytes!("../data/starter-deck.csv"))
                .expect("the file is part of the program, and a test reads it")
        });
        STARTER.clone()
    }

    /// The rate with the longest prefix that `number` begins with.
    #[must_use]
    pub fn rate_for(&self, number: E164) -> Option<&Rate> {
        let table = &*self.0;
        let key = sort_key(number.value(), number.digit_count());
        let block = table.firsts.partition_point(|first| *first <= key).checked_sub(1)? * BLOCK;
        let places = table.places.get(block..)?;
        let places = places.get(..BLOCK).unwrap_or(places);
        let mut at = block + places.partition_point(|place| place.key <= key).checked_sub(1)?;
        loop {
            // `NO_PARENT` is beyond any table, and ends the search.
            let place = table.places.get(at)?;
            if begins_with(key, place.key) {
                return table.rates.get(at);
            }
            at = place.parent as usize;
        }
    }

    /// The rates, sorted as text is.
    #[must_use]
    pub fn rates(&self) -> &[Rate] {
        &self.0.rates
    }
}

impl Table {
    /// `rates` must be sorted by their sort key, without duplicates.
    fn of(rates: Vec<Rate>) -> Self {
        let mut places: Vec<Place> = Vec::with_capacity(rates.len());
        // The prefixes the current one begins with, shortest first.
        let mut path: Vec<(u32, u64)> = Vec::new();
        for (at, rate) in (0_u32..).zip(&rates) {
            let key = sort_key(rate.prefix.value(), rate.prefix.digit_count());
            while path.pop_if(|(_, parent)| !begins_with(key, *parent)).is_some() {}
            places.push(Place { key, parent: path.last().map_or(NO_PARENT, |(parent, _)| *parent) });
            path.push((at, key));
        }
        let firsts = places.iter().step_by(BLOCK).map(|place| place.key).collect();
        Self { firsts, places, rates }
    }
}

/// The deck without a price.
impl Default for Deck {
    fn default() -> Self {
        Self(Arc::new(Table::of(Vec::new())))
    }
}

impl TryFrom<Vec<Rate>> for Deck {
    type Error = Error;
    fn try_from(rates: Vec<Rate>) -> Result<Self, Error> {
        Self::new(rates)
    }
}

impl From<Deck> for Vec<Rate> {
    fn from(deck: Deck) -> Self {
        match Arc::try_unwrap(deck.0) {
            Ok(table) => table.rates,
            Err(shared) => shared.rates.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
