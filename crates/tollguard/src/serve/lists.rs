//! Keeps the node's block lists as their files are: read at the start, and again whenever one has changed.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use lockout::BlockList;
use node::Command;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::config;
use crate::control::Control;

/// The largest file that is read, bytes.
const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// The files and how they were when they were last read.
pub(super) struct Lists {
    control: Control,
    files: Vec<(PathBuf, Option<SystemTime>)>,
    refresh: Duration,
}

impl Lists {
    /// Files that nobody has read yet.
    pub(super) fn new(config: &config::BlockLists, control: Control) -> Self {
        let files = config.files.iter().map(|path| (path.clone(), None)).collect();
        Self { control, files, refresh: Duration::from_secs(config.refresh_s) }
    }

    /// Reads what has changed since the last time. A file that cannot be read leaves its list as it was.
    pub(super) async fn read(&mut self) {
        for (path, read_at) in &mut self.files {
            match changed(path, *read_at).await {
                Ok(None) => {}
                Ok(Some((at, text))) => {
                    *read_at = Some(at);
                    put(&self.control, path, &text).await;
                }
                Err(error) => tracing::warn!("the block list {} cannot be read: {error}", path.display()),
            }
        }
    }

    /// Reads again and again until the node stops.
    pub(super) async fn keep_up(mut self, mut stopped: watch::Receiver<()>) {
        if self.files.is_empty() {
            return;
        }
        loop {
            tokio::select! {
                _ = stopped.changed() => return,
                () = sleep(self.refresh) => self.read().await,
            }
        }
    }
}

/// The file's text and time, if it is another than `read_at`.
async fn changed(path: &Path, read_at: Option<SystemTime>) -> std::io::Result<Option<(SystemTime, String)>> {
    let found = tokio::fs::metadata(path).await?;
    let at = found.modified()?;
    if Some(at) == read_at {
        return Ok(None);
    }
    if found.len() > MAX_FILE_BYTES {
        return Err(std::io::Error::other(format!("it has more than {MAX_FILE_BYTES} bytes")));
    }
    let bytes = tokio::fs::read(path).await?;
    Ok(Some((at, String::from_utf8_lossy(&bytes).into_owned())))
}

async fn put(control: &Control, path: &Path, text: &str) {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let list = BlockList::parse(text);
    let skipped = list.skipped();
    match control.ask(Command::PutBlockList { name, list }).await {
        Ok(node::CommandReply::Done(done)) if skipped == 0 => tracing::info!("{}", done.text),
        Ok(node::CommandReply::Done(done)) => tracing::warn!("{} {skipped} lines were not taken.", done.text),
        Ok(_) => {}
        Err(error) => tracing::warn!("the block list {} was not taken: {error}", path.display()),
    }
}
