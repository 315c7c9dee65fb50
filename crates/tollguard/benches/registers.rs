//! `cargo xtask bench registers`: processor time for a REGISTER that is challenged and comes again with credentials, beside
//! Kamailio in the same run, in turns, the server on one processor and SIPp on the other. First the highest rate is looked for
//! that each sustains without a failure or a retransmission; they are measured at one that both sustain.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a bench that cannot go on stops")]
#![allow(dead_code, unused_imports, reason = "the benches share more than each needs")]

#[path = "common/mod.rs"]
mod common;
#[path = "../tests/e2e/support/mod.rs"]
mod support;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use common::load::{self, Rates, Seen};
use common::report::{Report, rounded};
use common::server::Server;
use common::settings;

const RATES: Rates = Rates { step: 1_000, highest: 24_000 };
/// How long a rate is tried.
const TRIAL: Duration = Duration::from_secs(4);
/// Lines of each of ten accounts: every round goes through all of them, so that each registers once in a few seconds.
const LINES: u32 = 100;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(8);

fn main() {
    if common::is_only_a_test() {
        return;
    }
    common::enter_own_network();
    let at = |host| SocketAddr::from((Ipv4Addr::new(127, 0, 1, host), 5060));
    let [ours, theirs] =
        [Server::ours_with(at(1), at(3), LINES), Server::kamailio(at(4), at(3), false).with_lines(LINES)];
    let servers = [&ours, &theirs];
    let run = |server: &Server, rate, length| load::run(server, "register", at(2), rate, settings::length(length));
    // From here on no phone is a stranger: of what strangers send at once ours reads a part.
    for server in servers {
        run(server, RATES.step, TRIAL);
    }
    let mut report = Report::new("registers");
    let ceilings = servers.map(|server| {
        let ceiling = RATES.highest_clean(server, |rate| run(server, rate, TRIAL));
        let what = "registrations a second without a failure or a retransmission";
        report.note(&format!("{}_ceiling", server.name), ceiling, what);
        ceiling
    });
    let below = RATES.below(ceilings.into_iter().min().unwrap_or_default());
    let (rate, seen) =
        RATES.in_turns(servers, below, settings::rounds(ROUNDS), |server, rate| run(server, rate, ROUND));
    report.note("registers_a_second", rate, "the rate of the measurement: the highest that both sustain");
    let cpu = |seen: &[Seen]| load::median(seen, |seen| seen.cpu_ms);
    for (server, seen) in servers.iter().zip(&seen) {
        let failed: u64 = seen.iter().map(|seen| seen.failed + seen.retransmissions).sum();
        report.note(
            &format!("{}_cpu_ms", server.name),
            rounded(cpu(seen), 1),
            "processor time for 1,000, the median round",
        );
        report.note(&format!("{}_not_clean", server.name), failed, "that failed, or messages that were sent again");
    }
    report.note("ratio", rounded(cpu(&seen[0]) / cpu(&seen[1]), 3), "our processor time by Kamailio's");
    report.write();
}
