//! A worker's mailbox: commands, relay events and the letters of other workers, with a waker for its poll.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use media::RelayEvent;
use mio::Waker;
use node::{Command, CommandError, CommandReply};
use sip::locate::{Destination, Server};
use store::{QueueReceiver, QueueSender, queue};

/// Letters that may wait.
pub const CAPACITY: usize = 4096;

/// Called with the answer to a command.
pub type Answer = Box<dyn FnOnce(Result<CommandReply, CommandError>) + Send>;

/// What other threads tell a worker.
#[allow(clippy::large_enum_variant, reason = "nearly all letters are other workers'")]
pub enum Letter {
    /// Another worker's.
    Node(node::Letter),
    /// A person's command, for the first worker.
    Command(Box<Command>, Answer),
    /// The relay reports.
    Relay(RelayEvent),
    /// The resolver has found out where a name leads; for the first worker.
    Located(Destination, Vec<Server>),
    /// End all calls, then stop; for the first worker.
    Stop,
}

/// Where other threads put letters.
#[derive(Clone)]
pub struct Postbox {
    letters: QueueSender<Letter>,
    waker: Arc<Waker>,
    signals: Arc<Signals>,
}

/// What needs no letter: the newest value counts.
#[derive(Debug, Default)]
struct Signals {
    /// Whether the worker has been woken, or looks anyway, and has not looked since.
    woken: AtomicBool,
    durable: AtomicU64,
    journal_failed: AtomicBool,
    disk_full: AtomicBool,
    share_wanted: AtomicBool,
    worker_gone: AtomicBool,
}

/// The worker's end.
pub struct Mailbox {
    letters: QueueReceiver<Letter>,
    signals: Arc<Signals>,
}

/// A pair of ends; `waker` wakes the worker's poll.
pub fn mailbox(waker: Waker) -> (Postbox, Mailbox) {
    let (sender, letters) = queue(CAPACITY);
    let signals = Arc::new(Signals::default());
    let postbox = Postbox { letters: sender, waker: Arc::new(waker), signals: Arc::clone(&signals) };
    (postbox, Mailbox { letters, signals })
}

impl Postbox {
    /// Puts a letter in; gives it back where the box is full or the worker gone.
    #[allow(clippy::result_large_err, reason = "the letter is what the caller goes on with")]
    pub fn put(&self, letter: Letter) -> Result<(), Letter> {
        self.letters.try_send(letter)?;
        self.wake();
        Ok(())
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

    /// The first `count` records of this worker are on disk.
    pub fn durable(&self, count: u64) {
        if self.signals.durable.fetch_max(count, Ordering::AcqRel) < count {
            self.wake();
        }
    }

    /// A snapshot is wanted.
    pub fn want_share(&self) {
        self.signals.share_wanted.store(true, Ordering::Release);
        self.wake();
    }

    /// The journal has stopped for good.
    pub fn journal_failed(&self) {
        self.signals.journal_failed.store(true, Ordering::Release);
        self.wake();
    }

    /// Lets the worker look; a worker that has not looked since it was last woken needs no second call of the system.
    pub fn wake(&self) {
        if self.signals.woken.swap(true, Ordering::AcqRel) {
            return;
        }
        if let Err(error) = self.waker.wake() {
            tracing::error!(%error, "a worker cannot be woken");
        }
    }
}

impl Mailbox {
    /// Before looking: whoever brings something from now on wakes the worker again.
    pub fn look(&self) {
        self.signals.woken.swap(false, Ordering::AcqRel);
    }

    /// Before a rest after which the worker looks anyway: whoever brings something meanwhile need not wake it.
    pub fn will_look(&self) {
        self.signals.woken.store(true, Ordering::Release);
    }

    /// The next letter, if one waits.
    pub fn take(&mut self) -> Option<Letter> {
        self.letters.try_recv().ok()
    }

    /// How many of this worker's records are durable.
    pub fn durable(&self) -> u64 {
        self.signals.durable.load(Ordering::Acquire)
    }

    /// Whether a share of a snapshot is wanted; once for each time.
    pub fn share_wanted(&self) -> bool {
        self.signals.share_wanted.load(Ordering::Acquire) && self.signals.share_wanted.swap(false, Ordering::AcqRel)
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mio::{Events, Poll, Token};

    use super::*;

    #[test]
    fn who_looks_anyway_is_not_woken_and_finds_what_came() {
        let mut poll = Poll::new().unwrap();
        let (postbox, mut mailbox) = mailbox(Waker::new(poll.registry(), Token(0)).unwrap());
        let mut woken = || {
            let mut events = Events::with_capacity(1);
            poll.poll(&mut events, Some(Duration::ZERO)).unwrap();
            !events.is_empty()
        };
        mailbox.will_look();
        assert!(postbox.put(Letter::Stop).is_ok());
        assert!(!woken());
        mailbox.look();
        assert!(matches!(mailbox.take(), Some(Letter::Stop)));
        assert!(postbox.put(Letter::Stop).is_ok());
        assert!(woken(), "it has looked");
    }
}
