//! The real disk: one directory, `fdatasync`, and `fsync` of the directory where names change.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Disk;
use crate::Seal;

/// A directory of the file system. The file appended to last is kept open.
#[derive(Debug)]
pub struct FileDisk {
    path: PathBuf,
    directory: File,
    open: Option<Open>,
    seal: Option<Arc<Seal>>,
}

/// The file appended to last.
#[derive(Debug)]
struct Open {
    name: String,
    file: File,
    /// Where the next bytes go: behind it are zeros at most.
    len: u64,
    /// Whether its name is not yet durable.
    created: bool,
}

impl FileDisk {
    /// Opens a directory, creating it where it does not exist, and makes its name and the names in it durable (a
    /// process killed before may have left some to the kernel).
    ///
    /// # Errors
    /// Where it cannot be created, opened or synced.
    pub fn open(path: &Path) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        let directory = File::open(path)?;
        directory.sync_all()?;
        File::open(path.join(".."))?.sync_all()?;
        Ok(Self { path: path.to_owned(), directory, open: None, seal: None })
    }

    /// The same directory, with everything that is written to it sealed.
    pub fn sealed(self, seal: Arc<Seal>) -> Self {
        Self { seal: Some(seal), ..self }
    }

    fn appendable(&mut self, name: &str) -> io::Result<&mut Open> {
        if !matches!(&self.open, Some(open) if open.name == name) {
            let path = self.path.join(name);
            let created = !path.try_exists()?;
            let file = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
            let len = file.metadata()?.len();
            self.open = Some(Open { name: name.to_owned(), file, len, created });
        }
        self.open.as_mut().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn close(&mut self, name: &str) {
        if matches!(&self.open, Some(open) if open.name == name) {
            self.open = None;
        }
    }
}

impl Disk for FileDisk {
    fn seal(&self) -> Option<&Seal> {
        self.seal.as_deref()
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if entry.file_type()?.is_file()
                && let Ok(name) = entry.file_name().into_string()
            {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        fs::read(self.path.join(name))
    }

    fn append(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let open = self.appendable(name)?;
        open.file.write_all_at(bytes, open.len)?;
        open.len += bytes.len() as u64;
        Ok(())
    }

    fn write_ahead(&mut self, name: &str, until: u64) -> io::Result<()> {
        let open = self.appendable(name)?;
        let zeros = usize::try_from(until.saturating_sub(open.len)).unwrap_or(usize::MAX);
        let written = open.file.write_all_at(&vec![0; zeros], open.len);
        if written.is_err() {
            open.file.set_len(open.len)?;
        }
        written
    }

    fn sync(&mut self, name: &str) -> io::Result<()> {
        let open = self.appendable(name)?;
        open.file.sync_data()?;
        if open.created {
            self.directory.sync_all()?;
            self.appendable(name)?.created = false;
        }
        Ok(())
    }

    fn truncate(&mut self, name: &str, len: u64) -> io::Result<()> {
        let file = OpenOptions::new().write(true).open(self.path.join(name))?;
        file.set_len(len)?;
        if let Some(open) = self.open.as_mut().filter(|open| open.name == name) {
            open.len = len;
        }
        file.sync_all()
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        self.close(from);
        self.close(to);
        fs::rename(self.path.join(from), self.path.join(to))?;
        self.directory.sync_all()
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        self.close(name);
        fs::remove_file(self.path.join(name))?;
        self.directory.sync_all()
    }
}
