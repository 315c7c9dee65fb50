//! Calls of phones, to a carrier and to each other, each with its CDR and its price.

use billing::{Cdr, Decision, Direction, HungUpBy, Money, Route};

use std::net::Ipv4Addr;

use crate::support::{
    CARRIER, Hosts, Node, NodeOptions, Office, Sipp, WildPbx, enter_own_network, register, secret, set_mtu,
};

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

/// Neither side sends a packet: after the time that is set, both are hung up, and what was talked until then is charged.
#[test]
fn silence_ends_a_dead_call_and_its_charge() {
    let hosts = Hosts::new();
    let node = Node::start(hosts, &NodeOptions::default().set("silence_s", "8"), &office(hosts));
    let carrier = Sipp::answering("answer", hosts.sip(2), node.ip()).start();
    let phone = Sipp::calling("call_until_bye", hosts.sip(10), node.ip()).dial("13035550123");
    phone.login("alice", &secret("alice")).run();
    carrier.finish();
    let cdr = node.expect_cdr();
    assert!(matches!(cdr.result.hung_up_by, HungUpBy::Node { .. }), "{:?}", cdr.result);
    assert!((8_000..12_000).contains(&cdr.times.talk_ms()), "{:?}", cdr.times);
    // Begun six seconds: twelve of one cent a minute.
    assert_eq!((cdr.money.billed_s, cdr.money.charge), (12, Money::from_micros(2_000)));
    assert_eq!(node.check_books(), Money::from_micros(9_998_000));
}

/// RFC 3261 section 18.1.1: requests above the path's MTU arrive in fragments, and so they go on.
#[test]
fn a_request_above_the_mtu_arrives_and_goes_on() {
    enter_own_network(Ipv4Addr::new(10, 99, 0, 10));
    set_mtu(1_500);
    let hosts = Hosts::new();
    let node = Node::start(hosts, &NodeOptions::default(), &office(hosts).trunk_at("pbx", hosts.host(20)));
    let carrier = Sipp::answering("answer_busy", hosts.sip(2), node.ip()).start();
    let mut pbx = WildPbx::new(hosts);
    let lines = (0..100).map(|number| format!("a=x-line:{number} of a description of many codecs\r\n"));
    let ip = hosts.host(20);
    let sdp = format!("v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio 7000 RTP/AVP 0\r\n");
    let sdp = sdp + &lines.collect::<String>();
    let invite = format!(
        "INVITE sip:+13035550123@node SIP/2.0\r\nVia: SIP/2.0/UDP {ip};branch=z9hG4bKlarge\r\nMax-Forwards: 70\r\n\
         From: <sip:1@pbx>;tag=1\r\nTo: <sip:+13035550123@node>\r\nCall-ID: large\r\nCSeq: 1 INVITE\r\n\
         Contact: <sip:1@{ip}>\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
        sdp.len()
    );
    assert!(invite.len() > 4_500);
    let mut heard = pbx.before_probe(&[invite.as_bytes()]);
    while !heard.iter().any(|answer| answer.status() == Some(486)) {
        heard.push(pbx.receive());
    }
    heard.iter().for_each(|answer| pbx.acknowledge(answer));
    let seen = carrier.finish();
    assert!(seen.contains("a=x-line:99 of a description"), "the whole of it arrives:\n{seen}");
    assert_eq!(node.expect_cdr().result.sip_status, 486);
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
