//! The node's one lock-out, as all workers reach it: a ban that one of them brings on holds for the next datagram of each.
//!
//! It is the one machine of the node that workers share, so that exactly as many passwords are verified as configured,
//! whichever workers verify them. It is held for a few look-ups, never across another lock or anything that waits; and
//! while nobody is banned a datagram does not even ask for it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use lockout::{Gate, Lockout, Strangers};

/// A worker's way to the lock-out.
#[derive(Clone)]
pub(crate) struct Doors {
    shared: Arc<Shared>,
}

struct Shared {
    lockout: RwLock<Lockout>,
    signs: Signs,
    /// What strangers sent and were sent, whichever worker reads and whichever answers.
    strangers: Mutex<Strangers>,
}

/// What each datagram asks: on cache lines of its own, since locks write to theirs.
#[repr(align(128))]
struct Signs {
    /// Whether everybody passes; written with the lock-out held.
    open: AtomicBool,
    /// Whether there are changes that the registry has not been told of.
    news: AtomicBool,
}

impl Doors {
    pub fn new(lockout: Lockout) -> Self {
        let (open, news) = (AtomicBool::new(lockout.refuses_nobody()), AtomicBool::new(lockout.has_changes()));
        let signs = Signs { open, news };
        Self { shared: Arc::new(Shared { lockout: RwLock::new(lockout), signs, strangers: Mutex::default() }) }
    }

    /// Whether anything from there is to be read.
    pub fn admit(&self, now_ms: u64, remote: SocketAddr) -> bool {
        self.shared.signs.open.load(Ordering::Acquire)
            || self.look(|lockout| lockout.before_parse(remote, now_ms)) == Gate::Pass
    }

    /// Counts what strangers send and are sent.
    pub fn strangers<R>(&self, count: impl FnOnce(&mut Strangers) -> R) -> R {
        count(&mut self.shared.strangers.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks at the lock-out.
    pub fn look<R>(&self, look: impl FnOnce(&Lockout) -> R) -> R {
        // Where a thread panicked the node goes down; until then its bans hold.
        look(&self.shared.lockout.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the lock-out. What is banned when this returns is banned for every worker.
    pub fn change<R>(&self, change: impl FnOnce(&mut Lockout) -> R) -> R {
        let mut lockout = self.shared.lockout.write().unwrap_or_else(PoisonError::into_inner);
        let result = change(&mut lockout);
        self.shared.signs.open.store(lockout.refuses_nobody(), Ordering::Release);
        if lockout.has_changes() {
            self.shared.signs.news.store(true, Ordering::Release);
        }
        result
    }

    /// Whether there are changes to tell the registry of; true once for each.
    pub fn take_news(&self) -> bool {
        self.shared.signs.news.load(Ordering::Acquire) && self.shared.signs.news.swap(false, Ordering::AcqRel)
    }
}
