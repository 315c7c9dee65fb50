//! `cargo xtask profile calls` (or `registers`): where the processor time of our node goes under the load of the bench of
//! that name: by thread, by program or kernel, then by function (perf, sampling on the processor's clock, which works in
//! virtual machines too). The load comes twice with a pause of half a minute, the second time is looked at, and beside it
//! stands how much memory both times took from the system.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a bench that cannot go on stops")]
#![allow(dead_code, unused_imports, reason = "the benches share more than each needs")]

#[path = "common/mod.rs"]
mod common;
#[path = "../tests/e2e/support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::flood::pages;
use common::load::{self, Answering};
use common::server::Server;

/// What is profiled, as `xtask` says.
const WHAT: &str = "TOLLGUARD_PROFILE";
const A_SECOND: u32 = 2_000;
const LENGTH: Duration = Duration::from_secs(20);
/// Longer than what is over lingers.
const PAUSE: Duration = Duration::from_secs(35);

fn main() {
    if common::is_only_a_test() {
        return;
    }
    common::enter_own_network();
    let what = std::env::var(WHAT).unwrap_or_else(|_| "calls".into());
    let scenario = if what == "registers" { "register" } else { "call" };
    let at = |host| SocketAddr::from((Ipv4Addr::new(127, 0, 1, host), 5060));
    let _carrier = Answering::start(at(3));
    let server = Server::ours(at(1), at(3));
    let process = server.processes[0].to_string();
    let run = || {
        let before = pages(&server.processes);
        let seen = load::run(&server, scenario, at(2), A_SECOND, LENGTH);
        let each = (pages(&server.processes) - before) / seen.done as f64;
        (seen, each)
    };
    let (_, first_pages) = run();
    std::thread::sleep(PAUSE);
    let folder = tempfile::tempdir().unwrap();
    let mut record = Command::new("perf");
    record.current_dir(&folder).args(["record", "-q", "-e", "cpu-clock", "-F", "999", "-p", &process, "-o", "data"]);
    let mut perf = record.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    let before = threads_ns(&process);
    let (seen, second_pages) = run();
    let after = threads_ns(&process);
    Command::new("kill").args(["-INT", &perf.id().to_string()]).status().unwrap();
    perf.wait().unwrap();
    println!("{what} at {A_SECOND} a second: {} done, {} failed; milliseconds for 1,000:", seen.done, seen.failed);
    for (thread, ns) in &after {
        let ms = (ns - before.get(thread).unwrap_or(&0)) as f64 / 1e3 / seen.done as f64;
        println!("{thread:<20}{ms:>8.1}");
    }
    println!("pages of memory for each: {first_pages:.2} the first time, {second_pages:.2} the second");
    for (sort, from_percent) in [("comm,dso", "0.1"), ("comm,dso,symbol", "0.4")] {
        let mut report = Command::new("perf");
        report.current_dir(&folder).args(["report", "--stdio", "-i", "data", "--no-children", "--sort", sort]);
        report.args(["--percent-limit", from_percent]).stderr(Stdio::null()).status().unwrap();
    }
}

/// Processor time of each thread so far, nanoseconds, by name.
fn threads_ns(process: &str) -> BTreeMap<String, u64> {
    let mut threads = BTreeMap::new();
    for task in std::fs::read_dir(format!("/proc/{process}/task")).unwrap() {
        let read = |file: &Path| std::fs::read_to_string(task.as_ref().unwrap().path().join(file)).unwrap_or_default();
        let ns: u64 = read(Path::new("schedstat")).split(' ').next().and_then(|ns| ns.parse().ok()).unwrap_or(0);
        *threads.entry(read(Path::new("comm")).trim().to_owned()).or_default() += ns;
    }
    threads
}
