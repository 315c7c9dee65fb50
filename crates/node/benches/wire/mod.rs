//! A worker with the network around it played by the bench: phones that register and call, a carrier that answers.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use account::{Account, Actor, Change, Flow, GuardMode, Line, LineKind, Secrets, Settings, Transport};
use billing::{Deck, DeckId, Money};
use geo::Places;
use node::{NodeChange, NodeState, Output, Setup, Worker};
use sip::digest::{Challenge, ClientAuth, Credentials, Ha1Set};
use sip::{Message, Name};

#[path = "../../tests/firm/mod.rs"]
mod firm;

const SECRET: &str = "a secret that all have";
/// Time after which no transaction is left (64 T1 and more).
const LINGER_MS: u64 = 40_000;

/// Firms with so many phones each, and plenty of money.
pub fn firms(firms: usize, phones: usize) -> NodeState {
    let mut state = NodeState::default();
    state.book.apply(&NodeChange::put_deck(DeckId::new("starter").unwrap(), Deck::starter()));
    state.book.apply(&NodeChange::PutCarrier(firm::carrier()));
    for number in 0..firms {
        let id = firm::account(&format!("firm{number}"));
        let mut account = Account::new(id.clone());
        change(&mut account, Change::Settings(Settings { guard: GuardMode::Shadow, ..firm::settings(10_000) }));
        for phone in 0..phones {
            change(&mut account, Change::PutLine(extension(number * phones + phone)));
        }
        let amount = Money::from_cents(10_000_000);
        change(&mut account, Change::TopUp { amount, reference: "first".into() });
        state.accounts.insert(id, account);
    }
    state
}

