//! The worker: routes between the call machine, the accounts, the lock-out and the journal.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;

use account::{Account, Answer, CallEnd, Effect, Flow, Input, Reply};
use billing::{AccountId, CarrierId};
use edge::{Directory, Edge, EdgeSettings};
use geo::Places;
use lockout::{BanChange, Gate, Lockout, Ticket};
use media::RelayEvent;

use crate::book::PricesAt;
use crate::log::{Log, Release};
use crate::zones::Zones;
use crate::{Body, NodeBook, NodeChange, NodeState, Output, Record, admission, directory};

/// What a worker is made from, besides its durable state.
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

/// One worker of a node.
pub struct Worker {
    pub(crate) edge: Edge,
    pub(crate) accounts: BTreeMap<AccountId, Account>,
    pub(crate) book: NodeBook,
    pub(crate) lockout: Lockout,
    /// Verifications in progress, by the edge's token.
    pub(crate) tickets: BTreeMap<u64, Ticket>,
    pub(crate) log: Log,
    pub(crate) outputs: VecDeque<Output>,
    pub(crate) directory: Arc<Directory>,
    pub(crate) carriers: BTreeMap<CarrierId, (bool, String)>,
    pub(crate) places: Arc<Places>,
    zones: Zones,
    wakes: BTreeSet<(u64, AccountId)>,
    wake_of: BTreeMap<AccountId, u64>,
    /// Nothing can be written down at the moment.
    pub(crate) disk_full: bool,
}

impl Worker {
    /// A worker over `state`; calls that were running when the state was written are ended and settled as recovered.
    pub fn new(setup: Setup, state: NodeState, now_ms: u64) -> Self {
        let directory = Arc::new(directory::build(&state));
        let mut lockout = Lockout::new(state.book.lockout.clone());
        for ban in &state.book.bans {
            lockout.restore(ban.clone(), now_ms);
        }
        let mut worker = Self {
            edge: Edge::new(setup.edge, Arc::clone(&directory), setup.seed, setup.boot_epoch, now_ms),
            accounts: state.accounts,
            book: state.book,
            lockout,
            tickets: BTreeMap::new(),
            log: Log::after(state.lsn),
            outputs: VecDeque::new(),
            directory,
            carriers: BTreeMap::new(),
            places: setup.places,
            zones: Zones::new(),
            wakes: BTreeSet::new(),
            wake_of: BTreeMap::new(),
            disk_full: false,
        };
        worker.resume(now_ms);
        worker
    }

    fn resume(&mut self, now_ms: u64) {
        let mut orphans = Vec::new();
        for (id, account) in &self.accounts {
            orphans.extend(account.running().iter().map(|(call, running)| (id.clone(), *call, running.legs.clone())));
            admission::remember(&mut self.lockout, account, now_ms);
        }
        let ids: Vec<_> = self.accounts.keys().cloned().collect();
        for id in ids {
            self.set_wake(&id);
        }
        for (account, call, legs) in orphans {
            self.edge.handle(now_ms, edge::Input::Recover { account, call, legs });
        }
        self.drive(now_ms);
    }

    /// Whether anything from there is to be read: asked for each datagram and each new connection.
    pub fn admits(&self, now_ms: u64, remote: SocketAddr) -> bool {
        self.lockout.before_parse(remote, now_ms) == Gate::Pass
    }

    /// A datagram, or a message of a connection, arrived: the ban check comes before any parsing.
    pub fn datagram(&mut self, now_ms: u64, flow: Flow, bytes: &[u8]) {
        if !self.admits(now_ms, flow.remote) {
            return;
        }
        self.edge.handle(now_ms, edge::Input::Datagram { flow, bytes });
        self.drive(now_ms);
    }

    /// Nothing can be sent on a flow any more: its connection is closed, or could not be opened.
    pub fn flow_failed(&mut self, now_ms: u64, flow: Flow) {
        self.edge.handle(now_ms, edge::Input::FlowFailed(flow));
        self.drive(now_ms);
    }

