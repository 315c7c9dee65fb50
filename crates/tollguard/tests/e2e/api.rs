//! The JSON API of the real binary, as its document describes it: schemathesis makes requests of that document and looks
//! whether the answers are what it says.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Hosts, Node, NodeOptions, Office, Sipp, secret};

/// Where `cargo xtask setup` puts the program.
fn schemathesis() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("../peers/schemathesis")
}

/// What counts as a fault, beside what schemathesis says of itself: 422 is for what is well formed and makes no sense, such
/// as a time zone that does not exist, and 415 for a body of another type.
const CONFIG: &str = r#"
[checks]
positive_data_acceptance.expected-statuses = ["2xx", "401", "403", "404", "409", "422"]
negative_data_rejection.expected-statuses = ["400", "401", "403", "404", "405", "409", "415", "422"]
"#;

#[test]
fn schemathesis_finds_nothing() {
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "10").extension("101", "alice").extension("102", "bob");
    let office = office.did("+13035550100", &["101", "102"]);
    // Names that are made up are asked for here alone, where nobody answers.
    let options = NodeOptions::default().set("dns", &format!("[\"{}\"]", hosts.host(53)));
    let mut node = Node::start(hosts, &options, &office);
    let carrier = Sipp::answering("answer", hosts.sip(2), node.ip()).start();
    Sipp::calling("call", hosts.sip(10), node.ip()).dial("13035550123").login("alice", &secret("alice")).run();
    carrier.finish();
    node.expect_cdr();
    let scopes = ["read", "write", "money", "screen", "keys", "people"].map(|scope| ["--scope", scope]).concat();
    let said = node.command(&[&["api-key", "add", "schemathesis"], &scopes[..]].concat());
    let key = said.split_once("shown this once: ").unwrap().1.trim().to_owned();
    let config = node.path("schemathesis.toml");
    std::fs::write(&config, CONFIG).unwrap();
    let mut command = Command::new("/usr/bin/python3");
    command.arg(schemathesis().join("bin/st")).env("PYTHONPATH", schemathesis());
    command.current_dir(node.path(".")).arg("--config-file").arg(&config);
    command.arg("run").arg(format!("http://{}:8080/api/v1/openapi.json", node.ip()));
    command.arg("--header").arg(format!("Authorization: Bearer {key}"));
    // A stream of events has no end, and a test of a webhook that is made up would leave this machine.
    command.args(["--exclude-path-regex", "/events$|/test$", "--checks", "all", "--max-examples", "6", "--seed", "7"]);
    command.args(["--request-timeout", "10", "--workers", "2"]);
    for proxy in ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env_remove(proxy);
    }
    let output = command.output().unwrap_or_else(|error| panic!("{error}: run `cargo xtask setup`"));
    let heard = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{heard}");
    node.check_books();
    let log = node.stop_and_hear();
    assert!(!log.contains("panicked") && !log.contains(&key), "{log}");
}
