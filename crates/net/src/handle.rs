//! How portal and command line reach a running worker.

use std::sync::mpsc::sync_channel;
use std::time::Duration;

use node::{Command, CommandError, CommandReply};

use crate::mailbox::{Answer, Letter, Postbox};

/// How long a command may wait for the disk before its caller is told that the node is not answering.
const PATIENCE: Duration = Duration::from_secs(10);

/// A way to a running worker; clone it freely.
#[derive(Clone)]
pub struct Handle {
    postbox: Postbox,
}

impl Handle {
    pub(crate) fn new(postbox: Postbox) -> Self {
        Self { postbox }
    }

    /// Sends a command; `answer` is called on the worker's thread and must not wait.
    pub fn send(&self, command: Command, answer: Answer) {
        if let Err(Letter::Command(_, answer)) = self.postbox.put(Letter::Command(Box::new(command), answer)) {
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
        while let Err(back) = self.postbox.put(letter) {
            if self.postbox.is_orphaned() {
                return;
            }
            letter = back;
            std::thread::yield_now();
        }
    }

    /// Everything up to `lsn` is on disk (called by the journal's thread).
    pub fn durable(&self, lsn: u64) {
        self.postbox.durable(lsn);
    }

    /// The disk has no room, or has room again (called by the store's threads).
    pub fn disk_full(&self, full: bool) {
        self.postbox.disk_full(full);
    }

    /// The journal has stopped for good (called by the journal's thread).
    pub fn journal_failed(&self) {
        self.postbox.journal_failed();
    }
}
