//! Two real telephones with voice through the relay, with the configuration as it comes (SHA-256 among it).

use billing::Direction;

use crate::support::{Baresip, Hosts, Node, NodeOptions, Office};

const ALICE_HZ: u16 = 440;
const BOB_HZ: u16 = 1_000;

/// Two phones in a call; bob answers by himself.
fn in_a_call() -> (Node, Baresip, Baresip) {
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "10").extension("101", "alice").extension("102", "bob");
    let node = Node::start(hosts, &NodeOptions::default(), &office);
    let mut alice = Baresip::start(&node, "alice", 10, ALICE_HZ, "");
    let mut bob = Baresip::start(&node, "bob", 11, BOB_HZ, ";answermode=auto");
    alice.tell("dial", "sip:102@sip.test");
    alice.expect_event("CALL_ESTABLISHED");
    bob.expect_event("CALL_ESTABLISHED");
    (node, alice, bob)
}

#[test]
fn two_phones_hear_each_other() {
    let (node, mut alice, mut bob) = in_a_call();
    alice.expect_tone(BOB_HZ, ALICE_HZ);
    bob.expect_tone(ALICE_HZ, BOB_HZ);
    alice.tell("hangup", "");
    bob.expect_event("CALL_CLOSED");
    let cdr = node.expect_cdr();
    assert_eq!((cdr.result.sip_status, cdr.who.direction), (200, Direction::Internal));
    assert!(cdr.from.user_agent.contains("baresip"), "{:?}", cdr.from);
    assert!(cdr.times.talk_ms() >= 1_000, "{:?}", cdr.times);
}

#[test]
fn two_phones_over_tcp_hear_each_other() {
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "10").extension("101", "alice").extension("102", "bob");
    let node = Node::start(hosts, &NodeOptions::default(), &office);
    let mut alice = Baresip::start_over("tcp", &node, "alice", 10, ALICE_HZ, "");
    let mut bob = Baresip::start_over("tcp", &node, "bob", 11, BOB_HZ, ";answermode=auto");
    alice.tell("dial", "sip:102@sip.test");
    alice.expect_event("CALL_ESTABLISHED");
    alice.expect_tone(BOB_HZ, ALICE_HZ);
    bob.expect_tone(ALICE_HZ, BOB_HZ);
    bob.tell("hangup", "");
    alice.expect_event("CALL_CLOSED");
    let cdr = node.expect_cdr();
    assert_eq!((cdr.result.sip_status, cdr.from.transport.as_str()), (200, "TCP"));
}

#[test]
fn a_phone_holds_and_resumes() {
    let (node, mut alice, mut bob) = in_a_call();
    bob.expect_tone(ALICE_HZ, BOB_HZ);
    alice.tell("hold", "");
    bob.child.expect_line("a=sendonly", crate::support::SOON);
    alice.tell("resume", "");
    bob.child.expect_line("a=sendrecv", crate::support::SOON);
    bob.expect_tone(ALICE_HZ, BOB_HZ);
    alice.expect_tone(BOB_HZ, ALICE_HZ);
    bob.tell("hangup", "");
    alice.expect_event("CALL_CLOSED");
    assert_eq!(node.expect_cdr().result.sip_status, 200);
}
