//! The outbox: notices queued by the projector, sent by the mailer, kept with what became of them.
//!
//! A notice is sent at least once: after a power failure between sending and [`Desk::mark_sent`] it is sent again.

use account::Notice;
use billing::AccountId;
use rusqlite::{Row, params};

use super::row::{from_json, int, parsed, unsigned};
use super::{Desk, Reader};
use crate::Error;

/// A notice that waits.
#[derive(Clone, Debug, PartialEq)]
pub struct Queued {
    /// Its number.
    pub id: i64,
    /// Whose contacts are told.
    pub account: AccountId,
    /// When it was queued.
    pub created_ms: u64,
    /// What they are told.
    pub notice: Notice,
    /// Failed attempts so far.
    pub attempts: u32,
}

/// What became of a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sending {
    /// It waits for its next try.
    Queued {
        /// Failed attempts so far.
        attempts: u32,
        /// When it is tried next.
        next_try_ms: u64,
        /// Why the last attempt failed.
        error: Option<String>,
    },
    /// It was sent.
    Sent {
        /// When.
        at_ms: u64,
    },
    /// It was given up.
    Failed {
        /// Why.
        error: String,
    },
}

impl Desk {
    /// The notice that is due first, if one is due.
    ///
    /// # Errors
    /// Database errors.
    pub fn next_due(&self, now_ms: u64) -> Result<Option<Queued>, Error> {
        self.one(
            "find a notice",
            "SELECT * FROM outbox WHERE state = 'queued' AND next_try_ms <= ?1 ORDER BY next_try_ms, id LIMIT 1",
            [int(now_ms)],
            queued,
        )
    }

    /// News of an account that waits, due or not, the oldest first.
    ///
    /// # Errors
    /// Database errors.
    pub fn waiting_news(&self, account: &AccountId, limit: u32) -> Result<Vec<Queued>, Error> {
        self.all(
            "find news",
            "SELECT * FROM outbox WHERE account = ?1 AND state = 'queued' AND is_news ORDER BY id LIMIT ?2",
            params![account.as_str(), limit],
            queued,
        )
    }

    /// When the next notice is due; `None` while none waits.
    ///
    /// # Errors
    /// Database errors.
    pub fn next_due_ms(&self) -> Result<Option<u64>, Error> {
        self.one(
            "find a notice",
            "SELECT next_try_ms FROM outbox WHERE state = 'queued' ORDER BY next_try_ms LIMIT 1",
            [],
            |row| unsigned(row, "next_try_ms"),
        )
    }

    /// A notice was sent.
    ///
    /// # Errors
    /// Database errors.
    pub fn mark_sent(&self, id: i64, now_ms: u64) -> Result<(), Error> {
        self.run(
            "mark a notice as sent",
            "UPDATE outbox SET state = 'sent', done_ms = ?2 WHERE id = ?1 AND state = 'queued'",
            params![id, int(now_ms)],
        )
        .map(drop)
    }

    /// An attempt failed; it is tried again at `next_try_ms`, or given up where that is `None`.
    ///
    /// # Errors
    /// Database errors.
    pub fn mark_failed(&self, id: i64, error: &str, next_try_ms: Option<u64>) -> Result<(), Error> {
        self.run(
            "mark a notice as failed",
            "UPDATE outbox SET attempts = attempts + 1, error = ?2, next_try_ms = coalesce(?3, next_try_ms),
                    state = iif(?3 IS NULL, 'failed', 'queued')
             WHERE id = ?1 AND state = 'queued'",
            params![id, error, next_try_ms.map(int)],
        )
        .map(drop)
    }
}

impl Reader {
    /// The latest notices of one account, or of all, with what became of them.
    ///
    /// # Errors
    /// Database errors.
    pub fn outbox(&self, account: Option<&AccountId>, limit: u32) -> Result<Vec<(Queued, Sending)>, Error> {
        self.all(
            "list notices",
            "SELECT * FROM outbox WHERE ?1 IS NULL OR account = ?1 ORDER BY id DESC LIMIT ?2",
            params![account.map(AccountId::as_str), limit.min(super::MAX_ROWS)],
            |row| Ok((queued(row)?, sending(row)?)),
        )
    }
}

pub(super) fn queued(row: &Row<'_>) -> rusqlite::Result<Queued> {
    Ok(Queued {
        id: row.get("id")?,
        account: parsed(row, "account")?,
        created_ms: unsigned(row, "created_ms")?,
        notice: from_json(row, "notice")?,
        attempts: row.get("attempts")?,
    })
}

fn sending(row: &Row<'_>) -> rusqlite::Result<Sending> {
    let error: Option<String> = row.get("error")?;
    Ok(match row.get_ref("state")?.as_str()? {
        "sent" => Sending::Sent { at_ms: unsigned(row, "done_ms")? },
        "failed" => Sending::Failed { error: error.unwrap_or_default() },
        _ => Sending::Queued { attempts: row.get("attempts")?, next_try_ms: unsigned(row, "next_try_ms")?, error },
    })
}
