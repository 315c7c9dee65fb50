//! Carriers known by a name: RFC 3263 against a DNS server that changes its mind, and falls silent.

use std::net::SocketAddr;

use crate::support::{CARRIER, Dns, Hosts, Node, NodeOptions, Office, SOON, Sipp, register, secret, wait_until};

const NAME: &str = "sip.carrier.test";
const UDP: &str = "_sip._udp.sip.carrier.test";

struct World {
    hosts: Hosts,
    dns: Dns,
}

impl World {
    fn new() -> Self {
        let hosts = Hosts::new();
        Self { hosts, dns: Dns::start((hosts.host(53), 53).into()) }
    }

    fn node(&self) -> Node {
        let options = NodeOptions::default().set("dns", &format!("[\"{}\"]", self.hosts.host(53)));
        let office = Office::new(self.hosts.sip(2), "10").named(CARRIER, NAME).extension("101", "alice");
        Node::start(self.hosts, &options, &office.did("+13035550100", &["101"]))
    }

    fn server(&self, host: u8) -> SocketAddr {
        (self.hosts.host(host), 5080).into()
    }

    fn call(&self, host: u8) {
        let carrier = Sipp::answering("answer", self.server(host), self.hosts.node()).start();
        let phone = Sipp::calling("call", self.hosts.sip(10), self.hosts.node()).dial("13035550123");
        phone.login("alice", &secret("alice")).run();
        carrier.finish();
    }
}

#[test]
fn of_two_servers_the_first_is_dead_and_the_second_has_the_call() {
    let world = World::new();
    world.dns.naptr(NAME, 10, "SIP+D2U", UDP);
    world.dns.srv(UDP, 1, world.server(3), "a.carrier.test");
    world.dns.srv(UDP, 2, world.server(4), "b.carrier.test");
    let mut node = world.node();
    node.expect_logged("a carrier's name was looked up");
    world.call(4);
    let cdr = node.expect_cdr();
    assert_eq!(cdr.result.sip_status, 200);
    // The second call does not wait for the dead server again.
    world.call(4);
    let times = node.expect_cdrs(2)[1].times;
    let waited_ms = times.answer_ms.unwrap() - times.start_ms;
    assert!(waited_ms < 5_000, "{waited_ms} ms");
    node.check_books();
}

#[test]
fn a_carrier_that_moves_is_followed_and_its_calls_are_known_by_their_servers() {
    let world = World::new();
    world.dns.srv(UDP, 1, world.server(3), "a.carrier.test");
    let mut node = world.node();
    node.expect_logged("a carrier's name was looked up");
    world.call(3);
    register(&node, "alice", 10);
    world.dns.clear();
    world.dns.srv(UDP, 1, world.server(4), "a.carrier.test");
    node.expect_log("a carrier's name was looked up");
    world.call(4);
    // The DNS is down: what was known holds, well beyond its time.
    world.dns.silence(true);
    let asked = world.dns.asked();
    wait_until(SOON, "questions that nobody answers", || world.dns.asked() > asked + 2);
    world.call(4);
    let alice = Sipp::answering("answer", world.hosts.sip(10), node.ip()).start();
    Sipp::calling("inbound", world.server(4), node.ip()).dial("+13035550100").login("+13035550142", "").run();
    alice.finish();
    assert_eq!(node.expect_cdrs(4).iter().filter(|cdr| cdr.result.sip_status == 200).count(), 4);
    node.check_books();
}
