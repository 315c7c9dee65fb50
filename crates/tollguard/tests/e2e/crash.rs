//! `kill -9` during calls: after the restart both legs are hung up, and books and CDRs are whole (invariants 1 and 2).

use std::collections::BTreeSet;

use billing::{HungUpBy, Money};
use node::{Command, CommandReply};

use crate::support::{Hosts, Node, NodeOptions, Office, SOON, Sipp, Traced, secret, wait_until, wait_without};

fn office(hosts: Hosts) -> Office {
    Office::new(hosts.sip(2), "10").extension("101", "alice")
}

/// How many calls run, and how many of them talk.
fn running(node: &Node) -> (usize, usize) {
    let CommandReply::Calls(calls) = node.ask(&Command::Calls { account: None }) else { panic!("no list of calls") };
    (calls.len(), calls.iter().filter(|call| call.answer_ms.is_some()).count())
}

#[test]
fn talking_calls_are_hung_up_after_a_crash() {
    const CALLS: usize = 5;
    let hosts = Hosts::new();
    let mut node = Node::start(hosts, &NodeOptions::default(), &office(hosts));
    let carrier = Sipp::answering("answer", hosts.sip(2), node.ip()).calls(5, 10).start();
    let phones = Sipp::calling("call_until_bye", hosts.sip(10), node.ip()).dial("13035550123").calls(5, 10);
    let phones = phones.login("alice", &secret("alice")).start();
    let acked = |message: &Traced| message.sent && message.is("ACK ") && message.text.contains("CSeq: 2 ");
    wait_until(SOON, "five calls to talk", || call_ids(&phones.trace(), acked).len() == CALLS);
    assert_eq!(running(&node), (CALLS, CALLS));
    wait_until(SOON, "the tables to show what is held", || node.account().held > Money::ZERO);
    node.kill();
    node.serve();
    // Both end only when each of their calls got its BYE.
    phones.finish();
    carrier.finish();
    let cdrs = node.expect_cdrs(CALLS);
    for cdr in &cdrs {
        assert!(cdr.result.recovered, "{cdr:?}");
        assert_eq!(cdr.result.hung_up_by, HungUpBy::Node { why: "the node restarted during the call".into() });
        assert!(cdr.times.answer_ms.is_some() && cdr.money.charge > Money::ZERO, "{cdr:?}");
    }
    node.check_books();
    node.stop();
    assert_eq!(node.cdrs(), cdrs, "an orderly restart changes nothing");
    node.serve();
    assert_eq!(node.cdrs(), cdrs);
}

#[test]
fn a_crash_while_the_first_call_is_set_up() {
    crash_at(1);
}

#[test]
fn a_crash_while_calls_come_and_go() {
    crash_at(12);
}

#[test]
fn a_crash_late_in_the_rush() {
    crash_at(30);
}

/// Kills the node as soon as the carrier has seen `invites` INVITEs of 40 calls, 20 a second.
#[track_caller]
fn crash_at(invites: usize) {
    const CALLS: u32 = 40;
    let hosts = Hosts::new();
    let mut node = Node::start(hosts, &NodeOptions::default(), &office(hosts));
    let carrier = Sipp::answering("answer", hosts.sip(2), node.ip()).calls(10_000, 1).start();
    let phones = Sipp::calling("call", hosts.sip(10), node.ip()).dial("13035550123").calls(CALLS, 20);
    let phones = phones.login("alice", &secret("alice")).start();
    let seen = |sipp: &Sipp| call_ids(&sipp.trace(), |message| !message.sent && message.is("INVITE "));
    wait_until(SOON, "the carrier to be called", || seen(&carrier).len() >= invites);
    node.kill();
    node.serve();
    // Calls that were being set up at the crash fail; the later ones go through.
    let phones = phones.end();
    wait_until(SOON, "the calls to end", || running(&node) == (0, 0) && node.account().held == Money::ZERO);
    let answered = |message: &Traced| message.sent && message.is("SIP/2.0 200") && message.text.contains(" INVITE\r\n");
    let hung_up = |message: &Traced| !message.sent && message.is("BYE ");
    wait_without(SOON, || {
        let trace = carrier.trace();
        let talking = &call_ids(&trace, answered) - &call_ids(&trace, hung_up);
        let of_talking = trace.iter().filter(|message| talking.contains(message.call_id()));
        of_talking.map(|message| format!("a leg without BYE: {message:?}")).collect()
    });
    let tried =
        call_ids(&phones, |message| message.sent && message.is("INVITE ") && message.text.contains("\nAuthorization:"));
    let (cdrs, carried) = (node.cdrs(), seen(&carrier));
    assert!(carried.len() <= cdrs.len(), "{} calls at the carrier, {} CDRs", carried.len(), cdrs.len());
    assert!(cdrs.len() <= tried.len(), "{} calls tried, {} CDRs", tried.len(), cdrs.len());
    assert!(cdrs.iter().any(|cdr| cdr.result.recovered), "no call was under way at the crash: it proves nothing");
    let unpaid = cdrs.iter().find(|cdr| cdr.times.answer_ms.is_some() && cdr.money.charge == Money::ZERO);
    assert_eq!(unpaid, None, "an answered call is never unbilled");
    node.check_books();
}

fn call_ids(trace: &[Traced], which: impl Fn(&Traced) -> bool) -> BTreeSet<String> {
    trace.iter().filter(|message| which(message)).map(|message| message.call_id().to_owned()).collect()
}
