//! A node of several workers with the memory of its drivers: letters that wait until they are delivered, records that
//! wait until they are on disk.

#[path = "../firm/mod.rs"]
mod firm;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

use account::{Account, Actor, Change, Did, Flow, Line, LineKind, Secrets, Transport};
use billing::{Deck, DeckId, Money};
use geo::Places;
use media::{PortPair, RelayAddresses, RelayCommand, RelayEvent, RelayId};
use node::{
    Command, CommandError, CommandReply, Letter, NodeChange, NodeState, Output, Record, Setup, Share, Worker,
    worker_of_relay,
};
use sip::Message;
use sip::digest::Ha1Set;

pub use firm::{CARRIER, NODE, START_MS, trunk};
use firm::{REALM, account, carrier, edge, settings};

/// What a worker sent.
#[derive(Clone, Debug)]
pub struct Sent {
    pub worker: usize,
    pub to: SocketAddr,
    pub message: Message,
    pub text: String,
}

/// A node and what its drivers know.
pub struct Node {
    pub workers: Vec<Worker>,
    pub now_ms: u64,
    pub sent: Vec<Sent>,
    pub records: Vec<Record>,
    pub shares: Vec<Share>,
    pub replies: Vec<Result<CommandReply, CommandError>>,
    pub letters: VecDeque<(usize, Letter)>,
    /// How many letters were delivered.
    pub delivered: usize,
    /// How many records each worker has handed in.
    pub written: Vec<u64>,
}

/// An extension with the secret "secret of NAME".
pub fn extension(name: &str) -> Line {
    Line {
        id: name.parse().unwrap(),
        kind: LineKind::Extension,
        auth_name: Some(name.into()),
        secrets: Some(secrets(name, &format!("secret of {name}"))),
        addresses: Vec::new(),
        certificates: Vec::new(),
        ..trunk("127.0.0.2")
    }
}

pub fn secrets(name: &str, secret: &str) -> Secrets {
    let (ha1_md5, ha1_sha256) = Ha1Set::new(name.as_bytes(), REALM.as_bytes(), secret.as_bytes()).parts();
    Secrets { ha1_md5, ha1_sha256, version: 0 }
}

pub fn change(id: &str, change: Change) -> Command {
    Command::Account { account: account(id), by: Actor::CommandLine, change }
}

impl Node {
    pub fn start(state: NodeState, workers: usize, boot_epoch: u32) -> Self {
        let setup = Setup { edge: edge(1_000, false), seed: [7; 32], boot_epoch, places: Arc::new(Places::default()) };
        let workers = node::workers(setup, state, workers, START_MS);
        let mut node = Self {
            written: vec![0; workers.len()],
            workers,
            now_ms: START_MS,
            sent: Vec::new(),
            records: Vec::new(),
            shares: Vec::new(),
            replies: Vec::new(),
            letters: VecDeque::new(),
            delivered: 0,
        };
        node.drain();
        node
    }

    /// A node with a deck, a carrier and accounts `law-1` to `law-8`, each with ten dollars.
    pub fn with_firms(workers: usize) -> Self {
        Self::with(workers, 8, 1000)
    }

    /// The same with so many accounts and so many cents, each with a trunk at 127.0.1.N, extension 10N and a DID.
    pub fn with(workers: usize, firms: usize, cents: i64) -> Self {
        let mut node = Self::start(NodeState::default(), workers, 1);
        let by = || Actor::CommandLine;
        let deck = NodeChange::put_deck(DeckId::new("starter").unwrap(), Deck::starter());
        node.done(Command::Node { by: by(), change: deck });
        node.done(Command::Node { by: by(), change: NodeChange::PutCarrier(carrier()) });
        for n in 1..=firms {
            let extension = extension(&format!("10{n}"));
            let did = Did { number: format!("+130355502{n:02}").parse().unwrap(), lines: vec![extension.id.clone()] };
            for what in [
                Change::Settings(settings(100)),
                Change::PutLine(trunk(&format!("127.0.1.{n}"))),
                Change::PutLine(extension),
                Change::PutDid(did),
                Change::TopUp { amount: Money::from_cents(cents), reference: "first".into() },
            ] {
                node.done(change(&format!("law-{n}"), what));
            }
        }
        node
    }

    pub fn account(&self, id: &str) -> &Account {
        self.workers.iter().find_map(|worker| worker.accounts().get(&account(id))).unwrap()
    }

    /// What would be found after a restart.
    pub fn state(&self) -> NodeState {
        NodeState::of_all(0, self.workers.iter().map(Worker::share).collect())
    }

