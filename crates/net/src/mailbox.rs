//! The worker's mailbox: commands and relay events from other threads, with a waker for its poll.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use media::RelayEvent;
use mio::Waker;
use node::{Command, CommandError, CommandReply};

/// Letters that may wait.
const CAPACITY: usize = 4096;

/// Called with the answer to a command.
pub type Answer = Box<dyn FnOnce(Result<CommandReply, CommandError>) + Send>;

/// What other threads tell the worker.
pub enum Letter {
    /// A person's command.
    Command(Box<Command>, Answer),
    /// The relay reports.
    Relay(RelayEvent),
    /// End all calls, then stop.
    Stop,
}

/// Where other threads put letters.
#[derive(Clone)]
pub struct Postbox {
    letters: SyncSender<Letter>,
    waker: Arc<Waker>,
    signals: Arc<Signals>,
}

/// What needs no letter: the newest value counts.
#[derive(Debug, Default)]
struct Signals {
    durable_lsn: AtomicU64,
    journal_failed: AtomicBool,
    disk_full: AtomicBool,
    worker_gone: AtomicBool,
}

/// The worker's end.
pub struct Mailbox {
    letters: Receiver<Letter>,
    signals: Arc<Signals>,
}

/// A pair of ends; `waker` wakes the worker's poll.
pub fn mailbox(waker: Waker) -> (Postbox, Mailbox) {
    let (sender, letters) = sync_channel(CAPACITY);
    let signals = Arc::new(Signals::default());
    let postbox = Postbox { letters: sender, waker: Arc::new(waker), signals: Arc::clone(&signals) };
    (postbox, Mailbox { letters, signals })
}

impl Postbox {
    /// Puts a letter in; gives it back where the box is full or the worker gone.
    pub fn put(&self, letter: Letter) -> Result<(), Letter> {
        match self.letters.try_send(letter) {
            Ok(()) => {
                self.wake();
                Ok(())
            }
            Err(TrySendError::Full(letter) | TrySendError::Disconnected(letter)) => Err(letter),
        }
    }

    /// The disk has no room, or has room again.
    pub fn disk_full(&self, full: bool) {
        if self.signals.disk_full.swap(full, Ordering::AcqRel) != full {
            self.wake();
        }
    }

    /// Whether the worker has ended.
    pub fn is_orphaned(&self) -> bool {
        self.signals.worker_gone.load(Ordering::Acquire)
    }

    /// Everything up to `lsn` is on disk.
    pub fn durable(&self, lsn: u64) {
        self.signals.durable_lsn.fetch_max(lsn, Ordering::AcqRel);
        self.wake();
    }

    /// The journal has stopped for good.
    pub fn journal_failed(&self) {
        self.signals.journal_failed.store(true, Ordering::Release);
        self.wake();
    }

    fn wake(&self) {
        if let Err(error) = self.waker.wake() {
            tracing::error!(%error, "the worker cannot be woken");
        }
    }
}

impl Mailbox {
    /// The next letter, if one waits.
    pub fn take(&self) -> Option<Letter> {
        self.letters.try_recv().ok()
    }

    /// The newest durable record.
    pub fn durable_lsn(&self) -> u64 {
        self.signals.durable_lsn.load(Ordering::Acquire)
    }

    /// Whether the disk has no room.
    pub fn disk_full(&self) -> bool {
        self.signals.disk_full.load(Ordering::Acquire)
    }

    /// Whether the journal has stopped for good.
    pub fn journal_failed(&self) -> bool {
        self.signals.journal_failed.load(Ordering::Acquire)
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.signals.worker_gone.store(true, Ordering::Release);
    }
}
