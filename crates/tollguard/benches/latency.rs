//! `cargo xtask bench latency`: how long a caller waits for the answer at half load, beside Kamailio in the same run.
//!
//! Everything is as in `calls`. The time is that from the first INVITE of a call to its 200: a challenge, the INVITE with
//! credentials, and the way to a callee who answers at once and back. What the agents themselves take is in it for both.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a bench that cannot go on stops")]
#![allow(dead_code, unused_imports, reason = "the benches share more than each needs")]

#[path = "common/mod.rs"]
mod common;
#[path = "../tests/e2e/support/mod.rs"]
mod support;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use common::load::{self, Answering};
use common::report::{Report, percentile, rounded};
use common::server::Server;
use common::settings;

/// Calls a second: half of what both sustain on one processor.
const A_SECOND: u32 = 1_500;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(12);

fn main() {
    if common::is_only_a_test() {
        return;
    }
    common::enter_own_network();
    let at = |host| SocketAddr::from((Ipv4Addr::new(127, 0, 1, host), 5060));
    let _carrier = Answering::start(at(3));
    let servers = [Server::ours(at(1), at(3)), Server::kamailio(at(4), at(3), false)];
    let mut seen = [Vec::new(), Vec::new()];
    for _ in 0..settings::rounds(ROUNDS) {
        for (server, seen) in servers.iter().zip(&mut seen) {
            seen.push(load::run_timed(server, at(2), A_SECOND, settings::length(ROUND)));
        }
    }
    let mut report = Report::new("latency");
    report.note("calls_a_second", A_SECOND, "calls that begin each second");
    let median = |rounds: &[(load::Seen, Vec<f64>)], percent| {
        percentile(&rounds.iter().map(|(_, delays_ms)| percentile(delays_ms, percent)).collect::<Vec<_>>(), 50)
    };
    for (server, rounds) in servers.iter().zip(&seen) {
        for percent in [50, 99] {
            let key = format!("{}_delay_ms_p{percent}", server.name);
            report.note(&key, rounded(median(rounds, percent), 2), "first INVITE to 200, the median round");
        }
        let unclean: u64 = rounds.iter().map(|(seen, _)| seen.failed + seen.retransmissions).sum();
        report.note(&format!("{}_not_clean", server.name), unclean, "that failed, or messages that were sent again");
    }
    let ratio = median(&seen[0], 99) / median(&seen[1], 99);
    report.note("ratio", rounded(ratio, 3), "our p99 by Kamailio's");
    report.write();
}
