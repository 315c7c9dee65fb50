//! `cargo xtask bench lockout`: from the last guess allowed to the ban, and guesses let through, beside Kamailio with
//! fail2ban on the same machine in the same run.
//!
//! Both run in one network namespace and are attacked in turns by the same tools. Kamailio is a registrar that logs each
//! failed password; fail2ban reads its log as soon as the kernel tells of a change, counts to the same N and bans with
//! Debian's nftables action. The clock starts when the Nth wrong digest is sent. It stops when the line is read in which the
//! program under measurement says that the address is banned. Ours writes it after the ban is in force for every worker (the
//! worker that counts publishes it in memory, before any file is touched), fail2ban before it tells the packet filter: what
//! the scheduler takes until the bench has read the line is in both.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a bench that cannot go on stops")]
#![allow(dead_code, unused_imports, reason = "the tests' support has more than a bench needs")]

#[path = "common/mod.rs"]
mod common;
#[path = "../tests/e2e/support/mod.rs"]
mod support;

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::process::Command;
use std::time::{Duration, Instant};

use common::fail2ban::Fail2ban;
use common::kamailio::Kamailio;
use common::report::{Report, ms, percentile, rounded};
use support::{Child, Guessed, Hosts, Node, NodeOptions, Office, guess, try_word};

/// Failures that lead to a ban.
const N: u32 = 5;
/// Addresses that guess until they are banned, for the time it takes.
const ROUNDS: u8 = 100;
/// Long enough for an answer over loopback.
const ANSWERED: Duration = Duration::from_millis(20);
/// Runs of each tool, for what is let through.
const RUNS: u8 = 5;
/// Words the tools try.
const WORDS: usize = 2_000;

const KAMAILIO_ROUTES: &str = r#"
request_route {
  if (!is_method("REGISTER")) { sl_send_reply("405", "Method Not Allowed"); exit; }
  if (!pv_www_authenticate("$fd", "the-very-secret", "0")) {
    if ($au != $null) { xlog("L_ERR", "wrong password from $si as $fU\n"); }
    www_challenge("$fd", "1");
    exit;
  }
  sl_send_reply("200", "OK");
}
"#;

fn main() {
    if common::is_only_a_test() {
        return;
    }
    common::enter_own_network();
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "10").extension("107", "107");
    let mut node =
        Node::start(hosts, &NodeOptions::default().set("network_day", "9000").set("line_day", "9000"), &office);
    let kamailio_at = SocketAddr::from((hosts.host(3), 5080));
    let modules = ["kex", "pv", "sl", "xlog", "siputils", "textops", "auth"];
    let kamailio = Kamailio::start(kamailio_at, 2, &modules, KAMAILIO_ROUTES);
    let mut fail2ban = Fail2ban::start(&kamailio.log(), "wrong password from <HOST> as", N);

    let mut report = Report::new("lockout");
    report.note("failures", N, "wrong passwords that lead to a ban, for both");
    let (mut ours, mut theirs) = (Bans::default(), Bans::default());
    for round in 0..ROUNDS {
        ours.round(hosts.sip(1), Ipv4Addr::new(127, 10, 0, round + 1), |banned| {
            node.expect_line(&format!("locked out {banned} for"));
            Instant::now()
        });
        theirs.round(kamailio_at, Ipv4Addr::new(127, 11, 0, round + 1), |banned| fail2ban.expect_ban(banned));
    }
    times(&mut report, &ours, &theirs);

    let words: Vec<String> = (0..WORDS).map(|word| format!("{word:06}")).collect();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for run in 0..RUNS {
        let tool = |address, net| guess(address, Ipv4Addr::new(127, net, 0, run + 1), "107", &words);
        let (mine, other) = (tool(hosts.sip(1), 12), tool(kamailio_at, 13));
        assert!(mine.found.is_empty() && other.found.is_empty(), "no word fits");
        ours.push(mine.rejected as f64);
        theirs.push(other.rejected as f64);
    }
    let what = "wrong passwords verified before the ban: 200 threads, 900 words a second";
    through(&mut report, "threads_200", &ours, &theirs, what);

    let list = node.path("words");
    std::fs::write(&list, words.join("\n")).unwrap();
    // Whatever it is told, it comes from 127.0.0.1: each run begins with that address let in.
    let here = Ipv4Addr::LOCALHOST;
    let crack = |address: SocketAddr| {
        let mut command = Command::new("svcrack");
        command.args(["-x", &here.to_string(), "-u", "107", "--maximumtime=8", "-p", &address.port().to_string()]);
        command.arg("-d").arg(&list).arg(address.ip().to_string());
        Child::spawn("svcrack", &mut command).wait(Duration::from_secs(60));
    };
    let logged = || kamailio.log_text().matches(&format!("wrong password from {here} as")).count();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        crack(hosts.sip(1));
        ours.push(failures_of(&node, here));
        drop(node.try_command(&["ban", "lift", &here.to_string()]));
        let before = logged();
        crack(kamailio_at);
        let verified = logged() - before;
        theirs.push(verified as f64);
        // On a busy machine the tool may give up before.
        if verified >= N as usize {
            fail2ban.expect_ban(here.into());
            fail2ban.unban(here.into());
        }
    }
    through(&mut report, "svcrack", &ours, &theirs, "wrong passwords verified before the ban: sipvicious svcrack");
    report.write();
}

