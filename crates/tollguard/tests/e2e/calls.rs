//! Calls of phones, to a carrier and to each other, each with its CDR and its price.

use billing::{Cdr, Decision, Direction, HungUpBy, Money, Route};

use crate::support::{CARRIER, Hosts, Node, NodeOptions, Office, Sipp, register, secret};

/// A firm with two phones at hosts 10 and 11 and ten dollars.
fn office(hosts: Hosts) -> Office {
    Office::new(hosts.sip(2), "10").extension("101", "alice").extension("102", "bob")
}

fn node(hosts: Hosts) -> Node {
    Node::start(hosts, &NodeOptions::default(), &office(hosts))
}

/// One call of alice to a carrier; both play their scenarios to the end.
#[track_caller]
fn outside(caller: &str, carrier: &str) -> (Node, Cdr) {
    let hosts = Hosts::new();
    let node = node(hosts);
    let carrier = Sipp::answering(carrier, hosts.sip(2), node.ip()).start();
    Sipp::calling(caller, hosts.sip(10), node.ip()).dial("13035550123").login("alice", &secret("alice")).run();
    carrier.finish();
    let cdr = node.expect_cdr();
    (node, cdr)
}

#[test]
fn a_phone_calls_a_carrier() {
    let (node, cdr) = outside("call", "answer");
    assert_eq!(cdr.who.line, "101".parse().ok());
    assert_eq!(cdr.who.direction, Direction::Outbound);
    assert_eq!(cdr.who.caller, "+13035550100");
    assert_eq!(cdr.from.ip, node.hosts.host(10));
    assert_eq!((cdr.from.port, cdr.from.transport.as_str()), (5060, "UDP"));
    assert_eq!(cdr.from.user_agent, "Desk phone 5.6");
    assert_eq!((cdr.number.dialled.as_str(), cdr.number.e164), ("13035550123", "+13035550123".parse().ok()));
    assert_eq!(cdr.number.country, "US".parse().ok());
    assert_eq!(cdr.route, Some(Route::Carrier(CARRIER.parse().unwrap())));
    assert!(cdr.times.ring_ms.is_some() && cdr.times.talk_ms() >= 400, "{:?}", cdr.times);
    assert_eq!((cdr.result.sip_status, &cdr.result.hung_up_by), (200, &HungUpBy::Caller));
    assert!(!cdr.result.recovered);
    assert_eq!((cdr.verdict.decision, cdr.verdict.incident), (Decision::Allowed, None));
    // One cent a minute, six seconds at least.
    assert_eq!((cdr.money.billed_s, cdr.money.charge), (6, Money::from_micros(1_000)));
    let ledger = node.ledger();
    assert_eq!(ledger.last().unwrap().call, Some(cdr.call));
    assert_eq!(node.check_books(), Money::from_micros(9_999_000));
}

#[test]
fn the_carrier_hangs_up() {
    let (node, cdr) = outside("call_until_bye", "answer_then_bye");
    assert_eq!((cdr.result.sip_status, &cdr.result.hung_up_by), (200, &HungUpBy::Callee));
    assert_eq!(node.check_books(), Money::from_micros(9_999_000));
}

#[test]
fn the_caller_gives_up() {
    let (node, cdr) = outside("cancel", "answer_never");
    assert_eq!((cdr.result.sip_status, &cdr.result.hung_up_by), (487, &HungUpBy::Caller));
    assert!(cdr.times.ring_ms.is_some() && cdr.times.answer_ms.is_none(), "{:?}", cdr.times);
    assert_eq!(node.check_books(), Money::from_cents(1_000));
}

#[test]
fn a_busy_number() {
    let (node, cdr) = outside("call_busy", "answer_busy");
    assert_eq!((cdr.result.sip_status, &cdr.result.hung_up_by), (486, &HungUpBy::Callee));
    assert_eq!(node.check_books(), Money::from_cents(1_000));
}

#[test]
fn nobody_answers() {
    let hosts = Hosts::new();
    let node = Node::start(hosts, &NodeOptions::default().set("ring_limit_s", "5"), &office(hosts));
    let carrier = Sipp::answering("answer_never", hosts.sip(2), node.ip()).start();
    Sipp::calling("call_unanswered", hosts.sip(10), node.ip())
        .dial("13035550123")
        .login("alice", &secret("alice"))
        .run();
    carrier.finish();
    let cdr = node.expect_cdr();
    assert_eq!(cdr.result.sip_status, 480);
    assert!(matches!(cdr.result.hung_up_by, HungUpBy::Node { .. }), "{:?}", cdr.result);
    assert_eq!(node.check_books(), Money::from_cents(1_000));
}

#[test]
fn a_call_is_held_and_resumed_and_carries_dtmf() {
    let (_, cdr) = outside("call_hold", "answer_hold");
    assert_eq!((cdr.result.sip_status, &cdr.result.hung_up_by), (200, &HungUpBy::Caller));
}

#[test]
fn one_phone_calls_another() {
    let hosts = Hosts::new();
    let node = node(hosts);
    register(&node, "bob", 11);
    let bob = Sipp::answering("answer", hosts.sip(11), node.ip()).start();
    Sipp::calling("call", hosts.sip(10), node.ip()).dial("102").login("alice", &secret("alice")).run();
    let heard = bob.finish();
    assert!(heard.contains("From: <sip:101@"), "{heard}");
    let cdr = node.expect_cdr();
    assert_eq!((cdr.who.direction, cdr.money.charge), (Direction::Internal, Money::ZERO));
    assert_eq!(cdr.route, Some(Route::Line("102".parse().unwrap())));
    assert_eq!(node.check_books(), Money::from_cents(1_000));
}
