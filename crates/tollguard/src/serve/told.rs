//! What the store's threads tell, and who hears it: the workers, the control socket, the mailer, the operator.

use std::error::Error as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use net::Handle;
use store::{OnEvent, StoreEvent};
use tokio::sync::watch;

/// Hears the store's threads.
pub(super) struct Told {
    workers: OnceLock<Handle>,
    durable_lsn: Arc<AtomicU64>,
    applied_lsn: watch::Sender<u64>,
    /// The first reason to stop.
    failure: Mutex<Option<store::Error>>,
}

impl Told {
    /// For a journal that ends at `last_lsn`, with tables that show all of it.
    pub(super) fn new(last_lsn: u64) -> Arc<Self> {
        Arc::new(Self {
            workers: OnceLock::new(),
            durable_lsn: Arc::new(AtomicU64::new(last_lsn)),
            applied_lsn: watch::Sender::new(last_lsn),
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
                if let Some(workers) = self.workers.get() {
                    workers.durable(lsn, &of_source);
                }
            }
            StoreEvent::Applied(lsn) => drop(self.applied_lsn.send_replace(lsn)),
            StoreEvent::Saved(lsn) => tracing::debug!(lsn, "a snapshot is saved"),
            StoreEvent::NotSaved(error) => {
                tracing::error!(%error, source = error.source(), "the journal grows longer");
            }
            StoreEvent::DiskFull(error) => tracing::error!(%error, "paid calls wait"),
            StoreEvent::Failed(error) => self.fail(error),
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
