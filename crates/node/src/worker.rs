//! The worker: routes between the call machine, the accounts it owns, the lock-out, the journal and the other workers.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use account::{Account, Answer, CallEnd, ChangeError, Done, Effect, Flow, Input, Reply};
use billing::{AccountId, CallId};
use edge::{Certificate, Common, Directory, Edge, EdgeSettings, owner_of, worker_of_call, worker_of_reply};
use geo::Places;
use lockout::{Lockout, Ticket};
use media::{RelayEvent, RelayId};
use sip::Message;

use crate::acquaintances::Acquaintances;
use crate::doors::Doors;
use crate::letter::FIRST;
use crate::log::{Log, Release};
use crate::look_ups::LookUps;
use crate::registry::Registry;
use crate::share::{Share, deal};
use crate::wakes::Wakes;
use crate::{Body, Letter, NodeState, Output, Record, Tell, admission, directory, full, strangers};

/// What the workers of a node are made from, besides their durable state.
pub struct Setup {
    /// The edge's configuration.
    pub edge: EdgeSettings,
    /// Randomness for tags, branches and nonces: 32 unguessable bytes.
    pub seed: [u8; 32],
    /// Counts starts of this node, so that identifiers of an earlier run are recognised.
    pub boot_epoch: u32,
    /// Where addresses are.
    pub places: Arc<Places>,
}

/// One worker of a node: its own calls, its share of the accounts.
pub struct Worker {
    /// Its place among the workers, from 0.
    pub(crate) number: usize,
    pub(crate) common: Arc<Common>,
    pub(crate) edge: Edge,
    pub(crate) accounts: BTreeMap<AccountId, Account>,
    pub(crate) doors: Doors,
    /// Verifications in progress, each with the edge's token: hardly ever more than one.
    pub(crate) tickets: Vec<(u64, Ticket)>,
    pub(crate) log: Log,
    pub(crate) outputs: VecDeque<Output>,
    pub(crate) directory: Arc<Directory>,
    /// Where its trunks and carriers are.
    pub(crate) fixed: BTreeSet<IpAddr>,
    pub(crate) acquaintances: Acquaintances,
    pub(crate) look_ups: LookUps,
    wakes: Wakes,
    /// The first worker keeps it.
    pub(crate) registry: Option<Registry>,
    /// Nothing can be written down at the moment.
    pub(crate) disk_full: bool,
}

/// What a change of an account came to.
pub(crate) struct Changed {
    pub reply: Option<Result<Done, ChangeError>>,
    /// What of it concerns the registry.
    pub effects: Vec<Effect>,
}

/// The workers of a node over `state`, at most [`edge::MAX_WORKERS`]; calls that were running when the state was written
/// are ended and settled as recovered.
pub fn workers(setup: Setup, state: NodeState, count: usize, now_ms: u64) -> Vec<Worker> {
    let directory = Arc::new(directory::build(&state));
    let mut lockout = Lockout::new(state.book.lockout.clone());
    for ban in &state.book.bans {
        lockout.restore(ban.clone(), now_ms);
    }
    for account in state.accounts.values() {
        admission::remember(&mut lockout, account, now_ms);
    }
    admission::welcome(&mut lockout, &directory);
    let doors = Doors::new(lockout);
    let common = Arc::new(Common::new(setup.edge, setup.seed, setup.boot_epoch, count));
    let fixed = strangers::fixed(&directory);
    let decks = Arc::clone(&state.book.decks);
    let mut registry = Registry::new(state.book, &state.accounts);
    let bulletin = Arc::clone(registry.board.bulletin(now_ms));
    let mut registry = Some(registry);
    let shares = deal(state.accounts, common.workers()).into_iter().enumerate();
    shares
        .map(|(number, accounts)| {
            let mut worker = Worker {
                number,
                edge: Edge::new(Arc::clone(&common), number, Arc::clone(&directory), now_ms),
                common: Arc::clone(&common),
                accounts,
                doors: doors.clone(),
                tickets: Vec::new(),
                log: Log::default(),
                outputs: VecDeque::new(),
                directory: Arc::clone(&directory),
                fixed: fixed.clone(),
                acquaintances: Acquaintances::new(),
                look_ups: LookUps::new(Arc::clone(&setup.places), Arc::clone(&decks), Arc::clone(&bulletin)),
                wakes: Wakes::default(),
                registry: registry.take(),
                disk_full: false,
            };
            worker.resume(now_ms);
            worker
        })
        .collect()
}

impl Worker {
    /// The one worker of a node that has no other.
    pub fn new(setup: Setup, state: NodeState, now_ms: u64) -> Self {
        workers(setup, state, 1, now_ms).pop().expect("a node has one worker at least")
    }

