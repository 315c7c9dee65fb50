//! The data directory: where the journal, the snapshots, the database and the control socket lie, and its one owner.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::{Error, FileDisk, Seal};

/// A data directory owned by this process. The lock ends with the value (and with the process, however it ends).
///
/// ```text
/// journal/          journal-<first record>.log
/// snapshots/        snapshot-<record>.bin
/// tollguard.db      tables people query; also outbox, users, sessions
/// control.sock      the command line speaks to the running node here
/// lock              held by the running node
/// node.key          what journal and snapshots are sealed with; for its owner alone
/// ```
#[derive(Debug)]
pub struct Home {
    path: PathBuf,
    seal: Arc<Seal>,
    _lock: File,
}

impl Home {
    /// Takes ownership of a data directory, creating it (readable by its owner alone) where it does not exist.
    ///
    /// # Errors
    /// [`Error::InUse`] where another process owns it; [`Error::KeyMissing`] or [`Error::Key`] where what is in it cannot
    /// be read for want of its key; [`Error::Directory`] where it cannot be created or opened.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Directory { path: path.to_owned(), source };
        create_private(path).map_err(failed)?;
        let lock =
            OpenOptions::new().write(true).create(true).truncate(false).open(path.join("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), seal: Arc::new(Seal::of(path)?), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(Error::InUse { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The disk of the journal.
    ///
    /// # Errors
    /// Where the directory cannot be created or opened.
    pub fn journal_disk(&self) -> Result<FileDisk, Error> {
        self.disk("journal")
    }

    /// The disk of the snapshots.
    ///
    /// # Errors
    /// Where the directory cannot be created or opened.
    pub fn snapshot_disk(&self) -> Result<FileDisk, Error> {
        self.disk("snapshots")
    }

    /// The database file.
    pub fn database(&self) -> PathBuf {
        Self::database_in(&self.path)
    }

    /// The control socket.
    pub fn control_socket(&self) -> PathBuf {
        Self::control_socket_in(&self.path)
    }

    /// The database file of a data directory that another process may own (for readers).
    pub fn database_in(path: &Path) -> PathBuf {
        path.join("tollguard.db")
    }

    /// The control socket of a data directory that another process owns (for the command line).
    pub fn control_socket_in(path: &Path) -> PathBuf {
        path.join("control.sock")
    }

    fn disk(&self, name: &str) -> Result<FileDisk, Error> {
        let path = self.path.join(name);
        let disk = FileDisk::open(&path).map_err(|source| Error::Directory { path, source })?;
        Ok(disk.sealed(Arc::clone(&self.seal)))
    }
}

/// Creates a directory that only its owner may read: it holds digests of secrets.
fn create_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_owner_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data");
        let home = Home::open(&path).unwrap();
        let error = Home::open(&path).unwrap_err();
        assert!(error.to_string().ends_with("data is in use by another tollguard process"), "{error}");
        home.journal_disk().unwrap();
        home.snapshot_disk().unwrap();
        assert!(path.join("journal").is_dir() && path.join("snapshots").is_dir());
        drop(home);
        Home::open(&path).unwrap();
    }

    #[test]
    fn others_cannot_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data");
        let _home = Home::open(&path).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_file_is_not_a_data_directory() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(matches!(Home::open(file.path()), Err(Error::Directory { .. })));
    }
}
