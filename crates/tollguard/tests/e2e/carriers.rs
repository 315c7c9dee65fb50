//! Carriers that want to know who calls, trunks of customers, and calls that arrive from a carrier.

use billing::{Direction, HungUpBy, Money, Route};

use node::{Command, CommandReply};

use crate::support::{CARRIER, Hosts, Node, NodeOptions, Office, SOON, Sipp, register, secret, wait_until};

/// What the carriers of SIPp know us by (`tests/sipp/answer_challenge.xml`, `registrar.xml`).
const CARRIER_SECRET: &str = "carrier-secret";

#[test]
fn a_carrier_challenges_each_call() {
    challenged("answer_challenge");
}

#[test]
fn a_carriers_proxy_challenges_each_call() {
    challenged("answer_challenge_proxy");
}

#[track_caller]
fn challenged(carrier: &str) {
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "10")
        .carrier(CARRIER, hosts.sip(2), Some((CARRIER_SECRET, None)))
        .extension("101", "alice");
    let node = Node::start(hosts, &NodeOptions::default(), &office);
    let carrier = Sipp::answering(carrier, hosts.sip(2), node.ip()).start();
    Sipp::calling("call", hosts.sip(10), node.ip()).dial("13035550123").login("alice", &secret("alice")).run();
    carrier.finish();
    assert_eq!(node.expect_cdr().result.sip_status, 200);
    node.check_books();
}

#[test]
fn a_carrier_that_refuses_our_secret_says_nothing_to_the_caller() {
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "10")
        .carrier(CARRIER, hosts.sip(2), Some(("another secret", None)))
        .extension("101", "alice");
    let node = Node::start(hosts, &NodeOptions::default(), &office);
    let carrier = Sipp::answering("answer_challenge", hosts.sip(2), node.ip()).start();
    let phone = Sipp::calling("call_refused", hosts.sip(10), node.ip()).dial("13035550123");
    phone.login("alice", &secret("alice")).run();
    carrier.finish();
    let cdr = node.expect_cdr();
    assert_eq!((cdr.result.sip_status, &cdr.result.hung_up_by), (403, &HungUpBy::Callee));
    assert_eq!(node.check_books(), Money::from_cents(1_000));
}

#[test]
fn a_carrier_one_must_register_with() {
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "10")
        .carrier(CARRIER, hosts.sip(2), Some((CARRIER_SECRET, Some(300))))
        .extension("101", "alice");
    let registrar = Sipp::answering("registrar", hosts.sip(2), hosts.node()).start();
    let node = Node::start(hosts, &NodeOptions::default(), &office);
    registrar.finish();
    wait_until(SOON, "the carrier to be usable", || {
        let CommandReply::Carriers(carriers) = node.ask(&Command::Carriers) else { return false };
        carriers.iter().any(|(_, up, text)| *up && text == "registered with wholesale for 300 s")
    });
    let carrier = Sipp::answering("answer", hosts.sip(2), node.ip()).start();
    Sipp::calling("call", hosts.sip(10), node.ip()).dial("13035550123").login("alice", &secret("alice")).run();
    carrier.finish();
}

#[test]
fn the_next_carrier_is_tried_where_one_fails() {
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "10").carrier("second", hosts.sip(3), None).extension("101", "alice");
    let node = Node::start(hosts, &NodeOptions::default(), &office);
    let first = Sipp::answering("answer_failed", hosts.sip(2), node.ip()).start();
    let second = Sipp::answering("answer", hosts.sip(3), node.ip()).start();
    Sipp::calling("call", hosts.sip(10), node.ip()).dial("13035550123").login("alice", &secret("alice")).run();
    first.finish();
    second.finish();
    let cdr = node.expect_cdr();
    assert_eq!(cdr.route, Some(Route::Carrier("second".parse().unwrap())));
    assert_eq!(node.check_books(), Money::from_micros(9_999_000));
}

