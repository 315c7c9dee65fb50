//! The torture messages of RFC 4475 and RFC 5118 at the running binary, from a trunk that is trusted by its address, so
//! that authentication hides nothing. What is expected stands in `crates/sip/tests/torture/expected.toml`.

use std::path::Path;

use crate::support::{Hosts, Node, NodeOptions, Office, WildPbx};
use serde::Deserialize;

/// One row of the table; what reading the message gives is tested in the crate `sip`.
#[derive(Deserialize)]
struct Row {
    file: String,
    wire: String,
}

#[derive(Deserialize)]
struct Table {
    message: Vec<Row>,
}

/// The final answer, as the table has it. What must wait for the disk comes behind the probe's answer.
fn answer(pbx: &mut WildPbx, bytes: &[u8], waits: bool) -> String {
    let early = pbx.before_probe(&[bytes]);
    let late = std::iter::repeat_with(|| pbx.receive()).take(if waits { 2 } else { 0 });
    let last = early.into_iter().chain(late).find(|answer| answer.status().is_some_and(|status| status >= 200));
    last.map_or_else(
        || "silence".to_owned(),
        |answer| {
            pbx.acknowledge(&answer);
            answer.status().unwrap().to_string()
        },
    )
}

#[test]
fn every_torture_message_has_the_answer_of_the_table() {
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "10").trunk_at("pbx", hosts.host(20));
    let node = Node::start(hosts, &NodeOptions::default(), &office);
    let mut pbx = WildPbx::new(hosts);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sip/tests/torture");
    let table: Table = toml::from_str(&std::fs::read_to_string(folder.join("expected.toml")).unwrap()).unwrap();
    let mut wrong = Vec::new();
    for row in &table.message {
        let bytes = std::fs::read(folder.join(format!("{}.dat", row.file))).unwrap();
        let got = answer(&mut pbx, &bytes, row.wire == "484");
        if got != row.wire {
            wrong.push(format!("{}: {got} instead of {}", row.file, row.wire));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let reached = table.message.iter().filter(|row| row.wire == "484").count();
    assert!(node.expect_cdrs(reached).iter().all(|cdr| cdr.result.sip_status == 484), "one CDR for each attempt");
    node.check_books();
}
