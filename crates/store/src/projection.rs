//! The projector's thread: takes the batches the writer made durable and turns them into rows.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use node::Record;

use crate::threads::{OnEvent, StoreEvent};
use crate::{Error, Pace, Projector};

/// Batches that may wait for the projector; a full queue holds up the writer.
pub const BATCH_QUEUE: usize = 256;

/// While much happens the tables are written in steps, since a transaction costs as much as the rows of dozens of calls,
/// and what it changes in one place, pages of indexes among it, is written once. What people look at is so much older.
const STEP: Duration = Duration::from_secs(1);
/// So many records in one step make the next one wait for its end.
const BUSY_RECORDS: u32 = 2_000;

/// Records in one transaction at most (one batch more at worst).
const MAX_TRANSACTION: usize = 16_384;

/// How long a full disk is left alone before the next try.
const DISK_FULL_RETRY: Duration = Duration::from_secs(1);

/// A running projector thread.
#[derive(Debug)]
pub struct Projection {
    progress: Arc<Progress>,
    thread: JoinHandle<()>,
}

/// How far the projector is, for whoever waits for it.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    at: Mutex<At>,
    moved: Condvar,
    give_up: AtomicBool,
}

#[derive(Clone, Copy, Debug, Default)]
struct At {
    applied_lsn: u64,
    ended: bool,
}

impl Progress {
    /// Waits until the tables show `lsn`; false where the projector ended before.
    pub(crate) fn wait_for(&self, lsn: u64) -> bool {
        let at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = |at: &mut At| at.applied_lsn < lsn && !at.ended;
        self.moved.wait_while(at, waits).unwrap_or_else(PoisonError::into_inner).applied_lsn >= lsn
    }

    fn update(&self, change: impl FnOnce(&mut At)) {
        change(&mut self.at.lock().unwrap_or_else(PoisonError::into_inner));
        self.moved.notify_all();
    }
}

impl Projection {
    /// Starts the thread; batches go into the sender returned (see [`crate::Writer::spawn`]).
    ///
    /// # Errors
    /// Where the system gives no thread, or the database cannot be read.
    pub fn spawn(projector: Projector, on_event: OnEvent) -> Result<(Self, SyncSender<Vec<Record>>), Error> {
        let (sender, batches) = sync_channel(BATCH_QUEUE);
        let progress = Arc::new(Progress::default());
        let applied_lsn = projector.applied_lsn()?;
        progress.update(|at| at.applied_lsn = applied_lsn);
        let worker = Worker { projector, batches, on_event, progress: Arc::clone(&progress) };
        let thread = crate::threads::spawn("projector", move || {
            crate::threads::yield_to_calls();
            worker.run();
        })?;
        Ok((Self { progress, thread }, sender))
    }

    /// From now on a full disk is an error and not waited for. Comes before the writer is stopped, which may be waiting
    /// for the projector.
    pub fn give_up_on_full_disk(&self) {
        self.progress.give_up.store(true, Ordering::Release);
        self.thread.thread().unpark();
    }

    /// Waits until all batches handed in are applied. Stop the writer first: it holds the sender.
    ///
    /// # Errors
    /// [`Error::ProjectorStopped`] where the thread panicked.
    pub fn stop(self) -> Result<(), Error> {
        self.thread.join().map_err(|_| Error::ProjectorStopped)
    }

    pub(crate) fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress)
    }
}

struct Worker {
    projector: Projector,
    batches: Receiver<Vec<Record>>,
    on_event: OnEvent,
    progress: Arc<Progress>,
}

/// Tells those who wait that nothing more comes, also when the thread panics.
struct Ends(Arc<Progress>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.update(|at| at.ended = true);
    }
}

impl Worker {
    fn run(mut self) {
        let _ends = Ends(Arc::clone(&self.progress));
        let mut pace = Pace::new(STEP, BUSY_RECORDS);
        while let Ok(mut records) = self.batches.recv() {
            pace.gather();
            self.take_waiting(&mut records);
            match self.apply(&records) {
                Ok(applied_lsn) => {
                    pace.done(records.len());
                    self.progress.update(|at| at.applied_lsn = applied_lsn);
                    (self.on_event)(StoreEvent::Applied(applied_lsn));
                }
                Err(error) => {
                    (self.on_event)(StoreEvent::Failed(error));
                    return;
                }
            }
        }
    }

    /// Adds all that wait, up to the transaction's maximum.
    fn take_waiting(&self, records: &mut Vec<Record>) {
        while records.len() < MAX_TRANSACTION
            && let Ok(more) = self.batches.try_recv()
        {
            records.extend(more);
        }
    }

    fn apply(&mut self, records: &[Record]) -> Result<u64, Error> {
        loop {
            match self.projector.apply(records) {
                Err(error) if error.is_disk_full() && !self.progress.give_up.load(Ordering::Acquire) => {
                    (self.on_event)(StoreEvent::DiskFull(error));
                    std::thread::park_timeout(DISK_FULL_RETRY);
                }
                result => return result,
            }
        }
    }
}
