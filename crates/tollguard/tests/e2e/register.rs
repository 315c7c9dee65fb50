//! Phones register (RFC 3261 sections 10 and 22).

use crate::support::{Hosts, Node, NodeOptions, Office, SOON, Sipp, secret, wait_for};

#[test]
fn a_phone_registers_and_is_seen() {
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "10").extension("101", "alice");
    let node = Node::start(hosts, &NodeOptions::default(), &office);
    Sipp::calling("register", hosts.sip(10), node.ip()).login("alice", &secret("alice")).run();
    let binding = wait_for(SOON, "a binding in the tables", || node.line("101").bindings.pop());
    assert_eq!(binding.flow.remote, hosts.sip(10));
    assert_eq!(&*binding.user_agent, "Desk phone 5.6");
    assert_eq!(binding.until_ms.saturating_sub(binding.since_ms), 300_000 + account::VOUCHED_MS);
}

#[test]
fn a_wrong_password_and_an_unknown_name_get_the_same_answer() {
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "10").extension("101", "alice");
    let node = Node::start(hosts, &NodeOptions::default(), &office);
    Sipp::calling("register_wrong", hosts.sip(10), node.ip()).login("alice", "wrong").run();
    Sipp::calling("register_wrong", hosts.sip(10), node.ip()).login("mallory", "wrong").run();
    Sipp::calling("register", hosts.sip(10), node.ip()).login("alice", &secret("alice")).run();
}