    fn resume(&mut self, now_ms: u64) {
        let mut orphans = Vec::new();
        for (id, account) in &mut self.accounts {
            account.forget_latest();
            orphans.extend(account.running().iter().map(|(call, running)| (id.clone(), *call, running.legs.clone())));
            self.wakes.set(id, account, None);
        }
        self.ask_located(&Arc::clone(&self.directory));
        for (account, call, legs) in orphans {
            self.edge.handle(now_ms, edge::Input::Recover { account, call, legs });
        }
        self.drive(now_ms);
    }

    /// Whether anything from there is to be read: asked for each datagram and each new connection.
    pub fn admits(&self, now_ms: u64, remote: SocketAddr) -> bool {
        self.doors.admit(now_ms, remote)
    }

    /// A datagram, or a message of a connection, arrived: the ban check comes before any parsing. It may belong to
    /// another worker. Whether it is work that the node owes: not a banned sender's, nor a stranger's over UDP.
    pub fn datagram(&mut self, now_ms: u64, flow: Flow, bytes: &[u8]) -> bool {
        if !self.admits(now_ms, flow.remote) {
            return false;
        }
        let limit_s = self.limit_of_stranger(now_ms, &flow);
        if limit_s.is_some_and(|limit_s| !self.may_come(now_ms, &flow, bytes, limit_s)) {
            return false;
        }
        // What cannot be framed cannot be answered either; a keep-alive wants no answer over UDP.
        let Ok(message) = Message::parse(bytes) else { return false };
        match self.edge.home(flow, &message) {
            home if home == self.number => self.edge.handle(now_ms, edge::Input::Message { flow, message }),
            home => self.post(now_ms, home, Letter::Message { flow, message }),
        }
        self.drive(now_ms);
        limit_s.is_none()
    }

    /// The peer of a TLS connection has proven this, before its first message. Those may belong to any worker.
    pub fn proven(&mut self, now_ms: u64, connection: u64, certificate: Certificate) {
        let certificate = Arc::new(certificate);
        self.post_all(now_ms, || Letter::Proven { connection, certificate: Arc::clone(&certificate) });
        self.drive(now_ms);
    }

    /// Another worker tells something.
    pub fn letter(&mut self, now_ms: u64, letter: Letter) {
        self.open(now_ms, letter);
        self.drive(now_ms);
    }

    /// A letter of ours that is refusable found no room: its caller is told to come back later.
    pub fn undelivered(&mut self, now_ms: u64, letter: Letter) {
        if let Letter::Message { flow, message } = letter {
            self.edge.handle(now_ms, edge::Input::TurnAway { flow, message });
        }
        self.drive(now_ms);
    }

    /// Whether this worker has more to do than it can: new calls are then told to come back later, but those to short
    /// numbers; all else goes on.
    pub fn set_busy(&mut self, busy: bool) {
        self.edge.set_busy(busy);
    }

    /// How many records this worker has handed to the journal that are not durable yet.
    pub fn waiting_records(&self) -> u64 {
        self.log.waiting_records()
    }

    /// Nothing can be sent on a flow any more: its connection is closed, or could not be opened.
    pub fn flow_failed(&mut self, now_ms: u64, flow: Flow) {
        if flow.connection == 0 {
            self.open(now_ms, Letter::FlowFailed(flow));
        } else {
            // Calls of any worker may have used the connection.
            self.post_all(now_ms, || Letter::FlowFailed(flow));
        }
        self.drive(now_ms);
    }

    /// The name that the peer at the other end of a connection of ours must prove over TLS: a carrier's domain, or its
    /// address.
    pub fn peer_name(&self, flow: &Flow) -> String {
        self.directory.name_to_prove(flow.remote).unwrap_or_else(|| flow.remote.ip().to_string())
    }

    /// The relay's driver reports.
    pub fn relay(&mut self, now_ms: u64, event: RelayEvent) {
        self.edge.handle(now_ms, edge::Input::Relay(event));
        self.drive(now_ms);
    }

    /// The first `count` records that this worker has handed to the journal are on disk: what waited for them goes.
    pub fn durable(&mut self, now_ms: u64, count: u64) {
        self.log.durable(count);
        self.release(now_ms);
        self.drive(now_ms);
    }

    fn release(&mut self, now_ms: u64) {
        while let Some(release) = self.log.released() {
            match release {
                Release::Reply(reply) | Release::Lease(reply) => self.reply(now_ms, reply),
                Release::Answer { token, reply } => {
                    self.post(now_ms, FIRST, Letter::ToRegistry(Tell::Answer { token, reply }));
                }
                Release::Share(share) => self.outputs.push_back(Output::Share(share)),
            }
        }
    }

