//! Tests of the table: matching, cancelling, limits. Properties are in their own file.

mod properties;

use super::*;
use crate::{Message, Method, Transport};

pub(super) fn flow(transport: Transport, peer: u8) -> Flow {
    Flow {
        local: ([192, 0, 2, 1], 5060).into(),
        remote: ([198, 51, 100, peer], 5060).into(),
        transport,
        connection: if transport == Transport::Udp { 0 } else { u64::from(peer) },
    }
}

fn udp() -> Flow {
    flow(Transport::Udp, 7)
}

/// A request as a phone would send it; `via` is what follows the transport.
fn request(method: &str, via: &str, to_tag: &str) -> Message {
    let text = format!(
        "{method} sip:200@pbx.example SIP/2.0\r\nVia: SIP/2.0/UDP {via}\r\nMax-Forwards: 70\r\n\
         From: <sip:101@pbx.example>;tag=f1\r\nTo: <sip:200@pbx.example>{to_tag}\r\nCall-ID: c1\r\n\
         CSeq: 7 {method}\r\nContact: <sip:101@198.51.100.7>\r\nContent-Length: 0\r\n\r\n"
    );
    Message::parse(text.as_bytes()).unwrap()
}

pub(super) fn with_branch(method: &str, branch: &str) -> Message {
    request(method, &format!("198.51.100.7:5060;branch=z9hG4bK{branch}"), "")
}

/// A request of ours.
pub(super) fn ours(method: Method, branch: &str) -> Wire {
    let text = format!(
        "{method} sip:49@carrier.example SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch={branch};rport\r\n\
         Max-Forwards: 70\r\nRoute: <sip:p1;lr>, <sip:p2;lr>\r\nFrom: <sip:a@us>;tag=u1\r\n\
         To: <sip:49@carrier.example>\r\nCall-ID: o1\r\nCSeq: 3 {method}\r\nContent-Length: 0\r\n\r\n"
    );
    text.into_bytes().into()
}

pub(super) fn answer(status: u16, method: Method, branch: &str) -> Message {
    let text = format!(
        "SIP/2.0 {status} X\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch={branch};rport=5060\r\n\
         From: <sip:a@us>;tag=u1\r\nTo: <sip:49@carrier.example>;tag=r9\r\nCall-ID: o1\r\n\
         CSeq: 3 {method}\r\nContent-Length: 0\r\n\r\n"
    );
    Message::parse(text.as_bytes()).unwrap()
}

fn wire(text: &str) -> Wire {
    text.as_bytes().into()
}

/// Everything the table wants, one line each; messages by their first line.
fn drain(table: &mut TransactionTable) -> Vec<String> {
    let mut lines = Vec::new();
    while let Some(output) = table.poll_output() {
        lines.push(match output {
            Output::Send { bytes, .. } => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                format!("send {}", text.lines().next().unwrap_or_default())
            }
            Output::Timeout(_) => "timeout".to_owned(),
            Output::Failed(_) => "failed".to_owned(),
            Output::ClientEnded(_) => "client ended".to_owned(),
            Output::ServerTimeout(_) => "server timeout".to_owned(),
            Output::ServerFailed(_) => "server failed".to_owned(),
            Output::ServerEnded(_) => "server ended".to_owned(),
        });
    }
    lines
}

fn sent(table: &mut TransactionTable) -> Message {
    match table.poll_output() {
        Some(Output::Send { bytes, .. }) => Message::parse(&bytes).unwrap(),
        other => panic!("expected a message, got {other:?}"),
    }
}

fn new_server(table: &mut TransactionTable, request: &Message) -> ServerKey {
    match table.receive_request(request, udp(), 0) {
        Incoming::New(server) => server,
        other => panic!("expected a new transaction, got {other:?}"),
    }
}

fn new_client(table: &mut TransactionTable, method: Method, flow: Flow) -> ClientKey {
    table.send_request(method, ours(method, "z9hG4bKo"), "z9hG4bKo", flow, 0).unwrap()
}

