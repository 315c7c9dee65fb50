//! The workers of a node in the virtual world: which of them reads a datagram is left to chance, and letters between
//! them take their time, in order from one to another.

use std::collections::BTreeMap;

use account::Flow;
use media::RelayEvent;
use node::{Command, Letter, NodeState, Output, Share, Worker, worker_of_relay};

use crate::Dice;

/// The longest a letter takes, milliseconds.
pub(super) const LETTER_MS: u64 = 4;

/// The workers of one node while it runs.
pub(super) struct Crew {
    pub(super) workers: Vec<Worker>,
    dice: Dice,
    /// Letters under way: when they arrive and in which order, to whom.
    letters: BTreeMap<(u64, u64), (usize, Letter)>,
    next_letter: u64,
    /// When the last letter from one to another arrives.
    last_ms: BTreeMap<(usize, usize), u64>,
    /// How many records of each are durable.
    durable: Vec<u64>,
    /// The snapshot that is being gathered.
    gathering: Option<(u64, Vec<Share>)>,
}

impl Crew {
    pub(super) fn new(workers: Vec<Worker>, dice: Dice) -> Crew {
        Crew {
            durable: vec![0; workers.len()],
            workers,
            dice,
            letters: BTreeMap::new(),
            next_letter: 0,
            last_ms: BTreeMap::new(),
            gathering: None,
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.letters.is_empty() && self.workers.iter().all(Worker::is_idle)
    }

    /// The kernel gives a datagram to any of them.
    pub(super) fn datagram(&mut self, now_ms: u64, flow: Flow, bytes: &[u8]) {
        let count = self.workers.len() as u64;
        let reader = if count == 1 { 0 } else { usize::try_from(self.dice.below(count)).unwrap_or(0) };
        if let Some(worker) = self.workers.get_mut(reader) {
            worker.datagram(now_ms, flow, bytes);
        }
    }

    pub(super) fn command(&mut self, now_ms: u64, token: u64, command: Command) {
        if let Some(first) = self.workers.first_mut() {
            first.command(now_ms, token, command);
        }
    }

    pub(super) fn relay(&mut self, now_ms: u64, event: RelayEvent) {
        if let Some(worker) = self.workers.get_mut(worker_of_relay(event.relay())) {
            worker.relay(now_ms, event);
        }
    }

    /// One more record of a worker is durable.
    pub(super) fn has_durable(&mut self, worker: usize) {
        if let Some(count) = self.durable.get_mut(worker) {
            *count += 1;
        }
    }

    /// Tells all what is durable.
    pub(super) fn durable(&mut self, now_ms: u64) {
        for (worker, count) in self.workers.iter_mut().zip(&self.durable) {
            worker.durable(now_ms, *count);
        }
    }

    /// Asks all for their shares of a snapshot, as they are after durable record `lsn`.
    pub(super) fn ask_shares(&mut self, now_ms: u64, lsn: u64) {
        if self.gathering.is_none() {
            self.gathering = Some((lsn, Vec::new()));
            self.workers.iter_mut().for_each(|worker| worker.ask_share(now_ms));
        }
    }

    /// A share came; the state once all are there.
    pub(super) fn gather(&mut self, share: Share) -> Option<NodeState> {
        let (_, shares) = self.gathering.as_mut()?;
        shares.push(share);
        if shares.len() < self.workers.len() {
            return None;
        }
        self.gathering.take().map(|(lsn, shares)| NodeState::gather(lsn, shares))
    }

    /// Sends a letter on its way.
    pub(super) fn post(&mut self, now_ms: u64, from: usize, to: usize, letter: Letter) {
        let last_ms = self.last_ms.entry((from, to)).or_default();
        let at_ms = now_ms.saturating_add(self.dice.between(0, LETTER_MS)).max(*last_ms);
        *last_ms = at_ms;
        self.letters.insert((at_ms, self.next_letter), (to, letter));
        self.next_letter += 1;
    }

    pub(super) fn next_wake_ms(&self) -> Option<u64> {
        let letter = self.letters.first_key_value().map(|((at_ms, _), _)| *at_ms);
        self.workers.iter().filter_map(Worker::next_wake_ms).chain(letter).min()
    }

    /// Hands over the letters that have arrived, and tells those whose deadlines have come.
    pub(super) fn tick(&mut self, now_ms: u64) {
        while let Some(entry) = self.letters.first_entry()
            && entry.key().0 <= now_ms
        {
            let (to, letter) = entry.remove();
            if let Some(worker) = self.workers.get_mut(to) {
                worker.letter(now_ms, letter);
            }
        }
        for worker in &mut self.workers {
            if worker.next_wake_ms().is_some_and(|at_ms| at_ms <= now_ms) {
                worker.tick(now_ms);
            }
        }
    }

    /// The next thing that one of them wants done.
    pub(super) fn poll_output(&mut self) -> Option<(usize, Output)> {
        self.workers.iter_mut().enumerate().find_map(|(number, worker)| Some((number, worker.poll_output()?)))
    }
}
