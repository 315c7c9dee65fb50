//! Everything over IPv6: phones, a trunk, a carrier, voice ports, and what the lock-out takes for one sender.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use billing::{Direction, Route};

use crate::support::{Baresip, Hosts, Node, NodeOptions, Office, SOON, Sipp, enter_own_network_v6, secret};

/// A host of the test's own network.
fn host(subnet: u16, number: u16) -> Ipv6Addr {
    Ipv6Addr::new(0xfd00, 0, 0, subnet, 0, 0, 0, number)
}

fn sip(number: u16) -> SocketAddr {
    (host(0, number), 5060).into()
}

#[test]
fn phones_trunks_and_carriers_speak_ipv6_and_a_guesser_is_its_whole_subnet() {
    let here = [1, 2, 10, 20, 30].map(|number| host(0, number));
    let guessers: Vec<Ipv6Addr> = (1..=6).map(|number| host(0x66, number)).collect();
    enter_own_network_v6(&[here.as_slice(), &guessers].concat());
    let office = Office::new(sip(2), "10").extension("101", "alice").trunk_at("pbx", host(0, 20));
    let office = office.did("+13035550100", &["101"]);
    let options = NodeOptions::default().set("ip", &format!("\"{}\"", host(0, 1)));
    let node = Node::start_at(Hosts::new(), sip(1), &options, &office);
    let to: IpAddr = host(0, 1).into();
    let alice = || Sipp::calling("register", sip(10), to).login("alice", &secret("alice"));
    alice().run();
    assert_eq!(node.line("101").bindings.len(), 1);

    let carrier = Sipp::answering("answer", sip(2), to).start();
    let heard = Sipp::calling("call", sip(10), to).dial("13035550123").login("alice", &secret("alice")).run();
    let offered = carrier.finish();
    for said in [heard, offered] {
        assert!(said.contains("c=IN IP6 fd00::1"), "voice goes through the node's own address:\n{said}");
    }

    let phone = Sipp::answering("answer", sip(10), to).start();
    Sipp::calling("inbound", sip(2), to).dial("+13035550100").login("+13035550142", "").run();
    phone.finish();
    let carrier = Sipp::answering("answer", sip(2), to).start();
    Sipp::calling("inbound", sip(20), to).dial("+13035550123").login("101", "").run();
    carrier.finish();
    let cdrs = node.expect_cdrs(3);
    let told: Vec<_> = cdrs.iter().map(|cdr| (cdr.who.direction, cdr.result.sip_status)).collect();
    assert_eq!(told, [(Direction::Outbound, 200), (Direction::Inbound, 200), (Direction::Outbound, 200)]);
    assert_eq!(cdrs[2].who.line, "pbx".parse().ok());
    node.check_books();

    for guesser in &guessers[..5] {
        Sipp::calling("register_wrong", (*guesser, 5060).into(), to).login("alice", "guess").run();
    }
    let bans = node.command(&["ban", "list"]);
    assert!(bans.contains("fd00:0:0:66::/64"), "five addresses of one subnet are one sender:\n{bans}");
    alice().run();
}

/// RFC 6157 section 4: the built-in relay joins a phone over IPv4 and one over IPv6, whoever calls.
#[test]
fn a_phone_over_ipv4_and_one_over_ipv6_hear_each_other() {
    const ALICE_HZ: u16 = 440;
    const BOB_HZ: u16 = 1_000;
    let hosts = Hosts::new();
    enter_own_network_v6(&[host(0, 1), host(0, 11)]);
    let office = Office::new(hosts.sip(2), "10").extension("101", "alice").extension("102", "bob");
    let both = format!("[\"{}\", \"{}\"]", hosts.sip(1), sip(1));
    let node = Node::start(hosts, &NodeOptions::default().reset("listen", &both), &office);
    let auto = ";answermode=auto";
    let mut alice = Baresip::start(&node, "alice", 10, ALICE_HZ, auto);
    let mut bob = Baresip::start_at("udp", host(0, 11).into(), host(0, 1).into(), "bob", BOB_HZ, auto);
    let call = |caller: &mut Baresip, to: &str, called: &mut Baresip| {
        caller.tell("dial", to);
        caller.expect_event("CALL_ESTABLISHED");
        called.expect_event("CALL_ESTABLISHED");
    };
    call(&mut alice, "sip:102@sip.test", &mut bob);
    alice.child.expect_line(&format!("c=IN IP4 {}", node.ip()), SOON);
    bob.child.expect_line("c=IN IP6 fd00::1", SOON);
    alice.expect_tone(BOB_HZ, ALICE_HZ);
    bob.expect_tone(ALICE_HZ, BOB_HZ);
    alice.tell("hangup", "");
    bob.expect_event("CALL_CLOSED");
    call(&mut bob, "sip:101@sip.test", &mut alice);
    bob.tell("hold", "");
    alice.child.expect_line("a=sendonly", SOON);
    bob.tell("resume", "");
    alice.child.expect_line("a=sendrecv", SOON);
    alice.expect_tone(BOB_HZ, ALICE_HZ);
    bob.expect_tone(ALICE_HZ, BOB_HZ);
    bob.tell("hangup", "");
    alice.expect_event("CALL_CLOSED");
    let cdrs = node.expect_cdrs(2);
    let routes: Vec<_> = cdrs.iter().map(|cdr| cdr.route.clone()).collect();
    let line = |name: &str| Some(Route::Line(name.parse().unwrap()));
    assert_eq!(routes, [line("102"), line("101")]);
    assert!(cdrs.iter().all(|cdr| cdr.result.sip_status == 200));
}
