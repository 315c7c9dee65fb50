//! The journal's thread: takes all records that wait, numbers them, makes them durable with one sync, tells their
//! sources, passes them on to the projector.
//!
//! Records come from several sources (the workers of a node), each in the order in which it handed them in; they are
//! numbered as they are taken. A source counts its own records and is told how many of them are durable.
//!
//! Back-pressure: both queues are bounded. A disk that cannot keep up fills the records' queue and then
//! [`WriterHandle::submit`] waits, which holds up its caller (and so, in the end, new calls) instead of memory. A
//! projector that cannot keep up holds up the writer in the same way, once the writer owes it [`MAX_OWED`] records.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, TrySendError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde::{Serialize, de::DeserializeOwned};

use crate::journal::Numerable;
use crate::threads::{OnEvent, StoreEvent};
use crate::{Disk, Error, Journal, Pace, QueueReceiver, QueueSender, queue};

/// Records that may wait for the writer; it has as many more at most that it has taken.
pub const QUEUE: usize = 32_768;

/// Records made durable by one sync at most.
pub const MAX_BATCH: usize = 1024;

/// Records that the writer keeps for a projector whose queue is full, before it waits for it.
pub const MAX_OWED: usize = 32_768;

/// While much happens records are synced in steps, so that one sync does for more of them: as long as callers do not hear
/// it (a call waits for one before it rings, and for one when it is answered).
const STEP: Duration = Duration::from_millis(8);
/// So many records in one step make the next one wait for its end.
const BUSY_RECORDS: u32 = 10;

/// How long a full disk is left alone before the next try.
const DISK_FULL_RETRY: Duration = Duration::from_secs(1);

/// A write that takes so long is told.
const SLOW: Duration = Duration::from_secs(1);

/// What the writer is asked.
#[derive(Debug)]
enum Message<T> {
    Record(usize, T),
    RemoveBefore(u64),
    Stop,
}

/// A running writer thread.
#[derive(Debug)]
pub struct Writer<T> {
    handle: WriterHandle<T>,
    /// Set by `stop`, so that a writer in front of a full disk does not wait for room for ever.
    give_up: Arc<AtomicBool>,
    thread: JoinHandle<u64>,
}

/// Where one source hands its records in.
#[derive(Debug)]
pub struct WriterHandle<T> {
    queue: QueueSender<Message<T>>,
    source: usize,
}

impl<T> WriterHandle<T> {
    /// Hands in the next record; waits while the queue is full.
    ///
    /// # Errors
    /// [`Error::WriterStopped`].
    pub fn submit(&self, record: T) -> Result<(), Error> {
        self.send(Message::Record(self.source, record))
    }

    /// Asks for the removal of journal segments that hold only records before `lsn` (see [`Journal::remove_before`]).
    ///
    /// # Errors
    /// [`Error::WriterStopped`].
    pub fn remove_before(&self, lsn: u64) -> Result<(), Error> {
        self.send(Message::RemoveBefore(lsn))
    }

    fn send(&self, message: Message<T>) -> Result<(), Error> {
        self.queue.send(message).map_err(|_| Error::WriterStopped)
    }
}

impl<T: Numerable + Serialize + DeserializeOwned + Send + 'static> Writer<T> {
    /// Starts the thread for so many sources. Durable batches go to `projector`; a projector that has gone away stops the writer.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub fn spawn<D: Disk + Send + 'static>(
        journal: Journal<D, T>,
        sources: usize,
        projector: SyncSender<Vec<T>>,
        on_event: OnEvent,
    ) -> Result<Self, Error> {
        let (queue, inbox) = queue(QUEUE);
        let give_up = Arc::new(AtomicBool::new(false));
        let worker = Worker {
            next_lsn: journal.last_lsn() + 1,
            journal,
            inbox,
            taken: vec![0; sources],
            projector,
            owed: Vec::new(),
            on_event,
            give_up: Arc::clone(&give_up),
            stopping: false,
        };
        let thread = crate::threads::spawn("journal", move || worker.run())?;
        Ok(Self { handle: WriterHandle { queue, source: 0 }, give_up, thread })
    }

    /// Where a source hands its records in.
    pub fn handle(&self, source: usize) -> WriterHandle<T> {
        WriterHandle { queue: self.handle.queue.clone(), source }
    }

    /// Stops after everything handed in before is durable (or has failed); returns the last durable record. The
    /// projector's queue is closed with it.
    ///
    /// # Errors
    /// [`Error::WriterStopped`] where the thread panicked.
    pub fn stop(self) -> Result<u64, Error> {
        self.give_up.store(true, Ordering::Release);
        self.thread.thread().unpark();
        // A writer that failed earlier no longer takes messages; its last durable record is still told.
        let _ = self.handle.send(Message::Stop);
        self.thread.join().map_err(|_| Error::WriterStopped)
    }
}

