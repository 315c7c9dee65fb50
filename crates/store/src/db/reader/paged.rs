//! Long lists in pages: each page is what comes before the last row of the one that was shown.

use billing::{AccountId, DeckId, IncidentId, Rate};
use guard::Incident;
use rusqlite::params;

use super::{MAX_ROWS, Reader};
use crate::Error;
use crate::db::row::{from_json, int};

impl Reader {
    /// Incidents as [`Reader::incidents`] lists them, those after one (when it was opened, and its id).
    ///
    /// # Errors
    /// Database errors.
    pub fn incidents_before(
        &self,
        account: Option<&AccountId>,
        open_only: bool,
        before: (u64, IncidentId),
        limit: u32,
    ) -> Result<Vec<Incident>, Error> {
        let (opened_ms, incident) = before;
        self.all(
            "list incidents",
            "SELECT json FROM incidents WHERE (?1 IS NULL OR account = ?1) AND (NOT ?2 OR closed_ms IS NULL)
             AND (opened_ms, incident) < (?4, ?5) ORDER BY opened_ms DESC, incident DESC LIMIT ?3",
            params![
                account.map(AccountId::as_str),
                open_only,
                limit.min(MAX_ROWS),
                int(opened_ms),
                incident.to_string(),
            ],
            |row| from_json(row, "json"),
        )
    }

    /// Rates as [`Reader::rates`] lists them, those after a prefix.
    ///
    /// # Errors
    /// Database errors.
    pub fn rates_after(
        &self,
        deck: &DeckId,
        at_ms: u64,
        digits: &str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<Rate>, Error> {
        self.all(
            "list rates",
            "SELECT json FROM rates WHERE deck = ?1 AND prefix >= ?2 AND prefix < ?2 || ':' AND prefix > ?5
             AND from_ms = (SELECT max(from_ms) FROM decks WHERE deck = ?1 AND from_ms <= ?4)
             ORDER BY prefix LIMIT ?3",
            params![deck.as_str(), digits, limit.min(MAX_ROWS), int(at_ms), after],
            |row| from_json(row, "json"),
        )
    }
}
