//! Secrets stay secret: in logs of every level, on the disk, and without the key.

use std::path::Path;

use crate::support::{Hosts, Node, NodeOptions, Office, SOON, Sipp, secret, wait_until};

/// The secret for the carrier.
const FOR_CARRIER: &str = "carrier-f7KqZt4w9Rmx";

/// Every file of a folder, and of those in it.
fn files(folder: &Path, each: &mut impl FnMut(&Path, &[u8])) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, each);
        } else if path.is_file() {
            each(&path, &std::fs::read(&path).unwrap());
        }
    }
}

fn holds(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}

#[test]
fn no_log_of_any_level_and_no_file_holds_a_secret() {
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "10").extension("101", "alice");
    let office = office.carrier("dear", hosts.sip(3), Some((FOR_CARRIER, None)));
    let mut node = Node::start(hosts, &NodeOptions::default(), &office);
    node.stop();
    node.serve_saying("trace");
    Sipp::calling("register", hosts.sip(10), node.ip()).login("alice", &secret("alice")).run();
    Sipp::calling("register_wrong", hosts.sip(11), node.ip()).login("alice", "a-wrong-f7KqZt4w9Rmx").run();
    let carrier = Sipp::answering("answer", hosts.sip(2), node.ip()).start();
    Sipp::calling("call", hosts.sip(10), node.ip()).dial("13035550123").login("alice", &secret("alice")).run();
    carrier.finish();
    node.expect_cdr();
    let said = node.stop_and_hear();
    assert!(said.len() > 1_000 && !said.contains("f7KqZt4w9Rmx"), "{said}");
    let (md5, sha256) = sip::digest::Ha1Set::new(b"alice", b"sip.test", secret("alice").as_bytes()).parts();
    let mut count = 0;
    files(&node.path("data"), &mut |path, bytes| {
        count += 1;
        for what in [FOR_CARRIER.as_bytes(), secret("alice").as_bytes(), &md5, &sha256] {
            assert!(!holds(bytes, what), "{} holds a secret", path.display());
        }
    });
    assert!(count > 3, "journal, database, key");
}

#[test]
fn a_new_key_takes_over_and_a_missing_one_is_told() {
    let hosts = Hosts::new();
    let mut node =
        Node::start(hosts, &NodeOptions::default(), &Office::new(hosts.sip(2), "10").extension("101", "alice"));
    let key = node.path("data/node.key");
    let old = std::fs::read(&key).unwrap();
    let busy = node.try_command(&["key", "rotate"]);
    assert!(String::from_utf8_lossy(&busy.stderr).contains("is in use"), "{busy:?}");
    node.stop();
    node.command(&["key", "rotate"]);
    assert!(std::fs::read(&key).unwrap() != old);
    node.serve();
    Sipp::calling("register", hosts.sip(10), node.ip()).login("alice", &secret("alice")).run();
    node.stop();
    std::fs::rename(&key, node.path("elsewhere")).unwrap();
    let refused = node.try_command(&["serve"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("node.key is missing: without it nothing"), "{said}");
    std::fs::rename(node.path("elsewhere"), &key).unwrap();
    node.serve();
    wait_until(SOON, "the lines to be there", || node.command(&["line", "list", "firm"]).contains("alice"));
}