/// What rounds of guesses saw.
#[derive(Default)]
struct Bans {
    /// From the last guess to the word of the ban, milliseconds.
    after_ms: Vec<f64>,
    /// Requests that followed the last guess at once and were answered.
    answered: u32,
}

impl Bans {
    /// Guesses from `here` until the limit, sends one request more, and waits for the ban.
    fn round(&mut self, address: SocketAddr, here: Ipv4Addr, heard: impl FnOnce(IpAddr) -> Instant) {
        let socket = UdpSocket::bind((here, 0)).unwrap();
        socket.connect(address).unwrap();
        let mut last = None;
        for number in 0..N as usize {
            // It waits for a challenge but a moment, which a busy machine may miss.
            let tried = (0..20).find_map(|_| try_word(&socket, 0, number, "107", &format!("guess-{number}")));
            last = Some(tried.expect("a challenge").at);
        }
        let here = socket.local_addr().unwrap();
        // Long, so that strangers' share of answers, which are no longer than what came, allows one.
        let agent = "x".repeat(800);
        let behind = format!(
            "OPTIONS sip:107@{address} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bKbehind\r\n\
             Max-Forwards: 70\r\nFrom: <sip:107@{address}>;tag=b\r\nTo: <sip:107@{address}>\r\n\
             Call-ID: behind@{here}\r\nCSeq: 9 OPTIONS\r\nUser-Agent: {agent}\r\nContent-Length: 0\r\n\r\n"
        );
        socket.send(behind.as_bytes()).unwrap();
        self.after_ms.push(ms(heard(here.ip()).duration_since(last.unwrap())));
        socket.set_read_timeout(Some(ANSWERED)).unwrap();
        let mut buffer = [0; 4_096];
        while let Ok(length) = socket.recv(&mut buffer) {
            self.answered += u32::from(String::from_utf8_lossy(&buffer[..length]).contains("CSeq: 9 OPTIONS"));
        }
    }
}

/// How many failures of an address our list of bans tells.
fn failures_of(node: &Node, here: Ipv4Addr) -> f64 {
    let node::CommandReply::Bans(bans) = node.ask(&node::Command::Bans) else { panic!("no bans") };
    let ban = bans.iter().find(|ban| ban.prefix.addr() == IpAddr::from(here));
    ban.map_or(0.0, |ban| f64::from(ban.failures))
}

fn times(report: &mut Report, ours: &Bans, theirs: &Bans) {
    let what = format!("of {ROUNDS} requests sent right behind the last wrong digest, answered");
    report.note("behind_answered", ours.answered, &format!("Tollguard, {what}"));
    report.note("fail2ban_behind_answered", theirs.answered, "Kamailio and fail2ban, the same");
    for (percent, name) in [(50, "median"), (95, "p95"), (99, "p99"), (100, "worst")] {
        let (mine, other) = (percentile(&ours.after_ms, percent), percentile(&theirs.after_ms, percent));
        report.note(
            &format!("ban_after_last_failure_ms_{name}"),
            mine,
            "Tollguard, last wrong digest sent to ban heard of",
        );
        report.note(&format!("fail2ban_after_last_failure_ms_{name}"), other, "Kamailio and fail2ban, the same");
        report.note(&format!("ratio_{name}"), rounded(other / mine, 1), "times as long");
    }
}

fn through(report: &mut Report, tool: &str, ours: &[f64], theirs: &[f64], what: &str) {
    for (percent, name) in [(50, "median"), (100, "most")] {
        let (mine, other) = (percentile(ours, percent), percentile(theirs, percent));
        report.note(&format!("{tool}_let_through_{name}"), mine, &format!("Tollguard, {what}"));
        report.note(&format!("{tool}_fail2ban_let_through_{name}"), other, "Kamailio and fail2ban, the same");
    }
}
