//! How a node fares: what its workers know, and what its process knows beside them.

use serde::{Deserialize, Serialize};

/// How a node fares.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The disk is full: calls that cost money are refused.
    pub disk_full: bool,
    /// Records of the first worker that are not on the disk yet.
    pub waiting_records: u64,
    /// For how long the oldest of them has waited, milliseconds.
    pub waiting_ms: u64,
    /// How many workers there are.
    pub workers: usize,
    /// What its process knows; `None` where it does not run.
    pub process: Option<Process>,
}

/// What the process of a running node knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// The program's version.
    pub version: String,
    /// When it was started, milliseconds since the Unix epoch.
    pub started_ms: u64,
    /// The last record that is on the disk.
    pub durable_lsn: u64,
    /// The last record that the tables show.
    pub applied_lsn: u64,
    /// The last snapshot since the start: its record, and when it was saved, milliseconds since the Unix epoch.
    pub snapshot: Option<(u64, u64)>,
    /// What is free on the disk of the data directory, and how large it is, bytes.
    pub disk: Option<(u64, u64)>,
    /// Parts of the process that have ended although it runs.
    pub stopped: Vec<String>,
}
