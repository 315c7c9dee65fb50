//! Bans in the machine's packet filter, in a network namespace of the test's own.

use std::net::UdpSocket;
use std::process::Command;

use serde_json::Value;

use crate::support::{Hosts, Node, NodeOptions, Office, SOON, register, wait_until};

/// Says that this process is in a network namespace of its own already.
const INSIDE: &str = "TOLLGUARD_TEST_INSIDE";

/// Runs this very test again in a network namespace of its own; true where this is that run.
fn is_inside(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let mut inside = Command::new("unshare");
    inside.args(["--net", "sh", "-c", "ip link set lo up && exec \"$0\" \"$@\""]).arg(std::env::current_exe().unwrap());
    let output = inside.args(["--exact", "--nocapture", test]).env(INSIDE, "1").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    false
}

/// The addresses and ranges of a set; `None` where there is no such table.
fn set(name: &str) -> Option<Vec<String>> {
    let output = Command::new("nft").args(["-j", "list", "set", "inet", "tollguard", name]).output().unwrap();
    let listed: Value = serde_json::from_slice(&output.stdout).ok()?;
    let elements = listed["nftables"][1]["set"]["elem"].as_array().cloned().unwrap_or_default();
    let text = |element: &Value| {
        let value = &element["elem"]["val"];
        assert!(element["elem"]["timeout"].as_u64().is_some_and(|timeout_s| timeout_s > 60), "{element}");
        value.as_str().map_or_else(
            || format!("{}/{}", value["prefix"]["addr"].as_str().unwrap(), value["prefix"]["len"]),
            str::to_owned,
        )
    };
    Some(elements.iter().map(text).collect())
}

/// Datagrams dropped so far.
fn dropped() -> u64 {
    let output = Command::new("nft").args(["-j", "list", "chain", "inet", "tollguard", "banned"]).output().unwrap();
    let listed: Value = serde_json::from_slice(&output.stdout).unwrap();
    let parts = listed["nftables"].as_array().unwrap().iter().flat_map(|part| part["rule"]["expr"].as_array());
    parts.flatten().filter_map(|part| part["counter"]["packets"].as_u64()).sum()
}

#[test]
fn bans_reach_the_packet_filter() {
    if !is_inside("nftables::bans_reach_the_packet_filter") {
        return;
    }
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "10").extension("101", "alice");
    let mut node = Node::start(hosts, &NodeOptions::default().set("nftables", "\"on\""), &office);
    wait_until(SOON, "the table", || set("addresses4") == Some(Vec::new()));
    register(&node, "alice", 10);
    let (phone, scanner) = (hosts.host(10).to_string(), hosts.host(66).to_string());
    for prefix in [phone.as_str(), &scanner, "198.51.100.0/24", "198.51.100.7", "2001:db8::7", "2001:db8:1::/48"] {
        node.command(&["ban", "add", prefix]);
    }
    wait_until(SOON, "the bans", || set("ranges6").is_some_and(|set| set == ["2001:db8:1::/48"]));
    assert_eq!(set("addresses4").unwrap(), [scanner.as_str()], "a registered phone's address is left out");
    assert_eq!(set("ranges4").unwrap(), ["198.51.100.0/24"]);
    assert_eq!(set("addresses6").unwrap(), ["2001:db8::7"]);

    let socket = UdpSocket::bind(hosts.sip(66)).unwrap();
    socket.send_to(b"hello", hosts.sip(1)).unwrap();
    wait_until(SOON, "the datagram to be dropped", || dropped() == 1);
    socket.send_to(b"hello", (hosts.host(1), 5099)).unwrap();
    assert_eq!(dropped(), 1, "only the SIP ports are closed");

    node.command(&["ban", "lift", &scanner]);
    wait_until(SOON, "the ban to be lifted", || set("addresses4") == Some(Vec::new()));
    // Somebody else empties the table: the next change puts it in place anew.
    Command::new("nft").args(["flush", "ruleset"]).status().unwrap();
    node.command(&["ban", "lift", "2001:db8::7"]);
    wait_until(SOON, "the table to be back", || set("ranges4").is_some_and(|set| set == ["198.51.100.0/24"]));

    node.kill();
    assert!(set("ranges4").is_some(), "who is killed leaves it behind");
    node.serve();
    wait_until(SOON, "what was left to be cleaned up", || set("addresses6") == Some(Vec::new()));
    assert_eq!(set("ranges4").unwrap(), ["198.51.100.0/24"], "bans outlive a restart");
    node.stop();
    assert_eq!(set("ranges4"), None, "the table is gone with the node");
}

#[test]
fn a_dry_run_only_says_what_it_would_do() {
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "10");
    let mut node = Node::start(hosts, &NodeOptions::default().set("nftables", "\"dry-run\""), &office);
    node.command(&["ban", "add", "198.51.100.7"]);
    let said = node.expect_log("\"198.51.100.7\"");
    assert!(said.contains("nftables would be told: {\"nftables\":[{\"add\":{\"element\":"), "{said}");
}
