//! The whole call machine fed with a script of datagrams and time: nothing panics, whatever is sent is proper SIP, every
//! allowed call is settled exactly once, every relay is closed, and when all leases have ended nothing is left.
//!
//! A script is text: steps begin at a line `@`, followed by `0` to `3` (a datagram from that peer, on the next lines),
//! `t` and a number (so many milliseconds pass), `r` (the relay hears silence) or `x` (shutdown). In a datagram `$H` is
//! Via, From, Call-ID, CSeq and To of the last request sent to that peer (an answer begins with them), `$C` its last
//! Call-ID, `$T` our last tag towards it.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use ::edge::{Carrier, CarrierAuth, Common, Directory, Edge, EdgeSettings, Input, Leave, LineEntry, Output};
use account::{
    Attempt, Binding, Flow, Latest, Lease, LineKind, Permit, Refusal, RefusalCode, Reply, Transport, Verdict,
};
use billing::{AccountId, CallId, CarrierId, LineId};
use geo::Place;
use media::{PortPair, RelayAddresses, RelayCommand, RelayEvent, RelayId};
use sip::{Message, Name};

const START_MS: u64 = 1_700_000_000_000;
const US: SocketAddr = at([192, 0, 2, 1]);
/// A trunk known by its address, a carrier, a phone that calls are sent to, and a stranger.
const PEERS: [SocketAddr; 4] =
    [at([198, 51, 100, 77]), at([203, 0, 113, 10]), at([198, 51, 100, 5]), at([192, 0, 2, 66])];
const MAX_STEPS: usize = 64;
/// Far more deadlines than one wait can have.
const MAX_TICKS: usize = 100_000;
/// What every lease pays for.
const PAID_S: u32 = 60;
/// Long enough for every lease, ringing and transaction to end.
const AFTERWARDS_MS: u64 = 30 * 60 * 1_000;

const fn at(ip: [u8; 4]) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(ip[0], ip[1], ip[2], ip[3])), 5060)
}

/// The target.
///
/// # Panics
/// If one of the promises above is broken.
pub fn run(data: &[u8]) {
    let mut world = World::new();
    let mut steps = 0;
    for step in split_steps(data) {
        if let [what, rest @ ..] = step {
            world.step(*what, rest);
        }
        steps += 1;
        if steps == MAX_STEPS {
            break;
        }
    }
    world.wait(AFTERWARDS_MS);
    assert!(world.edge.calls().is_empty() && world.edge.is_idle(), "something is left: {:?}", world.edge.calls());
    assert!(world.allowed.is_empty(), "never settled: {:?}", world.allowed);
    assert!(world.relays.is_empty(), "never closed: {:?}", world.relays);
}

/// Splits at `@` where a line begins.
fn split_steps(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = data;
    std::iter::from_fn(move || {
        let here = rest.strip_prefix(b"@")?;
        let end = here.windows(2).position(|pair| pair == b"\n@").map_or(here.len(), |at| at + 1);
        let (step, tail) = here.split_at(end);
        rest = tail;
        Some(step)
    })
}

/// What was sent to one peer last.
#[derive(Default)]
struct Heard {
    head: Vec<u8>,
    call_id: Vec<u8>,
    tag: Vec<u8>,
}

struct World {
    edge: Edge,
    now_ms: u64,
    heard: [Heard; 4],
    /// Calls allowed and not settled.
    allowed: BTreeMap<CallId, ()>,
    /// Relays opened and not closed.
    relays: BTreeMap<RelayId, ()>,
}

impl World {
    fn new() -> Self {
        let common = Arc::new(Common::new(settings(), [7; 32], 3, 1));
        let edge = Edge::new(common, 0, Arc::new(directory()), START_MS);
        let heard = std::array::from_fn(|_| Heard::default());
        let mut world = Self { edge, now_ms: START_MS, heard, allowed: BTreeMap::new(), relays: BTreeMap::new() };
        world.drain();
        world
    }

