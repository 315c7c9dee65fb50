//! The firms of the benchmark, and the peers on the wire: trunks that call and a carrier that answers.

use std::net::SocketAddr;

use account::{Flow, Transport};
use node::Worker;
use sip::Message;

#[path = "../../tests/workers/harness.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod harness;

use harness::{CARRIER, NODE, Node, Sent, answer_to, request};
pub use harness::{START_MS, opened};

/// Firms there are.
pub const ACCOUNTS: usize = 64;
const CENTS: i64 = 100_000_000;

/// Workers over the firms, each with how many records it has written.
pub fn firms(workers: usize) -> Vec<(Worker, u64)> {
    let node = Node::with(workers, ACCOUNTS, CENTS);
    node.workers.into_iter().zip(node.written).collect()
}

/// The numbers of the firms that call: as many of each worker's, as among thousands of firms. Work, not luck, is compared.
pub fn callers(workers: &[(Worker, u64)]) -> Vec<usize> {
    let owned = |worker: &Worker| -> Vec<usize> {
        worker.accounts().keys().map(|id| id.to_string().trim_start_matches("law-").parse().unwrap()).collect()
    };
    let owned: Vec<_> = workers.iter().map(|(worker, _)| owned(worker)).collect();
    let fewest = owned.iter().map(Vec::len).min().unwrap();
    (0..fewest).flat_map(|at| owned.iter().map(move |firms| firms[at])).collect()
}

pub fn flow(remote: SocketAddr) -> Flow {
    Flow { local: NODE.parse().unwrap(), remote, transport: Transport::Udp, connection: 0 }
}

/// The worker that the kernel finds in a message: in the branch of an answer, in a Request-URI that is our Contact.
pub fn worker_told(text: &str) -> Option<usize> {
    let before = if text.starts_with("SIP/2.0 ") { "z9hG4bK" } else { " sip:w" };
    usize::from_str_radix(text.split_once(before)?.1.get(..4)?, 16).ok()
}

/// What follows from a message that a peer got.
#[derive(Default)]
pub struct Heard {
    pub reactions: Vec<String>,
    /// A call is over.
    pub ended: bool,
}

/// The peers whose calls one thread begins.
pub struct Peers {
    thread: usize,
    calls: usize,
    callers: Vec<usize>,
    carrier: SocketAddr,
}

impl Peers {
    pub fn new(thread: usize, callers: Vec<usize>) -> Self {
        Self { thread, calls: 0, callers, carrier: CARRIER.parse().unwrap() }
    }

    /// The next call: from where, and its INVITE.
    pub fn call(&mut self) -> (SocketAddr, String) {
        self.calls += 1;
        let from = format!("127.0.1.{}:5060", self.callers[self.calls % self.callers.len()]);
        let call_id = format!("b{}x{}", self.thread, self.calls);
        let invite = request("INVITE", &from, ("+13037654321", ""), &call_id, 1, "");
        (from.parse().unwrap(), invite)
    }

    /// A peer got a message.
    pub fn hear(&self, peer: SocketAddr, bytes: &[u8]) -> Heard {
        let message = Message::parse(bytes).unwrap();
        let text = String::from_utf8_lossy(bytes).into_owned();
        if peer == self.carrier {
            let method = message.method_raw().to_vec();
            let sent = Sent { worker: 0, to: peer, message, text };
            let reactions = match &*method {
                b"INVITE" => vec![answer_to(&sent, "200 OK", true)],
                b"BYE" => vec![answer_to(&sent, "200 OK", false)],
                _ => Vec::new(),
            };
            return Heard { reactions, ended: false };
        }
        let is_of_bye = message.cseq().is_ok_and(|cseq| cseq.method == sip::Method::Bye);
        match message.status().unwrap_or_default() {
            100..=199 => Heard::default(),
            200 if is_of_bye => Heard { reactions: Vec::new(), ended: true },
            200 => {
                let from = peer.to_string();
                let call_id = String::from_utf8_lossy(message.call_id()).into_owned();
                let tag = format!(";tag={}", String::from_utf8_lossy(message.to().unwrap().tag().unwrap()));
                let contact = message.contacts().next().unwrap().unwrap();
                let target = String::from_utf8_lossy(contact.uri).into_owned();
                let say = |method, cseq| {
                    let text = request(method, &from, ("+13037654321", &tag), &call_id, cseq, "");
                    text.replacen(&format!("sip:+13037654321@{NODE}"), &target, 1)
                };
                Heard { reactions: vec![say("ACK", 1), say("BYE", 2)], ended: false }
            }
            status => panic!("a call failed with {status}:\n{text}"),
        }
    }
}
