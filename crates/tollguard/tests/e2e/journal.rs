//! `tollguard replay --journal`: what a node decided is what it decides when its journal is replayed.

use account::Effect;
use billing::Cdr;
use node::{Body, Record};
use store::{Home, Journal};

use crate::support::{Hosts, Node, NodeOptions, Office, Sipp, secret};

/// A row of verdicts.jsonl for a CDR.
fn row(cdr: &Cdr) -> String {
    let verdict = replay::Verdict {
        id: cdr.call.to_string().into(),
        outcome: match cdr.verdict.decision {
            billing::Decision::Allowed => replay::Outcome::Allowed,
            billing::Decision::Refused => replay::Outcome::Refused,
        },
        carried_ms: cdr.times.talk_ms(),
        score: guard::Decibans::from_tenths(cdr.verdict.score_tenth_db),
        reasons: cdr.verdict.reasons.clone(),
    };
    let mut row = String::new();
    verdict.write_row(&mut row);
    row
}

#[test]
fn a_journal_gives_its_verdicts_again_and_a_changed_one_is_found_out() {
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "10").extension("101", "alice").extension("102", "bob").home_only();
    let mut node = Node::start(hosts, &NodeOptions::default(), &office);
    let carrier = Sipp::answering("answer", hosts.sip(2), node.ip()).start();
    Sipp::calling("call", hosts.sip(10), node.ip()).dial("011442079460123").login("alice", &secret("alice")).run();
    carrier.finish();
    Sipp::calling("call_refused", hosts.sip(11), node.ip()).dial("011355691234567").login("bob", &secret("bob")).run();
    let cdrs = node.expect_cdrs(2);
    node.stop();

    let (data, out) = (node.path("data"), node.path("out"));
    let arguments = |data: &std::path::Path| {
        ["replay", "--journal", data.to_str().unwrap(), "--out", out.to_str().unwrap()].map(str::to_owned)
    };
    let told = node.command(&arguments(&data).each_ref().map(String::as_str));
    assert!(told.contains("records from 1 on lead to the same effects") && told.contains("2 calls"), "{told}");
    let verdicts = std::fs::read_to_string(out.join("verdicts.jsonl")).unwrap();
    assert_eq!(verdicts, cdrs.iter().map(row).collect::<String>());

    // A journal in which one verdict was written otherwise.
    let forged = node.path("forged");
    let home = Home::open(&data).unwrap();
    let (journal, _) = Journal::<_, Record>::open(home.journal_disk().unwrap()).unwrap();
    let mut records: Vec<Record> = journal.records_after(0).map(Result::unwrap).collect();
    let score = records.iter_mut().find_map(|record| match &mut record.body {
        Body::Account { effects, .. } => effects.iter_mut().find_map(|effect| match effect {
            Effect::Cdr(cdr) => Some(&mut cdr.verdict.score_tenth_db),
            _ => None,
        }),
        Body::Node { .. } => None,
    });
    *score.unwrap() += 1;
    let other = Home::open(&forged).unwrap();
    let (mut journal, _) = Journal::<_, Record>::open(other.journal_disk().unwrap()).unwrap();
    journal.append(&records).unwrap();
    journal.sync().unwrap();
    drop((home, other));
    let output = node.try_command(&arguments(&forged).each_ref().map(String::as_str));
    let why = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{why}");
    assert!(why.contains("leads to other effects now") && why.contains(&cdrs[0].call.to_string()), "{why}");
}
