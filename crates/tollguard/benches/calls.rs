//! `cargo xtask bench calls`: processor time for a call, beside Kamailio in the same run.
//!
//! A call is an INVITE that is challenged and comes again with credentials, ringing, an answer, a second of talk and a BYE.
//! Ours screens it with the guard, holds money for it on disk before the carrier is called, writes ledger and call detail
//! record; Kamailio authenticates it, keeps its dialog and accounts it to flat files (and, beside that, to SQLite). The
//! server has one processor, SIPp the other. First the highest rate is looked for that all sustain without a failure or a
//! retransmission; at that rate they are measured in turns.
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
use common::server::Server;

/// Rates that are tried, calls a second.
const STEP: u32 = 500;
const HIGHEST: u32 = 8_000;
/// How long a rate is tried.
const TRIAL: Duration = Duration::from_secs(4);
/// Rounds at the rate that was found, and how long each is.
const ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_secs(20);

fn main() {
    if common::is_only_a_test() {
        return;
    }
    common::enter_own_network();
    let at = |host| SocketAddr::from((Ipv4Addr::new(127, 0, 1, host), 5060));
    let (phones, carrier) = (at(2), at(3));
    let _carrier = Answering::start(carrier);
    let servers =
        [Server::ours(at(1), carrier), Server::kamailio(at(4), carrier, false), Server::kamailio(at(5), carrier, true)];
    let mut report = Report::new("calls");
    let ceilings: Vec<u32> = servers.iter().map(|server| ceiling(server, phones)).collect();
    for (server, ceiling) in servers.iter().zip(&ceilings) {
        report.note(&key(server, "ceiling"), *ceiling, "calls a second without a failure or a retransmission");
    }
    let rate = ceilings[0].min(ceilings[1]).saturating_sub(STEP).max(STEP);
    report.note("calls_a_second", rate, "the rate of the measurement: a step below what ours and flat files sustain");
    let mut seen = vec![Vec::new(); servers.len()];
    for _ in 0..ROUNDS {
        for (server, seen) in servers.iter().zip(&mut seen) {
            let own_rate = if server.name.contains("SQLite") { rate.min(500) } else { rate };
            seen.push(load::run(server, "call", phones, own_rate, ROUND));
        }
    }
    for (server, seen) in servers.iter().zip(&seen) {
        note(&mut report, server, seen);
    }
    report.note("ratio", rounded(cpu(&seen[0]) / cpu(&seen[1]), 3), "our processor time by Kamailio's with flat files");
    report.write();
}

/// The highest rate that is clean.
fn ceiling(server: &Server, phones: SocketAddr) -> u32 {
    let mut clean = 0;
    for rate in (STEP..=HIGHEST).step_by(STEP as usize) {
        if !load::run(server, "call", phones, rate, TRIAL).is_clean() {
            break;
        }
        clean = rate;
    }
    clean
}

fn key(server: &Server, what: &str) -> String {
    format!("{}_{what}", server.name.replace(' ', "_").to_lowercase())
}

fn cpu(seen: &[Seen]) -> f64 {
    percentile(&seen.iter().map(|seen| seen.cpu_ms).collect::<Vec<_>>(), 50)
}

fn note(report: &mut Report, server: &Server, seen: &[Seen]) {
    report.note(&key(server, "cpu_ms"), rounded(cpu(seen), 1), "processor time for 1,000 calls, the median round");
    let (failed, again): (u64, u64) =
        (seen.iter().map(|s| s.failed).sum(), seen.iter().map(|s| s.retransmissions).sum());
    report.note(&key(server, "failed"), failed, "calls that failed at that rate");
    report.note(&key(server, "retransmissions"), again, "messages that were sent again");
}
