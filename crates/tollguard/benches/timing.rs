//! `cargo xtask bench timing`: can a stranger tell existing users from invented ones by answer or by delay?
//!
//! One prober asks about existing and invented names in an order drawn by lot: a REGISTER whose digest is wrong, as a guesser
//! sends it, and the time until its answer. The answers must be the same byte for byte once what is random in them is taken
//! out. A classifier that knows both distributions would tell one from the other with an AUC (area under its ROC curve) that
//! is 0.5 where it can only guess: it is computed for the delay over all pairs, and so for the rounds' halves apart, which
//! shows how much of it is chance.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a bench that cannot go on stops")]
#![allow(dead_code, unused_imports, reason = "the tests' support has more than a bench needs")]

#[path = "common/mod.rs"]
mod common;
#[path = "../tests/e2e/support/mod.rs"]
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::net::UdpSocket;
use std::time::{Duration, Instant};

use common::report::{Report, percentile, rounded};
use sip::digest::{Challenge, ClientAuth, Credentials};
use sip::{Message, Name};
use support::{Hosts, Node, NodeOptions, Office};

/// Samples of each kind.
const SAMPLES: usize = 20_000;
/// Before these nothing is measured: caches fill.
const WARM_UP: usize = 2_000;
/// How far from 0.5 an AUC may lie.
const MAX_OFF: f64 = 0.02;

/// Existing names, and invented ones of the same lengths.
const EXISTING: [&str; 4] = ["101", "alice", "desk-204", "107"];
const INVENTED: [&str; 4] = ["163", "clara", "desk-719", "149"];

/// Seeded numbers (xorshift64*): which kind is asked about next.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) % sides
    }
}

fn main() {
    if common::is_only_a_test() {
        return;
    }
    common::enter_own_network();
    let hosts = Hosts::new();
    let mut office = Office::new(hosts.sip(2), "10");
    for (id, name) in ["1", "2", "3", "4"].into_iter().zip(EXISTING) {
        office = office.extension(id, name);
    }
    // Nobody is locked out for what is asked here, and the limit on strangers is not what is measured.
    let options = NodeOptions::default().set("enabled", "false").set("strangers_s", "1000000");
    let node = Node::start(hosts, &options, &office);
    // Their account is stricter than the node, which counts more for them and must not show either.
    node.command(&["account", "set", "firm", "--lockout-failures", "3", "--lockout-line-day", "5"]);
    let mut prober = Prober::new(&node);
    let mut dice = Dice(0x7011_6a4d);
    let (mut existing, mut invented) = (Vec::new(), Vec::new());
    let mut answers: [BTreeMap<String, usize>; 2] = [BTreeMap::new(), BTreeMap::new()];
    for round in 0..WARM_UP + 2 * SAMPLES {
        let is_real = dice.below(2) == 0;
        let which = usize::try_from(dice.below(4)).unwrap();
        let name = if is_real { EXISTING[which] } else { INVENTED[which] };
        let (delay, answer) = prober.ask(name, round);
        if round < WARM_UP {
            continue;
        }
        if is_real { &mut existing } else { &mut invented }.push(delay.as_secs_f64() * 1e6);
        *answers[usize::from(is_real)].entry(answer).or_default() += 1;
    }
    let mut report = Report::new("timing");
    let kinds: BTreeSet<&String> = answers.iter().flat_map(BTreeMap::keys).collect();
    if kinds.len() > 1 {
        println!("{answers:#?}");
    }
    let by_answer = auc_by_answer(&answers);
    report.note(
        "auc_by_answer",
        rounded(by_answer, 4),
        &format!("answers, without what is random in them: {}", kinds.len()),
    );
    let by_delay = auc(&existing, &invented);
    report.note("auc_by_delay", rounded(by_delay, 4), "0.5 is a guess");
    for (name, half) in [("first", 0), ("second", 1)] {
        let of = |all: &[f64]| all.chunks(all.len().div_ceil(2)).nth(half).unwrap_or_default().to_vec();
        report.note(&format!("auc_by_delay_{name}_half"), rounded(auc(&of(&existing), &of(&invented)), 4), "");
    }
    for (name, all) in [("existing", &existing), ("invented", &invented)] {
        report.note(&format!("{name}_samples"), all.len(), "");
        report.note(&format!("{name}_median_us"), rounded(percentile(all, 50), 1), "digest sent to answer heard");
    }
    report.write();
    assert!((by_answer - 0.5_f64).abs() <= MAX_OFF && (by_delay - 0.5).abs() <= MAX_OFF, "users can be told apart");
}