    /// The name that the peer at the other end of a connection of ours must prove over TLS: a carrier's domain, or its
    /// address.
    pub fn peer_name(&self, flow: &Flow) -> String {
        let mut carriers = self.directory.carriers.values();
        let carrier = carriers.find(|one| one.address == flow.remote && one.transport == flow.transport);
        let host = carrier.and_then(|carrier| sip::HostPort::parse(carrier.domain.as_ref()?.as_bytes()).ok());
        host.map_or_else(
            || flow.remote.ip().to_string(),
            |host| match host.host {
                sip::Host::Ip(ip) => ip.to_string(),
                sip::Host::Name(name) => name.to_owned(),
            },
        )
    }

    /// The relay's driver reports.
    pub fn relay(&mut self, now_ms: u64, event: RelayEvent) {
        self.edge.handle(now_ms, edge::Input::Relay(event));
        self.drive(now_ms);
    }

    /// Everything up to record `lsn` is on disk: what waited for it goes.
    pub fn durable(&mut self, now_ms: u64, lsn: u64) {
        self.log.durable(lsn);
        while let Some(release) = self.log.released() {
            match release {
                Release::Reply(reply) | Release::Lease(reply) => self.deliver(now_ms, reply),
                Release::Command { token, reply } => self.outputs.push_back(Output::Reply { token, reply }),
            }
        }
        self.drive(now_ms);
    }

    /// A deadline came.
    pub fn tick(&mut self, now_ms: u64) {
        self.edge.handle(now_ms, edge::Input::Tick);
        self.lockout.tick(now_ms);
        while let Some((_, id)) = self.wakes.first().filter(|(at_ms, _)| *at_ms <= now_ms).cloned() {
            self.account_input(now_ms, &id, Input::Tick);
        }
        self.drive(now_ms);
    }

    /// When [`Worker::tick`] is due next.
    pub fn next_wake_ms(&self) -> Option<u64> {
        let account = self.wakes.first().map(|(at_ms, _)| *at_ms);
        [self.edge.next_wake_ms(), self.lockout.next_expiry_ms(), account].into_iter().flatten().min()
    }

    /// What the driver should do next; drain it fully after each input.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// The durable state as of the newest record.
    pub fn state(&self) -> NodeState {
        NodeState { lsn: self.log.last(), book: self.book.clone(), accounts: self.accounts.clone() }
    }

    /// Whether no call runs and nothing waits for the journal.
    pub fn is_idle(&self) -> bool {
        self.edge.is_idle() && self.log.waiting() == 0
    }

    /// The accounts, for people and checks.
    pub fn accounts(&self) -> &BTreeMap<AccountId, Account> {
        &self.accounts
    }

    /// Moves everything between the machines until all are at rest.
    pub(crate) fn drive(&mut self, now_ms: u64) {
        while let Some(output) = self.edge.poll_output() {
            self.edge_output(now_ms, output);
        }
        for change in self.lockout.drain_changes() {
            self.ban_changed(now_ms, change);
        }
    }

    fn edge_output(&mut self, now_ms: u64, output: edge::Output) {
        match output {
            edge::Output::Send { flow, bytes } => self.outputs.push_back(Output::Send { flow, bytes }),
            edge::Output::Relay(command) => self.outputs.push_back(Output::Relay(command)),
            edge::Output::Account { account, input } => {
                self.account_input(now_ms, &account, input);
            }
            edge::Output::Verify { token, from, name } => self.ask_leave(now_ms, token, from, &name),
            edge::Output::Auth { token, report, user_agent, .. } => {
                self.settle_leave(now_ms, token, report, &user_agent);
            }
            edge::Output::CarrierState { carrier, up, text } => {
                self.carriers.insert(carrier, (up, text));
            }
        }
    }

