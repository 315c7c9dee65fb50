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
/// From so many on, memory must stand still after the first tenth.
const MANY: u64 = 1_000_000;
/// So many of them are sent each second: a transaction stays for 64 T1, 32 s (RFC 3261 section 17.2), and the first tenth
/// takes four times that, so that from then on as many end as begin, in the room of those that have ended.
const MANY_PER_SECOND: u64 = 800;
/// What memory may grow by in a shorter run, which is sent as fast as it goes, and whose transactions all stay.
const MAX_GROWTH_BYTES: u64 = 96 << 20;
/// Datagrams sent before the node is asked whether it is still there: far fewer than its socket holds.
const BATCH: usize = 100;
/// Calls in one round, and how many of them begin each second.
const CALLS: (u32, u32) = (20, 4);
/// The same beside many datagrams: enough that what a call leaves behind is seen.
const MANY_CALLS: (u32, u32) = (100, 20);

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

/// Waits until so many datagrams should be on their way.
#[allow(clippy::disallowed_methods, reason = "the pace of the flood is the point, not a wait for something")]
fn keep_pace(begin: Instant, sent: u64) {
    let due = begin + Duration::from_millis(sent * 1_000 / MANY_PER_SECOND);
    std::thread::sleep(due.saturating_duration_since(Instant::now()));
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
    let many = count >= MANY;
    let (each_round, per_second) = if many { MANY_CALLS } else { CALLS };
    let (first, begin) = (count / 10, Instant::now());
    let (mut next_look, mut resident_bytes, mut calls) = (first, Vec::new(), 0);
    while flood.sent < count {
        let limit = Duration::from_secs(60);
        let carrier =
            Sipp::answering("answer", hosts.sip(2), node.ip()).calls(each_round, each_round).within(limit).start();
        let caller = Sipp::calling("call", hosts.sip(10), node.ip()).dial("13035550123");
        let caller = caller.login("alice", &secret("alice")).calls(each_round, per_second).within(limit);
        let mut caller = caller.start();
        while !caller.is_done() {
            if many {
                keep_pace(begin, flood.sent);
            }
            flood.batch();
            if flood.sent >= next_look {
                next_look += first;
                println!("{} datagrams in {:?}: {} bytes resident", flood.sent, begin.elapsed(), node.resident_bytes());
                resident_bytes.push(node.resident_bytes());
            }
        }
        caller.finish();
        carrier.finish();
        calls += usize::try_from(each_round).unwrap();
    }
    let (before, after) = (resident_bytes[0], node.resident_bytes());
    let growth_percent = (after as f64 / before as f64 - 1.0) * 100.0;
    println!(
        "{} datagrams, {calls} calls: {growth_percent:.1} % more memory after them than after a tenth",
        flood.sent
    );
    let limit = if many { before / 20 } else { MAX_GROWTH_BYTES };
    assert!(after <= before + limit, "memory grew from {before} to {after} bytes");
    wait_until(SOON, "the last call to be settled", || node.account().held == Money::ZERO);
    let paid = node.ledger().iter().filter(|entry| entry.kind == billing::EntryKind::Capture).count();
    assert_eq!(paid, calls, "every call was answered, and paid once");
}
