//! The keeper's thread: saves snapshots and lets go of the part of the journal that nobody needs any more.

use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread::JoinHandle;

use serde::Serialize;

use crate::projection::Progress;
use crate::threads::{OnEvent, StoreEvent};
use crate::{Desk, Disk, Error, Numbered, Projection, Snapshots, WriterHandle};

/// A running keeper thread.
#[derive(Debug)]
pub struct Keeper<D> {
    thread: JoinHandle<Snapshots<D>>,
}

impl<D: Disk + Send + 'static> Keeper<D> {
    /// Starts the thread; it saves the states received (each numbered by the last record in it) and ends when their
    /// sender is dropped. One place in the channel is enough: who hands states in uses `try_send` and skips one where
    /// the keeper is still at work.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub fn spawn<S, T>(
        snapshots: Snapshots<D>,
        states: Receiver<S>,
        desk: Arc<Desk>,
        writer: WriterHandle<T>,
        projection: &Projection,
        on_event: OnEvent,
    ) -> Result<Self, Error>
    where
        S: Numbered + Serialize + Send + 'static,
        T: Send + 'static,
    {
        let worker = Worker { snapshots, desk, writer, progress: projection.progress(), on_event };
        let thread = crate::threads::spawn("keeper", move || {
            crate::threads::yield_to_calls();
            worker.run(&states)
        })?;
        Ok(Self { thread })
    }

    /// Waits for the snapshots handed in and gives their disk back; drop the sender first.
    ///
    /// # Errors
    /// [`Error::KeeperStopped`] where the thread panicked.
    pub fn stop(self) -> Result<Snapshots<D>, Error> {
        self.thread.join().map_err(|_| Error::KeeperStopped)
    }
}

struct Worker<D, T> {
    snapshots: Snapshots<D>,
    desk: Arc<Desk>,
    writer: WriterHandle<T>,
    progress: Arc<Progress>,
    on_event: OnEvent,
}

impl<D: Disk, T> Worker<D, T> {
    fn run<S: Numbered + Serialize>(mut self, states: &Receiver<S>) -> Snapshots<D> {
        for state in states {
            // The worker's state runs ahead of the journal. A snapshot of what then never becomes durable would hold
            // calls and money that never were; what the tables show is durable.
            if !self.progress.wait_for(state.lsn()) {
                break;
            }
            let event = match self.keep(&state) {
                Ok(()) => StoreEvent::Saved(state.lsn()),
                Err(error) => StoreEvent::NotSaved(error),
            };
            (self.on_event)(event);
        }
        self.snapshots
    }

    fn keep<S: Numbered + Serialize>(&mut self, state: &S) -> Result<(), Error> {
        self.snapshots.save(state.lsn(), state)?;
        // With a single snapshot there is nothing to fall back to but the whole journal.
        if let Some(snapshot) = self.snapshots.fallback()? {
            let unneeded = snapshot.min(self.desk.durable_lsn()?);
            match self.writer.remove_before(unneeded.saturating_add(1)) {
                // At a clean stop; the next snapshot cuts the journal instead.
                Ok(()) | Err(Error::WriterStopped) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
