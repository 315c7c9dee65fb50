//! The real binary: set up, serve, change, crash, go on.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::net::UdpSocket;
use std::time::Duration;

use common::Place;

#[test]
fn what_is_set_up_before_the_first_start_and_while_running_survives() {
    let place = Place::new();
    place.ok(&[
        "account",
        "add",
        "law",
        "--name",
        "Law & Sons",
        "--time-zone",
        "America/Denver",
        "--number",
        "+13035550100",
    ]);
    let added = place.ok(&["line", "add", "law", "101", "--name", "Jo Law"]);
    assert!(added.contains("user name   law-101") && added.contains("(shown this once)"), "{added}");

    let node = place.serve();
    place.ok(&["account", "top-up", "law", "100", "--reference", "invoice-17"]);
    let exposure = place.ok(&["account", "exposure", "law"]);
    assert!(
        exposure.contains("for any number of calls at once") && exposure.contains("0 calls that run"),
        "{exposure}"
    );
    let exposures: serde_json::Value = serde_json::from_str(&place.ok(&["account", "exposure", "--json"])).unwrap();
    assert_eq!(exposures[0]["calls"], 0, "{exposures}");
    place.ok(&["line", "add", "law", "hq", "--kind", "trunk", "--address", "203.0.113.9"]);
    place.ok(&["did", "add", "law", "+13035550100", "--line", "101"]);
    place.ok(&["carrier", "add", "wholesale", "--address", "198.51.100.9:5060"]);
    place.ok(&["ban", "add", "203.0.113.77", "--note", "scanner"]);
    place.ok(&["user", "add", "jo", "--role", "owner", "--account", "law", "--generate"]);
    let again = place.fails(&["account", "top-up", "law", "100", "--reference", "invoice-17"]);
    assert!(again.contains("already booked"), "{again}");
    let before = place.everything();
    assert!(before.contains("\"balance_micros\": 100000000"), "{before}");
    node.terminate();

    assert_eq!(place.everything(), before, "after a clean stop");
    assert!(!place.data().join("run.json").exists());
    let node = place.serve();
    assert_eq!(place.everything(), before, "after the next start");
    node.terminate();
}

#[test]
fn a_killed_node_goes_on_where_it_was() {
    let place = Place::new();
    place.ok(&["account", "add", "law"]);
    let mut node = place.serve();
    for round in 0_u32..3 {
        for payment in 0..4 {
            let reference = format!("{round}-{payment}");
            place.ok(&["account", "top-up", "law", "1.25", "--reference", &reference]);
        }
        let before = place.everything();
        node.kill();
        assert!(place.data().join("run.json").exists(), "a killed node cleans nothing up");
        assert_eq!(place.everything(), before, "what a person was told is in the tables");
        // The store of a killed node can be changed without it.
        place.ok(&["account", "adjust", "law", "-1", "--note", "fee"]);
        node = place.serve();
        let twice = place.fails(&["account", "top-up", "law", "1.25", "--reference", &format!("{round}-0")]);
        assert!(twice.contains("already booked"), "{twice}");
    }
    let accounts = place.ok(&["account", "list", "--json"]);
    assert!(accounts.contains("\"balance_micros\": 12000000"), "{accounts}");
    node.terminate();
}

#[test]
fn the_node_answers_on_its_addresses() {
    let place = Place::new();
    let node = place.serve();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let local = socket.local_addr().unwrap();
    let options = format!(
        "OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {local};branch=z9hG4bKtest;rport\r\nMax-Forwards: 70\r\n\
         From: <sip:test@127.0.0.1>;tag=a\r\nTo: <sip:127.0.0.1>\r\nCall-ID: test\r\nCSeq: 1 OPTIONS\r\n\
         Content-Length: 0\r\n\r\n"
    );
    socket.send_to(options.as_bytes(), node.sip()).unwrap();
    let mut buffer = [0; 2048];
    let (length, from) = socket.recv_from(&mut buffer).unwrap();
    assert_eq!(from, node.sip());
    assert!(buffer[..length].starts_with(b"SIP/2.0 "), "{}", String::from_utf8_lossy(&buffer[..length]));
    node.terminate();
}

#[test]
fn one_node_to_a_data_directory() {
    let place = Place::new();
    let node = place.serve();
    let error = place.fails(&["serve"]);
    assert!(error.contains("is in use by another tollguard process"), "{error}");
    node.terminate();
}

#[test]
fn mistakes_are_told_together_and_usage_has_its_own_code() {
    let place = Place::new();
    std::fs::write(place.config(), "data_dir = 3\n[sip]\nlisten = []\n").unwrap();
    let error = place.fails(&["serve"]);
    for part in ["4 mistakes in", "line 1: data_dir", "line 3: sip.listen", "sip.realm: is missing"] {
        assert!(error.contains(part), "{part} is not in {error}");
    }
    assert_eq!(place.run(&["account", "fly"]).status.code(), Some(2));
}

#[test]
fn lock_out_begins_as_configured_and_then_the_store_rules() {
    let place = Place::new();
    let text = std::fs::read_to_string(place.config()).unwrap();
    std::fs::write(place.config(), text.replace("# enabled = true", "enabled = false")).unwrap();
    place.serve().terminate();
    let lock_out = || place.ok(&["ban", "settings"]).lines().next().unwrap_or_default().replace(' ', "");
    assert_eq!(lock_out(), "lock-outoff");
    place.ok(&["ban", "on"]);
    place.serve().terminate();
    assert_eq!(lock_out(), "lock-outon");
}

#[test]
fn init_overwrites_nothing() {
    let place = Place::new();
    let folder = place.config().parent().unwrap().to_str().unwrap().to_owned();
    let error = place.fails(&["init", "--dir", &folder, "--generate"]);
    assert!(error.contains("tollguard.toml is there already"), "{error}");
    std::fs::remove_file(place.config()).unwrap();
    let error = place.fails(&["init", "--dir", &folder, "--generate"]);
    assert!(error.contains("holds data already"), "{error}");
}

#[test]
fn a_file_is_applied_once() {
    let place = Place::new();
    let file = place.data().with_file_name("accounts.toml");
    std::fs::write(&file, place.ok(&["apply", "--example"])).unwrap();
    let file = file.to_str().unwrap();
    let first = place.ok(&["apply", file]);
    assert!(first.contains("6 changed, 0 as they were."), "{first}");
    let second = place.ok(&["apply", file]);
    assert_eq!(second, "0 changed, 6 as they were.\n");
}
