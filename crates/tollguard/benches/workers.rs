//! `cargo xtask bench workers`: processor time for a call of a node with two workers beside that of a node with one, on the
//! wire, at an equal rate.
//!
//! Everything is as in `calls`; both nodes have the same processor. What two workers cost more is what they tell each other:
//! all callers are one socket of SIPp's and all callees another, so that half of all messages are read by the wrong worker.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a bench that cannot go on stops")]
#![allow(dead_code, unused_imports, reason = "the benches share more than each needs")]

#[path = "common/mod.rs"]
mod common;
#[path = "../tests/e2e/support/mod.rs"]
mod support;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use common::load::{self, Answering, Seen};
use common::report::{Report, rounded};
use common::server::{LINES, Server};
use common::settings;

/// Calls a second.
const A_SECOND: u32 = 2_000;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(12);

fn main() {
    if common::is_only_a_test() {
        return;
    }
    common::enter_own_network();
    let at = |host| SocketAddr::from((Ipv4Addr::new(127, 0, 1, host), 5060));
    let _carrier = Answering::start(at(3));
    let nodes = [1, 2].map(|workers| Server::ours_of(at(3 + workers as u8), at(3), LINES, workers));
    let mut seen: [Vec<Seen>; 2] = [Vec::new(), Vec::new()];
    for _ in 0..settings::rounds(ROUNDS) {
        for (node, seen) in nodes.iter().zip(&mut seen) {
            seen.push(load::run(node, "call", at(2), A_SECOND, settings::length(ROUND)));
        }
    }
    let mut report = Report::new("workers");
    report.note("calls_a_second", A_SECOND, "calls that begin each second");
    for (what, seen) in ["one", "two"].iter().zip(&seen) {
        report.note(&format!("{what}_cpu_ms"), rounded(cpu_ms(seen), 1), "processor time for 1,000 calls, the median");
        let unclean: u64 = seen.iter().map(|seen| seen.failed + seen.retransmissions).sum();
        report.note(&format!("{what}_not_clean"), unclean, "that failed, or messages that were sent again");
    }
    report.note("ratio", rounded(cpu_ms(&seen[1]) / cpu_ms(&seen[0]), 3), "two workers by one");
    report.write();
}

fn cpu_ms(seen: &[Seen]) -> f64 {
    load::median(seen, |seen| seen.cpu_ms)
}
