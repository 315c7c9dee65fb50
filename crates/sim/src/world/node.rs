//! A whole node in the virtual world: its workers and the letters between them, journal on a disk that can crash,
//! snapshots, relay, and the rows that its records become.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;

use ::node::{Command, CommandError, CommandReply, NodeState, Output, Record, RecoveryError, Setup};
use account::{Account, Flow, Transport};
use billing::AccountId;
use edge::EdgeSettings;
use geo::Places;
use store::{Journal, MemoryDisk, Snapshots, recover_state};

use super::crew::{Crew, LETTER_MS};
use super::relay::Relay;
use super::rows::Rows;
use crate::Dice;

/// The journal begins a new segment this early, so that worlds see several.
const SEGMENT_BYTES: u64 = 256 << 10;
/// A snapshot is written after so many records.
const SNAPSHOT_EVERY: u64 = 500;

/// What a node is made from.
pub struct NodeSetup {
    /// Its SIP address; the relay has the same.
    pub address: SocketAddr,
    /// Digest realm.
    pub realm: String,
    /// Where addresses are.
    pub places: Arc<Places>,
    /// Its accounts and book at the start.
    pub state: NodeState,
    /// Silence that ends a call; `None` where the telephones do not speak.
    pub silence_ms: Option<u64>,
    /// How many workers it has, from and to; drawn anew at every start.
    pub workers: (u64, u64),
    /// How long a write to its disk takes, from and to, milliseconds.
    pub sync_ms: (u64, u64),
    /// Seed of all its chances.
    pub seed: u64,
}

/// A command's answer.
pub type Reply = Result<CommandReply, CommandError>;

