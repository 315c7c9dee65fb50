//! Commands to a running node from inside its process; the answer comes when the tables show what was done.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use net::Handle;
use node::{Command, CommandError, CommandReply};
use notify::{Clock as _, SystemClock};
use store::{Desk, Reader};
use tokio::sync::{oneshot, watch};

use super::Answer;
use super::noted::Noted;

/// How long an answer may wait for the tables; then it is given although a listing may not show it yet.
const TABLES_PATIENCE: Duration = Duration::from_secs(5);

/// A way to a running node for portal and control socket; clone it freely.
#[derive(Clone)]
pub struct Control {
    handle: Handle,
    durable_lsn: Arc<AtomicU64>,
    applied_lsn: watch::Receiver<u64>,
    /// Where changes of the node are noted, and what was before is read.
    tables: (Arc<Desk>, Arc<Reader>),
}

impl Control {
    /// Over a handle; `durable_lsn` and `applied_lsn` are kept up to date by the store's threads.
    pub fn new(
        handle: Handle,
        durable_lsn: Arc<AtomicU64>,
        applied_lsn: watch::Receiver<u64>,
        desk: &Arc<Desk>,
        reader: Arc<Reader>,
    ) -> Self {
        Self { handle, durable_lsn, applied_lsn, tables: (Arc::clone(desk), reader) }
    }

    /// Asks the node and waits until it is done, durable, and shown by the tables.
    ///
    /// # Errors
    /// The node's refusal.
    pub async fn ask(&self, command: Command) -> Answer {
        let noted = self.before(&command).await;
        // Another switch waits with its caller, and asks for no listing.
        let shows = !matches!(command, Command::Remote(_));
        let (sender, receiver) = oneshot::channel();
        // The receiver is gone only if whoever asked went away.
        self.handle.send(command, Box::new(move |answer| drop(sender.send(answer))));
        let answer = receiver.await.unwrap_or(Err(CommandError::ShuttingDown));
        if answer.is_ok() && shows {
            self.shown().await;
        }
        if let (Some(noted), Ok(CommandReply::Done(done))) = (noted, &answer) {
            let (desk, text) = (Arc::clone(&self.tables.0), done.text.clone());
            let now_ms = SystemClock.now_ms();
            let written = tokio::task::spawn_blocking(move || noted.made(&desk, &text, now_ms)).await;
            if let Ok(Err(error)) = written {
                tracing::error!(%error, "a change of the node is not in the audit log");
            }
        }
        answer
    }

    /// What a change of the node is about to replace.
    async fn before(&self, command: &Command) -> Option<Noted> {
        if !matches!(command, Command::Node { .. } | Command::Ban { .. } | Command::LiftBan { .. }) {
            return None;
        }
        let (reader, command) = (Arc::clone(&self.tables.1), command.clone());
        let found = tokio::task::spawn_blocking(move || Noted::before(&reader, &command)).await;
        found.ok()?.unwrap_or_else(|error| {
            tracing::error!(%error, "what a change of the node replaces is not known to the audit log");
            None
        })
    }

    /// Waits until the tables show what is durable now.
    async fn shown(&self) {
        let durable = self.durable_lsn.load(Ordering::Acquire);
        let mut applied = self.applied_lsn.clone();
        let waited = tokio::time::timeout(TABLES_PATIENCE, applied.wait_for(|applied| *applied >= durable)).await;
        if waited.is_err() {
            tracing::warn!(durable, "the tables are far behind the journal");
        }
    }

    /// The last record that the tables show, kept up to date.
    pub fn applied_lsn(&self) -> watch::Receiver<u64> {
        self.applied_lsn.clone()
    }

    /// The node's own handle, for callers without an async runtime.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl portal::Control for Control {
    fn send(&self, command: Command) -> portal::Asked {
        let control = self.clone();
        Box::pin(async move { control.ask(command).await })
    }
}