    /// Takes what the workers want done; letters wait.
    pub fn drain(&mut self) {
        for number in 0..self.workers.len() {
            while let Some(output) = self.workers[number].poll_output() {
                match output {
                    Output::Send { flow, bytes } => {
                        let message = Message::parse(&bytes).unwrap();
                        let text = String::from_utf8_lossy(&bytes).into_owned();
                        self.sent.push(Sent { worker: number, to: flow.remote, message, text });
                    }
                    Output::Journal(mut record) => {
                        self.written[number] += 1;
                        record.lsn = self.records.len() as u64 + 1;
                        self.records.push(record);
                    }
                    Output::Reply { reply, .. } => self.replies.push(reply),
                    Output::Letter { to, letter } => self.letters.push_back((to, letter)),
                    Output::Share(share) => self.shares.push(share),
                    Output::Relay(RelayCommand::Open { relay, .. }) => {
                        assert_eq!(worker_of_relay(relay), number, "a relay is its call's");
                        self.workers[number].relay(self.now_ms, opened(relay));
                    }
                    Output::Relay(_) | Output::Locate(_) | Output::Ban(_) => {}
                }
            }
        }
    }

    /// Delivers letters until there is none.
    pub fn deliver(&mut self) {
        self.drain();
        while let Some((to, letter)) = self.letters.pop_front() {
            self.delivered += 1;
            self.workers[to].letter(self.now_ms, letter);
            self.drain();
        }
    }

    /// Everything handed in is on disk, and what waited for it arrives.
    pub fn sync(&mut self) {
        self.deliver();
        for number in 0..self.workers.len() {
            self.workers[number].durable(self.now_ms, self.written[number]);
        }
        self.deliver();
    }

    /// Syncs until nothing follows any more.
    pub fn settle(&mut self) {
        loop {
            let known = (self.records.len(), self.sent.len());
            self.sync();
            if known == (self.records.len(), self.sent.len()) {
                return;
            }
        }
    }

    pub fn ask(&mut self, command: Command) {
        self.workers[0].command(self.now_ms, 1, command);
        self.drain();
    }

    pub fn answer(&mut self, command: Command) -> Result<CommandReply, CommandError> {
        self.ask(command);
        self.settle();
        self.replies.pop().unwrap()
    }

    pub fn done(&mut self, command: Command) {
        let reply = self.answer(command);
        assert!(matches!(reply, Ok(CommandReply::Done(_))), "{reply:?}");
    }

    /// One worker reads a datagram.
    pub fn reads(&mut self, worker: usize, from: &str, text: &str) {
        let remote = from.parse().unwrap();
        let flow = Flow { local: NODE.parse().unwrap(), remote, transport: Transport::Udp, connection: 0 };
        self.workers[worker].datagram(self.now_ms, flow, text.as_bytes());
        self.drain();
    }

    /// What was sent to an address since it was last asked.
    pub fn take(&mut self, to: &str) -> Vec<Sent> {
        let to: SocketAddr = to.parse().unwrap();
        let (taken, rest) = std::mem::take(&mut self.sent).into_iter().partition(|sent| sent.to == to);
        self.sent = rest;
        taken
    }

    /// Calls that run on each worker.
    pub fn calls(&mut self) -> usize {
        let Ok(CommandReply::Calls(calls)) = self.answer(Command::Calls { account: None }) else { panic!("no list") };
        calls.len()
    }
}

/// The relay has opened ports.
pub fn opened(relay: RelayId) -> RelayEvent {
    let side = |rtp| RelayAddresses {
        ip: "127.0.0.1".parse().unwrap(),
        other_ip: None,
        streams: vec![PortPair { rtp, rtcp: rtp + 1 }],
    };
    RelayEvent::Opened { relay, a: side(20000), b: side(20002) }
}

const SDP: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.2\r\ns=-\r\nc=IN IP4 127.0.0.2\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";

/// A request of somebody at `from`, outside a dialog or, with a tag of ours, within one.
pub fn request(method: &str, from: &str, to: (&str, &str), call_id: &str, cseq: u32, more: &str) -> String {
    let (user, tag) = to;
    let of = if method == "CANCEL" || method == "ACK" { "INVITE" } else { method };
    let branch = if method == "CANCEL" { "INVITE" } else { method };
    let body = if method == "INVITE" { SDP } else { "" };
    let cseq_method = if method == "CANCEL" || method == "ACK" { method } else { of };
    format!(
        "{method} sip:{user}@{NODE} SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{call_id}{cseq}{branch}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:+13035550100@{from}>;tag=a\r\nTo: <sip:{user}@{NODE}>{tag}\r\n\
         Call-ID: {call_id}\r\nCSeq: {cseq} {cseq_method}\r\nContact: <sip:x@{from}>\r\n{more}\
         Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The carrier's answer to a request of ours.
pub fn answer_to(request: &Sent, status: &str, body: bool) -> String {
    let text = &request.text;
    let head: String = text
        .lines()
        .filter(|line| ["Via:", "From:", "Call-ID:", "CSeq:"].iter().any(|name| line.starts_with(name)))
        .map(|line| format!("{line}\r\n"))
        .collect();
    let to = text.lines().find(|line| line.starts_with("To:")).unwrap();
    let tag = if to.contains(";tag=") { "" } else { ";tag=carrier" };
    let body = if body { SDP } else { "" };
    format!(
        "SIP/2.0 {status}\r\n{head}{to}{tag}\r\nContact: <sip:gw@{CARRIER}>\r\nContent-Type: application/sdp\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}
