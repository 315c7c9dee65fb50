//! A deck through time: each version is in force from its own instant until the next one begins.

use serde::{Deserialize, Serialize};

use super::import::{self, ColumnNames, Imported};
use super::{Deck, Rate};
use crate::{E164, Error};

/// The most versions of a deck that are kept at hand; the oldest goes first.
pub const MAX_VERSIONS: usize = 16;

/// A rate table, and from when on it prices calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeckVersion {
    /// From when on, in milliseconds since the Unix epoch. A call keeps the version it began under.
    pub from_ms: u64,
    /// The rates.
    pub deck: Deck,
}

/// The versions of one deck, in the order in which they come into force.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeckVersions(Vec<DeckVersion>);

/// One version, in force since ever.
impl From<Deck> for DeckVersions {
    fn from(deck: Deck) -> Self {
        Self(vec![DeckVersion { from_ms: 0, deck }])
    }
}

impl DeckVersions {
    /// Reads a rate table: CSV (the separator may be a comma, a semicolon or a tab), or the JSON that VOIP.MS's
    /// `getRates` and `getTerminationRates` answer with.
    ///
    /// The header of a CSV names the columns, in any order and in the usual spellings ("Rate per minute",
    /// `rate_per_minute`, "rate") or as `names` tells: prefix and rate are needed; destination, connect fee (0 if not
    /// there), minimum and increment (60 seconds each), free seconds (none) and effective date are not. An increment may
    /// be written as `30/6`, minimum first. Other columns are left alone.
    ///
    /// Rows with an effective date after `now_ms` make a version of their own from that day on (midnight UTC, unless a
    /// time stands there), in which they take the place of the rows before them; all other rows are in force from
    /// `now_ms` on, of several for one prefix that with the latest date.
    ///
    /// # Errors
    /// [`Error::Deck`] with all faulty rows by line, at most [`super::MAX_ROW_ERRORS`].
    pub fn read(bytes: &[u8], names: &ColumnNames, now_ms: u64) -> Result<Imported, Error> {
        import::read(bytes, names, now_ms)
    }

    /// Puts a version in, in place of one that begins at the same instant.
    pub fn put(&mut self, version: DeckVersion) {
        match self.0.binary_search_by_key(&version.from_ms, |known| known.from_ms) {
            Ok(at) => self.0[at] = version,
            Err(at) => self.0.insert(at, version),
        }
        if self.0.len() > MAX_VERSIONS {
            self.0.remove(0);
        }
    }

    /// The version in force at an instant.
    #[must_use]
    pub fn at(&self, now_ms: u64) -> Option<&DeckVersion> {
        let after = self.0.partition_point(|version| version.from_ms <= now_ms);
        self.0.get(after.checked_sub(1)?)
    }

    /// The rate of a number at an instant, and since when that version is in force.
    #[must_use]
    pub fn rate_at(&self, now_ms: u64, number: E164) -> Option<(u64, &Rate)> {
        let version = self.at(now_ms)?;
        Some((version.from_ms, version.deck.rate_for(number)?))
    }

    /// All versions, in the order in which they come into force.
    #[must_use]
    pub fn all(&self) -> &[DeckVersion] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(from_ms: u64, price: &str) -> DeckVersion {
        DeckVersion { from_ms, deck: Deck::from_csv(format!("prefix,rate\n355,{price}\n").as_bytes()).unwrap() }
    }

    fn price(versions: &DeckVersions, now_ms: u64) -> Option<String> {
        let found = versions.rate_at(now_ms, "+355691234567".parse().unwrap());
        found.map(|(from_ms, rate)| format!("{} since {from_ms}", rate.per_minute))
    }

    #[test]
    fn each_version_holds_until_the_next_one() {
        let mut versions = DeckVersions::default();
        versions.put(version(200, "0.30"));
        versions.put(version(100, "0.20"));
        assert_eq!(price(&versions, 99), None);
        assert_eq!(price(&versions, 100).unwrap(), "0.20 since 100");
        assert_eq!(price(&versions, 199).unwrap(), "0.20 since 100");
        assert_eq!(price(&versions, 200).unwrap(), "0.30 since 200");
        versions.put(version(200, "0.40"));
        assert_eq!(price(&versions, 5_000).unwrap(), "0.40 since 200");
        assert_eq!(versions.all().len(), 2);
    }

    #[test]
    fn the_oldest_version_goes_first() {
        let mut versions = DeckVersions::default();
        for from_ms in 0..30 {
            versions.put(version(from_ms, "0.20"));
        }
        assert_eq!((versions.all().len(), versions.all()[0].from_ms), (MAX_VERSIONS, 14));
    }
}
