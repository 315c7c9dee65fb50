//! Calls that are not let through, each with its SIP status and its sentence, and those that nothing may stop.

use billing::{Decision, Money, Route};

use crate::support::{CARRIER, Hosts, Node, NodeOptions, Office, Sipp, secret};

/// Calls `number` as alice and checks what the phone and the CDR are told.
#[track_caller]
fn refused(paid_in: &'static str, number: &str, status: u16, text: &str) {
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), paid_in).extension("101", "alice").home_only().extension("102", "bob");
    let node = Node::start(hosts, &NodeOptions::default(), &office);
    let heard =
        Sipp::calling("call_refused", hosts.sip(10), node.ip()).dial(number).login("alice", &secret("alice")).run();
    assert!(heard.contains(&format!("SIP/2.0 {status} ")), "{status} is not among\n{heard}");
    assert!(heard.contains(text), "`{text}` is not among\n{heard}");
    let cdr = node.expect_cdr();
    assert_eq!((cdr.result.sip_status, cdr.verdict.decision), (status, Decision::Refused));
    assert!(cdr.verdict.reasons.iter().any(|reason| reason.contains(text)), "{:?}", cdr.verdict);
    assert_eq!(cdr.money.charge, Money::ZERO);
    node.check_books();
}

#[test]
fn international_calls_of_a_line_that_may_not() {
    let text = "line 101 is not allowed to call Albania";
    refused("10", "011355691234567", 403, text);
}

#[test]
fn no_credit() {
    refused("0.0009", "13035550123", 402, "the free balance of $0.0009 does not cover this call");
}

#[test]
fn no_such_extension() {
    refused("10", "177", 404, "there is no extension 177");
}

#[test]
fn nobody_registered() {
    refused("10", "102", 480, "no phone is registered for 102");
}

#[test]
fn not_a_number() {
    refused("10", "12x34", 484, "what was dialled is not a number");
}

#[test]
fn an_emergency_call_needs_no_credit() {
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "0").extension("101", "alice").home_only();
    let node = Node::start(hosts, &NodeOptions::default(), &office);
    let carrier = Sipp::answering("answer", hosts.sip(2), node.ip()).start();
    Sipp::calling("call", hosts.sip(10), node.ip()).dial("911").login("alice", &secret("alice")).run();
    let heard = carrier.finish();
    assert!(heard.contains("INVITE sip:911@"), "{heard}");
    let cdr = node.expect_cdr();
    assert_eq!((cdr.result.sip_status, cdr.money.charge), (200, Money::ZERO));
    assert_eq!(cdr.route, Some(Route::Carrier(CARRIER.parse().unwrap())));
    assert_eq!(node.check_books(), Money::ZERO);
}
