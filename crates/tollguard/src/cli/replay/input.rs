//! Rows of a file, plain or gzip, read into one buffer, with a progress bar on a terminal.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::CliError;

/// Longest row that is read, bytes; a longer one is cut there and told of as unreadable.
const MAX_ROW_BYTES: usize = 1 << 20;
/// What is read and inflated at a time.
const BUFFER_BYTES: usize = 1 << 18;
/// How a gzip file begins (RFC 1952 §2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The rows of a file.
pub struct Rows {
    path: PathBuf,
    reader: Box<dyn BufRead>,
    row: Vec<u8>,
    count: u64,
    bar: ProgressBar,
}

impl Rows {
    /// Opens a file; `what` is said beside the bar.
    pub fn open(path: &Path, what: &'static str) -> Result<Self, CliError> {
        let failed = |source| CliError::File { what: "read", path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        let bar = ProgressBar::new(file.metadata().map_err(failed)?.len());
        bar.set_style(style());
        bar.set_message(what);
        let mut file = BufReader::with_capacity(BUFFER_BYTES, bar.wrap_read(file));
        let zipped = file.fill_buf().map_err(failed)?.starts_with(&GZIP);
        let reader: Box<dyn BufRead> = if zipped {
            Box::new(BufReader::with_capacity(BUFFER_BYTES, MultiGzDecoder::new(file)))
        } else {
            Box::new(file)
        };
        Ok(Self { path: path.to_owned(), reader, row: Vec::new(), count: 0, bar })
    }

    /// The next row that is not empty, with its number in the file; `None` at the end.
    pub fn next(&mut self) -> Result<Option<(u64, &[u8])>, CliError> {
        loop {
            self.row.clear();
            let failed = |source| CliError::File { what: "read", path: self.path.clone(), source };
            let read =
                (&mut self.reader).take(MAX_ROW_BYTES as u64).read_until(b'\n', &mut self.row).map_err(failed)?;
            if read == 0 {
                self.bar.finish_and_clear();
                return Ok(None);
            }
            if read == MAX_ROW_BYTES && !self.row.ends_with(b"\n") {
                self.reader.skip_until(b'\n').map_err(failed)?;
            }
            self.count += 1;
            if !self.row.trim_ascii().is_empty() {
                return Ok(Some((self.count, self.row.trim_ascii())));
            }
        }
    }

    /// Rows read so far.
    pub fn count(&self) -> u64 {
        self.count
    }
}

fn style() -> ProgressStyle {
    let template = "{msg} {wide_bar} {percent} % of {total_bytes}, {eta} left";
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
