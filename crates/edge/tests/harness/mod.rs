//! A call machine over virtual time with scripted neighbours: node, accounts, relay, and the wire.
#![allow(dead_code, reason = "each test file uses its part of the harness")]

pub mod peer;
pub mod phones;
pub mod transfers;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use account::{
    Binding, Caller, Flow, Input as Told, Latest, Lease, LineKind, Permit, RegistrationChange, Reply, Secrets,
    Settlement, Transport, Verdict,
};
use billing::{AccountId, CallId, CarrierId, LineId};
use edge::{AuthReport, Carrier, CarrierAuth, Common, Directory, Edge, EdgeSettings, Input, Leave, LineEntry, Output};
use geo::Place;
use media::{PortPair, RelayAddresses, RelayCommand, RelayEvent, RelayId};
use sip::Message;
use sip::digest::Ha1Set;

pub const REALM: &str = "pbx.example";
pub const US: &str = "192.0.2.1:5060";
pub const US_V6: &str = "[2001:db8::1]:5060";
pub const CARRIER: &str = "203.0.113.10:5060";
pub const BACKUP: &str = "203.0.113.20:5060";
pub const START_MS: u64 = 1_700_000_000_000;

pub fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

pub fn flow(from: &str) -> Flow {
    let remote = addr(from);
    let local = if remote.is_ipv4() { US } else { US_V6 };
    Flow { local: addr(local), remote, transport: Transport::Udp, connection: 0 }
}

pub fn acme() -> AccountId {
    AccountId::new("acme").unwrap()
}

pub fn line(name: &str) -> LineId {
    LineId::new(name).unwrap()
}

pub fn carrier_id(name: &str) -> CarrierId {
    CarrierId::new(name).unwrap()
}

fn entry(name: &str, kind: LineKind, secret: Option<&str>) -> LineEntry {
    let secrets = secret.map(|secret| {
        let (ha1_md5, ha1_sha256) = Ha1Set::new(name.as_bytes(), REALM.as_bytes(), secret.as_bytes()).parts();
        Secrets { ha1_md5, ha1_sha256, version: 1 }
    });
    LineEntry { account: acme(), line: line(name), kind, secrets }
}

pub fn carrier(name: &str, address: &str) -> Carrier {
    Carrier {
        id: carrier_id(name),
        name: name.to_owned(),
        address: addr(address).into(),
        transport: Some(Transport::Udp),
        domain: None,
        sources: Vec::new(),
        prefix: String::new(),
        plus: true,
        auth: None,
        options_s: 0,
        tell_origin: false,
        cost_deck: None,
    }
}

pub fn carrier_auth(register_s: Option<u32>) -> CarrierAuth {
    CarrierAuth { username: "acme".to_owned(), secret: "trunk secret".to_owned(), register_s }
}

/// Extensions 101 and 102, a trunk by digest and one by address, two carriers, one DID.
pub fn directory() -> Directory {
    let mut directory = Directory::default();
    for name in ["101", "102"] {
        let secret = format!("secret of {name}");
        directory.by_auth_name.insert(name.into(), entry(name, LineKind::Extension, Some(&secret)));
    }
    directory.by_auth_name.insert("pbx".into(), entry("pbx", LineKind::Trunk, Some("secret of pbx")));
    directory.by_address.insert("198.51.100.77".parse().unwrap(), entry("fixed", LineKind::Trunk, None));
    directory.dids.insert("+13035550100".parse().unwrap(), acme());
    for carrier in [carrier("main", CARRIER), carrier("second", BACKUP)] {
        directory.carriers.insert(carrier.id.clone(), carrier);
    }
    directory
}

pub fn settings() -> EdgeSettings {
    EdgeSettings {
        realm: REALM.to_owned(),
        sha256: true,
        warning: true,
        ignored_agents: Vec::new(),
        advertised: addr(US),
        advertised_tls: None,
        other_family: [None; 2],
        expires_s: (60, 600, 3_600),
        ring_limit_s: 60,
        max_calls: 100,
        silence_s: 60,
        relay: true,
        redirect: Vec::new(),
    }
}

pub const FREE: Lease = Lease { check_at_s: None, paid_until_s: None };

/// The call machine of a node with one worker.
pub fn edge(settings: EdgeSettings, directory: Directory, seed: [u8; 32], boot_epoch: u32, now_ms: u64) -> Edge {
    Edge::new(Arc::new(Common::new(settings, seed, boot_epoch, 1)), 0, Arc::new(directory), now_ms)
}

