//! A carrier's invoice held against the calls that the running binary carried.

use std::fmt::Write as _;

use billing::Cdr;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::support::{CARRIER, Hosts, Node, NodeOptions, Office, Sipp, secret};

/// The carrier's clock is slow by so much, and it bills in New York.
const CLOCK_MS: u64 = 41_000;

/// A row of the invoice, as the carrier writes it.
fn row(cdr: &Cdr, billed_s: u32, cost: &str) -> String {
    let at = i64::try_from(cdr.times.answer_ms.unwrap() - CLOCK_MS).unwrap();
    let at = Timestamp::from_millisecond(at).unwrap().to_zoned(TimeZone::get("America/New_York").unwrap());
    let number = cdr.number.dialled.strip_prefix('1').unwrap();
    format!("{};{number};US;{billed_s};{cost}\n", at.strftime("%m/%d/%Y %H:%M:%S"))
}

#[test]
fn an_invoice_is_held_against_our_calls() {
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "10").extension("101", "alice");
    let mut node = Node::start(hosts, &NodeOptions::default(), &office);
    let address = hosts.sip(2).to_string();
    node.command(&["carrier", "add", CARRIER, "--address", &address, "--cost-deck", "standard", "--options-s", "0"]);
    let carrier = Sipp::answering("answer", hosts.sip(2), node.ip()).calls(6, 10).start();
    for (host, number) in (10..).zip(["13035550123", "13035550123", "13035550123", "13035550124", "13035550125"]) {
        Sipp::calling("call", hosts.sip(host), node.ip()).dial(number).login("alice", &secret("alice")).run();
    }
    // One that is in our records and on no invoice.
    Sipp::calling("call", hosts.sip(20), node.ip()).dial("13035550126").login("alice", &secret("alice")).run();
    carrier.finish();
    let cdrs = node.expect_cdrs(6);
    let mut invoice = "Call Date;Dialed;Country;Seconds;Amount\n".to_owned();
    for cdr in &cdrs[..3] {
        invoice.push_str(&row(cdr, 6, "$0.0010"));
    }
    invoice.push_str(&row(&cdrs[3], 60, "0.0010"));
    invoice.push_str(&row(&cdrs[4], 6, "0.0490"));
    invoice.push_str(&row(&cdrs[4], 6, "0.0010").replace("3035550125", "4165550177"));
    let _ = writeln!(invoice, "soon;3035550123;US;6;0.0010");
    let file = node.path("march.csv");
    std::fs::write(&file, invoice).unwrap();
    let file = file.to_str().unwrap();
    let asked = [
        &["reconcile", file, "--carrier", CARRIER, "--step", "6", "--time-zone", "America/New_York"][..],
        &["--time-format", "%m/%d/%Y %H:%M:%S", "--until", "12/31/2099 00:00:00"][..],
    ]
    .concat();
    let table = node.try_command(&asked);
    let text = String::from_utf8_lossy(&table.stdout);
    assert!(!table.status.success(), "{text}");
    assert!(text.contains("line 8: `soon` is not a time in the format of this invoice"), "{text}");
    for outcome in ["Another duration: 1", "Another price: 1", "On the invoice only: 1", "In our records only: 1"] {
        assert!(text.contains(outcome), "no `{outcome}` in\n{text}");
    }
    let json = node.try_command(&[&asked[..], &["--json"]].concat());
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    let of = |name: &str| {
        let outcomes = json["outcomes"].as_array().unwrap();
        outcomes.iter().find(|outcome| outcome["name"] == name).unwrap_or_else(|| panic!("no {name}: {json}"))
    };
    assert_eq!((&of("Matched")["rows"], &of("Matched")["cost_micros"]), (&3.into(), &3_000.into()), "{json}");
    assert_eq!((&of("All")["rows"], &of("All")["calls"]), (&6.into(), &6.into()), "{json}");
    assert_eq!(json["other_duration"][0]["call"], cdrs[3].call.to_string());
    assert_eq!((&json["other_cost"][0]["line"], &json["other_cost"][0]["billed_micros"]), (&6.into(), &49_000.into()));
    assert_eq!((&json["invoice_only"][0]["line"], &json["invoice_only"][0]["call"]), (&7.into(), &Value::Null));
    assert_eq!(json["ours_only"][0]["number"], "+13035550126");
    assert_eq!(json["unread"][0]["line"], 8);
    let nobody = node.try_command(&["reconcile", file, "--carrier", "nobody", "--time-format", "%m/%d/%Y %H:%M:%S"]);
    assert!(String::from_utf8_lossy(&nobody.stderr).contains("there is no carrier nobody"), "{nobody:?}");
    node.stop();
}