#[test]
fn invite_gets_trying_then_its_failure_until_acknowledged() {
    let mut table = TransactionTable::default();
    let invite = with_branch("INVITE", "a");
    let server = new_server(&mut table, &invite);
    assert_eq!(table.receive_request(&invite, udp(), 100), Incoming::Absorbed);
    assert_eq!(drain(&mut table), [""; 0]);
    assert_eq!(table.next_deadline_ms(), Some(200));
    table.tick(200);
    let trying = sent(&mut table);
    assert_eq!((trying.status(), trying.to().unwrap().tag()), (Some(100), None));
    assert!(table.respond(server, 486, wire("486"), 300));
    table.tick(800);
    assert_eq!(table.receive_request(&invite, udp(), 900), Incoming::Absorbed);
    assert_eq!(drain(&mut table), ["send 486", "send 486", "send 486"]);
    let ack = request("ACK", "198.51.100.7:5060;branch=z9hG4bKa", ";tag=ours");
    assert_eq!(table.receive_request(&ack, udp(), 1_000), Incoming::Absorbed);
    table.tick(6_000);
    assert_eq!(drain(&mut table), ["server ended"]);
    assert!(!table.respond(server, 486, wire("late"), 6_001));
    assert!(table.is_empty());
}

#[test]
fn ack_of_a_2xx_belongs_to_the_dialog() {
    let mut table = TransactionTable::default();
    let server = new_server(&mut table, &with_branch("INVITE", "a"));
    table.respond(server, 200, wire("200"), 10);
    assert_eq!(table.receive_request(&with_branch("ACK", "other"), udp(), 20), Incoming::Ack);
    assert_eq!(table.receive_request(&with_branch("INVITE", "a"), udp(), 30), Incoming::Absorbed);
    assert_eq!(drain(&mut table), ["send 200"]);
}

#[test]
fn branch_sender_and_method_all_tell_transactions_apart() {
    let mut table = TransactionTable::default();
    for message in [
        with_branch("OPTIONS", "a"),
        with_branch("OPTIONS", "b"),
        with_branch("BYE", "a"),
        request("OPTIONS", "198.51.100.8:5060;branch=z9hG4bKa", ""),
        request("OPTIONS", "198.51.100.7:5061;branch=z9hG4bKa", ""),
    ] {
        new_server(&mut table, &message);
    }
    new_server(&mut table, &request("OPTIONS", "Pbx.Example;branch=z9hG4bKa", ""));
    let again = request("OPTIONS", "pbx.example;branch=z9hG4bKa", "");
    assert_eq!(table.receive_request(&again, udp(), 0), Incoming::Absorbed);
    let again = request("OPTIONS", "198.51.100.7:5060 ;rport;branch=z9hG4bKa", "");
    assert_eq!(table.receive_request(&again, udp(), 0), Incoming::Absorbed);
}

#[test]
fn rfc_2543_requests_are_matched_by_what_they_say() {
    let mut table = TransactionTable::default();
    let via = "198.51.100.7:5060;branch=1";
    let server = new_server(&mut table, &request("INVITE", via, ""));
    assert_eq!(table.receive_request(&request("INVITE", via, ""), udp(), 1), Incoming::Absorbed);
    match table.receive_request(&request("CANCEL", via, ""), udp(), 2) {
        Incoming::Cancel { invite, .. } => assert_eq!(invite, Some(server)),
        other => panic!("{other:?}"),
    }
    table.respond(server, 487, wire("487"), 3);
    assert_eq!(table.receive_request(&request("ACK", via, ";tag=ours"), udp(), 4), Incoming::Absorbed);
    let other = Message::parse(
        b"INVITE sip:200@pbx.example SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.7:5060;branch=1\r\n\
          From: <sip:101@pbx.example>;tag=f1\r\nTo: <sip:200@pbx.example>\r\nCall-ID: c1\r\nCSeq: 8 INVITE\r\n\r\n",
    );
    new_server(&mut table, &other.unwrap());
}

#[test]
fn rfc_2543_ack_of_a_2xx_is_passed_up() {
    let mut table = TransactionTable::default();
    let server = new_server(&mut table, &request("INVITE", "198.51.100.7:5060", ""));
    table.respond(server, 200, wire("200"), 1);
    let ack = request("ACK", "198.51.100.7:5060", ";tag=ours");
    assert_eq!(table.receive_request(&ack, udp(), 2), Incoming::Ack);
}

#[test]
fn cancel_finds_its_invite_and_nothing_else() {
    let mut table = TransactionTable::default();
    let invite = new_server(&mut table, &with_branch("INVITE", "a"));
    let Incoming::Cancel { cancel, invite: found } = table.receive_request(&with_branch("CANCEL", "a"), udp(), 10)
    else {
        panic!("a CANCEL")
    };
    assert_eq!(found, Some(invite));
    assert_eq!(table.receive_request(&with_branch("CANCEL", "a"), udp(), 20), Incoming::Absorbed);
    table.respond(cancel, 200, wire("200 CANCEL"), 30);
    table.respond(invite, 487, wire("487"), 30);
    assert_eq!(drain(&mut table), ["send 200 CANCEL", "send 487"]);
    new_server(&mut table, &with_branch("OPTIONS", "b"));
    assert!(matches!(
        table.receive_request(&with_branch("CANCEL", "b"), udp(), 40),
        Incoming::Cancel { invite: None, .. }
    ));
}

