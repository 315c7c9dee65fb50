//! A whole world in one process: nodes, telephones, a carrier and an attacker on a virtual network, under a virtual
//! clock, all from a seed. Nothing happens but through [`World::step`], so that a seed always tells the same story.

mod clock;
mod crew;
mod network;
mod node;
mod relay;
mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use self::clock::Clock;
use self::network::{Datagram, Network};
pub use self::network::{Faults, Nat};
pub use self::node::{Node, NodeSetup, Reply, StartError};
pub use self::rows::Rows;
use crate::Dice;
use crate::attacker::{self, Attacker};
use crate::carrier::{self, Carrier};
use crate::check::{Checks, Violation};
use crate::ua::{self, Input, Output, UserAgent};

/// More steps than this without the clock moving mean that a machine asks to be woken for nothing.
const MAX_STILL: u32 = 100_000;

/// Names a host of a world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostId(usize);

/// Who lives on the network.
#[allow(clippy::large_enum_variant, reason = "a world has a dozen hosts")]
enum Host {
    Phone(UserAgent),
    Carrier(Carrier),
    Attacker(Attacker),
    Node(Node),
}

/// What a host told, and when.
#[derive(Debug)]
pub struct Happening {
    /// When.
    pub at_ms: u64,
    /// Who.
    pub host: HostId,
    /// What.
    pub told: Told,
}

/// What a host told.
#[derive(Debug)]
pub enum Told {
    /// A telephone.
    Phone(ua::Event),
    /// A carrier.
    Carrier(carrier::Event),
    /// An attacker.
    Attacker(attacker::Event),
}

