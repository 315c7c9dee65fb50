//! The torture messages of RFC 4475 and RFC 5118 at the running binary, from a trunk that is trusted by its address, so
//! that authentication hides nothing. What is expected stands in `crates/sip/tests/torture/expected.toml`.

use std::net::UdpSocket;
use std::path::Path;

use serde::Deserialize;
use sip::{Message, Method};

use crate::support::{Hosts, Node, NodeOptions, Office, SOON};

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

/// A PBX that sends anything.
struct Tormentor {
    socket: UdpSocket,
    probes: u32,
}

impl Tormentor {
    fn new(hosts: Hosts) -> Self {
        let socket = UdpSocket::bind(hosts.sip(20)).unwrap();
        socket.connect(hosts.sip(1)).unwrap();
        socket.set_read_timeout(Some(SOON)).unwrap();
        Self { socket, probes: 0 }
    }

    fn receive(&self) -> Message {
        let mut buffer = vec![0; 65_535];
        let length = self.socket.recv(&mut buffer).expect("the node still answers");
        Message::parse(&buffer[..length]).unwrap()
    }

    /// Sends a message and, behind it, an OPTIONS; the status of every answer that comes before that of the OPTIONS.
    fn before_probe(&mut self, bytes: &[u8]) -> Vec<Message> {
        self.socket.send(bytes).unwrap();
        self.probes += 1;
        let call_id = format!("probe-{}", self.probes);
        let local = self.socket.local_addr().unwrap();
        let probe = format!(
            "OPTIONS sip:node SIP/2.0\r\nVia: SIP/2.0/UDP {local};branch=z9hG4bK-{call_id}\r\nMax-Forwards: 70\r\n\
             From: <sip:probe@pbx>;tag=1\r\nTo: <sip:node>\r\nCall-ID: {call_id}\r\nCSeq: 1 OPTIONS\r\n\r\n"
        );
        self.socket.send(probe.as_bytes()).unwrap();
        let mut answers = Vec::new();
        loop {
            let answer = self.receive();
            if answer.call_id() == call_id.as_bytes() {
                assert_eq!(answer.status(), Some(200), "the node still answers properly");
                return answers;
            }
            answers.push(answer);
        }
    }

    /// The final answer, as the table has it. What must wait for the disk comes behind the probe's answer.
    fn answer(&mut self, bytes: &[u8], waits: bool) -> String {
        let early = self.before_probe(bytes);
        let mut answers =
            early.into_iter().chain(std::iter::repeat_with(|| self.receive()).take(if waits { 2 } else { 0 }));
        let last = answers.find(|answer| answer.status().is_some_and(|status| status >= 200));
        last.map_or_else(|| "silence".to_owned(), |answer| self.acknowledged(&answer))
    }

    /// The status; the failure of an INVITE is acknowledged, or it would come again.
    fn acknowledged(&self, answer: &Message) -> String {
        if answer.cseq().is_ok_and(|cseq| cseq.method == Method::Invite) {
            let line = |name: sip::Name| {
                format!("{name}: {}\r\n", String::from_utf8_lossy(answer.header(name).unwrap_or_default()))
            };
            let ack = [
                "ACK sip:node SIP/2.0\r\n".to_owned(),
                line(sip::Name::Via),
                line(sip::Name::From),
                line(sip::Name::To),
                line(sip::Name::CallId),
                format!("CSeq: {} ACK\r\n\r\n", answer.cseq().unwrap().number),
            ];
            self.socket.send(ack.concat().as_bytes()).unwrap();
        }
        answer.status().unwrap().to_string()
    }
}

#[test]
fn every_torture_message_has_the_answer_of_the_table() {
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "10").trunk_at("pbx", hosts.host(20));
    let node = Node::start(hosts, &NodeOptions::default(), &office);
    let mut tormentor = Tormentor::new(hosts);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sip/tests/torture");
    let table: Table = toml::from_str(&std::fs::read_to_string(folder.join("expected.toml")).unwrap()).unwrap();
    let mut wrong = Vec::new();
    for row in &table.message {
        let bytes = std::fs::read(folder.join(format!("{}.dat", row.file))).unwrap();
        let answer = tormentor.answer(&bytes, row.wire == "484");
        if answer != row.wire {
            wrong.push(format!("{}: {answer} instead of {}", row.file, row.wire));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let reached = table.message.iter().filter(|row| row.wire == "484").count();
    assert!(node.expect_cdrs(reached).iter().all(|cdr| cdr.result.sip_status == 484), "one CDR for each attempt");
    node.check_books();
}
