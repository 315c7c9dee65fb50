//! The store: an append-only journal, snapshots, and the SQLite tables people query.
//!
//! The journal is the truth: a record is durable when the journal says so. The tables are projected from it and can
//! be rebuilt; the outbox states, portal users and sessions are the exception, and live in SQLite alone.

#[cfg(any(test, feature = "testing"))]
pub mod contract;
mod disk;
mod error;
mod home;
mod journal;
mod snapshot;
mod writer;

pub use disk::{Disk, FileDisk, MemoryDisk};
pub use error::Error;
pub use home::Home;
pub use journal::{Journal, MAX_RECORD_BYTES, Numbered, Records, Recovery, SEGMENT_BYTES};
pub use snapshot::{MAX_SNAPSHOT_BYTES, SNAPSHOTS_KEPT, Snapshots};
pub use writer::{MAX_BATCH, QUEUE, Writer, WriterEvent, WriterHandle};
