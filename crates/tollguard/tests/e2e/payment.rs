//! Payments that a payment system tells of: signed, booked once, waiting while an incident is open.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{SystemTime, UNIX_EPOCH};

use billing::Money;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tempfile::TempDir;

use crate::support::{Hosts, Node, NodeOptions, Office, SOON, Sipp, secret, wait_for};

const SECRET: &str = "whsec-5f7Qz2Kx9-f7KqZt4w9Rmx";

/// A node whose firm takes 100 dollars of automatic payments a day and has ten; and the folder with its secrets.
fn node() -> (Node, TempDir) {
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "10").extension("101", "alice").trunk("pbx", "firm-pbx");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("payment-secret");
    std::fs::write(&path, format!("an-old-one-that-still-counts\n{SECRET}\n")).unwrap();
    let options = NodeOptions::default().set("payment_secret_file", &format!("{path:?}")).set("enabled", "false");
    let node = Node::start(hosts, &options, &office);
    node.command(&["account", "set", "firm", "--auto-top-up-max", "100"]);
    (node, folder)
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn told(amount: &str, reference: &str) -> String {
    format!(r#"{{"account":"firm","amount":"{amount}","currency":"USD","reference":"{reference}"}}"#)
}

fn signature(secret: &str, time_s: u64, body: &str) -> String {
    let mut code = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    code.update(format!("{time_s}.{body}").as_bytes());
    let code: String = code.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={time_s},v1={code}")
}

/// Posts a body under a signature; the status and the whole answer.
fn post(node: &Node, signature: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(SocketAddr::from((node.ip(), 8080))).unwrap();
    let head = format!(
        "POST /hooks/payment HTTP/1.1\r\nHost: pay\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Tollguard-Signature: {signature}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    // A body that is too long is not read to its end.
    let _ = stream.write_all(body.as_bytes());
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
    (status.unwrap_or_else(|| panic!("no answer: {answer}")), answer)
}

/// A payment as the payment system tells of it.
fn pay(node: &Node, amount: &str, reference: &str) -> (u16, String) {
    let body = told(amount, reference);
    post(node, &signature(SECRET, now_s(), &body), &body)
}

#[test]
fn a_payment_is_booked_once_whoever_repeats_it() {
    let (node, _secrets) = node();
    let body = told("25.00", "pay_1");
    let signed = signature(SECRET, now_s(), &body);
    for _ in 0..3 {
        let (status, answer) = post(&node, &signed, &body);
        assert_eq!(status, 200, "{answer}");
        assert!(answer.contains(r#""status":"booked""#), "{answer}");
    }
    assert_eq!(pay(&node, "25.00", "pay_1").0, 200, "the same, signed anew");
    assert_eq!(pay(&node, "26.00", "pay_1").0, 409, "another amount under the same reference");
    assert_eq!(node.check_books(), Money::from_cents(3_500));
    let entry = node.ledger().pop().unwrap();
    assert_eq!((entry.by.as_str(), entry.note.as_str()), ("payment hook", "automatic payment pay_1"));
    let old_secret = told("1", "pay_2");
    let signed = signature("an-old-one-that-still-counts", now_s(), &old_secret);
    assert_eq!(post(&node, &signed, &old_secret).0, 200);
}

#[test]
fn what_is_not_signed_for_now_is_nothing() {
    let (node, _secrets) = node();
    let body = told("25.00", "pay_1");
    let good = signature(SECRET, now_s(), &body);
    for (signature, body, expected) in [
        (signature("another-secret-of-some-length", now_s(), &body), body.clone(), 401),
        (good.clone(), told("9999.00", "pay_1"), 401),
        (signature(SECRET, now_s() - 301, &body), body.clone(), 401),
        (signature(SECRET, now_s() + 330, &body), body.clone(), 401),
        ("v1=00".to_owned(), body.clone(), 400),
        (signature(SECRET, now_s(), "account=firm"), "account=firm".to_owned(), 400),
        (signature(SECRET, now_s(), &told("0", "x")), told("0", "x"), 422),
        (good.clone(), "x".repeat(70_000), 413),
    ] {
        let (status, answer) = post(&node, &signature, &body);
        assert_eq!(status, expected, "{answer}");
    }
    let nobody = told("5", "pay_1").replace("firm", "nobody");
    assert_eq!(post(&node, &signature(SECRET, now_s(), &nobody), &nobody).0, 422);
    let euros = told("5", "pay_1").replace("USD", "EUR");
    let (status, answer) = post(&node, &signature(SECRET, now_s(), &euros), &euros);
    assert!(status == 422 && answer.contains("the account is kept in USD"), "{answer}");
    assert_eq!(node.check_books(), Money::from_cents(1_000));
    let most = (0..200).find(|_| post(&node, "v1=00", "").0 == 429);
    assert!(most.is_some(), "who floods is told to wait");
}

#[test]
fn above_the_days_limit_a_payment_waits_until_there_is_room() {
    let (mut node, _secrets) = node();
    assert_eq!(pay(&node, "80", "pay_1").0, 200);
    let (status, answer) = pay(&node, "30", "pay_2");
    assert!(status == 202 && answer.contains("automatic payments may bring in no more than 20"), "{answer}");
    let waiting = node.command(&["payment", "list", "--waiting"]);
    assert!(waiting.contains("pay_2") && waiting.contains("$30.00"), "{waiting}");
    // It is kept over a crash.
    node.kill();
    node.serve();
    assert_eq!(node.check_books(), Money::from_cents(9_000));
    node.command(&["account", "set", "firm", "--auto-top-up-max", "200"]);
    wait_for(SOON, "the payment that waited", || (node.account().balance == Money::from_cents(12_000)).then_some(()));
    let waiting = || node.command(&["payment", "list", "--waiting"]);
    wait_for(SOON, "that it waits no more", || (waiting().trim() == "There are none.").then_some(()));
    assert_eq!(pay(&node, "30", "pay_2").0, 200, "it is booked");
    node.check_books();
}

#[test]
fn payments_stand_still_while_an_incident_is_open() {
    let (node, _secrets) = node();
    node.command(&["account", "top-up", "firm", "40", "--reference", "wire-2"]);
    let hosts = node.hosts;
    let _carrier = Sipp::answering("answer", hosts.sip(2), node.ip()).calls(1_000, 1).start();
    let calling = |scenario: &str, host: u8, number: &str| {
        let pbx = Sipp::calling(scenario, hosts.sip(host), node.ip()).dial(number);
        pbx.login("firm-pbx", &secret("firm-pbx"))
    };
    calling("call", 20, "13035550123").run();
    let guesses = Sipp::calling("register_wrong", hosts.sip(66), node.ip()).calls(30, 100);
    guesses.login("firm-pbx", "guess").agent("friendly-scanner").run();
    let attack = calling("call_until_bye", 66, "011355691234567").agent("friendly-scanner").calls(12, 6).start();
    let open = || node.reader().incidents(None, true, 10).unwrap();
    let incident = wait_for(SOON, "an incident", || open().pop());
    attack.end();
    let (status, answer) = pay(&node, "25", "pay_1");
    let why = format!("automatic payments stand still while incident {} is open", incident.id);
    assert!(status == 202 && answer.contains(&why), "{answer}");
    assert_eq!(pay(&node, "25", "pay_1").0, 202, "told again, it still waits");
    let before = node.account().balance;
    // By hand everything goes.
    node.command(&["account", "top-up", "firm", "5", "--reference", "wire-3"]);
    node.command(&["account", "lift-cut", "firm"]);
    let after = before.saturating_add(Money::from_cents(3_000));
    wait_for(SOON, "the payment that waited", || (node.account().balance == after).then_some(()));
    assert_eq!(pay(&node, "25", "pay_1").0, 200);
    assert_eq!(node.check_books(), after);
}
