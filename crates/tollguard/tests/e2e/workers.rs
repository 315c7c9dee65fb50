//! Several workers in the real binary: calls from many ports are spread over all of them; a node that was killed comes
//! back with another number of them.

use std::collections::BTreeSet;

use billing::{Cdr, Money};
use node::{Command, CommandReply};

use crate::support::{Hosts, Node, NodeOptions, Office, SOON, Sipp, Traced, secret, wait_until};

const CALLS: u32 = 60;

fn start(workers: usize) -> (Node, Hosts) {
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "20").extension("101", "alice");
    let options = NodeOptions::default().set("workers", &workers.to_string());
    (Node::start(hosts, &options, &office), hosts)
}

/// The workers that had these calls: their number is in the call's.
fn workers_of(cdrs: &[Cdr]) -> BTreeSet<usize> {
    cdrs.iter().map(|cdr| edge::worker_of_call(cdr.call)).collect()
}

fn all_workers_carry_calls(workers: usize) {
    let (mut node, hosts) = start(workers);
    let carrier = Sipp::answering("answer", hosts.sip(2), node.ip()).calls(CALLS, 20).start();
    let phones = Sipp::calling("call", hosts.sip(10), node.ip()).dial("13035550123").calls(CALLS, 20);
    phones.login("alice", &secret("alice")).of_many_ports().run();
    carrier.finish();
    let cdrs = node.expect_cdrs(CALLS as usize);
    assert!(cdrs.iter().all(|cdr| cdr.result.sip_status == 200 && cdr.times.answer_ms.is_some()), "{cdrs:#?}");
    assert_eq!(workers_of(&cdrs), (0..workers).collect());
    node.check_books();
    node.stop();
    node.reconfigure("workers", "1");
    node.serve();
    assert_eq!(node.cdrs(), cdrs, "a restart with one worker changes nothing");
    node.check_books();
}

#[test]
fn two_workers_carry_calls() {
    all_workers_carry_calls(2);
}

#[test]
fn four_workers_carry_calls() {
    all_workers_carry_calls(4);
}

/// Kills the node in the rush and starts it again with another number of workers.
fn killed(before: usize, after: usize) {
    let (mut node, hosts) = start(before);
    let carrier = Sipp::answering("answer", hosts.sip(2), node.ip()).calls(10_000, 1).start();
    let phones = Sipp::calling("call", hosts.sip(10), node.ip()).dial("13035550123").calls(CALLS, 20);
    let phones = phones.login("alice", &secret("alice")).of_many_ports().start();
    let called = |sipp: &Sipp| sipp.trace().iter().filter(|message| !message.sent && message.is("INVITE ")).count();
    wait_until(SOON, "the carrier to be called", || called(&carrier) >= 25);
    node.kill();
    node.reconfigure("workers", &after.to_string());
    node.serve();
    phones.end();
    wait_until(SOON, "the calls to end", || {
        let CommandReply::Calls(calls) = node.ask(&Command::Calls { account: None }) else {
            panic!("no list of calls")
        };
        calls.is_empty() && node.account().held == Money::ZERO
    });
    let answered = |message: &Traced| message.sent && message.is("SIP/2.0 200") && message.text.contains(" INVITE\r\n");
    let hung_up = |message: &Traced| !message.sent && message.is("BYE ");
    wait_until(SOON, "every leg to be hung up", || {
        let trace = carrier.trace();
        let ids = |which: &dyn Fn(&Traced) -> bool| -> BTreeSet<String> {
            trace.iter().filter(|message| which(message)).map(|message| message.call_id().to_owned()).collect()
        };
        ids(&answered).is_subset(&ids(&hung_up))
    });
    let cdrs = node.cdrs();
    let numbers: BTreeSet<_> = cdrs.iter().map(|cdr| cdr.call).collect();
    assert_eq!(numbers.len(), cdrs.len(), "one CDR for each call");
    assert!(cdrs.iter().any(|cdr| cdr.result.recovered), "no call was under way: it proves nothing");
    let unpaid = cdrs.iter().find(|cdr| cdr.times.answer_ms.is_some() && cdr.money.charge == Money::ZERO);
    assert_eq!(unpaid, None, "an answered call is never unbilled");
    assert!(workers_of(&cdrs).len() > 1, "several workers had calls");
    node.check_books();
}

#[test]
fn killed_with_two_workers_and_back_with_four() {
    killed(2, 4);
}

#[test]
fn killed_with_four_workers_and_back_with_one() {
    killed(4, 1);
}