    fn step(&mut self, what: u8, rest: &[u8]) {
        match what {
            b'0'..=b'3' => {
                let peer = usize::from(what - b'0');
                let begin = rest.iter().position(|&b| b == b'\n').map_or(rest.len(), |line_end| line_end + 1);
                let bytes = self.filled_in(peer, rest.get(begin..).unwrap_or_default());
                if let Ok(message) = Message::parse(&bytes) {
                    self.input(Input::Message { flow: flow(PEERS[peer]), message });
                }
            }
            b't' => {
                let digits = rest.iter().take_while(|b| b.is_ascii_digit()).take(6);
                let ms = digits.fold(0, |ms, digit| ms * 10 + u64::from(digit - b'0'));
                self.wait(ms);
            }
            b'r' => {
                if let Some(relay) = self.relays.keys().next().copied() {
                    self.input(Input::Relay(RelayEvent::Silent { relay, heard_ms: self.now_ms }));
                }
            }
            b'x' => self.input(Input::Shutdown),
            _ => {}
        }
    }

    fn filled_in(&self, peer: usize, template: &[u8]) -> Vec<u8> {
        let heard = &self.heard[peer];
        let mut out = Vec::with_capacity(template.len() + 256);
        let mut rest = template;
        while let [b, tail @ ..] = rest {
            let known = match (b, tail.first()) {
                (b'$', Some(b'H')) => Some(&heard.head),
                (b'$', Some(b'C')) => Some(&heard.call_id),
                (b'$', Some(b'T')) => Some(&heard.tag),
                _ => None,
            };
            match known {
                Some(known) => {
                    out.extend_from_slice(known);
                    rest = tail.get(1..).unwrap_or_default();
                }
                None => {
                    out.push(*b);
                    rest = tail;
                }
            }
        }
        out
    }

    fn wait(&mut self, ms: u64) {
        let until_ms = self.now_ms + ms;
        let mut ticks = 0;
        while let Some(at_ms) = self.edge.next_wake_ms().filter(|at_ms| *at_ms <= until_ms) {
            self.now_ms = self.now_ms.max(at_ms);
            self.input(Input::Tick);
            ticks += 1;
            assert!(ticks < MAX_TICKS, "deadlines do not pass");
        }
        self.now_ms = until_ms;
        self.input(Input::Tick);
    }

    fn input(&mut self, input: Input) {
        self.edge.handle(self.now_ms, input);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.edge.poll_output() {
            match output {
                Output::Send { flow, bytes } => self.sent(flow.remote, &bytes),
                Output::Account { input, .. } => {
                    if let Some(reply) = self.account(*input) {
                        self.edge.handle(self.now_ms, Input::Reply(reply));
                    }
                }
                Output::Relay(RelayCommand::Open { relay, streams }) => {
                    assert!(self.relays.insert(relay, ()).is_none(), "opened twice");
                    let event = RelayEvent::Opened { relay, a: ports(streams, 20_000), b: ports(streams, 30_000) };
                    self.edge.handle(self.now_ms, Input::Relay(event));
                }
                Output::Relay(RelayCommand::Close { relay }) => {
                    assert!(self.relays.remove(&relay).is_some(), "closed twice");
                }
                Output::Verify { token, .. } => {
                    let input =
                        Input::Verify { token, leave: Leave::Granted, failures_before: account::Failures::NONE };
                    self.edge.handle(self.now_ms, input);
                }
                Output::Relay(_) | Output::Auth { .. } | Output::CarrierState { .. } | Output::Screened { .. } => {}
            }
        }
    }

    fn sent(&mut self, to: SocketAddr, bytes: &[u8]) {
        let message = Message::parse(bytes).unwrap_or_else(|error| panic!("{error}: {}", bytes.escape_ascii()));
        // A refusal of an invalid request, and the 100 before it, repeat its invalid headers (RFC 3261 section 8.2.6.2).
        if message.status().is_none_or(|status| (101..400).contains(&status)) {
            assert_eq!(message.validate(), Ok(()), "{}", bytes.escape_ascii());
        }
        let Some(peer) = PEERS.iter().position(|known| *known == to) else { return };
        let heard = &mut self.heard[peer];
        heard.call_id = message.call_id().to_vec();
        let own = if message.is_request() { message.from() } else { message.to() };
        heard.tag = own.ok().and_then(|own| own.tag()).unwrap_or_default().to_vec();
        if message.is_request() {
            let names = [Name::Via, Name::From, Name::CallId, Name::CSeq, Name::To];
            let line =
                |name: Name| [name.as_str().as_bytes(), b": ", message.header(name).unwrap_or_default()].concat();
            heard.head = names.map(line).join(&b"\r\n"[..]);
        }
    }

