//! Copies of a data directory: taken while the node runs, checked before they are believed, put back by restore.
//!
//! A copy is made in an order that keeps it whole: first the tables, then the snapshots, then the journal, which only
//! grows; so the journal of the copy reaches at least as far as everything else in it. Should the node cut its journal
//! meanwhile, the copy does not open and is made once more.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use store::Home;

use crate::serve::{OpenError, Opened};

/// How often a copy is begun anew.
const TRIES: usize = 3;
/// Starts are counted on from so many more after a restore: identifiers that the lost runs handed out never come again.
const STARTS_AFTER_RESTORE: u32 = 1_000;
/// The node key, which a copy does not hold.
const KEY: &str = "node.key";
/// The parts of a data directory that are folders of files.
const FOLDERS: [&str; 2] = ["snapshots", "journal"];

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Nothing may be overwritten.
    #[error("{} is not empty: name a folder that does not exist yet", .0.display())]
    NotEmpty(PathBuf),
    /// There is no node there.
    #[error("{} holds no data of a node", .0.display())]
    NoData(PathBuf),
    /// A file could not be copied.
    #[error("cannot copy {}", path.display())]
    Copy {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The tables could not be copied.
    #[error(transparent)]
    Tables(#[from] store::Error),
    /// The copy does not open.
    #[error("the copy in {} cannot be used", path.display())]
    Unusable {
        /// The copy.
        path: PathBuf,
        /// Why.
        source: Box<OpenError>,
    },
}

/// What a copy holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Its last journal record.
    pub lsn: u64,
    /// How many accounts.
    pub accounts: usize,
    /// Calls that ran: the next start settles them as recovered.
    pub calls: usize,
}

/// Copies the data directory of a node, running or not, into a folder that does not exist yet.
///
/// # Errors
/// [`BackupError`]; what was copied is then removed.
pub fn backup(data: &Path, to: &Path) -> Result<Copied, BackupError> {
    if !Home::database_in(data).exists() {
        return Err(BackupError::NoData(data.to_owned()));
    }
    free(to)?;
    let mut tries = 1;
    loop {
        match copy(data, to).and_then(|()| checked(data, to)) {
            Ok(copied) => return Ok(copied),
            Err(error) => {
                // Half a copy is worse than none.
                let _ = fs::remove_dir_all(to);
                if tries == TRIES {
                    return Err(error);
                }
                tries += 1;
            }
        }
    }
}

/// Puts a copy in the place of a data directory that does not exist.
///
/// `key` is the node key of that time, where it is no credential of the system.
///
/// # Errors
/// [`BackupError`]; what was put is then removed.
pub fn restore(from: &Path, data: &Path, key: Option<&Path>) -> Result<Copied, BackupError> {
    if !Home::database_in(from).exists() {
        return Err(BackupError::NoData(from.to_owned()));
    }
    free(data)?;
    let put_key = || key.map_or(Ok(()), |key| copy_file(key, &data.join(KEY)));
    let restored = copy(from, data).and_then(|()| put_key()).and_then(|()| count_on(data)).and_then(|()| opened(data));
    if restored.is_err() {
        let _ = fs::remove_dir_all(data);
    }
    restored
}

fn free(path: &Path) -> Result<(), BackupError> {
    let is_empty = fs::read_dir(path).map_or(true, |mut entries| entries.next().is_none());
    if is_empty { Ok(()) } else { Err(BackupError::NotEmpty(path.to_owned())) }
}

fn copy(from: &Path, to: &Path) -> Result<(), BackupError> {
    use std::os::unix::fs::DirBuilderExt;
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| BackupError::Copy { path, source }
    };
    fs::DirBuilder::new().recursive(true).mode(0o700).create(to).map_err(failed(to))?;
    store::copy_database(&Home::database_in(from), &Home::database_in(to))?;
    let starts = from.join("starts");
    if starts.exists() {
        copy_file(&starts, &to.join("starts"))?;
    }
    for folder in FOLDERS {
        let (from, to) = (from.join(folder), to.join(folder));
        fs::create_dir_all(&to).map_err(failed(&to))?;
        let mut names: Vec<_> =
            fs::read_dir(&from).and_then(Iterator::collect::<io::Result<Vec<_>>>).map_err(failed(&from))?;
        names.retain(|entry| !entry.file_name().to_string_lossy().ends_with(".tmp"));
        names.sort_by_key(fs::DirEntry::file_name);
        for entry in names {
            copy_file(&entry.path(), &to.join(entry.file_name()))?;
        }
        File::open(&to).and_then(|folder| folder.sync_all()).map_err(failed(&to))?;
    }
    File::open(to).and_then(|folder| folder.sync_all()).map_err(failed(to))
}

fn copy_file(from: &Path, to: &Path) -> Result<(), BackupError> {
    let copied = fs::copy(from, to).and_then(|_| File::open(to)).and_then(|file| file.sync_all());
    copied.map_err(|source| BackupError::Copy { path: from.to_owned(), source })
}

/// Opens a copy with the key of what it was copied from, and leaves it without one: whoever finds it can read no secret.
fn checked(data: &Path, to: &Path) -> Result<Copied, BackupError> {
    let (from, key) = (data.join(KEY), to.join(KEY));
    if !from.exists() {
        return opened(to);
    }
    copy_file(&from, &key)?;
    let copied = opened(to);
    fs::remove_file(&key).map_err(|source| BackupError::Copy { path: key, source })?;
    copied
}

/// Opens the copy as a start would; tables and state are brought up to its last record.
fn opened(path: &Path) -> Result<Copied, BackupError> {
    let unusable = |source| BackupError::Unusable { path: path.to_owned(), source: Box::new(source) };
    let opened = Opened::open(path).map_err(unusable)?;
    let accounts = &opened.state.accounts;
    Ok(Copied {
        lsn: opened.state.lsn,
        accounts: accounts.values().filter(|account| account.settings().is_some()).count(),
        calls: accounts.values().map(|account| account.running().len()).sum(),
    })
}

fn count_on(data: &Path) -> Result<(), BackupError> {
    let path = data.join("starts");
    let failed = |source| BackupError::Copy { path: path.clone(), source };
    let count: u32 = match fs::read_to_string(&path) {
        Ok(text) => text.trim().parse().unwrap_or(0),
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(error) => return Err(failed(error)),
    };
    fs::write(&path, format!("{}\n", count.saturating_add(STARTS_AFTER_RESTORE))).map_err(failed)
}
