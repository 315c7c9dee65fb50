//! `cargo xtask bench flood`: 50,000 hostile datagrams a second while 200 calls a second go on, and what a datagram of a
//! banned address costs, beside Kamailio with pike and a ban table in the same run.
//!
//! Everything runs in one network namespace. The calls are a PBX's (known by its address) to a carrier, both SIPp; each must
//! be answered and end as it should; whatever of it is sent again by the timers of RFC 3261 counts as sent, and is told.
//! Added delay is the time from INVITE to its 200 under each flood, less that without one. Datagrams that the node's full
//! buffers lose are told, too. The processor time is that of all threads or processes of the program while one banned address floods it and no
//! call runs, shared among the datagrams that it read.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a bench that cannot go on stops")]
#![allow(dead_code, unused_imports, reason = "the tests' support has more than a bench needs")]

#[path = "common/mod.rs"]
mod common;
#[path = "../tests/e2e/support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use common::flood::{self, Sent};
use common::kamailio::Kamailio;
use common::load::Statistics;
use common::report::{Report, percentile, rounded};
use common::server::wait_until_bound;
use support::{Child, Hosts, Node, NodeOptions, Office, SOON, wait_until};

/// Hostile datagrams a second.
const HOSTILE_A_SECOND: u32 = 50_000;
/// Addresses that strangers flood from.
const STRANGERS: u32 = 10_000;
/// Calls that begin each second, and how many in all.
const CALLS_A_SECOND: u32 = 200;
const CALLS: u32 = 3_000;
/// How long the calls need, and a flood lasts beside them.
const LENGTH: Duration = Duration::from_secs(17);
/// How long a banned address floods for the processor time.
const BANNED_LENGTH: Duration = Duration::from_secs(10);
/// Datagrams made before.
const KINDS: u32 = 40_000;

const KAMAILIO_ROUTES: &str = r#"
modparam("htable", "htable", "ipban=>size=8;autoexpire=300;")
modparam("pike", "sampling_time_unit", 2)
modparam("pike", "reqs_density_per_unit", 16)
modparam("pike", "remove_latency", 4)
request_route {
  if ($sht(ipban=>$si) != $null) { exit; }
  if (!pike_check_req()) { $sht(ipban=>$si) = 1; exit; }
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (!sanity_check("1511", "7")) { exit; }
  sl_send_reply("403", "Forbidden");
}
"#;

/// What became of the calls of one run.
struct Calls {
    done: u64,
    failed: u64,
    /// Messages that the caller sent again.
    again: u64,
    /// Datagrams of all senders that the node's full buffers lost.
    lost: u64,
    delays_ms: Vec<f64>,
}

fn main() {
    if common::is_only_a_test() {
        return;
    }
    common::enter_own_network();
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "1000000").trunk_at("pbx", hosts.host(20));
    // Ports rest for half a minute after a call.
    let options = NodeOptions::default().set("max_calls", "2000").set("ports", "\"10000-49999\"");
    let node = Node::start(hosts, &options, &office);
    node.command(&["account", "set", "firm", "--max-calls", "2000", "--guard", "shadow"]);
    let to = hosts.sip(1);
    let mut report = Report::new("flood");
    report.note("hostile_a_second", HOSTILE_A_SECOND, "hostile datagrams a second asked for");
    report.note("calls_a_second", CALLS_A_SECOND, "calls that begin each second");

    let quiet = calls(&node);
    note_calls(&mut report, "quiet", &quiet, &quiet, None);
    let all = flood::datagrams(KINDS, to);
    let banned = flood::sockets(21, 1);
    node.command(&["ban", "add", "127.21.0.1"]);
    for (name, sockets) in
        [("banned", banned), ("one_stranger", flood::sockets(22, 1)), ("strangers", flood::sockets(23, STRANGERS))]
    {
        let (seen, sent) = std::thread::scope(|scope| {
            let flood = scope.spawn(|| flood::send(&sockets, to, &all, HOSTILE_A_SECOND, LENGTH));
            (calls(&node), flood.join().unwrap())
        });
        note_calls(&mut report, name, &seen, &quiet, Some(sent));
    }
    report.note("resident_mb", node.resident_bytes() >> 20, "memory of the node at the end, MB");
    costs(&mut report, &node, &all);
    report.write();
}

