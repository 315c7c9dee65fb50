//! How the node fares.

use serde::Serialize;
use utoipa::ToSchema;

use crate::health::Health as Held;

/// How the node fares.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// Whether nothing is wrong.
    well: bool,
    /// What is wrong, a sentence each, with what to do.
    wrong: Vec<String>,
    /// The program's version; null where the node does not run.
    version: Option<String>,
    started_ms: Option<u64>,
    workers: usize,
    journal: Journal,
    disk: Disk,
    running_calls: usize,
    registrations: u64,
    /// Addresses and prefixes that are locked out.
    bans: usize,
    /// Incidents that are open.
    open_incidents: usize,
    mails_waiting: usize,
    /// Mails that could not be delivered, among the latest.
    mails_failed: usize,
    /// Parts of the process that have ended although it runs.
    stopped: Vec<String>,
}

/// What is written, and how far it is.
#[derive(Debug, Serialize, ToSchema)]
struct Journal {
    /// Records that are not on the disk yet.
    waiting_records: u64,
    /// For how long the oldest of them has waited.
    waiting_ms: u64,
    /// The last record that is on the disk.
    durable_lsn: Option<u64>,
    /// The last record that lists and pages show.
    applied_lsn: Option<u64>,
    /// The record of the last snapshot since the start.
    snapshot_lsn: Option<u64>,
    /// When it was saved.
    snapshot_ms: Option<u64>,
}

/// The disk of the data directory.
#[derive(Debug, Serialize, ToSchema)]
struct Disk {
    /// Calls that cost money are refused.
    full: bool,
    free_bytes: Option<u64>,
    total_bytes: Option<u64>,
}

impl From<&Held> for Health {
    fn from(health: &Held) -> Self {
        let (wrong, process, tables) = (health.wrong(), health.process(), &health.tables);
        let status = health.status.clone().unwrap_or_default();
        let (snapshot, disk) = (process.and_then(|process| process.snapshot), process.and_then(|process| process.disk));
        Self {
            well: wrong.is_empty(),
            wrong,
            version: process.map(|process| process.version.clone()),
            started_ms: process.map(|process| process.started_ms),
            workers: status.workers,
            journal: Journal {
                waiting_records: status.waiting_records,
                waiting_ms: status.waiting_ms,
                durable_lsn: process.map(|process| process.durable_lsn),
                applied_lsn: process.map(|process| process.applied_lsn),
                snapshot_lsn: snapshot.map(|(lsn, _)| lsn),
                snapshot_ms: snapshot.map(|(_, at_ms)| at_ms),
            },
            disk: Disk {
                full: status.disk_full,
                free_bytes: disk.map(|(free, _)| free),
                total_bytes: disk.map(|(_, total)| total),
            },
            running_calls: health.calls,
            registrations: tables.registrations,
            bans: tables.bans,
            open_incidents: tables.open_incidents,
            mails_waiting: tables.mails_waiting,
            mails_failed: tables.mails_failed,
            stopped: process.map(|process| process.stopped.clone()).unwrap_or_default(),
        }
    }
}
