//! `cargo xtask bench calls`: processor time for a call, beside Kamailio in the same run.
//!
//! A call is an INVITE that is challenged and comes again with credentials, ringing, an answer, a second of talk and a BYE.
//! Ours screens it with the guard, holds money for it on disk before the carrier is called, writes ledger and call detail
//! record; Kamailio authenticates it, keeps its dialog and accounts it to flat files (and, beside that, to SQLite). The
//! server has one processor, SIPp the other. First the highest rate is looked for that each sustains without a failure or a
//! retransmission; at a rate that ours and Kamailio with flat files sustain they are measured in turns.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a bench that cannot go on stops")]
#![allow(dead_code, unused_imports, reason = "the benches share more than each needs")]

#[path = "common/mod.rs"]
mod common;
#[path = "../tests/e2e/support/mod.rs"]
mod support;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use common::load::{self, Answering, Rates, Seen};
use common::report::{Report, rounded};
use common::server::Server;
use common::settings;

const FAST: Rates = Rates { step: 500, highest: 12_000 };
/// Accounting to SQLite syncs its log twice for each call.
const SLOW: Rates = Rates { step: 100, highest: 1_500 };
/// How long a rate is tried.
const TRIAL: Duration = Duration::from_secs(4);
/// Rounds at the rate that was found, and how long each is: a minute in all.
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
    let ours = Server::ours(at(1), carrier);
    let theirs = Server::kamailio(at(4), carrier, false);
    let mut report = Report::new("calls");
    let mut ceiling = |server: &Server| {
        let found = FAST.highest_clean(server, |rate| load::run(server, "call", phones, rate, settings::length(TRIAL)));
        report.note(&key(server, "ceiling"), found, "calls a second without a failure or a retransmission");
        found
    };
    let both = ceiling(&ours).min(ceiling(&theirs));
    let run = |server: &Server, rate| load::run(server, "call", phones, rate, settings::length(ROUND));
    let (rate, seen) = FAST.in_turns([&ours, &theirs], FAST.below(both), settings::rounds(ROUNDS), run);
    report.note("calls_a_second", rate, "the rate of the measurement: the highest that both sustain for a minute");
    note(&mut report, &ours, &seen[0]);
    note(&mut report, &theirs, &seen[1]);
    beside_sqlite(&mut report, at(5), (phones, carrier));
    report.note(
        "kamailio_accounted",
        theirs.accounted(),
        "lines in Kamailio's flat files, one for each INVITE and BYE",
    );
    let ratio = cpu(&seen[0]) / cpu(&seen[1]);
    report.note("ratio", rounded(ratio, 3), "our processor time by Kamailio's with flat files");
    report.write();
}

/// Kamailio with accounting to SQLite, after the others: its thousands of syncs a second leave some disks slower for a while.
fn beside_sqlite(report: &mut Report, address: SocketAddr, (phones, carrier): (SocketAddr, SocketAddr)) {
    let server = Server::kamailio(address, carrier, true);
    let run = |rate, length| load::run(&server, "call", phones, rate, settings::length(length));
    let found = SLOW.highest_clean(&server, |rate| run(rate, TRIAL));
    report.note(&key(&server, "ceiling"), found, "calls a second without a failure or a retransmission");
    note(report, &server, &[run(SLOW.below(found), ROUND / 4)]);
}

fn key(server: &Server, what: &str) -> String {
    format!("{}_{what}", server.name.replace(' ', "_").to_lowercase())
}

fn cpu(seen: &[Seen]) -> f64 {
    load::median(seen, |seen| seen.cpu_ms)
}

fn note(report: &mut Report, server: &Server, seen: &[Seen]) {
    report.note(&key(server, "cpu_ms"), rounded(cpu(seen), 1), "processor time for 1,000 calls, the median round");
    let (failed, again): (u64, u64) =
        (seen.iter().map(|s| s.failed).sum(), seen.iter().map(|s| s.retransmissions).sum());
    report.note(&key(server, "failed"), failed, "calls that failed at that rate");
    report.note(&key(server, "retransmissions"), again, "messages that were sent again");
}