/// The machine and what its neighbours saw.
pub struct World {
    pub edge: Edge,
    pub now_ms: u64,
    pub wire: Vec<(SocketAddr, Message)>,
    pub told: Vec<Told>,
    pub relay: Vec<RelayCommand>,
    pub auth: Vec<(String, AuthReport)>,
    /// The name that was tried last.
    pub tried: String,
    pub carrier_states: Vec<(CarrierId, bool, String)>,
    /// What other switches were told.
    pub screened: Vec<(u64, edge::Screened)>,
    /// What the account says to each attempt; `None`: nothing yet.
    pub verdict: Option<Verdict>,
    /// What the account says to an answer and to each extension; `None`: nothing yet.
    pub lease: Option<Lease>,
    /// Whether the lock-out lets passwords be tried.
    pub leave: Leave,
    pub ports_free: bool,
    /// The relay's address of the other IP family.
    pub other_relay_ip: Option<IpAddr>,
    pub bindings: BTreeMap<LineId, Vec<Binding>>,
}

impl World {
    pub fn new() -> Self {
        Self::with(directory(), settings())
    }

    pub fn with(directory: Directory, settings: EdgeSettings) -> Self {
        let mut world = Self {
            edge: edge(settings, directory, [7; 32], 3, START_MS),
            now_ms: START_MS,
            wire: Vec::new(),
            told: Vec::new(),
            relay: Vec::new(),
            auth: Vec::new(),
            tried: String::new(),
            carrier_states: Vec::new(),
            screened: Vec::new(),
            verdict: None,
            lease: Some(FREE),
            leave: Leave::Granted,
            ports_free: true,
            other_relay_ip: None,
            bindings: BTreeMap::new(),
        };
        world.drain();
        world
    }

    pub fn input(&mut self, input: Input) {
        self.edge.handle(self.now_ms, input);
        self.drain();
    }

    pub fn reply(&mut self, reply: Reply) {
        self.input(Input::Reply(reply));
    }

    /// A message arrives on a flow; bytes that make no message do not.
    pub fn arrives(&mut self, flow: Flow, bytes: &[u8]) {
        if let Ok(message) = Message::parse(bytes) {
            self.input(Input::Message { flow, message });
        }
    }

    pub fn datagram(&mut self, from: &str, bytes: &[u8]) {
        self.arrives(flow(from), bytes);
    }

    /// Lets time pass, firing every deadline on the way.
    pub fn wait_ms(&mut self, ms: u64) {
        let until_ms = self.now_ms + ms;
        while let Some(at_ms) = self.edge.next_wake_ms().filter(|at_ms| *at_ms <= until_ms) {
            self.now_ms = self.now_ms.max(at_ms);
            self.input(Input::Tick);
        }
        self.now_ms = until_ms;
        self.input(Input::Tick);
    }

    fn drain(&mut self) {
        while let Some(output) = self.edge.poll_output() {
            match output {
                Output::Send { flow, bytes } => {
                    let message = Message::parse(&bytes).unwrap();
                    if let Some(flow) = edge::from_other_end(flow) {
                        self.edge.handle(self.now_ms, Input::Message { flow, message });
                        continue;
                    }
                    // A refusal of an invalid request repeats its invalid headers.
                    let refusal = message.status().is_some_and(|status| status >= 400);
                    if let (false, Err(invalid)) = (refusal, message.validate()) {
                        panic!("{invalid}: {}", text(&bytes));
                    }
                    self.wire.push((flow.remote, message));
                }
                Output::Account { account, input } => {
                    assert_eq!(account, acme());
                    self.told.push((*input).clone());
                    if let Some(reply) = self.account(&input) {
                        self.edge.handle(self.now_ms, Input::Reply(reply));
                    }
                }
                Output::Relay(command) => {
                    self.relay.push(command.clone());
                    if let RelayCommand::Open { relay, streams } = command {
                        let event = self.ports(relay, streams);
                        self.edge.handle(self.now_ms, Input::Relay(event));
                    }
                }
                Output::Verify { token, name, .. } => {
                    self.tried = name;
                    let input = Input::Verify { token, leave: self.leave, failures_before: account::Failures::NONE };
                    self.edge.handle(self.now_ms, input);
                }
                Output::Auth { report, .. } => self.auth.push((self.tried.clone(), report)),
                Output::Screened { token, screened } => self.screened.push((token, screened)),
                Output::CarrierState { carrier, up, text } => self.carrier_states.push((carrier, up, text)),
            }
        }
    }