/// RFC 3261 section 11: nobody waits for a carrier that is known to be gone, and its first answer brings it back.
#[test]
fn a_carrier_that_answers_no_options_is_passed_over_until_it_does() {
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "10").asked_every(10);
    let office = office.carrier("second", hosts.sip(3), None).extension("101", "alice");
    let node = Node::start(hosts, &NodeOptions::default(), &office);
    let is = |up: bool, text: &str| {
        let CommandReply::Carriers(carriers) = node.ask(&Command::Carriers) else { return false };
        carriers.iter().any(|(id, is_up, said)| id.as_str() == CARRIER && *is_up == up && said == text)
    };
    wait_until(SOON, "the carrier to be given up", || is(false, "does not answer"));
    let status = node.try_command(&["status"]);
    let said = String::from_utf8_lossy(&status.stdout);
    assert!(!status.status.success() && said.contains("wholesale: does not answer"), "{said}");
    let second = Sipp::answering("answer", hosts.sip(3), node.ip()).start();
    let call = || Sipp::calling("call", hosts.sip(10), node.ip()).dial("13035550123").login("alice", &secret("alice"));
    call().run();
    second.finish();
    let cdr = node.expect_cdr();
    assert_eq!(cdr.route, Some(Route::Carrier("second".parse().unwrap())));
    let waited_ms = cdr.times.answer_ms.unwrap() - cdr.times.start_ms;
    assert!(waited_ms < 5_000, "the call waited {waited_ms} ms for a carrier that is gone");
    Sipp::answering("answer_options", hosts.sip(2), node.ip()).start().finish();
    wait_until(SOON, "the carrier to be back", || is(true, "answers"));
    let first = Sipp::answering("answer", hosts.sip(2), node.ip()).start();
    call().run();
    first.finish();
    assert_eq!(node.expect_cdrs(2)[1].route, Some(Route::Carrier(CARRIER.parse().unwrap())));
    node.check_books();
}

#[test]
fn a_trunk_known_by_its_address() {
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "10").trunk_at("pbx", hosts.host(20));
    let node = Node::start(hosts, &NodeOptions::default(), &office);
    let carrier = Sipp::answering("answer", hosts.sip(2), node.ip()).start();
    Sipp::calling("inbound", hosts.sip(20), node.ip()).dial("+13035550123").login("101", "").run();
    carrier.finish();
    let cdr = node.expect_cdr();
    assert_eq!((cdr.who.line, cdr.who.direction), ("pbx".parse().ok(), Direction::Outbound));
    assert_eq!(cdr.from.ip, hosts.host(20));
    assert_eq!(node.check_books(), Money::from_micros(9_999_000));
}

#[test]
fn a_trunk_that_logs_in() {
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "10").trunk("pbx", "firm-pbx");
    let node = Node::start(hosts, &NodeOptions::default(), &office);
    let carrier = Sipp::answering("answer", hosts.sip(2), node.ip()).start();
    let pbx = Sipp::calling("call", hosts.sip(20), node.ip()).dial("+13035550123");
    pbx.login("firm-pbx", &secret("firm-pbx")).run();
    carrier.finish();
    let cdr = node.expect_cdr();
    assert_eq!((cdr.who.line, cdr.who.caller.as_str()), ("pbx".parse().ok(), "+13035550100"));
    assert_eq!(node.check_books(), Money::from_micros(9_999_000));
}

#[test]
fn a_carrier_calls_a_number_of_the_firm() {
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "10").extension("101", "alice").did("+13035550100", &["101"]);
    let node = Node::start(hosts, &NodeOptions::default(), &office);
    register(&node, "alice", 10);
    let alice = Sipp::answering("answer", hosts.sip(10), node.ip()).start();
    Sipp::calling("inbound", hosts.sip(2), node.ip()).dial("+13035550100").login("+13035550142", "").run();
    let heard = alice.finish();
    assert!(heard.contains("+13035550142"), "the caller's number is shown:\n{heard}");
    let cdr = node.expect_cdr();
    assert_eq!((cdr.who.direction, cdr.who.line), (Direction::Inbound, None));
    assert_eq!((cdr.route, cdr.money.charge), (Some(Route::Line("101".parse().unwrap())), Money::ZERO));
    assert_eq!(node.check_books(), Money::from_cents(1_000));
}
