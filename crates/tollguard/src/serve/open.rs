//! Opening a data directory: the lock, the journal, the state as it was, and tables that show it.

use std::path::Path;
use std::sync::Arc;

use node::{NodeState, Record, RecoveryError};
use store::{Desk, FileDisk, Home, Journal, Parts, Projector, Snapshots, recover_state, recover_tables};

/// The newest time is among so many last records: as many as can wait for the journal at once.
const LAST_RECORDS: u64 = store::QUEUE as u64;

/// Why a data directory cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The store's reason.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The journal does not lead to a state.
    #[error(transparent)]
    Recovery(#[from] RecoveryError),
    /// No random bytes.
    #[error("the system has no random bytes to give")]
    Random(#[source] std::io::Error),
}

/// A data directory that this process owns.
#[derive(Debug)]
pub struct Opened {
    /// The directory and its lock.
    pub home: Home,
    /// Journal, tables and snapshots; the tables show everything in the journal.
    pub parts: Parts<FileDisk>,
    /// The state after the last record.
    pub state: NodeState,
    /// The newest time of a record; the clock must not begin before.
    pub last_ms: u64,
}

impl Opened {
    /// Takes the directory (creating it where it does not exist) and brings state and tables up to date.
    ///
    /// # Errors
    /// [`OpenError`]: in use, damaged, or written by another version.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let home = Home::open(path)?;
        let (journal, recovery) = Journal::open(home.journal_disk()?)?;
        if recovery.torn_bytes > 0 {
            let bytes = recovery.torn_bytes;
            tracing::warn!(bytes, "the journal ends in a record that was never completed; nothing depended on it");
        }
        let snapshots = Snapshots::new(home.snapshot_disk()?);
        let state = recover_state(&journal, &snapshots, |state: &mut NodeState, record: &Record| {
            state.apply(record).map_err(OpenError::from)
        })?;
        // Records of several workers are in the order in which the journal took them, so that an earlier one may have the
        // later time.
        let mut last_ms = 0;
        for record in journal.records_after(journal.last_lsn().saturating_sub(LAST_RECORDS)) {
            last_ms = last_ms.max(record?.at_ms);
        }
        let mut projector = Projector::open(&home.database())?;
        recover_tables(&journal, &mut projector)?;
        let desk = Arc::new(Desk::open(&home.database())?);
        Ok(Self { home, parts: Parts { journal, projector, snapshots, desk }, state, last_ms })
    }
}
