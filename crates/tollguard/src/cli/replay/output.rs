//! The files a replay writes.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use guard::Incident;
use replay::{Verdict, write_incident_row};

use crate::cli::CliError;

/// Rows that are no events, shown on the terminal; all are in the file.
const SHOWN: u64 = 20;

/// A file being written.
struct Sheet {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Sheet {
    fn create(path: PathBuf) -> Result<Self, CliError> {
        match File::create(&path) {
            Ok(file) => Ok(Self { path, file: BufWriter::with_capacity(1 << 18, file) }),
            Err(source) => Err(CliError::File { what: "write", path, source }),
        }
    }

    fn write(&mut self, text: &str) -> Result<(), CliError> {
        let failed = |source| CliError::File { what: "write", path: self.path.clone(), source };
        self.file.write_all(text.as_bytes()).map_err(failed)
    }

    fn close(mut self) -> Result<(), CliError> {
        self.file.flush().map_err(|source| CliError::File { what: "write", path: self.path, source })
    }
}

/// The files.
pub struct Output {
    dir: PathBuf,
    /// The row at hand, written again and again.
    row: String,
    verdicts: Sheet,
    incidents: Sheet,
    /// Made with the first row that is no event.
    unread: Option<Sheet>,
    unread_rows: u64,
}

impl Output {
    /// Makes the directory and the files.
    pub fn create(dir: &Path) -> Result<Self, CliError> {
        std::fs::create_dir_all(dir).map_err(|source| CliError::File { what: "make", path: dir.to_owned(), source })?;
        let unread = dir.join(UNREAD);
        if unread.exists() {
            std::fs::remove_file(&unread).map_err(|source| CliError::File { what: "remove", path: unread, source })?;
        }
        let verdicts = Sheet::create(dir.join("verdicts.jsonl"))?;
        let incidents = Sheet::create(dir.join("incidents.jsonl"))?;
        Ok(Self { dir: dir.to_owned(), row: String::new(), verdicts, incidents, unread: None, unread_rows: 0 })
    }

    /// Writes a verdict.
    pub fn verdict(&mut self, verdict: &Verdict) -> Result<(), CliError> {
        self.row.clear();
        verdict.write_row(&mut self.row);
        self.verdicts.write(&self.row)
    }

    /// Tells of a row that is no event.
    pub fn unread(&mut self, text: &str) -> Result<(), CliError> {
        self.unread_rows += 1;
        if self.unread_rows <= SHOWN {
            eprintln!("{text}");
        }
        if self.unread.is_none() {
            self.unread = Some(Sheet::create(self.dir.join(UNREAD))?);
        }
        self.unread.as_mut().map_or(Ok(()), |sheet| sheet.write(&format!("{text}\n")))
    }

    /// Writes an incident.
    pub fn incident(
        &mut self,
        incident: &Incident,
        at_ms: u64,
        calls: impl Iterator<Item = impl AsRef<str>>,
    ) -> Result<(), CliError> {
        self.row.clear();
        write_incident_row(&mut self.row, incident, at_ms, calls);
        self.incidents.write(&self.row)
    }

    /// Ends; the number of rows that were no events.
    pub fn finish(self) -> Result<u64, CliError> {
        self.incidents.close()?;
        self.verdicts.close()?;
        self.unread.map_or(Ok(()), Sheet::close)?;
        Ok(self.unread_rows)
    }
}

/// The file of rows that are no events.
pub const UNREAD: &str = "unread.txt";