#[test]
fn what_was_let_in_can_be_ended_when_nothing_more_is_let_in() {
    let mut table = TransactionTable::new(4, 4, HashKey::default());
    for branch in ["a", "b", "c"] {
        new_server(&mut table, &with_branch("INVITE", branch));
    }
    assert_eq!(table.receive_request(&with_branch("INVITE", "d"), udp(), 0), Incoming::Full);
    assert!(matches!(table.receive_request(&with_branch("CANCEL", "c"), udp(), 0), Incoming::Cancel { .. }));
    let bye = |branch: &str| request("BYE", &format!("198.51.100.7:5060;branch=z9hG4bK{branch}"), ";tag=ours");
    assert_eq!(table.receive_request(&bye("e"), udp(), 0), Incoming::Full, "four are four");
    let mut table = TransactionTable::new(4, 4, HashKey::default());
    for branch in ["a", "b", "c"] {
        new_server(&mut table, &with_branch("INVITE", branch));
    }
    assert!(matches!(table.receive_request(&bye("e"), udp(), 0), Incoming::New(_)));
}

#[test]
fn a_full_table_refuses_and_a_forgotten_transaction_makes_room() {
    let mut table = TransactionTable::new(1, 1, HashKey::default());
    let register = with_branch("REGISTER", "a");
    let server = new_server(&mut table, &register);
    assert_eq!(table.receive_request(&with_branch("REGISTER", "b"), udp(), 0), Incoming::Full);
    assert!(table.respond_and_forget(server, wire("401")));
    assert!(!table.respond_and_forget(server, wire("401")));
    assert_eq!(drain(&mut table), ["send 401"]);
    assert_eq!(table.next_deadline_ms(), None);
    assert_ne!(new_server(&mut table, &register), server);
}

#[test]
fn a_request_without_what_it_takes_is_malformed() {
    let mut table = TransactionTable::default();
    let no_via = Message::parse(b"OPTIONS sip:a SIP/2.0\r\nCall-ID: 1\r\n\r\n").unwrap();
    assert_eq!(table.receive_request(&no_via, udp(), 0), Incoming::Malformed);
    let vias = format!("h;branch=z9hG4bKa{}", "\r\nVia: SIP/2.0/UDP ".to_owned() + &"h".repeat(MAX_HEAD_BYTES));
    assert_eq!(table.receive_request(&request("INVITE", &vias, ""), udp(), 0), Incoming::Malformed);
    assert!(table.is_empty());
}

#[test]
fn failure_is_acknowledged_as_17_1_1_3_says() {
    let mut table = TransactionTable::default();
    let client = new_client(&mut table, Method::Invite, udp());
    drain(&mut table);
    assert_eq!(table.receive_response(&answer(486, Method::Invite, "z9hG4bKo"), 50), Answer::To(client));
    let ack = sent(&mut table);
    assert_eq!((ack.method(), ack.request_uri()), (Some(Method::Ack), &b"sip:49@carrier.example"[..]));
    assert_eq!(ack.top_via().unwrap().branch(), Some(&b"z9hG4bKo"[..]));
    assert_eq!(ack.to().unwrap().tag(), Some(&b"r9"[..]));
    assert_eq!(ack.from().unwrap().tag(), Some(&b"u1"[..]));
    assert_eq!((ack.cseq().unwrap().number, ack.cseq().unwrap().method), (3, Method::Ack));
    assert_eq!(ack.routes().collect::<Vec<_>>(), [&b"<sip:p1;lr>"[..], b"<sip:p2;lr>"]);
    ack.validate().unwrap();
    assert_eq!(table.receive_response(&answer(486, Method::Invite, "z9hG4bKo"), 60), Answer::Absorbed);
    assert_eq!(drain(&mut table), ["send ACK sip:49@carrier.example SIP/2.0"]);
}

