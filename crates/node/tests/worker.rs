//! The worker: nothing is promised before it is durable, names are unique on the node, and a replay gives the same state.
#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected should stop")]

mod firm;

use std::net::SocketAddr;
use std::sync::Arc;

use account::{
    Account, Actor, Change, Did, Flow, Input, Line, LineKind, Registration, RegistrationChange, Secrets, Transport, Via,
};
use billing::{CarrierId, Deck, DeckId, Money};
use firm::{CARRIER, NODE, START_MS, account, carrier, edge, settings, trunk};
use geo::Places;
use media::{PortPair, RelayAddresses, RelayCommand, RelayEvent};
use node::{Command, CommandError, CommandReply, NodeChange, NodeState, Output, Record, Setup, Worker};
use sip::digest::{Challenge, ClientAuth, Credentials};
use sip::{Message, Name};

const PBX: &str = "127.0.0.2:5060";
const PBX_IP: &str = "127.0.0.2";

/// A worker with its driver's memory: what it sent, journalled and answered.
struct Node {
    worker: Worker,
    now_ms: u64,
    sent: Vec<(SocketAddr, String)>,
    records: Vec<Record>,
    replies: Vec<(u64, Result<CommandReply, CommandError>)>,
}

fn setup() -> Setup {
    Setup { edge: edge(100, true), seed: [7; 32], boot_epoch: 1, places: Arc::new(Places::default()) }
}

impl Node {
    fn new(state: NodeState) -> Self {
        let worker = Worker::new(setup(), state, START_MS);
        let mut node = Self { worker, now_ms: START_MS, sent: Vec::new(), records: Vec::new(), replies: Vec::new() };
        node.drain();
        node
    }

    /// A node with a deck, a carrier and one account with a trunk and ten dollars.
    fn with_trunk() -> Self {
        let mut node = Self::new(NodeState::default());
        let by = || Actor::CommandLine;
        node.done(Command::Node {
            by: by(),
            change: NodeChange::put_deck(DeckId::new("starter").unwrap(), Deck::starter()),
        });
        node.done(Command::Node { by: by(), change: NodeChange::PutCarrier(carrier()) });
        for change in [
            Change::Settings(settings(10)),
            Change::PutLine(trunk(PBX_IP)),
            Change::TopUp { amount: Money::from_cents(1000), reference: "first".into() },
        ] {
            node.done(Command::Account { account: account("law"), by: by(), change });
        }
        node
    }

    /// What it would find after a restart.
    fn state(&self) -> NodeState {
        NodeState::of_all(0, vec![self.worker.share()])
    }

    fn drain(&mut self) {
        while let Some(output) = self.worker.poll_output() {
            match output {
                Output::Send { flow, bytes } => {
                    self.sent.push((flow.remote, String::from_utf8_lossy(&bytes).into_owned()));
                }
                Output::Journal(mut record) => {
                    record.lsn = self.records.len() as u64 + 1;
                    self.records.push(record);
                }
                Output::Reply { token, reply } => self.replies.push((token, reply)),
                Output::Relay(RelayCommand::Open { relay, .. }) => {
                    let side = |rtp| RelayAddresses {
                        ip: "127.0.0.1".parse().unwrap(),
                        other_ip: None,
                        streams: vec![PortPair { rtp, rtcp: rtp + 1 }],
                    };
                    self.worker.relay(self.now_ms, RelayEvent::Opened { relay, a: side(20000), b: side(20002) });
                }
                Output::Letter { .. } | Output::Share(_) => panic!("a worker alone tells nobody"),
                Output::Relay(_) | Output::Locate(_) | Output::Ban(_) => {}
            }
        }
    }

    fn ask(&mut self, command: Command) -> u64 {
        let token = self.replies.len() as u64 + 1;
        self.worker.command(self.now_ms, token, command);
        self.drain();
        token
    }

    fn sync(&mut self) {
        self.worker.durable(self.now_ms, self.records.len() as u64);
        self.drain();
    }

    fn answer(&mut self, command: Command) -> Result<CommandReply, CommandError> {
        let token = self.ask(command);
        self.sync();
        let (answered, reply) = self.replies.last().cloned().unwrap();
        assert_eq!(answered, token);
        reply
    }

    fn done(&mut self, command: Command) {
        let reply = self.answer(command);
        assert!(matches!(reply, Ok(CommandReply::Done(_))), "{reply:?}");
    }

    fn datagram(&mut self, from: &str, text: &str) {
        let flow = Flow {
            local: NODE.parse().unwrap(),
            remote: from.parse().unwrap(),
            transport: Transport::Udp,
            connection: 0,
        };
        self.worker.datagram(self.now_ms, flow, text.as_bytes());
        self.drain();
    }

    fn invites_to(&self, peer: &str) -> usize {
        let peer: SocketAddr = peer.parse().unwrap();
        self.sent.iter().filter(|(to, text)| *to == peer && text.starts_with("INVITE ")).count()
    }
}