    /// A deadline came.
    pub fn tick(&mut self, now_ms: u64) {
        self.edge.handle(now_ms, edge::Input::Tick);
        self.tick_lockout(now_ms);
        self.publish_bulletin(now_ms);
        while let Some(id) = self.wakes.due(now_ms) {
            let Some(account) = self.accounts.get(&id) else { break };
            match account.due(now_ms) {
                Some(input) => drop(self.account_input(now_ms, &id, input)),
                // What was due has been refreshed since.
                None => self.wakes.set(&id, account, None),
            }
        }
        self.drive(now_ms);
    }

    /// When [`Worker::tick`] is due next.
    pub fn next_wake_ms(&self) -> Option<u64> {
        let bulletin_ms = self.registry.as_ref().and_then(|registry| registry.board.due_ms());
        [self.edge.next_wake_ms(), self.next_expiry_ms(), self.wakes.next_ms(), bulletin_ms].into_iter().flatten().min()
    }

    /// What the driver should do next; drain it fully after each input.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Asks for this worker's share of a snapshot, as of now; it comes as [`Output::Share`] once all of it is durable.
    pub fn ask_share(&mut self, now_ms: u64) {
        self.log.withhold(Release::Share(self.share()));
        self.release(now_ms);
    }

    /// This worker's share of the state as it is now, durable or not.
    pub fn share(&self) -> Share {
        let book = self.registry.as_ref().map(|registry| registry.book.clone());
        Share { book, handed_in: self.log.handed_in(), accounts: self.accounts.clone() }
    }

    /// Whether no call runs, no question waits for its answer and nothing for the journal.
    pub fn is_idle(&self) -> bool {
        self.edge.is_idle() && self.log.waiting() == 0 && self.registry.as_ref().is_none_or(Registry::is_idle)
    }

    /// The accounts it owns, for people and checks.
    pub fn accounts(&self) -> &BTreeMap<AccountId, Account> {
        &self.accounts
    }

    /// Moves everything between the machines until all are at rest.
    pub(crate) fn drive(&mut self, now_ms: u64) {
        loop {
            if let Some(output) = self.edge.poll_output() {
                self.edge_output(now_ms, output);
            } else if self.doors.take_news() {
                self.post(now_ms, FIRST, Letter::ToRegistry(Tell::Bans));
            } else if !self.make_next_change(now_ms) {
                return;
            }
        }
    }

    fn edge_output(&mut self, now_ms: u64, output: edge::Output) {
        match output {
            edge::Output::Send { flow, bytes } if self.may_go(now_ms, &flow, &bytes) => match flow.connection {
                0 => self.send(now_ms, flow, bytes),
                number => self.post(now_ms, worker_of_connection(number), Letter::Send { flow, bytes }),
            },
            edge::Output::Send { .. } => {}
            edge::Output::Relay(command) => self.outputs.push_back(Output::Relay(command)),
            edge::Output::Account { account, input } => match owner_of(&account, self.common.workers()) {
                owner if owner == self.number => drop(self.account_input(now_ms, &account, *input)),
                owner => self.post(now_ms, owner, Letter::Account { account, input }),
            },
            edge::Output::Verify { token, from, name } => self.ask_leave(now_ms, token, from, &name),
            edge::Output::Auth { token, report, user_agent } => {
                self.settle_leave(now_ms, token, report, &user_agent);
            }
            edge::Output::Screened { token, screened } => self.screened(now_ms, token, screened),
            edge::Output::CarrierState { carrier, up, text } => {
                if let Some(registry) = &mut self.registry {
                    registry.carriers.insert(carrier, (up, text));
                }
            }
        }
    }

    /// Hands a letter to its addressee, at once where that is this worker itself.
    pub(crate) fn post(&mut self, now_ms: u64, to: usize, letter: Letter) {
        // A number of an earlier run may be of a worker that this run has not.
        let to = to % self.common.workers();
        if to == self.number {
            self.open(now_ms, letter);
        } else {
            self.outputs.push_back(Output::Letter { to, letter });
        }
    }

    /// Tells every worker, this one too.
    pub(crate) fn post_all(&mut self, now_ms: u64, letter: impl Fn() -> Letter) {
        for to in 0..self.common.workers() {
            self.post(now_ms, to, letter());
        }
    }

    fn open(&mut self, now_ms: u64, letter: Letter) {
        match letter {
            // What was read before a ban is not answered after it.
            Letter::Message { flow, .. } if !self.admits(now_ms, flow.remote) => {}
            Letter::Message { flow, message } => self.edge.handle(now_ms, edge::Input::Message { flow, message }),
            Letter::Send { flow, bytes } => self.send(now_ms, flow, bytes),
            Letter::Proven { connection, certificate } => {
                self.edge.handle(now_ms, edge::Input::Proven { connection, certificate });
            }
            Letter::FlowFailed(flow) => self.edge.handle(now_ms, edge::Input::FlowFailed(flow)),
            Letter::Account { account, input } => drop(self.account_input(now_ms, &account, *input)),
            Letter::Reply(reply) => self.edge.handle(now_ms, edge::Input::Reply(reply)),
            Letter::HangUpLine { account, line, end } => {
                self.edge.handle(now_ms, edge::Input::HangUpLine { account, line, end });
            }
            Letter::Registry(told) => self.told(now_ms, told),
            Letter::ToRegistry(tell) => self.tell(now_ms, tell),
        }
    }

