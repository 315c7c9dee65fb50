//! A full disk under the running node: new calls that cost money are refused with a clear reason, a call that runs goes
//! on, emergency calls go through, an alarm is raised; with room again everything is as before, and the books are whole.
//!
//! The data directory lies on a small file system of its own, which only root may mount; others see the test pass with a
//! remark.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::support::{Hosts, Node, NodeOptions, Office, SOON, Sipp, let_pass, secret, wait_until};

/// The size of the file system: room for the empty tables and little more.
const SIZE: &str = "size=16m";
const SIZE_BYTES: usize = 16 << 20;
/// Beyond a lease of 30 seconds: the call lives on one that was given while the disk was full.
const LONGER_THAN_A_LEASE: Duration = Duration::from_secs(36);

/// A small file system, unmounted at the end.
struct Mounted<'a>(&'a Path);

impl<'a> Mounted<'a> {
    fn over(path: &'a Path) -> Option<Self> {
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", SIZE, "tmpfs"]).arg(path).output();
        mount.is_ok_and(|mount| mount.status.success()).then_some(Self(path))
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        // Lazily: the node may still be ending.
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

/// Fills the disk to its last byte.
fn fill(path: &Path) {
    let mut file = File::create(path.join("filler")).unwrap();
    for size in [4 << 10, 1] {
        // Never more than the small file system holds, should this not be it.
        let mut left = SIZE_BYTES / size;
        while left > 0 && file.write_all(&vec![0; size]).is_ok() {
            left -= 1;
        }
    }
}

#[test]
fn a_full_disk_refuses_what_costs_money_and_ends_no_call() {
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "10").extension("101", "alice").extension("102", "bob");
    // Nobody speaks, and silence would not be charged.
    let options = NodeOptions::default().set("silence_s", "600").set("drain_s", "1");
    let mut node = Node::start(hosts, &options, &office);
    node.stop();
    let (data, kept) = (node.path("data"), node.path("kept"));
    std::fs::rename(&data, &kept).unwrap();
    std::fs::create_dir(&data).unwrap();
    let Some(_mounted) = Mounted::over(&data) else {
        println!("not root: a full disk cannot be tried here");
        return;
    };
    assert!(Command::new("cp").arg("-a").arg(kept.join(".")).arg(&data).status().unwrap().success());
    node.serve();
    let limit = Duration::from_secs(90);
    let carrier = Sipp::answering("answer", hosts.sip(2), node.ip()).calls(100, 1).within(limit).start();
    let talker = Sipp::calling("call_until_bye", hosts.sip(10), node.ip()).dial("13035550123");
    let talker = talker.login("alice", &secret("alice")).within(limit).start();
    wait_until(SOON, "the call to be held for", || node.account().held.is_positive());
    fill(&data);
    // The first attempt meets the full disk, and its caller hears nothing; from then on callers hear why.
    let ip = node.ip();
    let dial = |host: u8, number: &str| {
        let caller = Sipp::calling("call", hosts.sip(host), ip).dial(number).login("bob", &secret("bob"));
        caller.within(Duration::from_secs(4))
    };
    let first = dial(11, "13035550124").start();
    let is_refused = |answer: &crate::support::Traced| {
        answer.is("SIP/2.0 503") && answer.text.contains("the disk of this node is full")
    };
    let mut host = 12;
    wait_until(SOON, "a call to be refused with its reason", || {
        host += 1;
        dial(host, "13035550125").start().end().iter().any(is_refused)
    });
    first.end();
    node.expect_line("ALARM: the disk is full");
    let status = node.try_command(&["status"]);
    assert!(!status.status.success() && String::from_utf8_lossy(&status.stdout).contains("full"), "{status:?}");
    let emergency = dial(40, "911").within(limit).run();
    assert!(emergency.contains("SIP/2.0 200"), "{emergency}");
    let_pass(LONGER_THAN_A_LEASE);
    assert!(!talker.trace().iter().any(|message| message.is("BYE ")), "the running call was ended");
    std::fs::remove_file(data.join("filler")).unwrap();
    node.expect_line("the disk has room again");
    assert!(node.command(&["status"]).contains("has room"));
    dial(41, "13035550126").within(limit).run();
    node.stop();
    talker.finish();
    drop(carrier);
    node.serve();
    node.check_books();
    let cdrs = node.cdrs();
    assert!(cdrs.iter().any(|cdr| cdr.result.sip_status == 503 && cdr.result.reason.contains("disk")), "{cdrs:#?}");
    assert!(cdrs.iter().any(|cdr| cdr.times.talk_ms() > 36_000 && cdr.money.billed_s > 36), "{cdrs:#?}");
    node.stop();
}
