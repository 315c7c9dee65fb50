//! Our own machines, and an allocator that counts what they hold.

use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, Ordering};

use account::{Account, Actor, Change, Flow, GuardMode, Line, LineKind, Secrets, Settings, Transport};
use billing::{Deck, DeckId, Money};
use geo::Places;
use node::{NodeChange, NodeState, Output, Setup, Worker};
use sip::digest::{Challenge, ClientAuth, Credentials, Ha1Set};
use sip::{Message, Name};

#[path = "../../../node/tests/firm/mod.rs"]
mod firm;

/// Lines of an account.
const LINES: usize = 1_000;
/// Trunks that call.
const TRUNKS: usize = 50;
const SECRET: &str = "a secret that all have";
/// Time after which no transaction is left (64 T1 and more).
const LINGER_MS: u64 = 40_000;

/// Counts bytes in use.
struct Counting;

static IN_USE: AtomicIsize = AtomicIsize::new(0);

// SAFETY: everything is the system's; counting changes no pointer.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        IN_USE.fetch_add(layout.size().cast_signed(), Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size().cast_signed(), Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn in_use() -> f64 {
    IN_USE.load(Ordering::Relaxed) as f64
}

/// What a held call takes.
pub struct Call {
    /// Bytes of each, with what the guard learned from all.
    pub each: f64,
    /// What the guard keeps of a line that called.
    pub guard_a_line: f64,
}

/// Bytes for a fresh registration of each of so many lines.
pub fn line_bytes(lines: usize) -> f64 {
    let mut state = NodeState::default();
    for number in 0..lines / LINES {
        let id = firm::account(&format!("firm{number}"));
        let mut account = Account::new(id.clone());
        change(&mut account, Change::Settings(firm::settings(100)));
        for line in 0..LINES {
            change(&mut account, Change::PutLine(extension(number * LINES + line)));
        }
        state.accounts.insert(id, account);
    }
    let mut wire = Wire::start(state);
    let before = in_use();
    for number in 0..lines {
        let from = SocketAddr::from(([10, 1, (number >> 8) as u8, number as u8], 5_060 + (number >> 16) as u16));
        let challenged = wire.ask(from, &register(number, from, ""));
        let challenge = Challenge::parse(challenged.header(Name::WwwAuthenticate).unwrap()).unwrap();
        let name = name(number);
        let credentials = Credentials { username: &name, secret: SECRET };
        let proof = ClientAuth::new(&challenge).answer(credentials, b"REGISTER", b"sip:sip.test", "c");
        let proof = format!("Authorization: {}\r\n", String::from_utf8_lossy(&proof));
        assert_eq!(wire.ask(from, &register(number, from, &proof)).status(), Some(200));
    }
    wire.linger();
    (in_use() - before) / lines as f64
}

/// Bytes for a held call.
pub fn call_bytes(calls: usize) -> Call {
    let mut state = NodeState::default();
    state.book.apply(&NodeChange::put_deck(DeckId::new("starter").unwrap(), Deck::starter()));
    state.book.apply(&NodeChange::PutCarrier(firm::carrier()));
    for number in 0..TRUNKS {
        let id = firm::account(&format!("firm{number}"));
        let mut account = Account::new(id.clone());
        change(&mut account, Change::Settings(Settings { guard: GuardMode::Shadow, ..firm::settings(10_000) }));
        change(&mut account, Change::PutLine(firm::trunk(&format!("10.2.0.{number}"))));
        let paid = Change::TopUp { amount: Money::from_cents(10_000_000), reference: "first".into() };
        change(&mut account, paid);
        state.accounts.insert(id, account);
    }
    let mut wire = Wire::start(state);
    // What the first calls teach the guard stays when they have ended.
    let before = in_use();
    for number in 0..TRUNKS {
        let (from, tag) = wire.call(number, calls + number);
        wire.ask(from, &within("BYE", from, calls + number, &tag));
    }
    wire.linger();
    let guard_a_line = (in_use() - before) / TRUNKS as f64;
    let before = in_use();
    for number in 0..calls {
        wire.call(number % TRUNKS, number);
    }
    wire.linger();
    Call { each: (in_use() - before) / calls as f64, guard_a_line }
}

fn change(account: &mut Account, change: Change) {
    drop(account.handle(firm::START_MS, &account::Input::Change { by: Actor::CommandLine, change }));
}

fn name(number: usize) -> String {
    format!("user{number}")
}

fn extension(number: usize) -> Line {
    let name = name(number);
    let (ha1_md5, ha1_sha256) = Ha1Set::new(name.as_bytes(), firm::REALM.as_bytes(), SECRET.as_bytes()).parts();
    Line {
        id: format!("{}", 10_000 + number).parse().unwrap(),
        kind: LineKind::Extension,
        auth_name: Some(name.into()),
        secrets: Some(Secrets { ha1_md5, ha1_sha256, version: 0 }),
        addresses: Vec::new(),
        ..firm::trunk("10.9.9.9")
    }
}

