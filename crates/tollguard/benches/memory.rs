//! `cargo xtask bench memory`: bytes for a registered line and for a held call, beside Kamailio in the same run.
//!
//! Ours is measured in this process, by an allocator that counts: a worker with 100,000 lines takes a fresh registration
//! for each, then another one takes 20,000 calls that are answered and go on; what both hold when all transactions are
//! over is divided by their number. What the guard keeps of a line is in the registration, and told apart. Kamailio takes
//! as many of both over the wire, from SIPp; its share is the growth of its proportional set size.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a bench that cannot go on stops")]
#![allow(dead_code, unused_imports, reason = "the benches share more than each needs")]

#[path = "common/mod.rs"]
mod common;
#[path = "memory/ours.rs"]
mod ours;
#[path = "../tests/e2e/support/mod.rs"]
mod support;
#[path = "../../node/benches/wire/mod.rs"]
mod wire;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use common::load::{self, Answering};
use common::report::{Report, rounded};
use common::server::Server;
use common::settings;

fn registrations() -> u32 {
    if settings::are_short() { 5_000 } else { 100_000 }
}

fn calls() -> u32 {
    if settings::are_short() { 2_000 } else { 20_000 }
}

/// What SIPp begins each second.
const REGISTRATIONS_A_SECOND: u32 = 4_000;
const CALLS_A_SECOND: u32 = 800;
/// Until Kamailio has forgotten the transactions.
const AFTERWARDS: Duration = Duration::from_secs(12);

fn main() {
    if common::is_only_a_test() {
        return;
    }
    common::enter_own_network();
    let mut report = Report::new("memory");
    report.note("registrations", registrations(), "fresh registrations, of a line each");
    report.note("calls", calls(), "calls that are held");
    let line = ours::line_bytes(registrations() as usize);
    let guard = ours::guard_bytes_a_line();
    let call = ours::call_bytes(calls() as usize);
    report.note("registration_bytes", rounded(line, 0), "Tollguard: bytes for a registration");
    report.note("guard_bytes_a_line", rounded(guard, 0), "of which the guard keeps of the line");
    report.note("call_bytes", rounded(call, 0), "Tollguard: bytes for a held call");

    let at = |host| SocketAddr::from((Ipv4Addr::new(127, 0, 1, host), 5060));
    let _carrier = Answering::start(at(3));
    let their_line = theirs(at(4), at(2), at(3), "register", registrations(), REGISTRATIONS_A_SECOND);
    let their_call = theirs(at(5), at(2), at(3), "held", calls(), CALLS_A_SECOND);
    report.note("kamailio_registration_bytes", rounded(their_line, 0), "Kamailio: bytes for a registration");
    report.note("kamailio_call_bytes", rounded(their_call, 0), "Kamailio: bytes for a held call");
    report.note(
        "registration_ratio",
        rounded((line - guard) / their_line, 3),
        "ours without the guard's, by Kamailio's",
    );
    report.note(
        "guarded_registration_ratio",
        rounded(line / their_line, 3),
        "ours with it, by Kamailio's, which has none",
    );
    report.note("ratio", rounded(call / their_call, 3), "ours by Kamailio's, of a held call");
    report.write();
}

/// Bytes by which Kamailio grows for each.
fn theirs(address: SocketAddr, phones: SocketAddr, carrier: SocketAddr, scenario: &str, count: u32, rate: u32) -> f64 {
    let server = Server::kamailio(address, carrier, false);
    let before = proportional_bytes(&server.processes);
    let _load = load::begin(&server, scenario, phones, rate, count);
    std::thread::sleep(Duration::from_secs(u64::from(count / rate)) + AFTERWARDS);
    (proportional_bytes(&server.processes) - before) / f64::from(count)
}

/// The proportional set size of all processes.
fn proportional_bytes(processes: &[u32]) -> f64 {
    let of = |process: &u32| {
        let text = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap();
        let line = text.lines().find(|line| line.starts_with("Pss:")).unwrap();
        let kib: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kib * 1_024.0
    };
    processes.iter().map(of).sum()
}