    fn account(&mut self, input: account::Input) -> Option<Reply> {
        match input {
            account::Input::Screen(attempt) => {
                let verdict = verdict(&attempt);
                if matches!(verdict, Verdict::Allowed { .. }) {
                    assert!(self.allowed.insert(attempt.call, ()).is_none(), "screened twice");
                }
                Some(Reply::Verdict { call: attempt.call, verdict })
            }
            account::Input::Answered { call, .. } => Some(Reply::Leased { call, lease: lease() }),
            account::Input::Extend { call } => {
                Some(Reply::Leased { call, lease: Lease { check_at_s: None, ..lease() } })
            }
            account::Input::Settle(settlement) => {
                assert!(self.allowed.remove(&settlement.call).is_some(), "settled without leave, or twice");
                None
            }
            account::Input::Register(registration) => {
                Some(Reply::Registered { token: registration.token, contacts: Vec::new() })
            }
            account::Input::Change { .. } | account::Input::Lapse(_) | account::Input::Tick => None,
        }
    }
}

/// Numbers that begin with 0 are refused, those with 1 go to the phone, all others to the carriers.
fn verdict(attempt: &Attempt) -> Verdict {
    let caller = attempt.caller.clone();
    let permit = match attempt.dialled.as_bytes().first() {
        None | Some(b'0') => {
            return Verdict::Refused(Refusal { code: RefusalCode::NotPermitted, text: "not \"allowed\"".into() });
        }
        Some(b'1') => {
            let bindings = vec![(line("102"), binding())];
            Permit::Lines { bindings, caller, called: attempt.dialled.clone() }
        }
        _ => {
            let carriers = vec![carrier("first").id, carrier("second").id];
            let emergency = attempt.dialled == "911";
            Permit::Carrier { carriers, number: attempt.dialled.clone(), caller, emergency }
        }
    };
    Verdict::Allowed { permit, lease: lease() }
}

const fn lease() -> Lease {
    Lease { check_at_s: Some(PAID_S / 2), paid_until_s: Some(PAID_S) }
}

fn flow(remote: SocketAddr) -> Flow {
    Flow { local: US, remote, transport: Transport::Udp, connection: 0 }
}

fn ports(streams: usize, first: u16) -> RelayAddresses {
    let pairs = (0..4).take(streams).map(|i| PortPair { rtp: first + 2 * i, rtcp: first + 2 * i + 1 });
    RelayAddresses { ip: US.ip(), other_ip: None, streams: pairs.collect() }
}

fn line(name: &str) -> LineId {
    LineId::new(name).expect("a line's name of ours is one")
}

fn binding() -> Binding {
    Binding {
        contact: "sip:102@198.51.100.5".into(),
        flow: flow(PEERS[2]),
        user_agent: "phone".into(),
        place: Place::default(),
        since_ms: START_MS,
        until_ms: u64::MAX,
        latest: Latest::default(),
    }
}

fn carrier(name: &str) -> Carrier {
    Carrier {
        id: CarrierId::new(name).expect("a carrier's name of ours is one"),
        name: name.into(),
        address: if name == "first" { PEERS[1] } else { PEERS[3] }.into(),
        transport: Some(Transport::Udp),
        domain: None,
        sources: Vec::new(),
        prefix: String::new(),
        plus: true,
        auth: Some(CarrierAuth { username: "us".into(), secret: "secret".into(), register_s: None }),
        tell_origin: true,
        options_s: 60,
        cost_deck: None,
    }
}

fn directory() -> Directory {
    let account = AccountId::new("acme").expect("an account's name of ours is one");
    let mut directory = Directory::default();
    let entry = LineEntry { account: account.clone(), line: line("pbx"), kind: LineKind::Trunk, secrets: None };
    directory.by_address.insert(PEERS[0].ip(), entry);
    directory.dids.insert("+13035550100".parse().expect("it is a number"), account);
    for carrier in ["first", "second"].map(carrier) {
        directory.carriers.insert(carrier.id.clone(), carrier);
    }
    directory
}

fn settings() -> EdgeSettings {
    EdgeSettings {
        realm: "pbx.example".into(),
        sha256: true,
        warning: true,
        advertised: US,
        advertised_tls: None,
        other_family: [None; 2],
        expires_s: (60, 600, 3_600),
        ring_limit_s: 60,
        max_calls: 8,
        silence_s: 60,
        relay: true,
        ignored_agents: Vec::new(),
        redirect: Vec::new(),
    }
}
