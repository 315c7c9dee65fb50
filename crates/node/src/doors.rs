//! The node's one lock-out, as all workers reach it: a ban that one of them brings on holds for the next datagram of each.
//!
//! It is the one machine of the node that workers share, so that exactly as many passwords are verified as configured,
//! whichever workers verify them. It is held for a few look-ups, never across another lock or anything that waits; and
//! while nobody is banned a datagram does not even ask for it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
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
    /// How many have become strangers; written with the lock-out held.
    estranged: AtomicU64,
}

impl Doors {
    pub fn new(lockout: Lockout) -> Self {
        let signs = Signs {
            open: AtomicBool::new(lockout.refuses_nobody()),
            news: AtomicBool::new(lockout.has_changes()),
            estranged: AtomicU64::new(lockout.estranged()),
        };
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
        let Signs { open, news, estranged } = &self.shared.signs;
        // Written only where it differs: each worker reads it for each datagram.
        let (is_open, strangers) = (lockout.refuses_nobody(), lockout.estranged());
        if open.load(Ordering::Relaxed) != is_open {
            open.store(is_open, Ordering::Release);
        }
        if estranged.load(Ordering::Relaxed) != strangers {
            estranged.store(strangers, Ordering::Release);
        }
        if lockout.has_changes() {
            news.store(true, Ordering::Release);
        }
        result
    }

    /// How many have become strangers by now ([`Lockout::estranged`]).
    pub fn estranged(&self) -> u64 {
        self.shared.signs.estranged.load(Ordering::Acquire)
    }

    /// Whether there are changes to tell the registry of; true once for each.
    pub fn take_news(&self) -> bool {
        self.shared.signs.news.load(Ordering::Acquire) && self.shared.signs.news.swap(false, Ordering::AcqRel)
    }
}
