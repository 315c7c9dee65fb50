//! How portal, command line and journal reach the running workers.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use node::{Command, CommandError, CommandReply};

use crate::mailbox::{Answer, Letter, Postbox};
use crate::snapshots::Snapshots;

/// How long a command may wait for the disk before its caller is told that the node is not answering.
const PATIENCE: Duration = Duration::from_secs(10);

/// A way to the running workers; clone it freely.
#[derive(Clone)]
pub struct Handle {
    boxes: Arc<[Postbox]>,
    snapshots: Arc<Snapshots>,
}

impl Handle {
    pub(crate) fn new(boxes: Arc<[Postbox]>, snapshots: Arc<Snapshots>) -> Self {
        Self { boxes, snapshots }
    }

    /// The first worker takes what people ask.
    fn first(&self) -> &Postbox {
        self.boxes.first().expect("a node has one worker at least")
    }

    /// Sends a command; `answer` is called on a worker's thread and must not wait.
    pub fn send(&self, command: Command, answer: Answer) {
        if let Err(Letter::Command(_, answer)) = self.first().put(Letter::Command(Box::new(command), answer)) {
            answer(Err(CommandError::ShuttingDown));
        }
    }

    /// Sends a command and waits for the answer (from threads that may wait).
    ///
    /// # Errors
    /// The node's refusal, or [`CommandError::ShuttingDown`] where no answer comes.
    pub fn ask(&self, command: Command) -> Result<CommandReply, CommandError> {
        let (sender, receiver) = sync_channel(1);
        // The receiver is gone only if we stopped waiting for the answer.
        self.send(command, Box::new(move |reply| drop(sender.send(reply))));
        receiver.recv_timeout(PATIENCE).unwrap_or(Err(CommandError::ShuttingDown))
    }

    pub(crate) fn stop(&self) {
        // A full box holds thousands of commands: the worker is alive and will find room; a gone worker needs no stop.
        let mut letter = Letter::Stop;
        while let Err(back) = self.first().put(letter) {
            if self.first().is_orphaned() {
                return;
            }
            letter = back;
            std::thread::yield_now();
        }
    }

    /// Everything up to `lsn` is on disk, so many records of each worker (called by the journal's thread).
    pub fn durable(&self, lsn: u64, of_worker: &[u64]) {
        for (postbox, count) in self.boxes.iter().zip(of_worker) {
            postbox.durable(*count);
        }
        self.snapshots.durable(lsn, &self.boxes);
    }

    /// The disk has no room, or has room again (called by the store's threads).
    pub fn disk_full(&self, full: bool) {
        self.boxes.iter().for_each(|postbox| postbox.disk_full(full));
    }

    /// The journal has stopped for good (called by the journal's thread).
    pub fn journal_failed(&self) {
        self.boxes.iter().for_each(Postbox::journal_failed);
    }
}