/// Runs the calls and waits for their end.
fn calls(node: &Node) -> Calls {
    let folder = tempfile::tempdir().unwrap();
    let lost_before = flood::lost(node.hosts.sip(1));
    let sipp = |name: &str, scenario: PathBuf, here: SocketAddr, more: &[&str]| {
        let (ip, port) = (here.ip().to_string(), here.port().to_string());
        let mut command = Command::new("sipp");
        command.current_dir(&folder).arg("-sf").arg(scenario).args(["-i", &ip, "-p", &port, "-mi", &ip, "-nostdin"]);
        command
            .args(["-max_retrans", "12", "-buff_size", "4194304", "-m", &CALLS.to_string(), "-timeout", "60"])
            .args(more);
        Child::spawn(name, command.arg(node.hosts.sip(1).to_string()))
    };
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut carrier = sipp("carrier", here.join("tests/sipp/answer.xml"), node.hosts.sip(2), &[]);
    wait_until_bound(node.hosts.sip(2));
    let rate = CALLS_A_SECOND.to_string();
    let more =
        ["-s", "13037654321", "-r", &rate, "-l", "2000", "-trace_rtt", "-rtt_freq", "1", "-trace_stat", "-trace_err"];
    let mut caller = sipp("caller", here.join("benches/sipp/caller.xml"), node.hosts.sip(20), &more);
    caller.wait(Duration::from_secs(120));
    carrier.kill();
    let files: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let text = |end: &str| {
        let path = files.iter().find(|path| path.to_string_lossy().ends_with(end));
        std::fs::read_to_string(path.unwrap_or_else(|| panic!("{end}: {files:?}"))).unwrap()
    };
    let rtt = text("_rtt.csv");
    let delays_ms = rtt.lines().skip(1).filter_map(|line| line.split(';').nth(1)?.parse().ok()).collect();
    if files.iter().any(|path| path.to_string_lossy().ends_with("_errors.log")) {
        tell_errors(&text("_errors.log"));
    }
    let statistics = Statistics::of(&folder);
    let value = |name: &str| statistics.value(name);
    Calls {
        done: value("SuccessfulCall(C)"),
        failed: value("FailedCall(C)"),
        again: value("Retransmissions(C)"),
        lost: flood::lost(node.hosts.sip(1)) - lost_before,
        delays_ms,
    }
}

/// Says how often calls failed for what.
fn tell_errors(errors: &str) {
    let mut counted: BTreeMap<&str, u32> = BTreeMap::new();
    for line in errors.lines().filter(|line| line.contains("Aborting call")) {
        let (_, why) = line.rsplit_once("Call-Id").unwrap_or(("", line));
        *counted.entry(why.split_once(':').map_or(why, |(_, why)| why)).or_default() += 1;
    }
    for (why, count) in counted {
        println!("{count} calls failed:{why}");
    }
}

fn note_calls(report: &mut Report, name: &str, seen: &Calls, quiet: &Calls, sent: Option<Sent>) {
    if let Some(sent) = sent {
        report.note(
            &format!("{name}_hostile_a_second"),
            rounded(sent.rate(), 0),
            "hostile datagrams a second that were sent",
        );
    }
    report.note(
        &format!("{name}_calls_done"),
        seen.done,
        &format!("calls answered and ended as they should, of {CALLS}"),
    );
    report.note(&format!("{name}_calls_failed"), seen.failed, "calls that did not");
    report.note(&format!("{name}_sent_again"), seen.again, "messages that the caller's timers sent again");
    report.note(&format!("{name}_lost"), seen.lost, "datagrams, hostile or not, that the node's full buffers lost");
    for percent in [50, 95, 99] {
        let (now, before) = (percentile(&seen.delays_ms, percent), percentile(&quiet.delays_ms, percent));
        report.note(&format!("{name}_delay_ms_p{percent}"), rounded(now, 1), "INVITE to 200");
        if sent.is_some() {
            report.note(&format!("{name}_added_ms_p{percent}"), rounded(now - before, 1), "of it added by the flood");
        }
    }
}

/// What a datagram of a banned address costs us, and Kamailio.
fn costs(report: &mut Report, node: &Node, all: &[Vec<u8>]) {
    let sip: Vec<Vec<u8>> = all.iter().filter(|datagram| datagram.is_ascii()).cloned().collect();
    let banned = flood::sockets(21, 1);
    let ours = cost(node.hosts.sip(1), &[node.process_id()], &banned, &sip);
    let kamailio_at = SocketAddr::from((node.hosts.host(3), 5060));
    let modules = ["kex", "pv", "sl", "xlog", "siputils", "textops", "maxfwd", "sanity", "htable", "pike"];
    let kamailio = Kamailio::start(kamailio_at, 1, &modules, KAMAILIO_ROUTES);
    // Until it is banned.
    flood::send(&banned, kamailio_at, &sip, 1_000, Duration::from_secs(3));
    let theirs = cost(kamailio_at, &kamailio.processes(), &banned, &sip);
    report.note("banned_datagram_us", rounded(ours, 3), "Tollguard: processor time for a datagram of a banned address");
    report.note("kamailio_banned_datagram_us", rounded(theirs, 3), "Kamailio 5.6 with pike and htable: the same");
    report.note("ratio", rounded(theirs / ours, 2), "times as much");
}

/// Microseconds of processor time for each datagram that was read.
fn cost(to: SocketAddr, processes: &[u32], sockets: &[UdpSocket], datagrams: &[Vec<u8>]) -> f64 {
    let (cpu_before_s, lost_before) = (flood::cpu_s(processes), flood::lost(to));
    let sent = flood::send(sockets, to, datagrams, HOSTILE_A_SECOND, BANNED_LENGTH);
    let read = sent.count - (flood::lost(to) - lost_before);
    (flood::cpu_s(processes) - cpu_before_s) * 1e6 / read as f64
}