fn invite(number: &str) -> String {
    let sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.2\r\ns=-\r\nc=IN IP4 127.0.0.2\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
    format!(
        "INVITE sip:{number}@{NODE} SIP/2.0\r\nVia: SIP/2.0/UDP {PBX};branch=z9hG4bK1;rport\r\nMax-Forwards: 70\r\n\
         From: <sip:+13035550100@{PBX}>;tag=a\r\nTo: <sip:{number}@{NODE}>\r\nCall-ID: one\r\nCSeq: 1 INVITE\r\n\
         Contact: <sip:pbx@{PBX}>\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
        sdp.len()
    )
}

#[test]
fn no_invite_leaves_before_the_hold_is_durable() {
    let mut node = Node::with_trunk();
    let before = node.records.len();
    node.datagram(PBX, &invite("+13037654321"));
    assert_eq!(node.records.len(), before + 1, "the attempt is journalled");
    assert_eq!(node.invites_to(CARRIER), 0, "and nothing is spent before it is on disk");
    node.sync();
    assert_eq!(node.invites_to(CARRIER), 1);
    let balance = node.worker.accounts()[&account("law")].ledger().held();
    assert!(balance.is_positive(), "money is set aside");
}

#[test]
fn a_person_is_answered_when_the_change_is_durable() {
    let mut node = Node::with_trunk();
    let asked = node.replies.len();
    node.ask(Command::Account {
        account: account("law"),
        by: Actor::CommandLine,
        change: Change::TopUp { amount: Money::from_cents(500), reference: "second".into() },
    });
    assert_eq!(node.replies.len(), asked);
    node.sync();
    assert_eq!(node.replies.len(), asked + 1);
}

#[test]
fn what_is_unique_on_the_node_stays_so() {
    let mut node = Node::with_trunk();
    let by = || Actor::CommandLine;
    let on = |id: &str, change| Command::Account { account: account(id), by: by(), change };
    node.done(on("other", Change::Settings(settings(10))));
    let refused = node.answer(on("other", Change::PutLine(trunk(PBX_IP)))).unwrap_err();
    assert_eq!(refused, CommandError::AddressTaken("127.0.0.2".parse().unwrap()));
    let number = "+13035550100".parse().unwrap();
    node.done(on("law", Change::PutDid(Did { number, lines: vec!["pbx".parse().unwrap()] })));
    let refused = node.answer(on("other", Change::PutDid(Did { number, lines: Vec::new() }))).unwrap_err();
    assert_eq!(refused, CommandError::DidTaken(number));
    let id = CarrierId::new("wholesale").unwrap();
    let refused = node.answer(Command::Node { by: by(), change: NodeChange::RemoveCarrier(id) }).unwrap_err();
    assert!(matches!(refused, CommandError::InUse(..)), "{refused:?}");
    let refused = node.answer(on("nobody", Change::LiftCut { line: None })).unwrap_err();
    assert_eq!(refused, CommandError::NoAccount(account("nobody")));
}

#[test]
fn the_journal_replays_to_the_same_state() {
    let mut node = Node::with_trunk();
    node.datagram(PBX, &invite("+13037654321"));
    node.sync();
    let mut replayed = NodeState::default();
    for record in &node.records {
        replayed.apply(record).unwrap();
    }
    assert_eq!(replayed, node.state());
    let missing = node.records.last().cloned().map(|record| Record { lsn: record.lsn + 2, ..record }).unwrap();
    assert!(replayed.apply(&missing).is_err(), "a gap is found");
}

#[test]
fn a_call_of_before_a_crash_is_settled_once() {
    let mut node = Node::with_trunk();
    node.datagram(PBX, &invite("+13037654321"));
    node.sync();
    let mut restarted = Node::new(node.state());
    restarted.sync();
    let account = &restarted.worker.accounts()[&account("law")];
    assert!(account.running().is_empty());
    assert_eq!(account.ledger().held(), Money::ZERO);
    assert_eq!(account.balance(), Money::from_cents(1000), "nobody had answered");
}

#[test]
fn a_banned_address_is_not_even_parsed() {
    let mut node = Node::with_trunk();
    let prefix = "127.0.0.2/32".parse().unwrap();
    node.done(Command::Ban { by: Actor::CommandLine, prefix, note: "test".into(), length_s: 60 });
    let sent = node.sent.len();
    node.datagram(PBX, &invite("+13037654321"));
    assert_eq!(node.sent.len(), sent);
    node.done(Command::LiftBan { by: Actor::CommandLine, prefix });
    node.datagram(PBX, &invite("+13037654321"));
    node.sync();
    assert!(node.sent.len() > sent);
}

const THIEF: &str = "127.0.0.9:5060";