    /// Sends on a flow that this worker has; one within the node ends at its call machine.
    fn send(&mut self, now_ms: u64, flow: Flow, bytes: Arc<[u8]>) {
        let Some(flow) = edge::from_other_end(flow) else {
            return self.outputs.push_back(Output::Send { flow, bytes });
        };
        if let Ok(message) = Message::parse(&bytes) {
            self.edge.handle(now_ms, edge::Input::Message { flow, message });
        }
    }

    /// Hands an input to its account, journals it with its effects, and passes on or withholds the replies.
    pub(crate) fn account_input(&mut self, now_ms: u64, id: &AccountId, mut input: Input) -> Changed {
        let mut known = self.accounts.get_mut(id);
        let at_once = match (&mut known, &input) {
            (Some(account), Input::Register(registration)) => account.answer_at_once(now_ms, registration),
            _ => None,
        };
        let carriers = &self.directory.carriers;
        let reply = at_once.or_else(|| {
            self.look_ups.complete(now_ms, known.as_deref(), carriers, self.disk_full, &mut input);
            if self.disk_full { full::turned_away(&self.log, &input) } else { None }
        });
        if let Some(reply) = reply {
            self.reply(now_ms, reply);
            return Changed { reply: None, effects: Vec::new() };
        }
        let talks = matches!(input, Input::Extend { .. });
        let account = match known {
            Some(account) => account,
            None => self.accounts.entry(id.clone()).or_insert_with(|| Account::new(id.clone())),
        };
        let flows = admission::flows_at_stake(account, &input);
        let Answer { effects, replies, spends } = account.handle(now_ms, &input);
        let seq = account.seq();
        self.wakes.set(id, account, Some(&input));
        admission::forget_flows(&self.doors, account, &input, &flows);
        admission::note_flows(&self.doors, account, &input);
        self.report(now_ms, &effects);
        let mut changed = Changed { reply: None, effects: Vec::new() };
        if matches!(input, Input::Change { .. }) {
            changed.effects.extend(effects.iter().filter(|effect| Registry::is_concerned(effect)).cloned());
            self.hang_up_removed(now_ms, id, &effects);
        }
        self.journal(now_ms, Body::Account { account: id.clone(), seq, input, effects });
        for reply in replies {
            match reply {
                Reply::Changed(result) => changed.reply = Some(result),
                reply if spends && talks && !self.disk_full => self.log.withhold(Release::Lease(reply)),
                reply if spends && !talks => self.log.withhold(Release::Reply(reply)),
                reply => self.reply(now_ms, reply),
            }
        }
        changed
    }

    /// What accounts are attacked with is told on the board of all.
    fn report(&mut self, now_ms: u64, effects: &[Effect]) {
        for effect in effects {
            if let Effect::Incident(incident) = effect {
                self.post(now_ms, FIRST, Letter::ToRegistry(Tell::Incident(Box::new(incident.clone()))));
            }
        }
    }

    /// The calls of a line that is gone end, whichever workers have them.
    fn hang_up_removed(&mut self, now_ms: u64, account: &AccountId, effects: &[Effect]) {
        for effect in effects {
            if let Effect::LineRemoved(line) = effect {
                let (account, line, end) = (account, line, CallEnd::Operator);
                let letter = || Letter::HangUpLine { account: account.clone(), line: line.clone(), end };
                self.post_all(now_ms, letter);
            }
        }
    }

    /// Passes an account's reply to the worker whose call or REGISTER it is.
    pub(crate) fn reply(&mut self, now_ms: u64, reply: Reply) {
        match worker_of_reply(&reply).map(|to| to % self.common.workers()) {
            Some(to) if to == self.number => self.edge.handle(now_ms, edge::Input::Reply(reply)),
            Some(to) => self.post(now_ms, to, Letter::Reply(reply)),
            None => {}
        }
    }

    /// Hands a record to the journal.
    pub(crate) fn journal(&mut self, now_ms: u64, body: Body) {
        self.log.hand_in(now_ms);
        self.outputs.push_back(Output::Journal(Record { lsn: 0, at_ms: now_ms, body }));
    }
}

/// The worker whose call uses a relay.
pub const fn worker_of_relay(relay: RelayId) -> usize {
    worker_of_call(CallId(relay.0))
}

/// The worker that has a connection: the lowest byte of the number says it, and whoever numbers connections keeps to that.
pub const fn worker_of_connection(number: u64) -> usize {
    (number & 0xff) as usize
}
