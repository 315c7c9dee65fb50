//! The torture messages of RFC 4475 and RFC 5118 at the running binary, from a trunk that is trusted by its address, so
//! that authentication hides nothing. What is expected stands in `crates/sip/tests/torture/expected.toml`.

use std::path::Path;

use crate::support::{Hosts, Node, NodeOptions, Office, WildPbx};
use serde::Deserialize;
use sip::{Message, Name};

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

/// Answers looked at behind the probe's.
const MAX_LATE: usize = 20;

/// The final answer, as the table has it. What must wait for the disk, or for an account of another worker, comes behind
/// the probes' answers.
fn answer(pbx: &mut WildPbx, bytes: &[u8], waits: bool) -> String {
    let early = pbx.before_probe(&[bytes]);
    let late = std::iter::repeat_with(|| pbx.receive()).take(if waits { MAX_LATE } else { 0 });
    // The failure of an earlier INVITE may come again if its ACK was slow.
    let asked = Message::parse(bytes).ok();
    let same = |answer: &Message, name| asked.as_ref().and_then(|asked| asked.header(name)) == answer.header(name);
    let mut own = early.into_iter().chain(late).filter(|one| same(one, Name::CallId) && same(one, Name::CSeq));
    let last = own.find(|answer| answer.status().is_some_and(|status| status >= 200));
    last.map_or_else(
        || "silence".to_owned(),
        |answer| {
            pbx.acknowledge(&answer);
            answer.status().unwrap().to_string()
        },
    )
}

/// Some of the messages have the same branch or Call-ID, and would be retransmissions or old versions of each other: each
/// gets its own. The bare cookie, which is one message's point, stays.
fn made_its_own(mut bytes: Vec<u8>, number: usize) -> Vec<u8> {
    for before in [&b"z9hG4bK"[..], b"Call-ID: "] {
        let end = bytes.windows(before.len()).position(|window| window == before).map(|at| at + before.len());
        if let Some(end) = end.filter(|end| bytes.get(*end).is_some_and(u8::is_ascii_alphanumeric)) {
            bytes.splice(end..end, format!("{number}x").into_bytes());
        }
    }
    bytes
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
    for (number, row) in table.message.iter().enumerate() {
        let bytes = std::fs::read(folder.join(format!("{}.dat", row.file))).unwrap();
        let bytes = made_its_own(bytes, number);
        let got = answer(&mut pbx, &bytes, row.wire != "silence");
        if got != row.wire {
            wrong.push(format!("{}: {got} instead of {}", row.file, row.wire));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let reached = table.message.iter().filter(|row| row.wire == "484").count();
    assert!(node.expect_cdrs(reached).iter().all(|cdr| cdr.result.sip_status == 484), "one CDR for each attempt");
    node.check_books();
}
