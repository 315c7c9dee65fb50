//! A phone that redirects its calls (302): each is a call of its own line, paid and permitted as one.

use billing::{Decision, Direction, Money, Route};

use crate::support::{CARRIER, Hosts, Node, NodeOptions, Office, Sipp, register, secret};

/// A node where bob's phone sends whoever calls him to `number`.
fn forwarding(number: &str, home_only: bool) -> (Node, Sipp) {
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "10").extension("101", "alice").extension("102", "bob");
    let office = if home_only { office.home_only() } else { office };
    let node = Node::start(hosts, &NodeOptions::default(), &office);
    register(&node, "bob", 11);
    let bob = Sipp::answering("answer_elsewhere", hosts.sip(11), node.ip()).dial(number).start();
    (node, bob)
}

/// Alice calls bob.
fn call_bob(node: &Node, scenario: &str) {
    Sipp::calling(scenario, node.hosts.sip(10), node.ip()).dial("102").login("alice", &secret("alice")).run();
}

#[test]
fn a_phone_redirects_to_a_number_outside() {
    let (node, bob) = forwarding("13035550123", false);
    let carrier = Sipp::answering("answer", node.hosts.sip(2), node.ip()).start();
    call_bob(&node, "call");
    bob.finish();
    carrier.finish();
    let cdrs = node.expect_cdrs(2);
    let (first, second) = (&cdrs[0], &cdrs[1]);
    assert_eq!((first.who.line.clone(), first.result.sip_status), ("101".parse().ok(), 302));
    assert_eq!((first.who.direction, first.money.charge), (Direction::Internal, Money::ZERO));
    assert_eq!((second.who.line.clone(), second.result.sip_status), ("102".parse().ok(), 200));
    assert_eq!(second.route, Some(Route::Carrier(CARRIER.parse().unwrap())));
    assert_eq!(second.from.ip, node.hosts.host(11), "it comes from the phone that redirected");
    assert!(second.money.charge > Money::ZERO);
    node.check_books();
}

#[test]
fn a_phone_cannot_redirect_to_what_its_line_may_not_call() {
    let (node, bob) = forwarding("011355691234567", true);
    call_bob(&node, "call_refused");
    bob.finish();
    let cdrs = node.expect_cdrs(2);
    assert_eq!((cdrs[1].who.line.clone(), cdrs[1].result.sip_status), ("102".parse().ok(), 403));
    assert_eq!(cdrs[1].verdict.decision, Decision::Refused);
    assert!(cdrs[1].verdict.reasons.iter().any(|reason| reason.contains("line 102 is not allowed to call Albania")));
    assert_eq!(node.check_books(), Money::from_cents(1_000));
}
