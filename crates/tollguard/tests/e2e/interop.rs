//! Other people's telephones and servers at both ends of a call.

use billing::{Direction, Money};

use std::net::Ipv4Addr;

use node::{Command, CommandReply};

use crate::support::{
    Baresip, Hosts, Kamailio, Linphone, Node, NodeOptions, Office, Pjsua2, SOON, Sipp, enter_own_network, wait_until,
};

const ALICE_HZ: u16 = 440;
const BOB_HZ: u16 = 1_000;

fn two_phones() -> Node {
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "10").extension("101", "alice").extension("102", "bob");
    Node::start(hosts, &NodeOptions::default(), &office)
}

/// RFC 3262 on both legs and RFC 4028: pjsua2 demands reliable ringing as caller and as callee, and a timer.
#[test]
fn pjsua2_rings_reliably_refreshes_and_is_heard() {
    let node = two_phones();
    let mut alice = Pjsua2::start(&node, "alice", 10, ALICE_HZ, false);
    let mut bob = Pjsua2::start(&node, "bob", 11, BOB_HZ, true);
    alice.tell("call sip:102@sip.test");
    bob.expect("PRACK sip:");
    alice.expect("phone: confirmed");
    bob.expect("phone: confirmed");
    alice.expect_tone(BOB_HZ, ALICE_HZ);
    bob.expect_tone(ALICE_HZ, BOB_HZ);
    alice.tell("hold");
    bob.expect("a=sendonly");
    alice.tell("resume");
    bob.expect("a=sendrecv");
    bob.expect_tone(ALICE_HZ, BOB_HZ);
    bob.tell("hangup");
    alice.expect("phone: disconnected 200");
    let cdr = node.expect_cdr();
    assert_eq!((cdr.result.sip_status, cdr.who.direction), (200, Direction::Internal));
}

/// A firm's PBX and a carrier's border that both put themselves into the route of every call (RFC 3261 section 16.12): each
/// request within the call takes that way, from either side, and nobody sees past the node.
#[test]
fn calls_go_through_kamailio_on_both_sides() {
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "10").asked_every(10).trunk_at("pbx", hosts.host(20));
    let office = office.did("+13035550100", &["pbx"]);
    let node = Node::start(hosts, &NodeOptions::default(), &office);
    let _pbx = Kamailio::between(hosts.host(20), hosts.host(21), node.ip());
    let _border = Kamailio::between(hosts.host(2), hosts.host(3), node.ip());
    wait_until(SOON, "the carrier to say that it is there", || {
        let CommandReply::Carriers(carriers) = node.ask(&Command::Carriers) else { return false };
        carriers.iter().any(|(_, up, text)| *up && text == "answers")
    });
    // From a phone behind the PBX to somebody behind the carrier, who hangs up.
    let outside = Sipp::answering("answer_then_bye", hosts.sip(3), hosts.host(2)).start();
    Sipp::calling("inbound_until_bye", hosts.sip(21), hosts.host(20)).dial("+13035550123").login("101", "").run();
    let seen = outside.finish();
    assert!(!seen.contains(&hosts.host(21).to_string()) && !seen.contains(&hosts.host(20).to_string()), "{seen}");
    // From outside to the phone behind the PBX; the caller hangs up.
    let phone = Sipp::answering("answer", hosts.sip(21), hosts.host(20)).start();
    Sipp::calling("inbound", hosts.sip(3), hosts.host(2)).dial("+13035550100").login("+13035550142", "").run();
    let seen = phone.finish();
    assert!(seen.contains("+13035550142") && !seen.contains(&hosts.host(3).to_string()), "{seen}");
    let cdrs = node.expect_cdrs(2);
    let told: Vec<_> = cdrs.iter().map(|cdr| (cdr.who.direction, cdr.result.sip_status)).collect();
    assert_eq!(told, [(Direction::Outbound, 200), (Direction::Inbound, 200)]);
    assert_eq!(node.check_books(), Money::from_micros(9_999_000));
}

#[test]
fn linphone_calls_and_is_heard() {
    let address = Ipv4Addr::new(10, 99, 0, 10);
    enter_own_network(address);
    let node = two_phones();
    let mut bob = Baresip::start(&node, "bob", 11, BOB_HZ, ";answermode=auto");
    let mut alice = Linphone::start(&node, "101", "alice", address, ALICE_HZ);
    alice.tell("call sip:102@sip.test");
    bob.expect_event("CALL_ESTABLISHED");
    bob.expect_tone(ALICE_HZ, BOB_HZ);
    alice.expect_tone(BOB_HZ, ALICE_HZ);
    alice.tell("terminate");
    bob.expect_event("CALL_CLOSED");
    let cdr = node.expect_cdr();
    assert_eq!((cdr.result.sip_status, cdr.who.direction), (200, Direction::Internal));
}
