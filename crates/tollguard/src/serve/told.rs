//! What the store's threads tell, and who hears it: the workers, the control socket, the mailer, the operator.

use std::error::Error as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use net::Handle;
use notify::{Clock as _, SystemClock};
use store::{OnEvent, StoreEvent};
use tokio::sync::watch;

use crate::control::ProcessFacts;

/// How long after one alarm about a slow disk the next one comes.
const SLOW_AGAIN: Duration = Duration::from_secs(60);

/// Hears the store's threads.
pub(super) struct Told {
    workers: OnceLock<Handle>,
    durable_lsn: Arc<AtomicU64>,
    applied_lsn: watch::Sender<u64>,
    process: Arc<ProcessFacts>,
    /// Whether the journal, and whether the tables, wait for room on the disk.
    full: [AtomicBool; 2],
    /// When it was last said that the disk is slow.
    slow: Mutex<Option<Instant>>,
    /// The first reason to stop.
    failure: Mutex<Option<store::Error>>,
}

/// Whose wait it is.
#[derive(Clone, Copy)]
enum Waits {
    Journal = 0,
    Tables = 1,
}

impl Told {
    /// For a journal that ends at `last_lsn`, with tables that show all of it.
    pub(super) fn new(last_lsn: u64, process: Arc<ProcessFacts>) -> Arc<Self> {
        Arc::new(Self {
            workers: OnceLock::new(),
            durable_lsn: Arc::new(AtomicU64::new(last_lsn)),
            applied_lsn: watch::Sender::new(last_lsn),
            process,
            full: [AtomicBool::new(false), AtomicBool::new(false)],
            slow: Mutex::new(None),
            failure: Mutex::new(None),
        })
    }

    /// The ear to give to the threads.
    pub(super) fn listener(self: &Arc<Self>) -> OnEvent {
        let told = Arc::clone(self);
        Arc::new(move |event| told.hear(event))
    }

    /// Names the workers, before their first record.
    pub(super) fn attach(&self, workers: Handle) {
        let failed = self.failure.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        if failed {
            workers.journal_failed();
        }
        // A node attaches its workers once.
        let _ = self.workers.set(workers);
    }

    /// The last durable record, kept up to date.
    pub(super) fn durable_lsn(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.durable_lsn)
    }

    /// The last record that the tables show, kept up to date.
    pub(super) fn applied_lsn(&self) -> watch::Receiver<u64> {
        self.applied_lsn.subscribe()
    }

    /// The first reason to stop, once.
    pub(super) fn failure(&self) -> Option<store::Error> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn hear(&self, event: StoreEvent) {
        match event {
            StoreEvent::Durable { lsn, of_source } => {
                self.durable_lsn.fetch_max(lsn, Ordering::AcqRel);
                self.has_room(Waits::Journal);
                if let Some(workers) = self.workers.get() {
                    workers.durable(lsn, &of_source);
                }
            }
            StoreEvent::Applied(lsn) => {
                self.has_room(Waits::Tables);
                self.applied_lsn.send_replace(lsn);
            }
            StoreEvent::Saved(lsn) => {
                self.process.saved(lsn, SystemClock.now_ms());
                tracing::debug!(lsn, "a snapshot is saved");
            }
            StoreEvent::NotSaved(error) => {
                tracing::error!(%error, source = error.source(), "the journal grows longer");
            }
            StoreEvent::DiskFull(error) => self.is_full(&error),
            StoreEvent::Slow(took) => self.is_slow(took),
            StoreEvent::Failed(error) => self.fail(error),
        }
    }

    /// The alarm: once when the disk is full, once when it has room again.
    fn is_full(&self, error: &store::Error) {
        let waits = if matches!(error, store::Error::DiskFull { .. }) { Waits::Journal } else { Waits::Tables };
        if self.full[waits as usize].swap(true, Ordering::AcqRel) {
            return;
        }
        tracing::error!(%error, "ALARM: the disk is full; calls that cost money are refused until there is room");
        if let Some(workers) = self.workers.get() {
            workers.disk_full(true);
        }
    }

    /// The alarm: once in a while, as long as it is so.
    fn is_slow(&self, took: Duration) {
        let mut last = self.slow.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_none_or(|last| last.elapsed() >= SLOW_AGAIN) {
            *last = Some(Instant::now());
            tracing::error!(
                took_ms = took.as_millis(),
                "ALARM: the disk is slow; what spends money or promises something waits for it"
            );
        }
    }

    fn has_room(&self, waited: Waits) {
        if !self.full[waited as usize].swap(false, Ordering::AcqRel) {
            return;
        }
        if self.full.iter().any(|full| full.load(Ordering::Acquire)) {
            return;
        }
        tracing::warn!("the disk has room again");
        if let Some(workers) = self.workers.get() {
            workers.disk_full(false);
        }
    }

    fn fail(&self, error: store::Error) {
        tracing::error!(%error, source = error.source(), "the node stops: nothing it did now would survive");
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        if let Some(workers) = self.workers.get() {
            workers.journal_failed();
        }
    }
}
