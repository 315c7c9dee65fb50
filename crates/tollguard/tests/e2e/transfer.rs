//! Transfers by real telephones (RFC 3515, RFC 5589): each leg is a call of its own, paid and permitted as one of the line
//! that transfers.

use billing::{Cdr, Decision, Direction, Money, Route};

use crate::support::{Baresip, CARRIER, Hosts, Node, NodeOptions, Office, Pjsua2, SOON, Sipp};

const ALICE_HZ: u16 = 440;
const BOB_HZ: u16 = 1_000;
const CAROL_HZ: u16 = 700;

/// A node of two workers with three extensions; bob's may not call abroad.
fn office() -> Node {
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "10").extension("101", "alice").extension("103", "carol");
    let office = office.extension("102", "bob").home_only();
    Node::start(hosts, &NodeOptions::default().set("workers", "2"), &office)
}

/// Alice has called bob, whose phone answers by itself.
fn alice_calls_bob(node: &Node) -> (Baresip, Baresip) {
    let mut alice = Baresip::start(node, "alice", 10, ALICE_HZ, "");
    let mut bob = Baresip::start(node, "bob", 11, BOB_HZ, ";answermode=auto");
    alice.tell("dial", "sip:102@sip.test");
    bob.expect_event("CALL_ESTABLISHED");
    alice.expect_tone(BOB_HZ, ALICE_HZ);
    (alice, bob)
}

fn who(cdr: &Cdr) -> (Option<&str>, u16) {
    (cdr.who.line.as_ref().map(billing::LineId::as_str), cdr.result.sip_status)
}

#[test]
fn baresip_transfers_its_caller_to_a_colleague() {
    let node = office();
    let (mut alice, mut bob) = alice_calls_bob(&node);
    let mut carol = Baresip::start(&node, "carol", 12, CAROL_HZ, ";answermode=auto");
    bob.tell("transfer", "sip:103@sip.test");
    carol.expect_event("CALL_ESTABLISHED");
    bob.expect_event("CALL_CLOSED");
    carol.expect_tone(ALICE_HZ, CAROL_HZ);
    alice.expect_tone(CAROL_HZ, BOB_HZ);
    alice.tell("hangup", "");
    carol.expect_event("CALL_CLOSED");
    let cdrs = node.expect_cdrs(2);
    let placed = cdrs.iter().find(|cdr| cdr.who.line == "102".parse().ok()).expect("a call of bob's line");
    assert_eq!(
        (placed.number.dialled.as_str(), placed.route.clone()),
        ("103", Some(Route::Line("103".parse().unwrap())))
    );
    assert_eq!(placed.from.ip, node.hosts.host(11), "it comes from the phone that transferred");
    let first = cdrs.iter().find(|cdr| cdr.who.line == "101".parse().ok()).expect("alice's call");
    assert!(first.times.end_ms.abs_diff(placed.times.end_ms) < 1_000, "both end together");
    assert_eq!((who(first).1, who(placed).1), (200, 200));
}

#[test]
fn what_a_phone_transfers_outside_its_line_pays() {
    let node = office();
    let (mut alice, mut bob) = alice_calls_bob(&node);
    let carrier = Sipp::answering("answer_transferred", node.hosts.sip(2), node.ip()).start();
    bob.tell("transfer", "sip:913035550123@sip.test");
    bob.expect_event("CALL_CLOSED");
    // The answer to the offer that she was asked for.
    alice.child.expect_line("CSeq: 1 ACK", SOON);
    alice.tell("hangup", "");
    let seen = carrier.finish();
    assert!(
        !seen.contains(&node.hosts.host(10).to_string()) && !seen.contains(&node.hosts.host(11).to_string()),
        "{seen}"
    );
    let cdrs = node.expect_cdrs(2);
    let outside = cdrs.iter().find(|cdr| cdr.who.direction == Direction::Outbound).expect("a call to the carrier");
    assert_eq!(who(outside), (Some("102"), 200));
    assert_eq!(outside.route, Some(Route::Carrier(CARRIER.parse().unwrap())));
    assert!(outside.money.charge > Money::ZERO);
    node.check_books();
}

#[test]
fn a_phone_cannot_transfer_to_what_its_line_may_not_call() {
    let node = office();
    let (_alice, mut bob) = alice_calls_bob(&node);
    bob.tell("transfer", "sip:9011355691234567@sip.test");
    bob.child.expect_line("SIP/2.0 403 Forbidden", SOON);
    bob.child.expect_line("line 102 is not allowed to call Albania", SOON);
    // The call could go on, but baresip hangs up where a transfer fails.
    let cdrs = node.expect_cdrs(2);
    let refused = cdrs.iter().find(|cdr| cdr.verdict.decision == Decision::Refused).expect("a refused call");
    assert_eq!(who(refused), (Some("102"), 403));
    assert_eq!(node.check_books(), Money::from_cents(1_000));
}

/// RFC 5589 section 7: whoever the transferor has asked is connected with whom it has put on hold, whichever workers have
/// the two calls.
#[test]
fn pjsua2_asks_first_and_then_connects() {
    let node = office();
    let mut alice = Baresip::start(&node, "alice", 10, ALICE_HZ, ";answermode=auto");
    let carol = Baresip::start(&node, "carol", 12, CAROL_HZ, ";answermode=auto");
    let mut bob = Pjsua2::start(&node, "bob", 11, BOB_HZ, false);
    for round in 1..=3 {
        bob.tell("call sip:101@sip.test");
        bob.expect("phone: confirmed");
        // Her recording is of her first call.
        if round == 1 {
            alice.expect_tone(BOB_HZ, ALICE_HZ);
        }
        bob.tell("call sip:103@sip.test");
        bob.expect("phone: confirmed");
        if round == 1 {
            carol.expect_tone(BOB_HZ, CAROL_HZ);
        }
        bob.tell("connect");
        bob.expect("phone: transfer 200");
        bob.expect("phone: idle");
        if round == 1 {
            carol.expect_tone(ALICE_HZ, BOB_HZ);
            alice.expect_tone(CAROL_HZ, BOB_HZ);
        }
        alice.tell("hangup", "");
        let cdrs = node.expect_cdrs(2 * round);
        assert!(cdrs.iter().all(|cdr| who(cdr) == (Some("102"), 200)), "{cdrs:?}");
    }
}

/// RFC 5589 section 7.6: he does not wait until she answers.
#[test]
fn pjsua2_connects_while_it_still_rings() {
    let node = office();
    let alice = Baresip::start(&node, "alice", 10, ALICE_HZ, ";answermode=auto");
    let mut carol = Baresip::start(&node, "carol", 12, CAROL_HZ, "");
    let mut bob = Pjsua2::start(&node, "bob", 11, BOB_HZ, false);
    bob.tell("call sip:101@sip.test");
    bob.expect("phone: confirmed");
    alice.expect_tone(BOB_HZ, ALICE_HZ);
    bob.tell("call sip:103@sip.test");
    carol.expect_event("CALL_INCOMING");
    bob.expect("phone: ringing");
    bob.tell("connect");
    bob.expect("SIP/2.0 180 Ringing");
    carol.tell("accept", "");
    carol.expect_event("CALL_ESTABLISHED");
    bob.expect("phone: transfer 200");
    bob.expect("phone: idle");
    carol.expect_tone(ALICE_HZ, BOB_HZ);
    alice.expect_tone(CAROL_HZ, BOB_HZ);
    carol.tell("hangup", "");
    let cdrs = node.expect_cdrs(2);
    assert!(cdrs.iter().all(|cdr| who(cdr) == (Some("102"), 200)), "{cdrs:?}");
}