    /// Hands an input to its account, journals it with its effects, and passes on or withholds the replies.
    pub(crate) fn account_input(&mut self, now_ms: u64, id: &AccountId, mut input: Input) -> Option<Reply> {
        self.complete(now_ms, id, &mut input);
        if let Some(reply) = self.turned_away(&input) {
            self.deliver(now_ms, reply);
            return None;
        }
        let talks = matches!(input, Input::Extend { .. });
        let flows = self.flows_at_stake(id, &input);
        let account = self.accounts.entry(id.clone()).or_insert_with(|| Account::new(id.clone()));
        let Answer { effects, replies, spends } = account.handle(now_ms, &input);
        let seq = account.seq();
        self.set_wake(id);
        self.forget_flows(id, &flows);
        self.follow(now_ms, id, &effects);
        let lsn = self.log.next();
        let body = Body::Account { account: id.clone(), seq, input, effects };
        self.outputs.push_back(Output::Journal(Record { lsn, at_ms: now_ms, body }));
        let mut changed = None;
        for reply in replies {
            match reply {
                Reply::Changed(_) => changed = Some(reply),
                reply if spends && talks && !self.disk_full => self.log.withhold(lsn, Release::Lease(reply)),
                reply if spends && !talks => self.log.withhold(lsn, Release::Reply(reply)),
                reply => self.deliver(now_ms, reply),
            }
        }
        changed
    }

    /// Gives a reply to the call machine.
    pub(crate) fn deliver(&mut self, now_ms: u64, reply: Reply) {
        if let Reply::Registered { bindings, .. } = &reply {
            for binding in bindings {
                self.lockout.flow_registered(binding.flow.remote, binding.expires_ms);
            }
        }
        self.edge.handle(now_ms, edge::Input::Reply(reply));
    }

    /// Fills in what the call machine cannot know: the place of the address, and the look-ups of an attempt.
    fn complete(&mut self, now_ms: u64, id: &AccountId, input: &mut Input) {
        match input {
            Input::Register(registration) => {
                registration.via.place = self.places.locate(registration.via.flow.remote.ip());
            }
            Input::Screen(attempt) => {
                attempt.via.place = self.places.locate(attempt.via.flow.remote.ip());
                if let Some(told) = &mut attempt.told {
                    told.locate(&self.places);
                }
                let Some(account) = self.accounts.get(id) else { return };
                let Some(settings) = account.settings() else { return };
                let offset_min = self.zones.offset_min(&settings.time_zone, now_ms);
                let prices = PricesAt { book: &self.book, now_ms };
                attempt.look_ups = account.look_up(&attempt.dialled, &prices, offset_min);
                attempt.look_ups.disk_full = self.disk_full;
            }
            _ => {}
        }
    }

    /// Follows an account's effects where the rest of the node depends on them.
    fn follow(&mut self, now_ms: u64, id: &AccountId, effects: &[Effect]) {
        for effect in effects {
            if let Effect::LineRemoved(line) = effect {
                let (account, line) = (id.clone(), line.clone());
                self.edge.handle(now_ms, edge::Input::HangUpLine { account, line, end: CallEnd::Operator });
            }
            if directory::concerns(&self.directory, id, effect)
                && let Some(next) = directory::apply(&self.directory, id, effect)
            {
                self.forget_old_secrets(id, &next);
                self.swap_directory(now_ms, next);
            }
        }
    }

    pub(crate) fn swap_directory(&mut self, now_ms: u64, next: Directory) {
        self.directory = Arc::new(next);
        self.edge.handle(now_ms, edge::Input::Directory(Arc::clone(&self.directory)));
    }

    fn set_wake(&mut self, id: &AccountId) {
        let next = self.accounts.get(id).and_then(Account::next_wake_ms);
        if let Some(old) = self.wake_of.remove(id) {
            self.wakes.remove(&(old, id.clone()));
        }
        if let Some(at_ms) = next {
            self.wakes.insert((at_ms, id.clone()));
            self.wake_of.insert(id.clone(), at_ms);
        }
    }

    fn ban_changed(&mut self, now_ms: u64, change: BanChange) {
        let record = match &change {
            BanChange::Added(ban) => NodeChange::Banned(ban.clone()),
            BanChange::Lifted(prefix) | BanChange::Expired(prefix) => NodeChange::Unbanned(*prefix),
        };
        self.node_changed(now_ms, record);
        self.outputs.push_back(Output::Ban(change));
    }

    /// Applies and journals a change of the node's book; the record's number comes back.
    pub(crate) fn node_changed(&mut self, now_ms: u64, change: NodeChange) -> u64 {
        self.book.apply(&change);
        let lsn = self.log.next();
        self.outputs.push_back(Output::Journal(Record { lsn, at_ms: now_ms, body: Body::Node(change) }));
        lsn
    }
}
