//! Mutated datagrams at the running binary while calls go on: no call is disturbed, and memory does not grow for good.
//!
//! `cargo xtask fuzz --datagrams 1000000` sends a million; the tests send fewer.

use std::net::UdpSocket;
use std::path::Path;
use std::time::{Duration, Instant};

use billing::Money;
use fuzz::Mutator;

use crate::support::{Hosts, Node, NodeOptions, Office, SOON, Sipp, WildPbx, secret, wait_until};

/// Datagrams of an ordinary test run.
const USUAL: u64 = 20_000;
/// From so many on, memory must stand still once the first transactions are over.
const MANY: u64 = 1_000_000;
/// A transaction stays for 64 T1 (RFC 3261 section 17.2), and a little longer.
const TRANSACTION: Duration = Duration::from_secs(35);
/// What memory may grow by in a shorter run, while transactions, which stay for 32 s each, fill their table.
const MAX_GROWTH_BYTES: u64 = 96 << 20;
/// Datagrams sent before the node is asked whether it is still there: far fewer than its socket holds.
const BATCH: usize = 100;
/// Calls in one round, and how many of them begin each second.
const CALLS: u32 = 20;
const CALLS_PER_SECOND: u32 = 4;

/// The torture messages: none of them, nor a few bytes' change of them, dials a number.
fn messages() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sip/tests/torture");
    let files = ["rfc4475", "rfc5118"].map(|rfc| std::fs::read_dir(folder.join(rfc)).unwrap());
    let mut paths: Vec<_> = files.into_iter().flatten().map(|file| file.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// A stranger and a trusted PBX who send nonsense.
struct Flood {
    pbx: WildPbx,
    stranger: UdpSocket,
    mutator: Mutator,
    messages: Vec<Vec<u8>>,
    sent: u64,
}

impl Flood {
    /// A message with a few bytes changed, and most often a branch of its own: with the same one it would be a
    /// retransmission.
    fn mutation(&mut self) -> Vec<u8> {
        const COOKIE: &[u8] = b"z9hG4bK";
        let mutator = &mut self.mutator;
        let mut bytes = self.messages[mutator.below(self.messages.len())].clone();
        let found = bytes.windows(COOKIE.len()).position(|window| window == COOKIE);
        if let Some(at) = found.filter(|_| mutator.below(8) > 0) {
            let end = at + COOKIE.len();
            bytes.splice(end..end, format!("{:x}", mutator.draw()).into_bytes());
        }
        let times = mutator.below(5);
        let other = &self.messages[mutator.below(self.messages.len())];
        mutator.mutate(&mut bytes, other, times);
        bytes.truncate(8_000);
        bytes
    }

    fn batch(&mut self) {
        let batch: Vec<_> = (0..BATCH).map(|_| self.mutation()).collect();
        let (to_strangers, trusted) = batch.split_at(BATCH / 4);
        for bytes in to_strangers {
            self.stranger.send(bytes).unwrap();
        }
        let trusted: Vec<&[u8]> = trusted.iter().map(Vec::as_slice).collect();
        for answer in self.pbx.before_probe(&trusted) {
            self.pbx.acknowledge(&answer);
        }
        self.sent += u64::try_from(BATCH).unwrap();
    }
}

#[test]
fn mutated_datagrams_disturb_no_call() {
    let count = std::env::var("FUZZ_DATAGRAMS").map_or(USUAL, |count| count.parse().unwrap());
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "1000").extension("101", "alice").trunk_at("pbx", hosts.host(20));
    let node = Node::start(hosts, &NodeOptions::default().set("strangers_s", "1000000"), &office);
    let stranger = UdpSocket::bind(hosts.sip(30)).unwrap();
    stranger.connect(hosts.sip(1)).unwrap();
    let mut flood =
        Flood { pbx: WildPbx::new(hosts), stranger, mutator: Mutator::new(0x5eed), messages: messages(), sent: 0 };
    let (first, settled) = ((count / 10).min(100_000), if count >= MANY { TRANSACTION } else { Duration::ZERO });
    let begin = Instant::now();
    let mut next_report = first;
    let (mut at_first_bytes, mut calls) = (None, 0);
    while flood.sent < count {
        let limit = Duration::from_secs(60);
        let carrier = Sipp::answering("answer", hosts.sip(2), node.ip()).calls(CALLS, CALLS).within(limit).start();
        let caller = Sipp::calling("call", hosts.sip(10), node.ip()).dial("13035550123");
        let caller = caller.login("alice", &secret("alice")).calls(CALLS, CALLS_PER_SECOND).within(limit);
        let mut caller = caller.start();
        while !caller.is_done() {
            flood.batch();
            if flood.sent >= next_report {
                next_report += first;
                println!("{} datagrams: {} bytes resident", flood.sent, node.resident_bytes());
            }
            if flood.sent >= first && begin.elapsed() >= settled {
                at_first_bytes.get_or_insert_with(|| node.resident_bytes());
            }
        }
        caller.finish();
        carrier.finish();
        calls += usize::try_from(CALLS).unwrap();
    }
    let (before, after) = (at_first_bytes.unwrap(), node.resident_bytes());
    println!("{} datagrams, {calls} calls, {before} bytes resident at first, {after} at the end", flood.sent);
    let limit = if count >= MANY { before / 20 } else { MAX_GROWTH_BYTES };
    assert!(after <= before + limit, "memory grew from {before} to {after} bytes");
    wait_until(SOON, "the last call to be settled", || node.account().held == Money::ZERO);
    let paid = node.ledger().iter().filter(|entry| entry.kind == billing::EntryKind::Capture).count();
    assert_eq!(paid, calls, "every call was answered, and paid once");
}
