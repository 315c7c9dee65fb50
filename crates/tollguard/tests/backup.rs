//! A copy of a running node's data, and the drill: data lost, copy put back, everything as it was; then the audit.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

mod common;

use common::Place;

fn set_up(place: &Place) {
    place.ok(&["carrier", "add", "wholesale", "--address", "127.0.0.1:5999"]);
    place.ok(&["account", "add", "law", "--number", "+13035550100"]);
    place.ok(&["account", "top-up", "law", "100", "--reference", "invoice-1"]);
    place.ok(&["line", "add", "law", "101", "--auth-name", "law-101"]);
}

#[test]
fn a_copy_of_a_running_node_comes_back() {
    let place = Place::new();
    set_up(&place);
    let node = place.serve();
    place.ok(&["account", "top-up", "law", "20", "--reference", "invoice-2"]);
    let before = place.everything();
    let copy = place.data().with_file_name("copy");
    let told = place.ok(&["backup", copy.to_str().unwrap()]);
    assert!(told.contains("is whole: 1 accounts"), "{told}");
    assert!(place.fails(&["backup", copy.to_str().unwrap()]).contains("is not empty"));
    place.ok(&["account", "top-up", "law", "7", "--reference", "invoice-3"]);
    assert_ne!(place.everything(), before);
    assert!(place.fails(&["restore", copy.to_str().unwrap()]).contains("is not empty"));
    node.kill();
    let damaged = place.data().with_file_name("damaged");
    std::fs::rename(place.data(), &damaged).unwrap();
    assert!(!copy.join("node.key").exists(), "the key lies with the copy");
    place.fails(&["restore", copy.to_str().unwrap()]);
    assert!(!place.data().exists(), "what cannot be read is left lying about");
    let key = damaged.join("node.key");
    place.ok(&["restore", copy.to_str().unwrap(), "--key", key.to_str().unwrap()]);
    assert_eq!(place.everything(), before);
    let node = place.serve();
    assert_eq!(place.everything(), before);
    // The payment that was lost is booked again, the known one is not.
    place.ok(&["account", "top-up", "law", "7", "--reference", "invoice-3"]);
    assert!(place.fails(&["account", "top-up", "law", "20", "--reference", "invoice-2"]).contains("already booked"));
    assert!(place.ok(&["audit"]).contains("everything adds up"));
    node.terminate();
    assert!(place.ok(&["audit", "--account", "law"]).contains("1 accounts, 0 calls, 3 ledger entries"));
}

#[test]
fn nothing_is_no_copy() {
    let place = Place::new();
    let empty = place.data().with_file_name("empty");
    std::fs::create_dir(&empty).unwrap();
    assert!(place.fails(&["restore", empty.to_str().unwrap()]).contains("holds no data of a node"));
}
