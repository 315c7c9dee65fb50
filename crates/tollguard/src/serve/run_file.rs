//! `run.json` in the data directory: where the running node listens, for people, tests and the command line.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// What is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFile {
    /// The node's process.
    pub pid: u32,
    /// Bound SIP addresses.
    pub sip: Vec<SocketAddr>,
    /// Where the portal is reached.
    pub portal: Option<String>,
}

fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("run.json")
}

/// Writes it, whole or not at all.
pub(super) fn write(data_dir: &Path, sip: &[SocketAddr], portal: Option<&str>) -> io::Result<()> {
    let content = RunFile { pid: std::process::id(), sip: sip.to_vec(), portal: portal.map(str::to_owned) };
    let new = data_dir.join("run.json.tmp");
    fs::write(&new, serde_json::to_vec_pretty(&content)?)?;
    fs::rename(new, path(data_dir))
}

/// Takes it away at a clean stop.
pub(super) fn remove(data_dir: &Path) {
    if let Err(error) = fs::remove_file(path(data_dir))
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, "run.json stays");
    }
}

/// Reads what the last node left; after a crash it tells of a node that is gone.
pub fn read(data_dir: &Path) -> Option<RunFile> {
    serde_json::from_slice(&fs::read(path(data_dir)).ok()?).ok()
}
