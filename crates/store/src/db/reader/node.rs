//! Questions about the node's own book: carriers, decks, lock-out.

use billing::{Deck, DeckId, DeckVersion, Rate};
use edge::Carrier;
use lockout::Ban;
use rusqlite::params;

use super::{MAX_ROWS, Reader};
use crate::Error;
use crate::db::row::{from_json, int, parsed, unsigned};

/// A version of a deck, without its rates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeckRow {
    /// Its id.
    pub id: DeckId,
    /// From when on it is in force.
    pub from_ms: u64,
    /// When it was last put.
    pub changed_ms: u64,
    /// How many rates it has.
    pub rates: u64,
}

impl Reader {
    /// All carriers, by id; their secrets are blank, for no table holds them.
    ///
    /// # Errors
    /// Database errors.
    pub fn carriers(&self) -> Result<Vec<Carrier>, Error> {
        self.all("list carriers", "SELECT json FROM carriers ORDER BY carrier LIMIT ?1", [MAX_ROWS], |row| {
            from_json(row, "json")
        })
    }

    /// All versions of all decks, by id and then in the order in which they come into force.
    ///
    /// # Errors
    /// Database errors.
    pub fn decks(&self) -> Result<Vec<DeckRow>, Error> {
        self.all("list decks", "SELECT * FROM decks ORDER BY deck, from_ms LIMIT ?1", [MAX_ROWS], |row| {
            Ok(DeckRow {
                id: parsed(row, "deck")?,
                from_ms: unsigned(row, "from_ms")?,
                changed_ms: unsigned(row, "changed_ms")?,
                rates: unsigned(row, "rates")?,
            })
        })
    }

    /// Rates of a deck, as it is in force at an instant, whose prefix begins with these digits; by prefix.
    ///
    /// # Errors
    /// Database errors.
    pub fn rates(&self, deck: &DeckId, at_ms: u64, digits: &str, limit: u32) -> Result<Vec<Rate>, Error> {
        self.all(
            "list rates",
            "SELECT json FROM rates WHERE deck = ?1 AND prefix >= ?2 AND prefix < ?2 || ':'
             AND from_ms = (SELECT max(from_ms) FROM decks WHERE deck = ?1 AND from_ms <= ?4)
             ORDER BY prefix LIMIT ?3",
            params![deck.as_str(), digits, limit.min(MAX_ROWS), int(at_ms)],
            |row| from_json(row, "json"),
        )
    }

    /// Rates of a deck, as it is in force at an instant, that a text looks for: by the first digits of their prefix or
    /// those of a longer number, or by a part of the destination; those after a prefix, by prefix.
    ///
    /// # Errors
    /// Database errors.
    pub fn find_rates(
        &self,
        deck: &DeckId,
        at_ms: u64,
        text: &str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<Rate>, Error> {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        self.all(
            "look up rates",
            "SELECT json FROM rates WHERE deck = ?1
             AND from_ms = (SELECT max(from_ms) FROM decks WHERE deck = ?1 AND from_ms <= ?5)
             AND iif(?2 = '', instr(lower(destination), lower(?3)) > 0 OR ?3 = '',
                     substr(prefix, 1, length(?2)) = ?2 OR substr(?2, 1, length(prefix)) = prefix)
             AND prefix > ?6 ORDER BY prefix LIMIT ?4",
            params![deck.as_str(), digits, text.trim(), limit.min(MAX_ROWS), int(at_ms), after],
            |row| from_json(row, "json"),
        )
    }

    /// A whole deck as it is in force at an instant, and since when; `None` where there is none.
    ///
    /// # Errors
    /// Database errors.
    pub fn deck(&self, deck: &DeckId, at_ms: u64) -> Result<Option<DeckVersion>, Error> {
        let versions = self.decks()?;
        let found = versions.iter().rfind(|row| row.id == *deck && row.from_ms <= at_ms);
        let Some(from_ms) = found.map(|row| row.from_ms) else { return Ok(None) };
        let rates: Vec<Rate> = self.all(
            "read a deck",
            "SELECT json FROM rates WHERE deck = ?1 AND from_ms = ?2",
            params![deck.as_str(), int(from_ms)],
            |row| from_json(row, "json"),
        )?;
        // Only whole decks are ever written.
        Ok(Some(DeckVersion { from_ms, deck: Deck::new(rates).unwrap_or_default() }))
    }

    /// The lock-out settings; the defaults before they were first changed.
    ///
    /// # Errors
    /// Database errors.
    pub fn lockout(&self) -> Result<lockout::Settings, Error> {
        let settings = self
            .one("read the lock-out settings", "SELECT json FROM lockout_settings", [], |row| from_json(row, "json"))?;
        Ok(settings.unwrap_or_default())
    }

    /// Bans in force at a time, those that end last first.
    ///
    /// # Errors
    /// Database errors.
    pub fn bans(&self, now_ms: u64) -> Result<Vec<Ban>, Error> {
        self.all(
            "list bans",
            "SELECT json FROM bans WHERE until_ms > ?1 ORDER BY until_ms DESC, prefix LIMIT ?2",
            params![int(now_ms), MAX_ROWS],
            |row| from_json(row, "json"),
        )
    }
}