    fn ports(&self, relay: RelayId, streams: usize) -> RelayEvent {
        if !self.ports_free {
            return RelayEvent::OpenFailed { relay };
        }
        let side = |ip: [u8; 4], first: u16| RelayAddresses {
            ip: IpAddr::V4(Ipv4Addr::from(ip)),
            other_ip: self.other_relay_ip,
            streams: (0..streams as u16).map(|i| PortPair { rtp: first + 2 * i, rtcp: first + 2 * i + 1 }).collect(),
        };
        RelayEvent::Opened { relay, a: side([192, 0, 2, 1], 20_000), b: side([192, 0, 2, 1], 30_000) }
    }

    fn account(&mut self, input: &Told) -> Option<Reply> {
        match input {
            Told::Screen(attempt) => self.verdict.clone().map(|verdict| Reply::Verdict { call: attempt.call, verdict }),
            Told::Answered { call, .. } | Told::Extend { call } => {
                self.lease.map(|lease| Reply::Leased { call: *call, lease })
            }
            Told::Register(registration) => {
                let bindings = self.bindings.entry(registration.line.clone()).or_default();
                if let RegistrationChange::Put(contacts) = &registration.change {
                    for (contact, expires_s) in contacts {
                        bindings.retain(|binding| binding.contact != *contact);
                        if *expires_s > 0 {
                            let expires_ms = self.now_ms + u64::from(*expires_s) * 1_000;
                            bindings.push(binding(contact, registration.via.flow, expires_ms));
                        }
                    }
                }
                let contacts = bindings.iter().map(|binding| (binding.contact.clone(), binding.until_ms)).collect();
                Some(Reply::Registered { token: registration.token, contacts })
            }
            _ => None,
        }
    }

    /// What was sent to an address since the last look.
    pub fn take(&mut self, to: &str) -> Vec<Message> {
        let to = addr(to);
        let (mine, rest) = std::mem::take(&mut self.wire).into_iter().partition(|(at, _)| *at == to);
        self.wire = rest;
        let mine: Vec<(SocketAddr, Message)> = mine;
        mine.into_iter().map(|(_, message)| message).collect()
    }

    /// The one message that was sent to an address since the last look.
    #[track_caller]
    pub fn one(&mut self, to: &str) -> Message {
        let mut all = self.take(to);
        assert_eq!(all.len(), 1, "sent to {to}: {:?}", all.iter().map(summary).collect::<Vec<_>>());
        all.remove(0)
    }

    /// Start lines of what was sent to an address since the last look.
    pub fn lines(&mut self, to: &str) -> Vec<String> {
        self.take(to).iter().map(summary).collect()
    }

    pub fn settlements(&self) -> Vec<&Settlement> {
        let mut settled = Vec::new();
        for input in &self.told {
            if let Told::Settle(settlement) = input {
                settled.push(settlement);
            }
        }
        settled
    }

    /// The last attempt that was screened.
    pub fn attempt(&self) -> &account::Attempt {
        for input in self.told.iter().rev() {
            if let Told::Screen(attempt) = input {
                return attempt;
            }
        }
        panic!("nothing was screened")
    }

    pub fn call(&self) -> CallId {
        self.attempt().call
    }

    /// The account will send calls to these phones.
    pub fn allow_phones(&mut self, phones: &[(&str, &str, &str)]) {
        let bindings = phones
            .iter()
            .map(|(name, contact, at)| (line(name), binding(contact, flow(at), self.now_ms + 600_000)))
            .collect();
        let caller = Caller { user: "101".to_owned(), name: "Ana".to_owned(), private: false, diverted: None };
        self.verdict = Some(Verdict::Allowed {
            permit: Permit::Lines { bindings, caller, called: "102".to_owned() },
            lease: FREE,
        });
    }

    /// The account will send calls to these carriers.
    pub fn allow_carriers(&mut self, carriers: &[&str], lease: Lease) {
        let permit = Permit::Carrier {
            carriers: carriers.iter().map(|name| carrier_id(name)).collect(),
            number: "+355691234567".to_owned(),
            caller: Caller { user: "+13035550100".to_owned(), name: "Acme".to_owned(), private: false, diverted: None },
            emergency: false,
        };
        self.verdict = Some(Verdict::Allowed { permit, lease });
        self.lease = Some(lease);
    }
}

pub fn binding(contact: &str, flow: Flow, expires_ms: u64) -> Binding {
    Binding {
        contact: contact.to_owned(),
        flow,
        user_agent: "test".into(),
        place: Place::default(),
        since_ms: START_MS,
        until_ms: expires_ms,
        latest: Latest::default(),
    }
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// `INVITE`, `200 INVITE`, ...
pub fn summary(message: &Message) -> String {
    match message.status() {
        Some(status) => format!("{status} {}", message.cseq().unwrap().method),
        None => text(message.method_raw()),
    }
}
