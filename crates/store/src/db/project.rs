//! What becomes which row: an account's effects, a change of the node's book.

pub(super) mod account;
mod compare;
pub(super) mod news;
pub(super) mod node;
pub(super) mod noted;
pub(super) mod sums;

use rusqlite::{Params, Transaction};

use crate::Error;

/// Runs one statement, prepared once a connection; returns how many rows it changed.
fn run(transaction: &Transaction<'_>, what: &'static str, sql: &str, values: impl Params) -> Result<usize, Error> {
    transaction
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute(values))
        .map_err(|source| Error::Database { what, source })
}
