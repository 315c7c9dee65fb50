//! A node without sockets: applies commands to the store of a node that does not run, with the same worker and the same
//! journal.

use std::sync::Arc;

use geo::Places;
use net::Clock;
use node::{Command, CommandError, Output, Record, Setup, Worker};
use store::{Desk, FileDisk, Home, Journal, Parts, Projector};

use super::{Answer, AskError};
use crate::config::Config;
use crate::serve::{OpenError, Opened, boot};

/// A store opened for commands.
pub struct Offline {
    // Holds the lock.
    _home: Home,
    journal: Journal<FileDisk, Record>,
    projector: Projector,
    desk: Arc<Desk>,
    worker: Worker,
    clock: Clock,
    /// The last record before this one's first, and the last of all.
    first_lsn: u64,
    lsn: u64,
}

impl Offline {
    /// Opens the store of a node that does not run; no other node can start meanwhile.
    ///
    /// # Errors
    /// [`AskError::CallsPending`] after a crash in the middle of calls: only a node with its sockets can hang them up.
    pub fn open(config: &Config) -> Result<Self, AskError> {
        let Opened { home, parts: Parts { journal, projector, desk, .. }, state, last_ms } =
            Opened::open(&config.data_dir)?;
        let calls = state.accounts.values().map(|account| account.running().len()).sum();
        if calls > 0 {
            return Err(AskError::CallsPending { calls });
        }
        let seed = boot::seed().map_err(OpenError::Random)?;
        let clock = Clock::start(last_ms);
        // Nothing that this worker would send leaves the process, so that its addresses do not matter.
        let setup =
            Setup { edge: config.edge(&config.sip.listen), seed, boot_epoch: 0, places: Arc::new(Places::default()) };
        let lsn = state.lsn;
        let mut worker = Worker::new(setup, state, clock.now_ms());
        while worker.poll_output().is_some() {}
        Ok(Self { _home: home, journal, projector, desk, worker, clock, first_lsn: lsn, lsn })
    }

    /// The writer of what is in the database alone.
    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Applies a command; it is durable and in the tables when this returns.
    ///
    /// # Errors
    /// The store's errors; the inner result is the node's answer.
    pub fn ask(&mut self, command: Command) -> Result<Answer, store::Error> {
        let mut answer = None;
        self.worker.command(self.clock.now_ms(), 1, command);
        loop {
            let mut records = Vec::new();
            while let Some(output) = self.worker.poll_output() {
                match output {
                    Output::Journal(record) => records.push(record),
                    Output::Reply { reply, .. } => answer = Some(reply),
                    // It has no other worker, and nobody asks it for a snapshot.
                    Output::Letter { .. } | Output::Share(_) => {}
                    Output::Send { .. } | Output::Relay(_) | Output::Locate(_) | Output::Ban(_) => {}
                }
            }
            if records.is_empty() {
                return Ok(answer.unwrap_or(Err(CommandError::ShuttingDown)));
            }
            for record in &mut records {
                self.lsn += 1;
                record.lsn = self.lsn;
            }
            self.journal.append(&records)?;
            self.journal.sync()?;
            self.projector.apply(&records)?;
            self.worker.durable(self.clock.now_ms(), self.lsn - self.first_lsn);
        }
    }
}
