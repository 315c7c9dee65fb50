//! From journal records to rows: one transaction a batch, together with the number of the last record applied.

use std::path::Path;

use ::account::Effect;
use node::{Body, Record};
use rusqlite::{Connection, Row, Transaction, TransactionBehavior};

use super::calls::NewCalls;
use super::filing;
use super::project::news::Seen;
use super::project::sums::Sums;
use super::project::{account, node as node_rows, noted};
use super::row;
use crate::Error;

/// Pages kept in memory: new rows lie at the ends of their tables, and what is filed goes through one in its order.
const CACHE_KIB: i64 = 2 << 10;

/// The one writer of the projected tables.
///
/// Commits without waiting for the disk (`synchronous=NORMAL`): after a power failure the tables may stand at an
/// earlier record, never in between, and go on from there with what the journal has.
#[derive(Debug)]
pub struct Projector {
    connection: Connection,
    /// Calls are filed by so many.
    block_calls: u64,
    seen: Seen,
}

impl Projector {
    /// Opens (or creates) the database.
    ///
    /// # Errors
    /// Where it cannot be opened, or is of a newer format.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let connection = super::connect(path)?;
        let settings = || {
            connection.pragma_update(None, "synchronous", "NORMAL")?;
            connection.pragma_update(None, "cache_size", -CACHE_KIB)
        };
        settings().map_err(|source| Error::Database { what: "change its settings", source })?;
        Ok(Self { connection, block_calls: filing::BLOCK_CALLS, seen: Seen::default() })
    }

    /// The last record applied.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn applied_lsn(&self) -> Result<u64, Error> {
        applied(&self.connection).map(|applied| applied.lsn)
    }

    /// Applies records, in order; those applied before are skipped. All of them or none. Returns the last one applied.
    ///
    /// # Errors
    /// [`Error::Gap`] where records are missing before them; database errors.
    pub fn apply(&mut self, records: &[Record]) -> Result<u64, Error> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|source| Error::Database { what: "be written", source })?;
        // What is in mind holds only if it is in the tables, too.
        let mut seen = std::mem::take(&mut self.seen);
        let applied = apply_in(&transaction, records, self.block_calls, &mut seen)?;
        transaction.commit().map_err(|source| Error::Database { what: "be written", source })?;
        self.seen = seen;
        Ok(applied)
    }

    /// Files calls in smaller blocks, of which few calls make many.
    #[cfg(test)]
    pub(super) fn in_blocks_of(self, block_calls: u64) -> Self {
        Self { block_calls, ..self }
    }

    #[cfg(test)]
    pub(super) fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }
}

pub(super) fn read_applied(connection: &Connection) -> rusqlite::Result<u64> {
    connection.query_row("SELECT lsn FROM applied", [], |row| row::unsigned(row, "lsn"))
}

/// How far the tables are.
struct Applied {
    /// The last record.
    lsn: u64,
    /// The row of the last call, and of the last one that is filed.
    calls: u64,
    filed: u64,
}

fn applied(connection: &Connection) -> Result<Applied, Error> {
    let read = |row: &Row<'_>| {
        Ok(Applied {
            lsn: row::unsigned(row, "lsn")?,
            calls: row::unsigned(row, "calls")?,
            filed: row::unsigned(row, "filed")?,
        })
    };
    connection
        .query_row("SELECT lsn, calls, filed FROM applied", [], read)
        .map_err(|source| Error::Database { what: "tell what was applied", source })
}

/// The rows of a batch and the number of its last record, in a transaction of the caller's.
pub(super) fn apply_in(
    transaction: &Transaction<'_>,
    records: &[Record],
    block_calls: u64,
    seen: &mut Seen,
) -> Result<u64, Error> {
    let Applied { lsn: before, calls, mut filed } = applied(transaction)?;
    let mut applied = before;
    let mut sums = Sums::default();
    let unwritten = |source| Error::Database { what: "be written", source };
    let mut calls = NewCalls::after(transaction, calls).map_err(unwritten)?;
    for record in records.iter().skip_while(|record| record.lsn <= before) {
        if record.lsn != applied + 1 {
            return Err(Error::Gap { expected: applied + 1, found: record.lsn });
        }
        match &record.body {
            Body::Account { account, effects, .. } => {
                let is_audited = effects.iter().any(|effect| matches!(effect, Effect::Audit { .. }));
                let changes = is_audited.then(Vec::new);
                let (sums, calls) = (&mut sums, &mut calls);
                let seen = &mut *seen;
                let mut rows = account::Rows { transaction, record, account, sums, calls, seen, n: 0, changes };
                effects.iter().try_for_each(|effect| rows.apply(effect))?;
            }
            Body::Node { change, audit } => {
                if let Some(audit) = audit {
                    noted::note(transaction, record, change, audit)?;
                }
                node_rows::apply(transaction, record.at_ms, change)?;
            }
        }
        applied = record.lsn;
    }
    sums.write(transaction)?;
    let mut written = || {
        let calls = calls.write()?;
        while calls - filed >= block_calls {
            filing::file(transaction, filed + 1, filed + block_calls)?;
            filed += block_calls;
        }
        let sql = "UPDATE applied SET lsn = ?1, calls = ?2, filed = ?3";
        transaction.prepare_cached(sql)?.execute([applied, calls, filed].map(row::int))
    };
    written().map_err(unwritten)?;
    Ok(applied)
}
