//! The writer of what is in SQLite alone: outbox states, users, sessions, API accesses, payments that were told.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension, Params, Row, TransactionBehavior};

use super::projector::read_applied;
use crate::Error;

/// Writes and reads what does not go through the journal. Every change is on the disk when the call returns
/// (`synchronous=FULL`), because nothing could bring it back.
#[derive(Debug)]
pub struct Desk {
    connection: Mutex<Connection>,
}

impl Desk {
    /// Opens (or creates) the database.
    ///
    /// # Errors
    /// Where it cannot be opened, or is of a newer format.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let connection = super::connect(path)?;
        let settings = || {
            connection.pragma_update(None, "synchronous", "FULL")?;
            // What it removes is overwritten: it is removed so that nobody can read it any more.
            connection.pragma_update(None, "secure_delete", true)
        };
        settings().map_err(|source| Error::Database { what: "change its settings", source })?;
        Ok(Self { connection: Mutex::new(connection) })
    }

    /// Waits until everything the projector has applied so far is on the disk and returns the last record of it: up
    /// to there the tables no longer need the journal.
    ///
    /// # Errors
    /// Database errors.
    pub fn durable_lsn(&self) -> Result<u64, Error> {
        // This connection's commit syncs the write-ahead log, and with it every commit before it.
        self.together("be synced", |connection| {
            connection.execute("UPDATE applied SET lsn = lsn", [])?;
            read_applied(connection)
        })
    }

    /// Changes rows; returns how many.
    pub(super) fn run(&self, what: &'static str, sql: &str, values: impl Params) -> Result<usize, Error> {
        self.with(what, |connection| connection.prepare_cached(sql)?.execute(values))
    }

    /// All rows of a question.
    pub(super) fn all<T>(
        &self,
        what: &'static str,
        sql: &str,
        values: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, Error> {
        self.with(what, |connection| connection.prepare_cached(sql)?.query_map(values, read)?.collect())
    }

    /// The only row of a question, if there is one.
    pub(super) fn one<T>(
        &self,
        what: &'static str,
        sql: &str,
        values: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, Error> {
        self.with(what, |connection| connection.prepare_cached(sql)?.query_row(values, read).optional())
    }

    /// Several changes, all or none.
    pub(super) fn together<T>(
        &self,
        what: &'static str,
        change: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        self.with(what, |connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let result = change(&transaction)?;
            transaction.commit()?;
            Ok(result)
        })
    }

    fn with<T>(
        &self,
        what: &'static str,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        // An unfinished transaction of a thread that panicked was rolled back when it was dropped.
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        work(&mut connection).map_err(|source| Error::Database { what, source })
    }
}