/// The AUC of a classifier that knows how often each kind of name is answered how: a half, and half of the distance of
/// the two distributions (total variation).
fn auc_by_answer([ones, others]: &[BTreeMap<String, usize>; 2]) -> f64 {
    let all = |answers: &BTreeMap<String, usize>| answers.values().sum::<usize>() as f64;
    let share = |answers: &BTreeMap<String, usize>, kind| *answers.get(kind).unwrap_or(&0) as f64 / all(answers);
    let kinds: BTreeSet<&String> = ones.keys().chain(others.keys()).collect();
    let distance: f64 = kinds.into_iter().map(|kind| (share(ones, kind) - share(others, kind)).abs()).sum();
    0.5 + distance / 4.0
}

/// One who asks about names.
struct Prober {
    socket: UdpSocket,
    node: String,
    here: String,
    auth: ClientAuth,
}

impl Prober {
    fn new(node: &Node) -> Self {
        let socket = UdpSocket::bind(node.hosts.sip(66)).unwrap();
        socket.connect(node.hosts.sip(1)).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let (node, here) = (node.hosts.sip(1).to_string(), socket.local_addr().unwrap().to_string());
        let mut buffer = [0; 4_096];
        socket.send(request(&node, &here, "none", 0, "").as_bytes()).unwrap();
        let length = socket.recv(&mut buffer).unwrap();
        let challenged = Message::parse(&buffer[..length]).unwrap();
        let auth = ClientAuth::new(&Challenge::parse(challenged.header(Name::WwwAuthenticate).unwrap()).unwrap());
        Self { socket, node, here, auth }
    }

    /// Asks once; the time to the answer, and the answer without what is random in it.
    fn ask(&mut self, name: &str, number: usize) -> (Duration, String) {
        let uri = format!("sip:{}", self.node);
        let login = Credentials { username: name, secret: "guess" };
        let digest = self.auth.answer(login, b"REGISTER", uri.as_bytes(), "0a4f113b");
        let more = format!("Authorization: {}\r\n", String::from_utf8_lossy(&digest));
        let text = request(&self.node, &self.here, name, number + 1, &more);
        let mut buffer = [0; 4_096];
        let start = Instant::now();
        self.socket.send(text.as_bytes()).unwrap();
        let length = self.socket.recv(&mut buffer).unwrap();
        let delay = start.elapsed();
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        let lines = text.lines().map(|line| {
            let fixed = ["Via:", "From:", "Call-ID:"].iter().any(|start| line.starts_with(start));
            if fixed {
                String::new()
            } else {
                without(&without(line, ";tag=", ">"), "nonce=\"", "\"").replace(name, "NAME")
            }
        });
        (delay, lines.collect::<Vec<_>>().join("\n"))
    }
}

/// A line without what stands between `start` and `end`, or the line's end.
fn without(line: &str, start: &str, end: &str) -> String {
    let Some((before, rest)) = line.split_once(start) else { return line.to_owned() };
    let after = rest.split_once(end).map_or("", |(_, after)| after);
    format!("{before}{start}{after}")
}

/// A phone's REGISTER.
fn request(node: &str, here: &str, name: &str, number: usize, more: &str) -> String {
    let pad = "x".repeat(200);
    format!(
        "REGISTER sip:{node} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bKt{number:08};rport\r\nMax-Forwards: 70\r\n\
         From: <sip:{name}@{node}>;tag={number:08}\r\nTo: <sip:{name}@{node}>\r\nCall-ID: {number:08}@{here}\r\n\
         CSeq: 1 REGISTER\r\nContact: <sip:{name}@{here}>\r\nExpires: 60\r\nUser-Agent: Desk phone {pad}\r\n{more}\
         Content-Length: 0\r\n\r\n"
    )
}

/// How probable it is that a sample of the one kind is larger than one of the other, ties counted half: by ranks (Mann and
/// Whitney 1947).
fn auc(ones: &[f64], others: &[f64]) -> f64 {
    let mut all: Vec<(f64, bool)> =
        ones.iter().map(|one| (*one, true)).chain(others.iter().map(|one| (*one, false))).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut sum, mut at) = (0.0, 0);
    while at < all.len() {
        let ties = all[at..].iter().take_while(|(value, _)| *value == all[at].0).count();
        let rank = (2 * at + ties + 1) as f64 / 2.0;
        sum += rank * all[at..at + ties].iter().filter(|(_, is_one)| *is_one).count() as f64;
        at += ties;
    }
    let (n, m) = (ones.len() as f64, others.len() as f64);
    (sum - n * (n + 1.0) / 2.0) / (n * m)
}
