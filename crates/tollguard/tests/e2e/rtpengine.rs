//! Voice through rtpengine in place of the built-in relay.

use billing::{HungUpBy, Route};

use crate::support::{Baresip, Hosts, Node, NodeOptions, Office, Rtpengine, SOON, wait_until};

const ALICE_HZ: u16 = 440;
const BOB_HZ: u16 = 1_000;
const CAROL_HZ: u16 = 700;

/// A node whose voice goes through rtpengines at these hosts; a call without voice ends after five seconds.
fn node(hosts: Hosts, at: &[u8], falls_back: bool) -> Node {
    let servers: Vec<String> = at.iter().map(|host| Rtpengine::address(hosts.host(*host)).to_string()).collect();
    let options = NodeOptions::default()
        .set("rtpengine", &format!("{servers:?}"))
        .set("rtpengine_falls_back", &falls_back.to_string())
        .set("silence_s", "5");
    let office =
        Office::new(hosts.sip(2), "10").extension("101", "alice").extension("102", "bob").extension("103", "carol");
    Node::start(hosts, &options, &office)
}

fn call(node: &Node, account: &str) -> (Baresip, Baresip) {
    let mut alice = Baresip::start(node, "alice", 10, ALICE_HZ, account);
    let mut bob = Baresip::start(node, "bob", 11, BOB_HZ, &format!(";answermode=auto{account}"));
    alice.tell("dial", "sip:102@sip.test");
    alice.expect_event("CALL_ESTABLISHED");
    bob.expect_event("CALL_ESTABLISHED");
    (alice, bob)
}

fn hear_each_other(alice: &Baresip, bob: &Baresip) {
    alice.expect_tone(BOB_HZ, ALICE_HZ);
    bob.expect_tone(ALICE_HZ, BOB_HZ);
}

#[test]
fn two_phones_hear_each_other_through_rtpengine_also_after_a_hold() {
    let hosts = Hosts::new();
    let mut rtpengine = Rtpengine::start(hosts.host(40));
    let node = node(hosts, &[40], false);
    let (mut alice, mut bob) = call(&node, "");
    rtpengine.expect_line("Received command 'offer'");
    hear_each_other(&alice, &bob);
    alice.tell("hold", "");
    bob.child.expect_line("a=sendonly", SOON);
    alice.tell("resume", "");
    bob.child.expect_line("a=sendrecv", SOON);
    hear_each_other(&alice, &bob);
    alice.tell("hangup", "");
    rtpengine.expect_line("Received command 'delete'");
    let cdr = node.expect_cdr();
    assert_eq!((cdr.result.sip_status, cdr.route), (200, Some(Route::Line("102".parse().unwrap()))));
    node.check_books();
}

#[test]
fn encrypted_voice_goes_through_untouched() {
    let hosts = Hosts::new();
    let _rtpengine = Rtpengine::start(hosts.host(40));
    let node = node(hosts, &[40], false);
    let (mut alice, bob) = call(&node, ";mediaenc=srtp-mand");
    hear_each_other(&alice, &bob);
    alice.tell("hangup", "");
    assert_eq!(node.expect_cdr().result.sip_status, 200);
}

/// RFC 5589 section 6: two calls that a transfer has joined send to one another at the same rtpengine.
#[test]
fn a_transferred_caller_is_heard_through_rtpengine() {
    let hosts = Hosts::new();
    let _rtpengine = Rtpengine::start(hosts.host(40));
    let node = node(hosts, &[40], false);
    let (mut alice, mut bob) = call(&node, "");
    hear_each_other(&alice, &bob);
    let mut carol = Baresip::start(&node, "carol", 12, CAROL_HZ, ";answermode=auto");
    bob.tell("transfer", "sip:103@sip.test");
    carol.expect_event("CALL_ESTABLISHED");
    bob.expect_event("CALL_CLOSED");
    carol.expect_tone(ALICE_HZ, CAROL_HZ);
    alice.expect_tone(CAROL_HZ, BOB_HZ);
    alice.tell("hangup", "");
    carol.expect_event("CALL_CLOSED");
    assert!(node.expect_cdrs(2).iter().all(|cdr| cdr.result.sip_status == 200));
}

#[test]
fn a_call_whose_rtpengine_is_gone_ends_with_its_charge_and_the_next_one_has_another() {
    let hosts = Hosts::new();
    let first = Rtpengine::start(hosts.host(40));
    let node = node(hosts, &[40, 41], false);
    let (mut alice, mut bob) = call(&node, "");
    hear_each_other(&alice, &bob);
    first.kill();
    alice.expect_event("CALL_CLOSED");
    bob.expect_event("CALL_CLOSED");
    let cdr = node.expect_cdr();
    assert!(matches!(cdr.result.hung_up_by, HungUpBy::Node { .. }), "{:?}", cdr.result);
    assert!(cdr.times.talk_ms() < 30_000, "{:?}", cdr.times);
    let _second = Rtpengine::start(hosts.host(41));
    alice.tell("dial", "sip:102@sip.test");
    alice.expect_event("CALL_ESTABLISHED");
    bob.expect_event("CALL_ESTABLISHED");
    alice.tell("hangup", "");
    assert_eq!(node.expect_cdrs(2)[1].result.sip_status, 200);
    node.check_books();
}

#[test]
fn where_no_rtpengine_answers_the_built_in_relay_has_the_call_if_it_may() {
    let hosts = Hosts::new();
    let node = node(hosts, &[40, 41], true);
    let (mut alice, bob) = call(&node, "");
    hear_each_other(&alice, &bob);
    alice.tell("hangup", "");
    wait_until(SOON, "the record", || node.cdrs().iter().any(|cdr| cdr.result.sip_status == 200));
}
