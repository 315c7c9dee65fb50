//! What the process of a running node knows beside its workers: since when it runs, its disk, its snapshots, and which of its
//! parts have ended.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use nix::sys::statvfs::statvfs;
use node::Process;
use tokio::task::AbortHandle;

/// The process.
#[derive(Debug)]
pub struct ProcessFacts {
    data_dir: PathBuf,
    started_ms: u64,
    /// The last snapshot: its record and when it was saved.
    snapshot: Mutex<Option<(u64, u64)>>,
    parts: Parts,
}

/// Parts of the process that run until it ends.
#[derive(Debug, Default)]
pub struct Parts(Mutex<Vec<(&'static str, AbortHandle)>>);

impl Parts {
    /// Watches over one.
    pub fn watch(&self, name: &'static str, part: AbortHandle) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((name, part));
    }

    /// Those that have ended.
    fn ended(&self) -> Vec<String> {
        let parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        parts.iter().filter(|(_, part)| part.is_finished()).map(|(name, _)| (*name).to_owned()).collect()
    }
}

impl ProcessFacts {
    /// Of a process that starts now.
    pub fn new(data_dir: &Path, started_ms: u64) -> Self {
        Self { data_dir: data_dir.to_owned(), started_ms, snapshot: Mutex::default(), parts: Parts::default() }
    }

    /// A snapshot up to a record was saved.
    pub fn saved(&self, lsn: u64, at_ms: u64) {
        *self.snapshot.lock().unwrap_or_else(PoisonError::into_inner) = Some((lsn, at_ms));
    }

    /// Its parts.
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// As it is now, with the last record on the disk and the last one that the tables show.
    pub fn now(&self, durable_lsn: u64, applied_lsn: u64) -> Process {
        let disk = statvfs(&self.data_dir).ok().map(|disk| {
            let block = disk.fragment_size();
            (disk.blocks_available() * block, disk.blocks() * block)
        });
        Process {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_ms: self.started_ms,
            durable_lsn,
            applied_lsn,
            snapshot: *self.snapshot.lock().unwrap_or_else(PoisonError::into_inner),
            disk,
            stopped: self.parts.ended(),
        }
    }
}
