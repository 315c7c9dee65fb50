//! Keeps the node's block lists as their sources are: read at the start, and again whenever one has changed.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use lockout::BlockList;
use node::Command;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep_until};

use super::fetch::{MAX_LIST_BYTES, WebList};
use crate::config::{self, ListSource};
use crate::control::Control;

/// The folder of copies in the data directory.
const COPIES: &str = "lists";

/// The lists and how they were when they were last read.
pub(super) struct Lists {
    control: Control,
    files: Vec<(PathBuf, Option<SystemTime>)>,
    web: Vec<(String, WebList)>,
    refresh: Duration,
    fetch: Duration,
}

impl Lists {
    /// Lists that nobody has read yet.
    pub(super) fn new(config: &config::BlockLists, data_dir: &Path, control: Control) -> Self {
        let (mut files, mut web) = (Vec::new(), Vec::new());
        for source in &config.lists {
            match source {
                ListSource::File(path) => files.push((path.clone(), None)),
                ListSource::Web(url) => {
                    let name = source.name();
                    let list = WebList::new(url, &name, &data_dir.join(COPIES));
                    web.push((name, list));
                }
            }
        }
        let (refresh, fetch) = (Duration::from_secs(config.refresh_s), Duration::from_secs(config.fetch_s));
        Self { control, files, web, refresh, fetch }
    }

    /// Whether there is nothing to read.
    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty() && self.web.is_empty()
    }

    /// Reads what is on this machine: files, and the last good copies of lists on the web.
    pub(super) async fn read(&mut self) {
        self.read_files().await;
        for (name, list) in &self.web {
            if let Some(text) = list.kept() {
                put(&self.control, name, &text).await;
            }
        }
    }

    /// Reads again and again until the node stops.
    pub(super) async fn keep_up(mut self, mut stopped: watch::Receiver<()>) {
        let (mut read_at, mut fetch_at) = (Instant::now() + self.refresh, Instant::now());
        loop {
            tokio::select! {
                _ = stopped.changed() => return,
                () = sleep_until(read_at), if !self.files.is_empty() => {
                    self.read_files().await;
                    read_at = Instant::now() + self.refresh;
                }
                () = sleep_until(fetch_at), if !self.web.is_empty() => {
                    self.fetch().await;
                    fetch_at = Instant::now() + self.fetch;
                }
            }
        }
    }

    /// Reads the files that have changed. One that cannot be read leaves its list as it was.
    async fn read_files(&mut self) {
        for (path, read_at) in &mut self.files {
            match changed(path, *read_at).await {
                Ok(None) => {}
                Ok(Some((at, text))) => {
                    *read_at = Some(at);
                    put(&self.control, &ListSource::File(path.clone()).name(), &text).await;
                }
                Err(error) => tracing::warn!("the block list {} cannot be read: {error}", path.display()),
            }
        }
    }

    /// Asks for the lists on the web. One that is not to be had leaves its list as it was.
    async fn fetch(&mut self) {
        for (name, list) in &mut self.web {
            let mut asked = list.clone();
            let work = move || (asked.fetch(|text| !BlockList::parse(text).is_empty()), asked);
            let Ok((fetched, asked)) = spawn_blocking(work).await else { continue };
            *list = asked;
            match fetched {
                Ok(None) => {}
                Ok(Some(text)) => put(&self.control, name, &text).await,
                Err(error) => tracing::warn!("the block list of {name} was not fetched: {error}"),
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
    if found.len() > MAX_LIST_BYTES {
        return Err(std::io::Error::other(format!("it has more than {MAX_LIST_BYTES} bytes")));
    }
    let bytes = tokio::fs::read(path).await?;
    Ok(Some((at, String::from_utf8_lossy(&bytes).into_owned())))
}

async fn put(control: &Control, name: &str, text: &str) {
    let list = BlockList::parse(text);
    let skipped = list.skipped();
    match control.ask(Command::PutBlockList { name: name.to_owned(), list }).await {
        Ok(node::CommandReply::Done(done)) if skipped == 0 => tracing::info!("{}", done.text),
        Ok(node::CommandReply::Done(done)) => tracing::warn!("{} {skipped} lines were not taken.", done.text),
        Ok(_) => {}
        Err(error) => tracing::warn!("the block list {name} was not taken: {error}"),
    }
}
