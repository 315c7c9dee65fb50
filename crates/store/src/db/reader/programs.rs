//! Questions that programs ask: rates by destination.

use billing::{DeckId, Rate};
use rusqlite::params;

use super::{MAX_ROWS, Reader};
use crate::Error;
use crate::db::row::{from_json, int};

impl Reader {
    /// Rates of a deck, as it is in force at an instant, whose destination holds these words; by prefix.
    ///
    /// # Errors
    /// Database errors.
    pub fn rates_named(&self, deck: &DeckId, at_ms: u64, words: &str, limit: u32) -> Result<Vec<Rate>, Error> {
        self.all(
            "list rates",
            "SELECT json FROM rates WHERE deck = ?1 AND instr(lower(destination), lower(?2)) > 0
             AND from_ms = (SELECT max(from_ms) FROM decks WHERE deck = ?1 AND from_ms <= ?4)
             ORDER BY prefix LIMIT ?3",
            params![deck.as_str(), words, limit.min(MAX_ROWS), int(at_ms)],
            |row| from_json(row, "json"),
        )
    }
}
