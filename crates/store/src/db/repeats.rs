//! Requests that a program may send twice and that are done once: what each was, and what it was answered with.

use rusqlite::{OptionalExtension, params};

use super::Desk;
use super::row::{int, unsigned};
use crate::Error;

/// How long an answer is kept, milliseconds.
pub const REPEATABLE_MS: u64 = 24 * 60 * 60 * 1000;
/// A request that has had no answer for so long never will: its node was stopped in the middle of it. Whoever repeats it
/// has it done.
const LOST_MS: u64 = 60 * 1000;

/// What is known of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Nothing: it is to be done now.
    New,
    /// It is being done.
    UnderWay,
    /// The same key was used for another request.
    Other,
    /// It was done.
    Done {
        /// The HTTP status it was answered with.
        status: u16,
        /// The answer, as it was given to be kept.
        answer: Vec<u8>,
    },
}

impl Desk {
    /// Begins a request under a key, unless it is known.
    ///
    /// # Errors
    /// Database errors.
    pub fn begin_request(&self, key: &[u8; 32], request: &[u8; 32], now_ms: u64) -> Result<Repeat, Error> {
        self.together("begin a request", |connection| {
            let old_ms = int(now_ms.saturating_sub(REPEATABLE_MS));
            connection.execute("DELETE FROM requests WHERE begun_ms <= ?1", [old_ms])?;
            let known = connection
                .query_row("SELECT * FROM requests WHERE key = ?1", [key], |row| {
                    let (request, status): ([u8; 32], Option<u16>) = (row.get("request")?, row.get("status")?);
                    Ok((request, status, row.get("answer")?, unsigned(row, "begun_ms")?))
                })
                .optional()?;
            match known {
                Some((known, ..)) if known != *request => return Ok(Repeat::Other),
                Some((_, Some(status), answer, _)) => return Ok(Repeat::Done { status, answer }),
                Some((_, None, _, begun_ms)) if now_ms < begun_ms.saturating_add(LOST_MS) => {
                    return Ok(Repeat::UnderWay);
                }
                Some(_) | None => {}
            }
            connection.execute(
                "INSERT OR REPLACE INTO requests VALUES (?1, ?2, ?3, NULL, x'')",
                params![key, request, int(now_ms)],
            )?;
            Ok(Repeat::New)
        })
    }

    /// A request was done and answered.
    ///
    /// # Errors
    /// Database errors.
    pub fn end_request(&self, key: &[u8; 32], status: u16, answer: &[u8]) -> Result<(), Error> {
        let sql = "UPDATE requests SET status = ?2, answer = ?3 WHERE key = ?1";
        self.run("end a request", sql, params![key, status, answer]).map(drop)
    }

    /// A request was not done: it may be sent again under its key.
    ///
    /// # Errors
    /// Database errors.
    pub fn forget_request(&self, key: &[u8; 32]) -> Result<(), Error> {
        self.run("forget a request", "DELETE FROM requests WHERE key = ?1", [key]).map(drop)
    }
}
