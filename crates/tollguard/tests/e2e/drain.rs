//! SIGTERM: no new calls, running ones may finish, and what is left at the end of the set time is ended and settled.

use billing::{HungUpBy, Money};

use crate::support::{Baresip, Hosts, Node, NodeOptions, Office, SOON, Sipp, WildPbx, secret, wait_until};

/// A call to nobody: 484 before the drain.
fn invite(number: u32) -> String {
    format!(
        "INVITE sip:somebody@node SIP/2.0\r\nVia: SIP/2.0/UDP pbx;branch=z9hG4bKdrain{number}\r\nMax-Forwards: 70\r\n\
         From: <sip:1@pbx>;tag=1\r\nTo: <sip:somebody@node>\r\nCall-ID: drain-{number}\r\nCSeq: 1 INVITE\r\n\
         Contact: <sip:1@pbx>\r\n\r\n"
    )
}

#[test]
fn a_call_may_finish_while_new_ones_are_refused() {
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "10").extension("101", "alice").extension("102", "bob");
    let mut node = Node::start(hosts, &NodeOptions::default(), &office.trunk_at("pbx", hosts.host(20)));
    let mut alice = Baresip::start(&node, "alice", 10, 440, "");
    let mut bob = Baresip::start(&node, "bob", 11, 1_000, ";answermode=auto");
    alice.tell("dial", "sip:102@sip.test");
    alice.expect_event("CALL_ESTABLISHED");
    bob.expect_event("CALL_ESTABLISHED");
    node.terminate();
    node.expect_line("SIGTERM: no new calls");
    let (mut pbx, mut tries) = (WildPbx::new(hosts), 0);
    wait_until(SOON, "new calls to be refused", || {
        tries += 1;
        let answers = pbx.before_probe(&[invite(tries).as_bytes()]);
        answers.iter().for_each(|answer| pbx.acknowledge(answer));
        answers.iter().any(|answer| answer.status() == Some(503) && answer.header(sip::Name::RetryAfter).is_some())
    });
    alice.expect_tone(1_000, 440);
    alice.tell("hangup", "");
    bob.expect_event("CALL_CLOSED");
    node.expect_end();
    let cdrs = node.cdrs();
    let talked = cdrs.iter().find(|cdr| cdr.result.hung_up_by == HungUpBy::Caller && cdr.times.answer_ms.is_some());
    assert!(talked.is_some_and(|cdr| cdr.result.sip_status == 200), "{cdrs:#?}");
}

#[test]
fn what_is_left_at_the_end_of_the_time_is_ended_and_settled() {
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "10").extension("101", "alice");
    let mut node = Node::start(hosts, &NodeOptions::default().set("drain_s", "1"), &office);
    let carrier = Sipp::answering("answer", hosts.sip(2), node.ip()).start();
    let phone = Sipp::calling("call_until_bye", hosts.sip(10), node.ip()).dial("13035550123");
    let phone = phone.login("alice", &secret("alice")).start();
    wait_until(SOON, "the call to talk", || {
        phone.trace().iter().any(|message| message.sent && message.is("ACK ") && message.text.contains("CSeq: 2 "))
    });
    node.terminate();
    // Both end only when they got their BYE.
    phone.finish();
    carrier.finish();
    node.expect_end();
    let cdrs = node.cdrs();
    assert_eq!(cdrs.len(), 1);
    assert_eq!(cdrs[0].result.hung_up_by, HungUpBy::Node { why: "the node was shut down".into() });
    assert!(cdrs[0].money.charge > Money::ZERO);
    node.check_books();
}