/// Why a node could not start again: always a fault of the product.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Journal or snapshot cannot be read.
    #[error("the store does not recover")]
    Store(#[from] store::Error),
    /// The records lead elsewhere now.
    #[error("the journal does not replay")]
    Replay(#[from] RecoveryError),
}

/// One node.
pub struct Node {
    settings: EdgeSettings,
    address: SocketAddr,
    places: Arc<Places>,
    disk: MemoryDisk,
    dice: Dice,
    workers: (u64, u64),
    sync_ms: (u64, u64),
    silence_ms: Option<u64>,
    boot_epoch: u32,
    /// `None` while it is down.
    running: Option<Running>,
    replies: BTreeMap<u64, Reply>,
    next_token: u64,
    /// What people can query, and what the checks read.
    pub rows: Rows,
    sends: VecDeque<(SocketAddr, SocketAddr, Arc<[u8]>)>,
}

struct Running {
    crew: Crew,
    relay: Relay,
    journal: Journal<MemoryDisk, Record>,
    snapshots: Snapshots<MemoryDisk>,
    snapshot_lsn: u64,
    lsn: u64,
    /// Records that are not yet durable, and whose they are.
    waiting: VecDeque<(usize, Record)>,
    sync_at_ms: Option<u64>,
}

impl Node {
    /// A node that starts now for the first time.
    ///
    /// # Errors
    /// Never on an empty disk, unless the store is at fault.
    pub fn start(setup: NodeSetup, now_ms: u64) -> Result<Node, StartError> {
        let NodeSetup { address, realm, places, state, silence_ms, workers, sync_ms, seed } = setup;
        let settings = EdgeSettings {
            realm,
            sha256: true,
            warning: true,
            ignored_agents: Vec::new(),
            advertised: address,
            advertised_tls: None,
            other_family: [None; 2],
            expires_s: (60, 600, 3_600),
            ring_limit_s: 120,
            max_calls: 1_000,
            silence_s: silence_ms.map_or(60, |ms| u32::try_from(ms / 1_000).unwrap_or(u32::MAX)),
            relay: true,
        };
        let mut node = Node {
            settings,
            address,
            places,
            disk: MemoryDisk::new(),
            dice: Dice::new(seed),
            workers,
            sync_ms,
            silence_ms,
            boot_epoch: 0,
            running: None,
            replies: BTreeMap::new(),
            next_token: 1,
            rows: Rows::default(),
            sends: VecDeque::new(),
        };
        Snapshots::new(node.disk.clone()).save(state.lsn, &state)?;
        node.boot(now_ms)?;
        Ok(node)
    }

    /// Its SIP address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether it runs.
    pub fn is_up(&self) -> bool {
        self.running.is_some()
    }

    /// Whether no call runs and nothing waits for the disk.
    pub fn is_idle(&self) -> bool {
        self.running.as_ref().is_none_or(|running| running.crew.is_idle() && running.waiting.is_empty())
    }

    /// How often it has started.
    pub fn boots(&self) -> u32 {
        self.boot_epoch
    }

    /// How late an account may hear of what happened on the wire: by the letters of the worker that read it and of the
    /// one that has the call, each of which comes a millisecond later where the node's clock skips one.
    pub fn letters_ms(&self) -> u64 {
        if self.workers.1 > 1 { 2 * (LETTER_MS + 1) } else { 0 }
    }

    /// Its accounts, while it runs.
    pub fn accounts(&self) -> impl Iterator<Item = (&AccountId, &Account)> {
        self.running.iter().flat_map(|running| running.crew.workers.iter().flat_map(|worker| worker.accounts()))
    }

    /// One of them.
    pub fn account(&self, id: &AccountId) -> Option<&Account> {
        self.running.iter().find_map(|running| running.crew.workers.iter().find_map(|worker| worker.accounts().get(id)))
    }

    fn boot(&mut self, now_ms: u64) -> Result<(), StartError> {
        let (journal, _) = Journal::open_with(self.disk.clone(), SEGMENT_BYTES)?;
        let snapshots = Snapshots::new(self.disk.clone());
        let apply = |state: &mut NodeState, record: &Record| state.apply(record).map_err(StartError::from);
        let state: NodeState = recover_state(&journal, &snapshots, apply)?;
        for record in journal.records_after(self.rows.lsn()) {
            self.rows.apply(&record?);
        }
        self.boot_epoch += 1;
        let setup = Setup {
            edge: self.settings.clone(),
            seed: self.dice.bytes(),
            boot_epoch: self.boot_epoch,
            places: Arc::clone(&self.places),
        };
        let lsn = state.lsn;
        let (from, to) = self.workers;
        let count = if from == to { from } else { self.dice.between(from, to) };
        self.running = Some(Running {
            crew: Crew::new(
                ::node::workers(setup, state, usize::try_from(count).unwrap_or(1), now_ms),
                self.dice.fork(),
            ),
            relay: Relay::new(self.address.ip(), self.silence_ms),
            journal,
            snapshots,
            snapshot_lsn: lsn,
            lsn,
            waiting: VecDeque::new(),
            sync_at_ms: None,
        });
        self.drain(now_ms)
    }

    /// Pulls the plug: what was not yet durable survives whole, in part, as garbage, or not at all.
    pub fn crash(&mut self) {
        self.running = None;
        self.sends.clear();
        self.replies.clear();
        let dice = &mut self.dice;
        self.disk.crash(|_, tail| {
            let kept = usize::try_from(dice.below(tail.len() as u64 + 1)).unwrap_or(0);
            let mut left = tail.get(..kept).unwrap_or_default().to_vec();
            match dice.below(4) {
                0 => left = tail.to_vec(),
                1 => left.clear(),
                2 => left.extend(std::iter::repeat_n(0, tail.len().saturating_sub(kept))),
                _ => {}
            }
            left
        });
    }

    /// The newest time in its journal, before which its clock must not begin.
    ///
    /// # Errors
    /// [`StartError`] from a journal that fails.
    pub fn newest_ms(&self) -> Result<u64, StartError> {
        let (journal, _) = Journal::<_, Record>::open_with(self.disk.clone(), SEGMENT_BYTES)?;
        let mut newest_ms = 0;
        for record in journal.records_after(0) {
            newest_ms = newest_ms.max(record?.at_ms);
        }
        Ok(newest_ms)
    }

    /// Starts it after a crash.
    ///
    /// # Errors
    /// [`StartError`] where it cannot start again.
    pub fn start_again(&mut self, now_ms: u64) -> Result<(), StartError> {
        self.boot(now_ms)
    }

    /// A datagram came to one of its ports.
    ///
    /// # Errors
    /// [`StartError`] from a journal that fails.
    pub fn datagram(
        &mut self,
        now_ms: u64,
        from: SocketAddr,
        to: SocketAddr,
        bytes: &Arc<[u8]>,
    ) -> Result<(), StartError> {
        let Some(running) = &mut self.running else { return Ok(()) };
        if to.port() == self.address.port() {
            let flow = Flow { local: to, remote: from, transport: Transport::Udp, connection: 0 };
            running.crew.datagram(now_ms, flow, bytes);
            return self.drain(now_ms);
        }
        if let Some((local, remote)) = running.relay.packet(to.port(), from, bytes, now_ms) {
            self.sends.push_back((local, remote, Arc::clone(bytes)));
        }
        Ok(())
    }

    /// Somebody asks at the portal or the command line; [`Node::take_reply`] has the answer once it is durable.
    ///
    /// # Errors
    /// [`StartError`] from a journal that fails.
    pub fn command(&mut self, now_ms: u64, command: Command) -> Result<Option<u64>, StartError> {
        let Some(running) = &mut self.running else { return Ok(None) };
        let token = self.next_token;
        self.next_token += 1;
        running.crew.command(now_ms, token, command);
        self.drain(now_ms)?;
        Ok(Some(token))
    }

    /// The answer to a command, once.
    pub fn take_reply(&mut self, token: u64) -> Option<Reply> {
        self.replies.remove(&token)
    }

    /// When it wants [`Node::tick`] next.
    pub fn next_wake_ms(&self) -> Option<u64> {
        let running = self.running.as_ref();
        let worker = running.and_then(|running| running.crew.next_wake_ms());
        let sync = running.and_then(|running| running.sync_at_ms);
        let relay = running.and_then(|running| running.relay.next_wake_ms());
        [worker, sync, relay].into_iter().flatten().min()
    }

    /// Does what is due: sync, deadlines.
    ///
    /// # Errors
    /// [`StartError`] from a journal that fails.
    pub fn tick(&mut self, now_ms: u64) -> Result<(), StartError> {
        let Some(running) = &mut self.running else { return Ok(()) };
        if running.sync_at_ms.is_some_and(|at_ms| at_ms <= now_ms) {
            running.sync_at_ms = None;
            let lsn = running.journal.sync()?;
            while running.waiting.front().is_some_and(|(_, record)| record.lsn <= lsn) {
                if let Some((worker, record)) = running.waiting.pop_front() {
                    self.rows.apply(&record);
                    running.crew.has_durable(worker);
                }
            }
            running.crew.durable(now_ms);
            if lsn >= running.snapshot_lsn.saturating_add(SNAPSHOT_EVERY) {
                running.snapshot_lsn = lsn;
                running.crew.ask_shares(now_ms, lsn);
            }
        }
        for event in running.relay.silent(now_ms) {
            running.crew.relay(now_ms, event);
        }
        running.crew.tick(now_ms);
        self.drain(now_ms)
    }

    /// The next datagram to send: from, to, bytes.
    pub fn poll_send(&mut self) -> Option<(SocketAddr, SocketAddr, Arc<[u8]>)> {
        self.sends.pop_front()
    }

    fn drain(&mut self, now_ms: u64) -> Result<(), StartError> {
        let Some(running) = &mut self.running else { return Ok(()) };
        while let Some((worker, output)) = running.crew.poll_output() {
            match output {
                Output::Send { flow, bytes } => self.sends.push_back((flow.local, flow.remote, bytes)),
                Output::Relay(command) => {
                    if let Some(event) = running.relay.command(command, now_ms) {
                        running.crew.relay(now_ms, event);
                    }
                }
                Output::Journal(mut record) => {
                    running.lsn += 1;
                    record.lsn = running.lsn;
                    running.journal.append(std::slice::from_ref(&record))?;
                    running.waiting.push_back((worker, record));
                    let took_ms = self.dice.between(self.sync_ms.0, self.sync_ms.1);
                    running.sync_at_ms.get_or_insert(now_ms.saturating_add(took_ms));
                }
                Output::Reply { token, reply } => {
                    self.replies.insert(token, reply);
                }
                Output::Letter { to, letter } => running.crew.post(now_ms, worker, to, letter),
                Output::Share(share) => {
                    if let Some(state) = running.crew.gather(share) {
                        running.keep_snapshot(&state)?;
                    }
                }
                // The carriers of the stories have addresses.
                Output::Ban(_) | Output::Locate(_) => {}
            }
        }
        Ok(())
    }
}

impl Running {
    /// Saves a state, all of which is durable, and cuts the journal behind the older snapshot.
    fn keep_snapshot(&mut self, state: &NodeState) -> Result<(), StartError> {
        self.snapshots.save(state.lsn, state)?;
        if let Some(oldest) = self.snapshots.fallback()? {
            self.journal.remove_before(oldest)?;
        }
        Ok(())
    }
}
