//! The SQLite database: connections, their settings, and the steps from one format to the next.
//!
//! Three kinds of connection, one file in WAL mode: the [`Projector`] writes what the journal says, the [`Desk`] writes
//! what is not in the journal (states of the outbox, users, sessions), a [`Reader`] only reads.

mod access;
mod audit;
mod calls;
mod desk;
mod entries;
mod factors;
mod filing;
mod keys;
mod letters;
mod links;
mod outbox;
mod payments;
mod project;
mod projector;
mod reader;
mod repeats;
mod retention;
mod row;
#[cfg(test)]
mod tests;
mod users;
mod webhooks;

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::Error;
pub use access::{ApiAccess, MAX_API_ADDRESSES};
pub use audit::{AuditPlace, AuditRow, Changed};
pub use desk::Desk;
pub use factors::SecondFactor;
pub use keys::{ApiKey, KeyScope, MAX_API_KEYS};
pub use letters::{Letter, LetterKind, MAX_LETTERS_PER_USER};
pub use outbox::{Queued, Sending};
pub use payments::{MAX_WAITING_PAYMENTS, Payment};
pub use projector::Projector;
pub use reader::{
    AccountRow, CdrFilter, DeckRow, DidRow, LineRow, MAX_ADDED_UP, MAX_ROWS, Reader, Totals, Usage, UsageBy,
};
pub use repeats::{REPEATABLE_MS, Repeat};
pub use retention::Retention;
pub use users::{LOGIN_RULE, MAX_SESSIONS_PER_USER, Role, Session, User};
pub use webhooks::{Delivery, HOOK_EVENTS, HOOK_URL_RULE, HookFormat, MAX_WEBHOOKS, NewDelivery, Webhook};

/// The steps from an empty database to the present format; `user_version` counts those taken.
const STEPS: [&str; 1] = [concat!(include_str!("db/schema.sql"), include_str!("db/people.sql"))];

/// Pages that a connection keeps in memory, KiB: the ends of all indexes of a busy node.
const CACHE_KIB: i64 = 16 * 1024;
/// The write-ahead log is copied into the database after so many pages (16 MB), most of them written over many times.
const CHECKPOINT_PAGES: i64 = 4_000;

/// How long a connection waits for another one that writes.
const BUSY: Duration = Duration::from_secs(10);

/// Creates the database or brings it to the present format.
///
/// # Errors
/// [`Error::DatabaseFormat`]; [`Error::Database`] where it cannot be opened or written.
fn connect(path: &Path) -> Result<Connection, Error> {
    let mut connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
    migrate(&mut connection)?;
    Ok(connection)
}

fn open(path: &Path, flags: OpenFlags) -> Result<Connection, Error> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|source| Error::Database { what: "be opened", source })?;
    let settings = || {
        connection.busy_timeout(BUSY)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(())
    };
    settings().map_err(|source| Error::Database { what: "be opened", source })?;
    Ok(connection)
}

/// Copies a database, in use or not, as it is at one instant.
///
/// # Errors
/// Where it cannot be read, or the copy not be written.
pub fn copy_database(from: &Path, to: &Path) -> Result<(), Error> {
    let connection = open(from, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let target = to.to_string_lossy();
    let copied = connection.execute("VACUUM INTO ?1", [target.as_ref()]);
    copied.map(drop).map_err(|source| Error::Database { what: "be copied", source })
}

fn migrate(connection: &mut Connection) -> Result<(), Error> {
    let failed = |source| Error::Database { what: "be brought to the present format", source };
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(failed)?;
    let found = version(&transaction)?;
    let known = STEPS.len();
    if found > known {
        return Err(Error::DatabaseFormat { found: number(found), known: number(known) });
    }
    for step in STEPS.iter().skip(found) {
        transaction.execute_batch(step).map_err(failed)?;
    }
    transaction.pragma_update(None, "user_version", number(known)).map_err(failed)?;
    transaction.commit().map_err(failed)
}

fn version(connection: &Connection) -> Result<usize, Error> {
    let found: i64 = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(|source| Error::Database { what: "tell its format", source })?;
    Ok(usize::try_from(found).unwrap_or(usize::MAX))
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
