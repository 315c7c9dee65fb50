//! Questions that programs ask: payments of some time, charges of some time, rates by destination.
//!
//! Of the ledger's kinds the index holds those alone that change a balance, and a question must say so to be served by it.

use std::ops::Range;

use billing::{AccountId, DeckId, LedgerEntry, Money, Rate};
use rusqlite::params;

use super::{MAX_ROWS, Reader};
use crate::Error;
use crate::db::row::{from_json, int};

impl Reader {
    /// What people paid in or corrected in some time (milliseconds since the Unix epoch), the latest first.
    ///
    /// # Errors
    /// Database errors.
    pub fn payments_in(&self, account: &AccountId, time_ms: Range<u64>) -> Result<Vec<LedgerEntry>, Error> {
        self.all(
            "list ledger entries",
            "SELECT json FROM ledger WHERE account = ?1 AND kind IN ('top-up', 'adjustment')
             AND kind NOT IN ('hold', 'release') AND at_ms >= ?2 AND at_ms < ?3 ORDER BY at_ms DESC, seq DESC LIMIT ?4",
            params![account.as_str(), int(time_ms.start), int(time_ms.end), MAX_ROWS],
            |row| from_json(row, "json"),
        )
    }

    /// What calls were charged in some time (milliseconds since the Unix epoch).
    ///
    /// # Errors
    /// Database errors.
    pub fn charged_in(&self, account: &AccountId, time_ms: Range<u64>) -> Result<Money, Error> {
        let micros: Option<i64> = self.one(
            "add up charges",
            "SELECT coalesce(sum(amount_micros), 0) FROM ledger WHERE account = ?1 AND kind = 'call'
             AND kind NOT IN ('hold', 'release') AND at_ms >= ?2 AND at_ms < ?3",
            params![account.as_str(), int(time_ms.start), int(time_ms.end)],
            |row| row.get(0),
        )?;
        Ok(Money::from_micros(micros.unwrap_or(0)))
    }

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