fn change(account: &mut Account, change: Change) {
    drop(account.handle(firm::START_MS, &account::Input::Change { by: Actor::CommandLine, change: Box::new(change) }));
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

fn register(number: usize, count: u64, from: SocketAddr, more: &str) -> String {
    let (name, branch) = (name(number), if more.is_empty() { "a" } else { "b" });
    let cseq = if more.is_empty() { 1 } else { 2 };
    format!(
        "REGISTER sip:sip.test SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{count}{branch};rport\r\n\
         From: <sip:{name}@sip.test>;tag=r{count}\r\nTo: <sip:{name}@sip.test>\r\nCall-ID: {count}-4711@{from}\r\n\
         CSeq: {cseq} REGISTER\r\nContact: <sip:{name}@{from}>\r\nMax-Forwards: 70\r\nExpires: 300\r\n\
         User-Agent: Desk phone 5.6\r\n{more}Content-Length: 0\r\n\r\n"
    )
}

const SDP: &str = "v=0\r\no=- 53655765 2353687637 IN IP4 10.2.0.1\r\ns=-\r\nc=IN IP4 10.2.0.1\r\nt=0 0\r\n\
                   m=audio 6000 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n\
                   a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=sendrecv\r\n";

fn within(method: &str, from: SocketAddr, (phone, call, cseq): (usize, usize, u32), tag: &str, more: &str) -> String {
    let body = if method == "INVITE" { SDP } else { "" };
    let (name, number) = (name(phone), 2_000_000 + call % 7_999_999);
    // The ACK of a refusal has the branch of its INVITE.
    let branch = if method == "ACK" && cseq == 1 { "INVITE" } else { method };
    format!(
        "{method} sip:+1303{number}@sip.test SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{call}{branch}{cseq};rport\r\n\
         Max-Forwards: 70\r\nFrom: <sip:{name}@sip.test>;tag=c{call}\r\nTo: <sip:+1303{number}@sip.test>{tag}\r\n\
         Call-ID: {call}-4711@{from}\r\nCSeq: {cseq} {method}\r\nContact: <sip:{name}@{from}>\r\n\
         User-Agent: Desk phone 5.6\r\n{more}Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A call under way.
pub struct Held {
    from: SocketAddr,
    phone: usize,
    call: usize,
    tag: String,
}

/// A worker and the network around it.
pub struct Wire {
    worker: Worker,
    now_ms: u64,
    written: u64,
    /// What went to the journal, where somebody wants it.
    pub records: Option<Vec<node::Record>>,
    registered: u64,
    /// Time that passes with each message.
    step_ms: u64,
}

impl Wire {
    pub fn start(state: NodeState, step_ms: u64) -> Self {
        let edge = edge::EdgeSettings { relay: false, ..firm::edge(30_000, false) };
        let setup = Setup { edge, seed: [7; 32], boot_epoch: 1, places: Arc::new(Places::default()) };
        Self {
            worker: Worker::new(setup, state, firm::START_MS),
            now_ms: firm::START_MS,
            written: 0,
            records: None,
            registered: 0,
            step_ms,
        }
    }

    /// A phone registers, as one that has just been started does.
    pub fn register(&mut self, phone: usize) {
        let (from, count) = (address(phone), self.registered);
        self.registered += 1;
        let challenged = self.ask(from, &register(phone, count, from, ""));
        let proof = proof(&challenged, phone, b"REGISTER");
        assert_eq!(self.ask(from, &register(phone, count, from, &proof)).status(), Some(200));
    }

    /// A phone calls with a challenge, and the carrier answers.
    pub fn call(&mut self, phone: usize, call: usize) -> Held {
        let (from, carrier): (SocketAddr, SocketAddr) = (address(phone), firm::CARRIER.parse().unwrap());
        let challenged = self.ask(from, &within("INVITE", from, (phone, call, 1), "", ""));
        let proof = proof(&challenged, phone, b"INVITE");
        let tag = to_tag(&challenged);
        self.hear(from, within("ACK", from, (phone, call, 1), &tag, "").as_bytes());
        self.hear(from, within("INVITE", from, (phone, call, 2), "", &proof).as_bytes());
        let invite = self.settle().remove(&carrier).unwrap();
        let header = |name| String::from_utf8_lossy(invite.header(name).unwrap()).into_owned();
        for (status, body) in [("180 Ringing", ""), ("200 OK", SDP)] {
            let answer = format!(
                "SIP/2.0 {status}\r\nVia: {}\r\nFrom: {}\r\nTo: {};tag=t{call}\r\nCall-ID: {}\r\nCSeq: {}\r\n\
                 Contact: <sip:gw@{carrier}>\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
                header(Name::Via),
                header(Name::From),
                header(Name::To),
                header(Name::CallId),
                header(Name::CSeq),
                body.len()
            );
            self.hear(carrier, answer.as_bytes());
        }
        let answered = self.settle().remove(&from).unwrap();
        assert_eq!(answered.status(), Some(200));
        let tag = to_tag(&answered);
        self.hear(from, within("ACK", from, (phone, call, 2), &tag, "").as_bytes());
        self.settle();
        Held { from, phone, call, tag }
    }

    /// The caller hangs up.
    pub fn hang_up(&mut self, held: &Held) {
        let Held { from, phone, call, tag } = held;
        self.hear(*from, within("BYE", *from, (*phone, *call, 3), tag, "").as_bytes());
        let carrier: SocketAddr = firm::CARRIER.parse().unwrap();
        let bye = self.settle().remove(&carrier).unwrap();
        let header = |name| String::from_utf8_lossy(bye.header(name).unwrap()).into_owned();
        let answer = format!(
            "SIP/2.0 200 OK\r\nVia: {}\r\nFrom: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {}\r\nContent-Length: 0\r\n\r\n",
            header(Name::Via),
            header(Name::From),
            header(Name::To),
            header(Name::CallId),
            header(Name::CSeq)
        );
        self.hear(carrier, answer.as_bytes());
        self.settle();
    }

    /// Hands a message in; the last that is sent to its sender.
    fn ask(&mut self, from: SocketAddr, text: &str) -> Message {
        self.hear(from, text.as_bytes());
        self.settle().remove(&from).unwrap_or_else(|| panic!("no answer to\n{text}"))
    }

    fn hear(&mut self, from: SocketAddr, bytes: &[u8]) {
        self.now_ms += self.step_ms;
        let local = firm::NODE.parse().unwrap();
        let flow = Flow { local, remote: from, transport: Transport::Udp, connection: 0 };
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
                    Output::Journal(record) => {
                        self.written += 1;
                        if let Some(records) = &mut self.records {
                            records.push(record);
                        }
                    }
                    _ => {}
                }
            }
            if !moved {
                return sent;
            }
            self.worker.durable(self.now_ms, self.written);
        }
    }

    /// What is due by now happens.
    pub fn tick(&mut self) {
        if self.worker.next_wake_ms().is_some_and(|at_ms| at_ms <= self.now_ms) {
            self.worker.tick(self.now_ms);
            self.settle();
        }
    }

    /// Time passes, until transactions are over.
    pub fn linger(&mut self) {
        let until_ms = self.now_ms + LINGER_MS;
        while let Some(at_ms) = self.worker.next_wake_ms().filter(|at_ms| *at_ms <= until_ms) {
            self.now_ms = self.now_ms.max(at_ms);
            self.worker.tick(self.now_ms);
            self.settle();
        }
        self.now_ms = until_ms;
    }
}

/// Where a phone is.
fn address(phone: usize) -> SocketAddr {
    SocketAddr::from(([10, 1, (phone >> 8) as u8, phone as u8], 5_060 + (phone >> 16) as u16))
}

/// The header that answers a challenge.
fn proof(challenged: &Message, phone: usize, method: &[u8]) -> String {
    let challenge = Challenge::parse(challenged.header(Name::WwwAuthenticate).unwrap()).unwrap();
    let name = name(phone);
    let credentials = Credentials { username: &name, secret: SECRET };
    let proof = ClientAuth::new(&challenge).answer(credentials, method, b"sip:sip.test", "c");
    format!("Authorization: {}\r\n", String::from_utf8_lossy(&proof))
}

fn to_tag(answer: &Message) -> String {
    format!(";tag={}", String::from_utf8_lossy(answer.to().unwrap().tag().unwrap()))
}