#[test]
fn cancel_goes_out_in_its_own_transaction_once_ringing() {
    let mut table = TransactionTable::default();
    let client = new_client(&mut table, Method::Invite, udp());
    assert!(table.cancel(client, 10));
    assert_eq!(drain(&mut table), ["send INVITE sip:49@carrier.example SIP/2.0"]);
    assert_eq!(table.receive_response(&answer(100, Method::Invite, "z9hG4bKo"), 20), Answer::To(client));
    let cancel = sent(&mut table);
    cancel.validate().unwrap();
    assert_eq!(cancel.cseq().unwrap().method, Method::Cancel);
    assert_eq!(cancel.to().unwrap().tag(), None);
    table.tick(520);
    assert_eq!(drain(&mut table), ["send CANCEL sip:49@carrier.example SIP/2.0"]);
    assert_eq!(table.receive_response(&answer(200, Method::Cancel, "z9hG4bKo"), 530), Answer::Absorbed);
    assert_eq!(table.receive_response(&answer(487, Method::Invite, "z9hG4bKo"), 540), Answer::To(client));
    assert!(!table.cancel(client, 550));
    table.tick(40_000);
    table.tick(40_000);
    assert_eq!(drain(&mut table), ["send ACK sip:49@carrier.example SIP/2.0", "client ended"]);
    assert!(table.is_empty());
}

#[test]
fn answer_that_crosses_the_cancel_is_passed_up() {
    let mut table = TransactionTable::default();
    let client = new_client(&mut table, Method::Invite, udp());
    table.receive_response(&answer(180, Method::Invite, "z9hG4bKo"), 20);
    assert!(table.cancel(client, 30));
    assert_eq!(table.receive_response(&answer(200, Method::Invite, "z9hG4bKo"), 40), Answer::To(client));
    assert_eq!(table.receive_response(&answer(481, Method::Cancel, "z9hG4bKo"), 50), Answer::Absorbed);
}

#[test]
fn only_invite_can_be_cancelled() {
    let mut table = TransactionTable::default();
    let client = new_client(&mut table, Method::Bye, udp());
    assert!(!table.cancel(client, 1));
}

#[test]
fn late_2xx_after_the_timeout_is_a_stray() {
    let mut table = TransactionTable::default();
    new_client(&mut table, Method::Invite, flow(Transport::Tcp, 7));
    assert_eq!(table.next_deadline_ms(), Some(32_000));
    table.tick(32_000);
    assert_eq!(drain(&mut table), ["send INVITE sip:49@carrier.example SIP/2.0", "timeout", "client ended"]);
    assert_eq!(table.receive_response(&answer(200, Method::Invite, "z9hG4bKo"), 32_001), Answer::Stray);
}

#[test]
fn responses_match_by_branch_and_method() {
    let mut table = TransactionTable::default();
    let client = new_client(&mut table, Method::Bye, udp());
    assert_eq!(table.receive_response(&answer(200, Method::Invite, "z9hG4bKo"), 1), Answer::Stray);
    assert_eq!(table.receive_response(&answer(200, Method::Bye, "z9hG4bKp"), 1), Answer::Stray);
    assert_eq!(table.receive_response(&answer(200, Method::Bye, "z9hG4bKo"), 1), Answer::To(client));
}

#[test]
fn a_branch_is_used_once_and_room_is_limited() {
    let mut table = TransactionTable::new(1, 1, HashKey::default());
    new_client(&mut table, Method::Bye, udp());
    let bytes = ours(Method::Bye, "z9hG4bKo");
    let mut send = |branch: &str| table.send_request(Method::Bye, bytes.clone(), branch, udp(), 0);
    assert_eq!(send("z9hG4bKo"), Err(SendError::BranchInUse));
    assert_eq!(send("z9hG4bKp"), Err(SendError::Full));
}

#[test]
fn a_lost_connection_fails_what_is_on_it_and_nothing_else() {
    let mut table = TransactionTable::default();
    let lost = flow(Transport::Tcp, 7);
    let client = new_client(&mut table, Method::Invite, lost);
    let other = table.send_request(Method::Bye, ours(Method::Bye, "z9hG4bKq"), "z9hG4bKq", udp(), 0).unwrap();
    let Incoming::New(server) = table.receive_request(&with_branch("INVITE", "s"), lost, 0) else { panic!("new") };
    while table.poll_output().is_some() {}
    table.flow_failed(lost, 5);
    let outputs: Vec<_> = std::iter::from_fn(|| table.poll_output()).collect();
    let expected = [Output::Failed(client), Output::ClientEnded(client), Output::ServerFailed(server)];
    assert_eq!(outputs, expected);
    assert_eq!(table.client_flow(other), Some(udp()));
    assert_eq!(table.server_flow(server), Some(lost), "an INVITE stays to absorb retransmissions (RFC 6026)");
}
