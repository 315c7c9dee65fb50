//! What people ask of the tables; a connection that cannot write.

mod accounts;
mod cdrs;
mod filter;
mod find;
mod ledger;
mod node;
mod paged;
mod programs;
mod usage;

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags, OptionalExtension, Params, Row};

use crate::Error;
pub use accounts::{AccountRow, DidRow, LineRow};
pub use cdrs::{MAX_ADDED_UP, Totals};
pub use filter::CdrFilter;
pub use node::DeckRow;
pub use usage::{Usage, UsageBy};

/// The most rows one question is answered with, whatever limit was asked for.
pub const MAX_ROWS: u32 = 10_000;

/// A read-only connection; open several to read in parallel.
#[derive(Debug)]
pub struct Reader {
    connection: Mutex<Connection>,
}

impl Reader {
    /// Opens an existing database for reading, whether or not its node is running.
    ///
    /// # Errors
    /// Where there is none, or it is not of the present format.
    pub fn open(path: &Path) -> Result<Self, Error> {
        // Reading in WAL mode needs the shared memory file to be writable, so the connection is opened for writing and
        // then told not to.
        let connection = super::open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let (found, known) = (super::version(&connection)?, super::STEPS.len());
        if found != known {
            return Err(Error::DatabaseFormat { found: super::number(found), known: super::number(known) });
        }
        connection
            .pragma_update(None, "query_only", true)
            .map_err(|source| Error::Database { what: "be opened", source })?;
        Ok(Self { connection: Mutex::new(connection) })
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
    fn one<T>(
        &self,
        what: &'static str,
        sql: &str,
        values: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, Error> {
        self.with(what, |connection| connection.prepare_cached(sql)?.query_row(values, read).optional())
    }

    fn with<T>(&self, what: &'static str, ask: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Error> {
        // Reading leaves nothing half done, so a panic elsewhere does no harm.
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        ask(&connection).map_err(|source| Error::Database { what, source })
    }
}