/// Why a world stopped.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// An invariant does not hold.
    #[error(transparent)]
    Violation(#[from] Violation),
    /// A node did not come back.
    #[error("a node did not start again")]
    Start(#[from] StartError),
    /// The story did not go as it must.
    #[error("{0}")]
    Story(String),
}

/// The world.
pub struct World {
    now_ms: u64,
    network: Network,
    hosts: Vec<Host>,
    /// What each host takes for the time.
    clocks: Vec<Clock>,
    /// Whether clocks err.
    clocks_err: bool,
    dice: Dice,
    by_ip: BTreeMap<IpAddr, HostId>,
    wakes: BTreeSet<(u64, HostId)>,
    wake_of: Vec<Option<u64>>,
    /// Crashes to come: when, whose, and for how long it stays down.
    crashes: BTreeSet<(u64, HostId, u64)>,
    /// Nodes that are down: when they start again.
    starts: BTreeSet<(u64, HostId)>,
    /// What hosts have told so far.
    log: Vec<Happening>,
    checks: Checks,
    /// Steps made without the clock moving.
    still: u32,
    /// Whether every SIP message is printed as it is sent.
    trace: bool,
}

impl World {
    /// An empty world at `now_ms`.
    #[must_use]
    pub fn new(now_ms: u64, faults: Faults, dice: &mut Dice) -> World {
        World {
            now_ms,
            network: Network::new(faults, dice.fork()),
            hosts: Vec::new(),
            clocks: Vec::new(),
            clocks_err: faults.clocks,
            dice: dice.fork(),
            by_ip: BTreeMap::new(),
            wakes: BTreeSet::new(),
            wake_of: Vec::new(),
            crashes: BTreeSet::new(),
            starts: BTreeSet::new(),
            log: Vec::new(),
            checks: Checks::default(),
            still: 0,
            trace: false,
        }
    }

    /// The time.
    pub fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// What hosts have told so far, in order.
    pub fn log(&self) -> &[Happening] {
        &self.log
    }

    /// The checks and what they counted.
    pub fn checks(&mut self) -> &mut Checks {
        &mut self.checks
    }

    /// Prints every SIP message from now on.
    pub fn trace(&mut self) {
        self.trace = true;
    }

    /// Plans a crash of a node.
    pub fn plan_crash(&mut self, at_ms: u64, node: HostId, down_ms: u64) {
        self.crashes.insert((at_ms, node, down_ms));
    }

    /// A clock, of that kind if clocks err.
    fn clock(&mut self, of: fn(u64, Dice) -> Clock) -> Clock {
        let of = if self.clocks_err { of } else { Clock::right };
        of(self.now_ms, self.dice.fork())
    }

    fn add(&mut self, ip: IpAddr, host: Host, clock: Clock) -> HostId {
        let id = HostId(self.hosts.len());
        self.clocks.push(clock);
        self.hosts.push(host);
        self.wake_of.push(None);
        self.by_ip.insert(ip, id);
        id
    }

    /// Adds a telephone, behind a router where `nat` is given.
    pub fn add_phone(&mut self, profile: ua::Profile, nat: Option<Nat>) -> HostId {
        let address = profile.address;
        if let Some(nat) = nat {
            self.network.add_nat(nat);
        }
        self.checks.wire.name(address.ip(), self.network.outside(address).ip());
        let clock = self.clock(Clock::of_station);
        self.add(address.ip(), Host::Phone(UserAgent::new(profile)), clock)
    }

    /// Adds a carrier.
    pub fn add_carrier(&mut self, profile: carrier::Profile) -> HostId {
        let clock = self.clock(Clock::of_station);
        self.add(profile.address.ip(), Host::Carrier(Carrier::new(profile)), clock)
    }

    /// Adds an attacker.
    pub fn add_attacker(&mut self, profile: attacker::Profile) -> HostId {
        let clock = self.clock(Clock::of_station);
        self.add(profile.address.ip(), Host::Attacker(Attacker::new(profile)), clock)
    }

    /// Starts a node.
    ///
    /// # Errors
    /// What [`Node::start`] returns.
    pub fn add_node(&mut self, setup: NodeSetup) -> Result<HostId, Stopped> {
        let mut clock = self.clock(Clock::of_node);
        let node = Node::start(setup, clock.shows(self.now_ms))?;
        let id = self.add(node.address().ip(), Host::Node(node), clock);
        let Some(Host::Node(node)) = self.hosts.get(id.0) else { return Ok(id) };
        self.checks.add_node(id, node);
        self.settle(id)?;
        Ok(id)
    }

    /// A node.
    ///
    /// # Panics
    /// If `id` is no node: a mistake of the scenario.
    pub fn node(&self, id: HostId) -> &Node {
        match self.hosts.get(id.0) {
            Some(Host::Node(node)) => node,
            _ => panic!("host {} is no node", id.0),
        }
    }

    /// An attacker.
    ///
    /// # Panics
    /// If `id` is no attacker: a mistake of the scenario.
    pub fn attacker(&self, id: HostId) -> &Attacker {
        match self.hosts.get(id.0) {
            Some(Host::Attacker(attacker)) => attacker,
            _ => panic!("host {} is no attacker", id.0),
        }
    }

    /// Tells a telephone what its owner wants.
    ///
    /// # Errors
    /// What its consequences violate.
    pub fn phone(&mut self, id: HostId, command: ua::Command) -> Result<(), Stopped> {
        let here_ms = self.here_ms(id);
        if let Some(Host::Phone(phone)) = self.hosts.get_mut(id.0) {
            phone.handle(here_ms, Input::Command(command));
        }
        self.settle(id)
    }

    /// Tells a carrier what to do.
    ///
    /// # Errors
    /// What its consequences violate.
    pub fn carrier(&mut self, id: HostId, command: carrier::Command) -> Result<(), Stopped> {
        let here_ms = self.here_ms(id);
        if let Some(Host::Carrier(carrier)) = self.hosts.get_mut(id.0) {
            carrier.handle(here_ms, Input::Command(command));
        }
        self.settle(id)
    }

    /// Tells an attacker what to do.
    ///
    /// # Errors
    /// What its consequences violate.
    pub fn attack(&mut self, id: HostId, command: attacker::Command) -> Result<(), Stopped> {
        let here_ms = self.here_ms(id);
        if let Some(Host::Attacker(attacker)) = self.hosts.get_mut(id.0) {
            attacker.handle(here_ms, Input::Command(command));
        }
        self.settle(id)
    }

    /// Asks a node at its command line; `None` while it is down. [`World::answer`] has the reply in time.
    ///
    /// # Errors
    /// What its consequences violate.
    pub fn ask(&mut self, id: HostId, command: ::node::Command) -> Result<Option<u64>, Stopped> {
        let here_ms = self.here_ms(id);
        let Some(Host::Node(node)) = self.hosts.get_mut(id.0) else { return Ok(None) };
        let token = node.command(here_ms, command)?;
        self.settle(id)?;
        Ok(token)
    }

    /// The reply to a question, once.
    pub fn answer(&mut self, id: HostId, token: u64) -> Option<Reply> {
        match self.hosts.get_mut(id.0) {
            Some(Host::Node(node)) => node.take_reply(token),
            _ => None,
        }
    }

    /// What a host takes for the time.
    fn here_ms(&mut self, id: HostId) -> u64 {
        self.clocks.get_mut(id.0).map_or(self.now_ms, |clock| clock.shows(self.now_ms))
    }

    /// When something happens next.
    fn next_ms(&self) -> Option<u64> {
        let wake = self.wakes.first().map(|(at_ms, _)| *at_ms);
        let crash = self.crashes.first().map(|(at_ms, ..)| *at_ms);
        let start = self.starts.first().map(|(at_ms, _)| *at_ms);
        [wake, crash, start, self.network.next_ms()].into_iter().flatten().min()
    }

    /// Lets the next thing happen, if it happens before `until_ms`; otherwise only time passes. Returns whether
    /// something happened.
    ///
    /// # Errors
    /// What it violates.
    pub fn step(&mut self, until_ms: u64) -> Result<bool, Stopped> {
        let Some(at_ms) = self.next_ms().filter(|at_ms| *at_ms <= until_ms) else {
            self.now_ms = self.now_ms.max(until_ms);
            return Ok(false);
        };
        self.still = if at_ms > self.now_ms { 0 } else { self.still + 1 };
        if self.still > MAX_STILL {
            return Err(Stopped::Story(format!("the world spins at {}: {:?} is due", self.now_ms, self.wakes.first())));
        }
        self.now_ms = self.now_ms.max(at_ms);
        if let Some((_, id, down_ms)) = self.crashes.first().copied().filter(|(at_ms, ..)| *at_ms <= self.now_ms) {
            self.crashes.pop_first();
            self.crash(id, down_ms);
            self.settle(id)?;
        } else if let Some((at_ms, id)) = self.starts.first().copied().filter(|(at_ms, _)| *at_ms <= self.now_ms) {
            self.starts.remove(&(at_ms, id));
            self.start_again(id)?;
        } else if let Some(datagram) = self.network.arrived(self.now_ms) {
            self.deliver(datagram)?;
        } else if let Some((_, id)) = self.wakes.first().copied() {
            self.wake(id)?;
        }
        Ok(true)
    }

    /// Lets time pass.
    ///
    /// # Errors
    /// What is violated meanwhile.
    pub fn run(&mut self, ms: u64) -> Result<(), Stopped> {
        let until_ms = self.now_ms.saturating_add(ms);
        while self.step(until_ms)? {}
        Ok(())
    }

    fn crash(&mut self, id: HostId, down_ms: u64) {
        if let Some(Host::Node(node)) = self.hosts.get_mut(id.0)
            && node.is_up()
        {
            node.crash();
            self.checks.crashed(id);
            self.starts.insert((self.now_ms.saturating_add(down_ms), id));
        }
    }

    fn start_again(&mut self, id: HostId) -> Result<(), Stopped> {
        let (Some(Host::Node(node)), Some(clock)) = (self.hosts.get_mut(id.0), self.clocks.get_mut(id.0)) else {
            return Ok(());
        };
        if self.clocks_err {
            self.checks.set_back(id, clock.start_again(self.now_ms, node.newest_ms()?));
        }
        node.start_again(clock.shows(self.now_ms))?;
        self.settle(id)
    }

    fn wake(&mut self, id: HostId) -> Result<(), Stopped> {
        let here_ms = self.here_ms(id);
        match self.hosts.get_mut(id.0) {
            Some(Host::Phone(phone)) => phone.handle(here_ms, Input::Tick),
            Some(Host::Carrier(carrier)) => carrier.handle(here_ms, Input::Tick),
            Some(Host::Attacker(attacker)) => attacker.handle(here_ms, Input::Tick),
            Some(Host::Node(node)) => node.tick(here_ms)?,
            None => {}
        }
        self.settle(id)
    }

    fn deliver(&mut self, datagram: Datagram) -> Result<(), Stopped> {
        let Datagram { from, to, bytes } = datagram;
        let to = self.network.inside(to);
        let Some(&id) = self.by_ip.get(&to.ip()) else { return Ok(()) };
        let here_ms = self.here_ms(id);
        match self.hosts.get_mut(id.0) {
            Some(Host::Phone(phone)) => {
                let sip = to == phone.profile().address;
                phone.handle(here_ms, station_input(sip, to, from, &bytes));
            }
            Some(Host::Carrier(carrier)) => {
                let sip = to == carrier.profile().address;
                carrier.handle(here_ms, station_input(sip, to, from, &bytes));
            }
            Some(Host::Attacker(attacker)) => {
                let sip = to == attacker.profile().address;
                attacker.handle(here_ms, station_input(sip, to, from, &bytes));
            }
            Some(Host::Node(node)) => {
                if node.is_up() {
                    self.checks.wire.arrives(id, to, from, &bytes, here_ms);
                }
                node.datagram(here_ms, from, to, &bytes)?;
            }
            None => {}
        }
        self.settle(id)
    }

    /// Puts on the wire what a host sends, notes what it tells, and plans when to wake it.
    fn settle(&mut self, id: HostId) -> Result<(), Stopped> {
        let (now_ms, here_ms) = (self.now_ms, self.here_ms(id));
        let mut sends: Vec<(SocketAddr, SocketAddr, Arc<[u8]>)> = Vec::new();
        let mut told = Vec::new();
        let wake = match self.hosts.get_mut(id.0) {
            Some(Host::Phone(phone)) => {
                let address = phone.profile().address;
                while let Some(output) = phone.poll_output() {
                    told.extend(station_output(output, address, &mut sends).map(Told::Phone));
                }
                phone.next_wake_ms()
            }
            Some(Host::Carrier(carrier)) => {
                let address = carrier.profile().address;
                while let Some(output) = carrier.poll_output() {
                    told.extend(station_output(output, address, &mut sends).map(Told::Carrier));
                }
                carrier.next_wake_ms()
            }
            Some(Host::Attacker(attacker)) => {
                let address = attacker.profile().address;
                while let Some(output) = attacker.poll_output() {
                    told.extend(station_output(output, address, &mut sends).map(Told::Attacker));
                }
                attacker.next_wake_ms()
            }
            Some(Host::Node(node)) => {
                while let Some(send) = node.poll_send() {
                    self.checks.wire.leaves(id, &send.0, &send.1, &send.2, here_ms)?;
                    sends.push(send);
                }
                while let Some(record) = node.rows.fresh.pop_front() {
                    self.checks.record(id, &record)?;
                }
                self.checks.live(id, node)?;
                node.next_wake_ms()
            }
            None => None,
        };
        for (from, to, bytes) in sends {
            let from = self.network.outside(from);
            if self.trace && !bytes.starts_with(&[0x80]) {
                println!("{now_ms} {from} > {to}\n{}", String::from_utf8_lossy(&bytes));
            }
            self.network.send(now_ms, Datagram { from, to, bytes });
        }
        for told in told {
            let provider_ms = self.checks.provider().map_or(now_ms, |provider| self.here_ms(provider));
            self.checks.told(&told, provider_ms);
            self.log.push(Happening { at_ms: now_ms, host: id, told });
        }
        let clock = self.clocks.get(id.0);
        self.plan_wake(id, wake.and_then(|at_ms| Some(clock?.world_ms(now_ms, at_ms))));
        Ok(())
    }

    fn plan_wake(&mut self, id: HostId, at_ms: Option<u64>) {
        let Some(planned) = self.wake_of.get_mut(id.0) else { return };
        if *planned == at_ms {
            return;
        }
        if let Some(old) = std::mem::replace(planned, at_ms) {
            self.wakes.remove(&(old, id));
        }
        if let Some(at_ms) = at_ms {
            self.wakes.insert((at_ms, id));
        }
    }
}

fn station_input<C>(sip: bool, local: SocketAddr, from: SocketAddr, bytes: &[u8]) -> Input<'_, C> {
    if sip { Input::Datagram { from, bytes } } else { Input::Rtp { local, from, bytes } }
}

fn station_output<E>(
    output: Output<E>,
    address: SocketAddr,
    sends: &mut Vec<(SocketAddr, SocketAddr, Arc<[u8]>)>,
) -> Option<E> {
    match output {
        Output::Send { to, bytes } => sends.push((address, to, bytes)),
        Output::Rtp { local, to, bytes } => sends.push((local, to, bytes.into())),
        Output::Event(event) => return Some(event),
    }
    None
}
