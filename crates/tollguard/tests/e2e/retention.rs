//! Retention on the running binary: old calls are masked or go, the books still pass the audit, sums stay.

use rusqlite::Connection;
use store::Home;

use crate::support::{Hosts, Node, NodeOptions, Office, SOON, Sipp, secret, wait_until};

const CALLS: usize = 3;

/// Makes what the tables show look so many days older.
fn age(node: &Node, days: i64) {
    let tables = Connection::open(Home::database_in(&node.path("data"))).unwrap();
    let ms = days * 86_400_000;
    tables.execute("UPDATE cdrs SET since_ms = since_ms - ?1", [ms]).unwrap();
    let entries = "UPDATE ledger SET since_ms = since_ms - ?1, first_ms = first_ms - ?1, last_ms = last_ms - ?1";
    tables.execute(entries, [ms]).unwrap();
}

#[test]
fn old_calls_are_masked_then_go_and_the_audit_passes() {
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "10").extension("101", "alice");
    let options = NodeOptions::default().set("numbers_days", "5").set("calls_days", "30");
    let mut node = Node::start(hosts, &options, &office);
    let carrier = Sipp::answering("answer", hosts.sip(2), node.ip()).calls(3, 10).start();
    for host in 10..13 {
        Sipp::calling("call", hosts.sip(host), node.ip()).dial("13035550123").login("alice", &secret("alice")).run();
    }
    carrier.finish();
    node.expect_cdrs(CALLS);
    node.stop();
    let month = node.cdrs()[0].times.start_ms;
    age(&node, 10);
    node.serve();
    wait_until(SOON, "the numbers to be masked", || {
        node.cdrs().iter().all(|cdr| cdr.number.dialled == "+1303555xxxx" && cdr.number.e164.is_none())
    });
    assert!(node.command(&["audit"]).contains("3 calls") && node.command(&["audit"]).contains("everything adds up"));
    node.stop();
    age(&node, 30);
    node.serve();
    wait_until(SOON, "the calls to go", || node.cdrs().is_empty());
    let audit = node.command(&["audit"]);
    assert!(audit.contains("3 charges are of calls whose records were removed by age"), "{audit}");
    assert!(audit.contains("everything adds up"), "{audit}");
    let month = jiff::Timestamp::from_millisecond(i64::try_from(month).unwrap()).unwrap();
    let month = month.to_zoned(jiff::tz::TimeZone::get("America/Denver").unwrap()).strftime("%Y-%m").to_string();
    let report = node.command(&["cdr", "report", "--account", "firm", "--month", &month, "--by", "line"]);
    assert!(report.contains("101"), "{report}");
    // A charge of now without a record is no matter of age.
    node.stop();
    age(&node, -40);
    let audit = node.try_command(&["audit"]);
    assert!(String::from_utf8_lossy(&audit.stderr).contains("3 differences"), "{audit:?}");
}
