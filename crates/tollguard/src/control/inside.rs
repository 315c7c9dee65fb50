//! Commands to a running node from inside its process; the answer comes when the tables show what was done.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use net::Handle;
use node::{Command, CommandError, CommandReply, Status};
use tokio::sync::{oneshot, watch};

use super::{Answer, Parts, ProcessFacts};

/// How long an answer may wait for the tables; then it is given although a listing may not show it yet.
const TABLES_PATIENCE: Duration = Duration::from_secs(5);

/// A way to a running node for portal and control socket; clone it freely.
#[derive(Clone)]
pub struct Control {
    handle: Handle,
    durable_lsn: Arc<AtomicU64>,
    applied_lsn: watch::Receiver<u64>,
    /// What the process knows beside the workers.
    process: Arc<ProcessFacts>,
}

impl Control {
    /// Over a handle; `durable_lsn` and `applied_lsn` are kept up to date by the store's threads.
    pub fn new(
        handle: Handle,
        durable_lsn: Arc<AtomicU64>,
        applied_lsn: watch::Receiver<u64>,
        process: Arc<ProcessFacts>,
    ) -> Self {
        Self { handle, durable_lsn, applied_lsn, process }
    }

    /// Asks the node and waits until it is done, durable, and shown by the tables.
    ///
    /// # Errors
    /// The node's refusal.
    pub async fn ask(&self, command: Command) -> Answer {
        // Another switch waits with its caller, and asks for no listing; how the node fares is told even while it is bad.
        let shows = !matches!(command, Command::Remote(_) | Command::Status);
        let answer = self.ask_workers(command).await;
        if answer.is_ok() && shows {
            self.shown().await;
        }
        match answer {
            Ok(CommandReply::Status(status)) => {
                let (durable_lsn, applied_lsn) = (self.durable_lsn.load(Ordering::Acquire), *self.applied_lsn.borrow());
                let facts = Arc::clone(&self.process);
                // It asks the disk.
                let process = tokio::task::spawn_blocking(move || facts.now(durable_lsn, applied_lsn)).await.ok();
                Ok(CommandReply::Status(Status { process, ..status }))
            }
            answer => answer,
        }
    }

    /// Asks the workers alone, which wait for no disk.
    ///
    /// # Errors
    /// The node's refusal.
    pub async fn ask_workers(&self, command: Command) -> Answer {
        let (sender, receiver) = oneshot::channel();
        // The receiver is gone only if whoever asked went away.
        self.handle.send(command, Box::new(move |answer| drop(sender.send(answer))));
        receiver.await.unwrap_or(Err(CommandError::ShuttingDown))
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

    /// The parts of the process.
    pub fn parts(&self) -> &Parts {
        self.process.parts()
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