struct Worker<D, T> {
    journal: Journal<D, T>,
    inbox: QueueReceiver<Message<T>>,
    next_lsn: u64,
    /// How many records of each source were taken.
    taken: Vec<u64>,
    projector: SyncSender<Vec<T>>,
    /// Durable records that the projector's queue had no room for.
    owed: Vec<T>,
    on_event: OnEvent,
    give_up: Arc<AtomicBool>,
    stopping: bool,
}

impl<D: Disk, T: Numerable + Serialize + DeserializeOwned> Worker<D, T> {
    fn run(mut self) -> u64 {
        let mut pace = Pace::new(STEP, BUSY_RECORDS);
        while !self.stopping {
            // Before it waits for a record: while much comes none has to wake it.
            pace.gather();
            let Some(first) = self.next() else { break };
            let batch = self.take_waiting(first);
            pace.done(batch.len());
            if batch.is_empty() {
                continue;
            }
            let begun = Instant::now();
            if let Err(error) = self.make_durable(&batch) {
                (self.on_event)(StoreEvent::Failed(error));
                break;
            }
            let took = begun.elapsed();
            if took >= SLOW {
                (self.on_event)(StoreEvent::Slow(took));
            }
            (self.on_event)(StoreEvent::Durable { lsn: self.journal.durable_lsn(), of_source: self.taken.clone() });
            self.owed.extend(batch);
            if self.pass_on(self.owed.len() >= MAX_OWED).is_err() {
                break;
            }
        }
        let _ = self.pass_on(true);
        self.journal.durable_lsn()
    }

    /// Waits for the next message, and gives the projector what it is owed meanwhile; none at the end.
    fn next(&mut self) -> Option<Message<T>> {
        while !self.owed.is_empty() {
            match self.inbox.recv_timeout(STEP) {
                Err(RecvTimeoutError::Timeout) => self.pass_on(false).ok()?,
                received => return received.ok(),
            }
        }
        self.inbox.recv()
    }

    /// Gives the projector what it is owed, if its queue has room or `waits` for it.
    fn pass_on(&mut self, waits: bool) -> Result<(), ()> {
        if self.owed.is_empty() {
            return Ok(());
        }
        let sent = match self.projector.try_send(std::mem::take(&mut self.owed)) {
            Err(TrySendError::Full(owed)) if waits => self.projector.send(owed).map_err(drop),
            Err(TrySendError::Full(owed)) => {
                self.owed = owed;
                Ok(())
            }
            sent => sent.map_err(drop),
        };
        if sent.is_err() {
            (self.on_event)(StoreEvent::Failed(Error::ProjectorStopped));
        }
        sent
    }

    /// One message and all that wait behind it, up to the batch's maximum.
    fn take_waiting(&mut self, first: Message<T>) -> Vec<T> {
        let mut batch = Vec::new();
        let mut next = Some(first);
        while let Some(message) = next.take() {
            match message {
                Message::Record(source, mut record) => {
                    record.set_lsn(self.next_lsn);
                    self.next_lsn += 1;
                    if let Some(taken) = self.taken.get_mut(source) {
                        *taken += 1;
                    }
                    batch.push(record);
                }
                Message::RemoveBefore(lsn) => {
                    if let Err(error) = self.journal.remove_before(lsn) {
                        tracing::warn!(%error, "old journal segments stay for now");
                    }
                    self.journal.begin_segment();
                }
                Message::Stop => self.stopping = true,
            }
            if self.stopping || batch.len() >= MAX_BATCH {
                break;
            }
            next = self.inbox.try_recv().ok();
        }
        batch
    }

    /// One append and one sync; a full disk is tried again until there is room or the node stops.
    fn make_durable(&mut self, batch: &[T]) -> Result<(), Error> {
        self.journal.append(batch)?;
        loop {
            match self.journal.sync() {
                Ok(_) => return Ok(()),
                Err(error @ Error::DiskFull { .. }) if !self.give_up.load(Ordering::Acquire) => {
                    (self.on_event)(StoreEvent::DiskFull(error));
                    std::thread::park_timeout(DISK_FULL_RETRY);
                }
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests;
