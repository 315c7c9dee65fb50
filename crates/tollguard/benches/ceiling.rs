//! `cargo xtask bench ceiling`: the highest rate of calls that a server sustains on one processor, beside Kamailio in the
//! same run, and what a call costs there. The calls are those of `calls`, but that they talk for half a second; SIPp, which
//! would be at its limit before the servers are, gives way to agents that cost less.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a bench that cannot go on stops")]
#![allow(dead_code, unused_imports, reason = "the benches share more than each needs")]

#[path = "common/mod.rs"]
mod common;
#[path = "../tests/e2e/support/mod.rs"]
mod support;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use common::agents::Agents;
use common::load::{self, Rates, Seen};
use common::report::{Report, rounded};
use common::server::Server;
use common::settings;

const RATES: Rates = Rates { step: 250, highest: 16_000 };
/// How long a rate is tried.
const TRIAL: Duration = Duration::from_secs(5);
/// Rounds a step below the lower ceiling, and how long each is.
const ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_secs(10);

fn main() {
    if common::is_only_a_test() {
        return;
    }
    common::enter_own_network();
    let at = |host| SocketAddr::from((Ipv4Addr::new(127, 0, 1, host), 5060));
    let servers = [Server::ours(at(1), at(3)), Server::kamailio(at(4), at(3), false)];
    let agents = Agents::new(at(2), at(3));
    let mut report = Report::new("ceiling");
    let trial = |server: &Server, rate| {
        let seen = agents.run(server, rate, settings::length(TRIAL));
        if !seen.is_clean() {
            agents.wait_for_silence();
        }
        seen
    };
    let ceilings = servers.each_ref().map(|server| {
        let found = RATES.highest_clean(server, |rate| trial(server, rate));
        let words = "calls a second without a failure or a message sent again";
        report.note(&format!("{}_ceiling", server.name), found, words);
        found
    });
    let rate = RATES.below(ceilings[0].min(ceilings[1]));
    report.note("calls_a_second", rate, "the rate of the measurement: a step below the lower ceiling");
    let mut seen: [Vec<Seen>; 2] = [Vec::new(), Vec::new()];
    for _ in 0..settings::rounds(ROUNDS) {
        for (server, seen) in servers.iter().zip(&mut seen) {
            seen.push(agents.run(server, rate, settings::length(ROUND)));
            load::wait_until_quiet(server);
        }
    }
    for (server, seen) in servers.iter().zip(&seen) {
        let cpu = rounded(load::median(seen, |seen| seen.cpu_ms), 1);
        report.note(&format!("{}_cpu_ms", server.name), cpu, "processor time for 1,000 calls, the median round");
        let unclean: u64 = seen.iter().map(|seen| seen.failed + seen.retransmissions).sum();
        report.note(&format!("{}_not_clean", server.name), unclean, "that failed, or messages that were sent again");
    }
    let ratio = f64::from(ceilings[0]) / f64::from(ceilings[1]);
    report.note("ratio", rounded(ratio, 3), "our ceiling by Kamailio's");
    report.write();
}
