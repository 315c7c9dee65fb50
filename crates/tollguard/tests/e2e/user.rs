//! Started as root, the node runs as somebody unprivileged once its ports are bound.

use std::process::Command;

use crate::support::{Hosts, Node, NodeOptions, Office, register};

#[test]
fn root_is_given_up_for_good() {
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "10").extension("101", "alice");
    let mut node = Node::start(hosts, &NodeOptions::default(), &office);
    node.stop();
    let config = node.path("tollguard.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let privileged = format!("{}:506", hosts.node());
    let text = text.replace("# user = \"tollguard\"", "user = \"nobody\"");
    std::fs::write(&config, text.replace("listen = [\"", &format!("listen = [\"{privileged}\", \""))).unwrap();
    let owned = Command::new("chown").args(["-R", "nobody"]).arg(node.path("")).status().unwrap();
    assert!(owned.success(), "the tests run as root");
    node.serve();
    let status = std::fs::read_to_string(format!("/proc/{}/status", node.process_id())).unwrap();
    let line = |start: &str| status.lines().find(|line| line.starts_with(start)).unwrap().to_owned();
    assert!(line("Uid:").split_whitespace().skip(1).all(|uid| uid == "65534"), "{status}");
    assert_eq!(line("CapEff:").split_whitespace().nth(1), Some("0000000000000000"));
    assert_eq!(line("CapPrm:").split_whitespace().nth(1), Some("0000000000000000"));
    register(&node, "alice", 10);
    node.stop();
}
