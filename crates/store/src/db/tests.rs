//! Projection, questions and the desk, on real files.

mod desk;
mod fixture;
mod keys;
mod ledger;
mod people;
mod programs;
mod projection;
mod questions;
mod retention;

use std::path::PathBuf;

use rusqlite::types::Value;
use rusqlite::{Connection, TransactionBehavior};

use super::projector::apply_in;
use super::*;
use fixture::*;

/// In blocks of so many calls, of which there are few.
const BLOCK_CALLS: u64 = 4;

/// A database file of its own.
struct Place {
    _directory: tempfile::TempDir,
    path: PathBuf,
}

impl Place {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tollguard.db");
        Self { _directory: directory, path }
    }

    /// With [`records`] applied.
    fn filled() -> Self {
        let place = Self::new();
        place.projector().apply(&records()).unwrap();
        place
    }

    fn projector(&self) -> Projector {
        Projector::open(&self.path).unwrap().in_blocks_of(BLOCK_CALLS)
    }

    fn reader(&self) -> Reader {
        Reader::open(&self.path).unwrap()
    }

    fn desk(&self) -> Desk {
        Desk::open(&self.path).unwrap()
    }

    /// Every row of every table, as text.
    fn dump(&self) -> Vec<String> {
        let connection = Connection::open(&self.path).unwrap();
        let mut tables = connection.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").unwrap();
        let tables: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        let mut dump = Vec::new();
        for table in tables {
            let mut rows = connection.prepare(&format!("SELECT * FROM {table}")).unwrap();
            let columns = rows.column_count();
            let read = |row: &rusqlite::Row<'_>| (0..columns).map(|n| row.get::<_, Value>(n)).collect();
            let rows: Vec<Vec<Value>> = rows.query_map([], read).unwrap().map(Result::unwrap).collect();
            // What is text in bytes can be read.
            let text = |value: &Value| match value {
                Value::Blob(bytes) => format!("{:?}", String::from_utf8_lossy(bytes)),
                value => format!("{value:?}"),
            };
            dump.extend(
                rows.iter().map(|row| format!("{table} {}", row.iter().map(text).collect::<Vec<_>>().join(", "))),
            );
        }
        dump.sort();
        dump
    }
}
