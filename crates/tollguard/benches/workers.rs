//! `cargo xtask bench workers`: processor time for a call of a node with two workers beside that of a node with one, on the
//! wire, at an equal rate.
//!
//! Everything is as in `calls`; both nodes have the same processor. What two workers cost more is what they tell each other
//! (a phone's INVITE and its account may be the other worker's), and that each of them wakes and reads. The nodes take
//! turns, and the ratio is the median of those of the rounds, so that what else the machine does meets both.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a bench that cannot go on stops")]
#![allow(dead_code, unused_imports, reason = "the benches share more than each needs")]

#[path = "common/mod.rs"]
mod common;
#[path = "../tests/e2e/support/mod.rs"]
mod support;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use common::load::{self, Answering, Seen};
use common::report::{Report, percentile, rounded};
use common::server::{LINES, Server};
use common::settings;

/// Calls a second.
const A_SECOND: u32 = 2_000;
const ROUNDS: usize = 11;
const ROUND: Duration = Duration::from_secs(8);

fn main() {
    if common::is_only_a_test() {
        return;
    }
    common::enter_own_network();
    let at = |host| SocketAddr::from((Ipv4Addr::new(127, 0, 1, host), 5060));
    let _carrier = Answering::start(at(3));
    let nodes = [1, 2].map(|workers| Server::ours_of(at(3 + workers as u8), at(3), LINES, workers));
    let run = |node: usize| load::run(&nodes[node], "call", at(2), A_SECOND, settings::length(ROUND));
    let mut seen: [Vec<Seen>; 2] = [Vec::new(), Vec::new()];
    let mut ratios = Vec::new();
    for round in 0..settings::rounds(ROUNDS) {
        for node in [round % 2, 1 - round % 2] {
            seen[node].push(run(node));
        }
        let [one, two] = [0, 1].map(|node| seen[node][round].cpu_ms);
        println!("round {}: {one:.1} and {two:.1} ms for 1,000 calls", round + 1);
        ratios.push(two / one);
    }
    let mut report = Report::new("workers");
    report.note("calls_a_second", A_SECOND, "calls that begin each second");
    for (what, seen) in ["one", "two"].iter().zip(&seen) {
        report.note(&format!("{what}_cpu_ms"), rounded(cpu_ms(seen), 1), "processor time for 1,000 calls, the median");
        let unclean: u64 = seen.iter().map(|seen| seen.failed + seen.retransmissions).sum();
        report.note(&format!("{what}_not_clean"), unclean, "that failed, or messages that were sent again");
    }
    report.note("ratio", rounded(percentile(&ratios, 50), 3), "two workers by one, the median of the rounds");
    report.write();
}

fn cpu_ms(seen: &[Seen]) -> f64 {
    load::median(seen, |seen| seen.cpu_ms)
}
