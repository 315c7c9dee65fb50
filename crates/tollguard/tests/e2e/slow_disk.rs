//! A slow disk under the running node: every write of the kernel takes seconds. Calls wait, emergency calls do not, an alarm
//! is raised; no call is lost or billed twice.
//!
//! strace holds up each `fdatasync` of the node; where it may not look into processes, the test passes with a remark.

use std::process::Command;
use std::time::{Duration, Instant};

use billing::Money;

use crate::support::{Child, Hosts, MailServer, Node, NodeOptions, Office, SOON, Sipp, secret, wait_until};

/// What each write takes.
const WRITE: Duration = Duration::from_secs(2);
const CALLS: usize = 3;

/// Longer than any test: the disk never answers.
const NEVER: Duration = Duration::from_secs(600);

/// Makes each write of a process take so long until it is dropped; `None` where that is not allowed.
fn slow(process: u32, write: Duration) -> Option<Child> {
    let delay = format!("inject=fdatasync,fsync:delay_enter={}", write.as_micros());
    let mut command = Command::new("strace");
    command.args(["-f", "-o", "/dev/null", "-e", "trace=fdatasync,fsync", "-e", &delay, "-p", &process.to_string()]);
    let mut strace = Child::spawn("strace", &mut command);
    let attached = || {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        status.lines().any(|line| line.starts_with("TracerPid:") && !line.ends_with("\t0"))
    };
    wait_until(SOON, "strace to attach or to end", || attached() || strace.ended().is_some());
    strace.ended().is_none().then_some(strace)
}

#[test]
fn on_a_slow_disk_calls_wait_and_none_is_lost_or_billed_twice() {
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "10").extension("101", "alice").extension("102", "bob");
    let mut node = Node::start(hosts, &NodeOptions::default(), &office);
    let limit = Duration::from_secs(90);
    let carrier = Sipp::answering("answer", hosts.sip(2), node.ip()).calls(100, 10).within(limit).start();
    let Some(mut strace) = slow(node.process_id(), WRITE) else {
        println!("strace may not look into processes here: a slow disk cannot be tried");
        return;
    };
    let ip = node.ip();
    let dial = |host: u8, name: &str, number: &str| {
        Sipp::calling("call", hosts.sip(host), ip).dial(number).login(name, &secret(name)).within(limit)
    };
    let begun = Instant::now();
    let callers: Vec<Sipp> = (10..).take(CALLS).map(|host| dial(host, "alice", "13035550123").start()).collect();
    wait_until(SOON, "the status to say that the disk is slow", || {
        let status = node.try_command(&["status"]);
        !status.status.success() && String::from_utf8_lossy(&status.stdout).contains("slow: what spends money waits")
    });
    let emergency = dial(40, "bob", "911").run();
    assert!(emergency.contains("SIP/2.0 200"), "{emergency}");
    for caller in callers {
        caller.finish();
    }
    assert!(begun.elapsed() >= 2 * WRITE, "hold and answer each wait for a write");
    node.expect_line("ALARM: the disk is slow");
    strace.terminate();
    strace.wait(SOON);
    wait_until(SOON, "the disk to be as fast as before", || node.command(&["status"]).contains("has room"));
    dial(41, "alice", "13035550124").run();
    node.stop();
    drop(carrier);
    node.serve();
    let cdrs = node.expect_cdrs(CALLS + 2);
    let paid: Vec<Money> = cdrs.iter().map(|cdr| cdr.money.charge).filter(|charge| charge.is_positive()).collect();
    assert_eq!(paid.len(), CALLS + 1, "{cdrs:#?}");
    node.check_books();
    assert!(node.command(&["audit"]).contains("everything adds up"));
    node.stop();
}

#[test]
fn administrators_are_told_by_mail_of_a_disk_that_hangs_and_of_its_end() {
    let hosts = Hosts::new();
    let server = MailServer::start((hosts.host(25), 2525).into());
    let options = NodeOptions::default().set("smtp", &server.url()).set("from", "\"Tollguard <guard@sip.test>\"");
    let office = Office::new(hosts.sip(2), "10").extension("101", "alice");
    let mut node = Node::start(hosts, &options.set("url", "\"https://portal.sip.test\""), &office);
    node.stop();
    let password = node.path("password");
    let user = ["user", "add", "ops", "--role", "admin", "--email", "ops@sip.test", "--password-file"];
    node.command(&[&user[..], &[password.to_str().unwrap()]].concat());
    node.serve();
    let Some(mut strace) = slow(node.process_id(), NEVER) else {
        println!("strace may not look into processes here: a disk that hangs cannot be tried");
        return;
    };
    let caller = Sipp::calling("call", hosts.sip(10), node.ip()).dial("13035550123").login("alice", &secret("alice"));
    let caller = caller.within(Duration::from_secs(90)).start();
    let limit = Duration::from_secs(40);
    let mail = server.expect_within(limit, "does not answer");
    assert!(mail.to.contains("ops@sip.test") && mail.text.contains("Emergency calls go through"), "{mail:?}");
    node.expect_line("ALARM: the disk has not finished a write for 10 seconds");
    strace.terminate();
    strace.wait(SOON);
    server.expect_within(limit, "takes everything again");
    caller.end();
    node.stop();
}
