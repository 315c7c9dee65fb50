//! What can go wrong in the store, each with a sentence that says what to do where something can be done.

use std::io;
use std::path::PathBuf;

/// Why the store could not do something.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An operation on a file of the journal or of the snapshots failed.
    #[error("cannot {what} {name}")]
    File {
        /// The operation ("append to").
        what: &'static str,
        /// The file.
        name: String,
        /// The cause.
        source: io::Error,
    },
    /// No room left; nothing was lost, the same `sync` may be tried again when there is room.
    #[error("the disk is full: make room for {name}; paid calls wait until it can be written")]
    DiskFull {
        /// The file.
        name: String,
    },
    /// An earlier sync failed. What the kernel kept is unknown, so nothing more may be promised: restart the node.
    #[error("the journal is closed after a failed write; check the disk and restart the node")]
    Poisoned,
    /// A file is not a journal segment or snapshot of this program.
    #[error("{name} is not a Tollguard file of a format this version reads (format {found}, expected {expected})")]
    Format {
        /// The file.
        name: String,
        /// Format version found; 0 where the magic is missing.
        found: u16,
        /// Format version expected.
        expected: u16,
    },
    /// A frame before the end of the journal does not check.
    #[error("{name} is damaged at byte {offset}: restore the data directory from a backup")]
    Damaged {
        /// The segment or snapshot.
        name: String,
        /// Where.
        offset: u64,
    },
    /// A frame checks, but does not hold a record this version knows.
    #[error("{name} holds a record at byte {offset} that this version cannot read")]
    Undecodable {
        /// The segment or snapshot.
        name: String,
        /// Where.
        offset: u64,
        /// The cause.
        source: postcard::Error,
    },
    /// A record cannot be written down.
    #[error("record {lsn} cannot be encoded")]
    Encode {
        /// Its number.
        lsn: u64,
        /// The cause.
        source: postcard::Error,
    },
    /// A record or snapshot above its named maximum.
    #[error("{what} {lsn} has {bytes} bytes, more than the {max} allowed")]
    TooLarge {
        /// "record" or "snapshot".
        what: &'static str,
        /// Its number.
        lsn: u64,
        /// Its size.
        bytes: usize,
        /// The maximum.
        max: usize,
    },
    /// Records count from 1 without gaps.
    #[error("the journal goes on with record {expected}, not with {found}")]
    Gap {
        /// The number that had to come.
        expected: u64,
        /// The number that came.
        found: u64,
    },
    /// Tables or a snapshot know of more than the journal holds: durable records are lost.
    #[error("the journal ends at record {journal}, but {what} knows record {known}: restore the journal from a backup")]
    Behind {
        /// Last record of the journal.
        journal: u64,
        /// "the database" or "the snapshot".
        what: &'static str,
        /// The record it knows.
        known: u64,
    },
    /// The journal was cut before something that is still needed.
    #[error("the journal begins at record {first}, but {what} needs it from record {needed}: restore from a backup")]
    CutTooFar {
        /// First record of the journal.
        first: u64,
        /// "the database" or "the snapshot".
        what: &'static str,
        /// The record it needs.
        needed: u64,
    },
    /// All snapshots present are damaged.
    #[error(
        "none of the {count} snapshots can be read, the newest is {name}: restore the data directory from a backup"
    )]
    NoSnapshot {
        /// How many there are.
        count: usize,
        /// The newest.
        name: String,
    },
    /// There is data, but not the key it is sealed with.
    #[error("the node key {} is missing: without it nothing in the data directory can be read; bring it back from a backup", path.display())]
    KeyMissing {
        /// Where it should be.
        path: PathBuf,
    },
    /// The key cannot be read, written or understood.
    #[error("the node key {} cannot be used", path.display())]
    Key {
        /// Where it is.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Sealed with a key that is not there, or changed since.
    #[error("{name} is sealed with another node key than the one that is here: bring that one back from a backup")]
    Sealed {
        /// The segment or snapshot.
        name: String,
    },
    /// The key comes from outside.
    #[error(
        "the node key is given as a systemd credential: change it where it comes from, both keys in the file while data is sealed with the old one"
    )]
    KeyFromOutside,
    /// Another process owns the data directory.
    #[error("{} is in use by another tollguard process", path.display())]
    InUse {
        /// The data directory.
        path: PathBuf,
    },
    /// The data directory cannot be used.
    #[error("cannot use {} as data directory", path.display())]
    Directory {
        /// The path.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The database refused or could not be read.
    #[error("the database cannot {what}")]
    Database {
        /// What was asked of it ("list calls").
        what: &'static str,
        /// The cause.
        source: rusqlite::Error,
    },
    /// The database is not of the format this version of the program works with.
    #[error("the database has format {found}, this version works with format {known}: use the version of the node")]
    DatabaseFormat {
        /// Its format.
        found: u32,
        /// The format known.
        known: u32,
    },
    /// A value cannot be written as JSON, or a row's JSON cannot be read back.
    #[error("the database holds a {what} that this version cannot read or write")]
    Json {
        /// Of what kind.
        what: &'static str,
        /// The cause.
        source: serde_json::Error,
    },
    /// A value cannot be written as bytes.
    #[error("the database cannot take a {what}")]
    Body {
        /// Of what kind.
        what: &'static str,
        /// The cause.
        source: postcard::Error,
    },
    /// A login name is taken.
    #[error("there is already a user {0}")]
    UserExists(String),
    /// No user of that login name.
    #[error("there is no user {0}")]
    NoUser(String),
    /// No format of webhooks of that name.
    #[error("{0} is no format of a webhook: use json or slack")]
    NoFormat(String),
    /// The system gives no random bytes.
    #[error("the system has no random bytes")]
    NoRandom,
    /// No role of that name.
    #[error("{0} is no role: use admin, owner or viewer")]
    NoRole(String),
    /// No scope of that name.
    #[error("{0} is no scope of a key: use read, write, money, screen, keys or people")]
    NoScope(String),
    /// The system gives no thread.
    #[error("the {name} thread cannot be started")]
    Thread {
        /// Its name.
        name: &'static str,
        /// The cause.
        source: io::Error,
    },
    /// The writer thread has stopped; its own event said why.
    #[error("the journal writer has stopped")]
    WriterStopped,
    /// The projector thread has stopped; its own event said why.
    #[error("the projector has stopped")]
    ProjectorStopped,
    /// The keeper thread has stopped by a fault of its own.
    #[error("the keeper of snapshots has stopped")]
    KeeperStopped,
}

impl Error {
    /// An I/O error of a file, with a full disk told apart.
    pub(crate) fn file(what: &'static str, name: &str, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { name: name.to_owned() },
            _ => Self::File { what, name: name.to_owned(), source },
        }
    }

    /// Whether there is no room left, for the journal or for the database: trying again later makes sense.
    pub(crate) fn is_disk_full(&self) -> bool {
        match self {
            Self::DiskFull { .. } => true,
            Self::Database { source, .. } => source.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull),
            _ => false,
        }
    }
}