/// A node whose extension 107 is registered from the thief's flow.
fn hijacked() -> Node {
    let mut account = Account::new(account("law"));
    let line = Line {
        id: "107".parse().unwrap(),
        kind: LineKind::Extension,
        auth_name: Some("107".into()),
        secrets: Some(Secrets { ha1_md5: [1; 16], ha1_sha256: [1; 32], version: 0 }),
        addresses: Vec::new(),
        certificates: Vec::new(),
        ..trunk(PBX_IP)
    };
    for change in [Change::Settings(settings(10)), Change::PutLine(line)] {
        account.handle(START_MS, &Input::Change { by: Actor::CommandLine, change: Box::new(change) });
    }
    let remote = THIEF.parse().unwrap();
    let flow = Flow { local: NODE.parse().unwrap(), remote, transport: Transport::Udp, connection: 0 };
    let via = Via {
        flow,
        user_agent: "sipcli".into(),
        place: geo::Place::default(),
        failures_before: account::Failures { here: 48, ..account::Failures::NONE },
    };
    let change = RegistrationChange::Put(vec![(format!("sip:107@{THIEF}"), 600)]);
    let line = "107".parse().unwrap();
    let registration = Registration { token: 1, line, change, call_id: "r".into(), cseq: 1, via, secret_version: None };
    account.handle(START_MS, &Input::Register(Box::new(registration)));
    Node::new(NodeState { accounts: [(account.id().clone(), account)].into(), ..NodeState::default() })
}

#[test]
fn a_binding_outranks_a_ban_until_it_is_dropped() {
    let mut node = hijacked();
    let options = |n: u32| {
        format!(
            "OPTIONS sip:{NODE} SIP/2.0\r\nVia: SIP/2.0/UDP {THIEF};branch=z9hG4bKo{n};rport\r\nMax-Forwards: 70\r\n\
             From: <sip:107@{THIEF}>;tag=a\r\nTo: <sip:{NODE}>\r\nCall-ID: o{n}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
        )
    };
    let prefix = "127.0.0.9/32".parse().unwrap();
    node.done(Command::Ban { by: Actor::CommandLine, prefix, note: "test".into(), length_s: 60 });
    let sent = node.sent.len();
    node.datagram(THIEF, &options(1));
    assert_eq!(node.sent.len(), sent + 1, "a live binding's flow is heard");
    let secrets = Secrets { ha1_md5: [2; 16], ha1_sha256: [2; 32], version: 0 };
    let change = Change::SetSecret { line: "107".parse().unwrap(), secrets };
    node.done(Command::Account { account: account("law"), by: Actor::CommandLine, change });
    let sent = node.sent.len();
    node.datagram(THIEF, &options(2));
    assert_eq!(node.sent.len(), sent, "with the new secret the thief's flow is banned like any other");
}

/// Guesses at 107 from the thief's address, each with the answer to a fresh challenge, until one is not challenged: how many
/// were looked at.
fn guesses(node: &mut Node) -> usize {
    // Long enough that a stranger's answers are no longer.
    let agent = "x".repeat(600);
    let register = |n: usize, more: &str| {
        format!(
            "REGISTER sip:{NODE} SIP/2.0\r\nVia: SIP/2.0/UDP {THIEF};branch=z9hG4bKg{n};rport\r\nMax-Forwards: 70\r\n\
             From: <sip:107@{NODE}>;tag=g{n}\r\nTo: <sip:107@{NODE}>\r\nCall-ID: g{n}\r\nCSeq: 1 REGISTER\r\n\
             Contact: <sip:107@{THIEF}>\r\nUser-Agent: {agent}\r\n{more}Content-Length: 0\r\n\r\n"
        )
    };
    let answered = |node: &mut Node, text: &str| {
        let before = node.sent.len();
        node.datagram(THIEF, text);
        let text = &node.sent.get(before)?.1;
        text.starts_with("SIP/2.0 401 ").then(|| Message::parse(text.as_bytes()).unwrap())
    };
    let mut looked_at = |n: &usize| {
        let challenged = answered(node, &register(2 * n, ""))?;
        let challenge = Challenge::parse(challenged.header(Name::WwwAuthenticate).unwrap()).unwrap();
        let login = Credentials { username: "107", secret: "guess" };
        let value = ClientAuth::new(&challenge).answer(login, b"REGISTER", b"sip:127.0.0.1", "c");
        let more = format!("Authorization: {}\r\n", String::from_utf8_lossy(&value));
        answered(node, &register(2 * n + 1, &more))
    };
    (0..50).map_while(|n| looked_at(&n)).count()
}

#[test]
fn who_a_new_secret_shut_out_is_a_stranger_after_a_crash_too() {
    let mut known = Node::new(hijacked().state());
    assert_eq!(guesses(&mut known), 40, "as 107 and on its flow: known there, also after a restart");
    assert_eq!(known.answer(Command::Bans), Ok(CommandReply::Bans(Vec::new())));

    let mut node = hijacked();
    let secrets = Secrets { ha1_md5: [2; 16], ha1_sha256: [2; 32], version: 0 };
    let change = Change::SetSecret { line: "107".parse().unwrap(), secrets };
    node.done(Command::Account { account: account("law"), by: Actor::CommandLine, change });
    let mut restarted = Node::new(node.state());
    let line = &restarted.worker.accounts()[&account("law")].lines()[&"107".parse::<billing::LineId>().unwrap()];
    assert!(
        line.last_seen.is_some() && line.shut_out_ms > 0,
        "the account remembers who was there, and that it was shut out"
    );
    assert_eq!(guesses(&mut restarted), 5, "a stranger's");
    let Ok(CommandReply::Bans(bans)) = restarted.answer(Command::Bans) else { panic!("no list") };
    assert_eq!(bans.len(), 1);
}
