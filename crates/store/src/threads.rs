//! The store's three threads together: writer, projector, keeper; what they tell, and how they stop.

use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use node::Record;
use serde::Serialize;

use crate::{Desk, Disk, Error, Journal, Keeper, Numbered, Projection, Projector, Snapshots, Writer, WriterHandle};

/// The niceness of a thread whose work may be late: it gets a quarter of a processor that others want as well.
const YIELDING: i32 = 5;

/// What the threads of the store tell.
#[derive(Debug)]
pub enum StoreEvent {
    /// More is durable.
    Durable {
        /// All records up to this one.
        lsn: u64,
        /// So many records of each source, since the start.
        of_source: Vec<u64>,
    },
    /// The tables show all records up to this one (a good moment to look into the outbox).
    Applied(u64),
    /// A snapshot of the state after this record is saved.
    Saved(u64),
    /// A snapshot could not be saved, or the journal not be cut. Nothing is lost: the journal just grows longer.
    NotSaved(Error),
    /// The disk is full. It is tried again every second; what depends on durability waits (paid calls fail closed).
    DiskFull(Error),
    /// A write took so long that callers hear it. Nothing is lost: what depends on it waits.
    Slow(Duration),
    /// A thread has stopped for good; records after the last durable one are lost. Restart the node.
    Failed(Error),
}

/// Takes the events; called on the threads themselves, so it must not wait.
pub type OnEvent = Arc<dyn Fn(StoreEvent) + Send + Sync>;

/// What the threads work on, opened and recovered.
#[derive(Debug)]
pub struct Parts<D> {
    /// The journal.
    pub journal: Journal<D, Record>,
    /// The tables' writer.
    pub projector: Projector,
    /// The snapshots.
    pub snapshots: Snapshots<D>,
    /// The writer of what is in no journal.
    pub desk: Arc<Desk>,
}

/// The running threads.
#[derive(Debug)]
pub struct Threads<D> {
    writer: Writer<Record>,
    projection: Projection,
    keeper: Keeper<D>,
}

impl<D: Disk + Send + 'static> Threads<D> {
    /// Starts them, for the records of so many workers. Now and then the workers send their state through `states` (a channel with one place, `try_send`).
    ///
    /// # Errors
    /// Where the system gives no thread, or the database cannot be read.
    pub fn start<S>(parts: Parts<D>, workers: usize, states: Receiver<S>, on_event: &OnEvent) -> Result<Self, Error>
    where
        S: Numbered + Serialize + Send + 'static,
    {
        let (projection, batches) = Projection::spawn(parts.projector, Arc::clone(on_event))?;
        let writer = Writer::spawn(parts.journal, workers, batches, Arc::clone(on_event))?;
        let (handle, event) = (writer.handle(0), Arc::clone(on_event));
        let keeper = Keeper::spawn(parts.snapshots, states, parts.desk, handle, &projection, event)?;
        Ok(Self { writer, projection, keeper })
    }

    /// Where a worker hands its records in.
    pub fn handle(&self, worker: usize) -> WriterHandle<Record> {
        self.writer.handle(worker)
    }

    /// Stops after everything handed in is durable and in the tables, then saves the worker's last state (`None` where
    /// the worker left none). The worker has to have ended, and the sender of its states with it.
    ///
    /// # Errors
    /// Where a thread panicked, or the last snapshot could not be saved (the journal has everything all the same).
    pub fn stop<S: Numbered + Serialize>(self, last: Option<&S>) -> Result<(), Error> {
        self.projection.give_up_on_full_disk();
        let durable_lsn = self.writer.stop()?;
        self.projection.stop()?;
        let mut snapshots = self.keeper.stop()?;
        // After a failure the state runs ahead of what is durable, and must not be kept.
        match last.filter(|last| last.lsn() <= durable_lsn) {
            Some(last) => snapshots.save(last.lsn(), last),
            None => Ok(()),
        }
    }
}

/// Starts a named thread.
pub(crate) fn spawn<R: Send + 'static>(
    name: &'static str,
    run: impl FnOnce() -> R + Send + 'static,
) -> Result<JoinHandle<R>, Error> {
    Builder::new().name(name.to_owned()).spawn(run).map_err(|source| Error::Thread { name, source })
}

/// From now on this thread comes after those that carry calls, where they are too many for the processors: what it does
/// may be late. Where the system does not have it, the threads are equal.
pub fn yield_to_calls() {
    // On Linux a niceness is a thread's own.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(YIELDING) {
        tracing::debug!(%error, "a thread keeps its priority");
    }
}

#[cfg(test)]
mod tests;