fn register(number: usize, from: SocketAddr, more: &str) -> String {
    let (name, branch) = (name(number), if more.is_empty() { "a" } else { "b" });
    let cseq = if more.is_empty() { 1 } else { 2 };
    format!(
        "REGISTER sip:sip.test SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{number}{branch};rport\r\n\
         From: <sip:{name}@sip.test>;tag=r{number}\r\nTo: <sip:{name}@sip.test>\r\nCall-ID: {number}-4711@{from}\r\n\
         CSeq: {cseq} REGISTER\r\nContact: <sip:{name}@{from}>\r\nMax-Forwards: 70\r\nExpires: 300\r\n\
         User-Agent: Desk phone 5.6\r\n{more}Content-Length: 0\r\n\r\n"
    )
}

const SDP: &str = "v=0\r\no=- 53655765 2353687637 IN IP4 10.2.0.1\r\ns=-\r\nc=IN IP4 10.2.0.1\r\nt=0 0\r\n\
                   m=audio 6000 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n\
                   a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=sendrecv\r\n";

fn within(method: &str, from: SocketAddr, call: usize, tag: &str) -> String {
    let body = if method == "INVITE" { SDP } else { "" };
    let cseq = if method == "BYE" { 2 } else { 1 };
    format!(
        "{method} sip:+1303{}@{} SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{call}{method};rport\r\n\
         Max-Forwards: 70\r\nFrom: <sip:101@sip.test>;tag=c{call}\r\nTo: <sip:+13037654321@sip.test>{tag}\r\n\
         Call-ID: {call}-4711@{from}\r\nCSeq: {cseq} {method}\r\nContact: <sip:pbx@{from}>\r\n\
         User-Agent: Desk phone 5.6\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
        2_000_000 + call % 7_999_999,
        firm::NODE,
        body.len()
    )
}

/// A worker and the network around it.
struct Wire {
    worker: Worker,
    now_ms: u64,
    written: u64,
}

impl Wire {
    fn start(state: NodeState) -> Self {
        let edge = edge::EdgeSettings { relay: false, ..firm::edge(30_000, false) };
        let setup = Setup { edge, seed: [7; 32], boot_epoch: 1, places: Arc::new(Places::default()) };
        Self { worker: Worker::new(setup, state, firm::START_MS), now_ms: firm::START_MS, written: 0 }
    }

    /// Hands a message in; the last that is sent to its sender.
    fn ask(&mut self, from: SocketAddr, text: &str) -> Message {
        self.hear(from, text.as_bytes());
        self.settle().remove(&from).unwrap_or_else(|| panic!("no answer to\n{text}"))
    }

    fn hear(&mut self, from: SocketAddr, bytes: &[u8]) {
        // Ten calls or so in a second.
        self.now_ms += 1;
        let flow = Flow { local: firm::NODE.parse().unwrap(), remote: from, transport: Transport::Udp, connection: 0 };
        self.worker.datagram(self.now_ms, flow, bytes);
    }

    /// Lets everything follow; the last message to each.
    fn settle(&mut self) -> BTreeMap<SocketAddr, Message> {
        let mut sent = BTreeMap::new();
        loop {
            let mut moved = false;
            while let Some(output) = self.worker.poll_output() {
                moved = true;
                match output {
                    Output::Send { flow, bytes } => drop(sent.insert(flow.remote, Message::parse(&bytes).unwrap())),
                    Output::Journal(_) => self.written += 1,
                    _ => {}
                }
            }
            if !moved {
                return sent;
            }
            self.worker.durable(self.now_ms, self.written);
        }
    }

    /// A call that is answered; the caller's address and the To header's tag.
    fn call(&mut self, trunk: usize, call: usize) -> (SocketAddr, String) {
        let from: SocketAddr = format!("10.2.0.{trunk}:5060").parse().unwrap();
        let carrier: SocketAddr = firm::CARRIER.parse().unwrap();
        self.hear(from, within("INVITE", from, call, "").as_bytes());
        let invite = self.settle().remove(&carrier).unwrap();
        let header = |name| String::from_utf8_lossy(invite.header(name).unwrap()).into_owned();
        let answer = format!(
            "SIP/2.0 200 OK\r\nVia: {}\r\nFrom: {}\r\nTo: {};tag=t{call}\r\nCall-ID: {}\r\nCSeq: {}\r\n\
             Contact: <sip:gw@{carrier}>\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{SDP}",
            header(Name::Via),
            header(Name::From),
            header(Name::To),
            header(Name::CallId),
            header(Name::CSeq),
            SDP.len()
        );
        self.hear(carrier, answer.as_bytes());
        let ok = self.settle().remove(&from).unwrap();
        assert_eq!(ok.status(), Some(200));
        let tag = format!(";tag={}", String::from_utf8_lossy(ok.to().unwrap().tag().unwrap()));
        self.hear(from, within("ACK", from, call, &tag).as_bytes());
        self.settle();
        (from, tag)
    }

    /// Time passes, until transactions are over.
    fn linger(&mut self) {
        let until_ms = self.now_ms + LINGER_MS;
        while let Some(at_ms) = self.worker.next_wake_ms().filter(|at_ms| *at_ms <= until_ms) {
            self.now_ms = self.now_ms.max(at_ms);
            self.worker.tick(self.now_ms);
            self.settle();
        }
        self.now_ms = until_ms;
    }
}
