//! Tests of dialogs: both ends, route sets, order, and what a restart needs.

use proptest::prelude::*;

use super::*;
use crate::{HostPort, Name};

fn flow(transport: Transport) -> Flow {
    Flow { local: ([192, 0, 2, 1], 5060).into(), remote: ([198, 51, 100, 7], 1024).into(), transport, connection: 0 }
}

fn us() -> HostPort<'static> {
    HostPort::parse(b"192.0.2.1:5060").unwrap()
}

fn message(lines: &[&str]) -> Message {
    Message::parse((lines.join("\r\n") + "\r\n\r\n").as_bytes()).unwrap()
}

fn built(builder: crate::RequestBuilder) -> Message {
    let message = Message::parse(&builder.finish()).unwrap();
    message.validate().unwrap();
    message
}

/// An INVITE as a phone sends it, with these extra lines.
fn phone_invite(extra: &[&str]) -> Message {
    let lines = [
        "INVITE sip:200@pbx.example SIP/2.0",
        "Via: SIP/2.0/UDP 198.51.100.7:1024;branch=z9hG4bK1",
        "From: \"Ana \\\"A\\\"\" <sip:101@pbx.example>;tag=phone",
        "To: sip:200@pbx.example",
        "Call-ID: c1@phone",
        "CSeq: 20 INVITE",
    ];
    message(&[&lines, extra].concat())
}

fn phone_dialog(routes: &str) -> Dialog {
    let record_route = format!("Record-Route: {routes}");
    let mut lines = vec!["Contact: <sip:101@10.0.0.5:5060;transport=udp>"];
    if !routes.is_empty() {
        lines.push(&record_route);
    }
    Dialog::uas(&phone_invite(&lines), "ours", flow(Transport::Udp)).unwrap()
}

/// A request of the phone within the dialog.
fn phone_request(method: &str, cseq: u32, extra: &[&str]) -> Message {
    let (start, cseq) = (format!("{method} sip:us SIP/2.0"), format!("CSeq: {cseq} {method}"));
    let lines = [
        &start,
        "Via: SIP/2.0/UDP 198.51.100.7:1024;branch=z9hG4bK2",
        "From: <sip:101@pbx.example>;tag=phone",
        "To: <sip:200@pbx.example>;tag=ours",
        "Call-ID: c1@phone",
        &cseq,
    ];
    message(&[&lines, extra].concat())
}

fn our_invite() -> Message {
    message(&[
        "INVITE sip:+355691@carrier.example SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK3",
        "From: <sip:+1303@us.example>;tag=ours",
        "To: <sip:+355691@carrier.example>",
        "Call-ID: o1",
        "CSeq: 5 INVITE",
    ])
}

fn carrier_answer(status: u16, tag: &str, extra: &[&str]) -> Message {
    let (start, to) = (format!("SIP/2.0 {status} X"), format!("To: <sip:+355691@carrier.example>;tag={tag}"));
    let lines = [
        &start,
        "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK3",
        "From: <sip:+1303@us.example>;tag=ours",
        &to,
        "Call-ID: o1",
        "CSeq: 5 INVITE",
    ];
    message(&[&lines, extra].concat())
}

fn routes(message: &Message) -> Vec<String> {
    message.routes().map(|route| String::from_utf8(route.to_vec()).unwrap()).collect()
}

#[test]
fn uas_sends_along_the_record_routes_in_order() {
    let mut dialog = phone_dialog("<sip:p2.example;lr>, <sip:p1.example;lr>");
    assert_eq!((dialog.state(), dialog.local_cseq()), (DialogState::Early, 0));
    dialog.confirm();
    let bye = built(dialog.request(Method::Bye, us(), "z9hG4bKx"));
    assert_eq!(bye.request_uri(), b"sip:101@10.0.0.5:5060;transport=udp");
    assert_eq!(routes(&bye), ["<sip:p2.example;lr>", "<sip:p1.example;lr>"]);
    assert_eq!(bye.header(Name::From), Some(&b"<sip:200@pbx.example>;tag=ours"[..]));
    assert_eq!(bye.header(Name::To), Some(&b"\"Ana \\\"A\\\"\" <sip:101@pbx.example>;tag=phone"[..]));
    assert_eq!((bye.call_id(), bye.cseq().unwrap().number), (&b"c1@phone"[..], 1));
    assert_eq!(bye.header(Name::Via), Some(&b"SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx;rport"[..]));
    assert_eq!(dialog.next_hop(), "sip:p2.example;lr");
    assert_eq!((dialog.state(), dialog.local_cseq()), (DialogState::Confirmed, 1));
}

#[test]
fn uac_sends_along_the_record_routes_reversed() {
    let extra = ["Record-Route: <sip:p2;lr>", "Record-Route: <sip:p1;lr>", "Contact: <sip:gw@203.0.113.9>"];
    let answer = carrier_answer(200, "gw", &extra);
    let mut dialog = Dialog::uac(&our_invite(), &answer, flow(Transport::Udp)).unwrap();
    assert_eq!(dialog.state(), DialogState::Confirmed);
    let ack = built(dialog.ack(5, us(), "z9hG4bKy"));
    assert_eq!((ack.cseq().unwrap().number, ack.method()), (5, Some(Method::Ack)));
    assert_eq!(ack.request_uri(), b"sip:gw@203.0.113.9");
    assert_eq!(routes(&ack), ["<sip:p1;lr>", "<sip:p2;lr>"]);
    let bye = built(dialog.request(Method::Bye, us(), "z9hG4bKz"));
    assert_eq!((bye.cseq().unwrap().number, bye.to().unwrap().tag()), (6, Some(&b"gw"[..])));
}

#[test]
fn a_strict_router_gets_its_own_uri_in_the_request_line() {
    let mut dialog = phone_dialog("<sip:strict.example;method=INVITE;x=1?Subject=y>, <sip:p1.example;lr>");
    let bye = built(dialog.request(Method::Bye, us(), "z9hG4bKx"));
    assert_eq!(bye.request_uri(), b"sip:strict.example;x=1");
    assert_eq!(routes(&bye), ["<sip:p1.example;lr>", "<sip:101@10.0.0.5:5060;transport=udp>"]);
}

#[test]
fn headers_and_method_of_a_contact_stay_out_of_the_request_line() {
    let invite = phone_invite(&["Contact: <sip:a?b@h;method=INVITE;lr?X-Evil=1>"]);
    let mut dialog = Dialog::uas(&invite, "ours", flow(Transport::Udp)).unwrap();
    assert_eq!(built(dialog.request(Method::Bye, us(), "z9hG4bKx")).request_uri(), b"sip:a?b@h;lr");
}

#[test]
fn an_early_dialog_takes_route_set_and_target_of_the_2xx() {
    let ringing = carrier_answer(180, "gw", &["Record-Route: <sip:early;lr>"]);
    let mut dialog = Dialog::uac(&our_invite(), &ringing, flow(Transport::Udp)).unwrap();
    assert_eq!(dialog.state(), DialogState::Early);
    assert_eq!(dialog.remote_target(), "sip:+355691@carrier.example", "no Contact: the address we called");
    let extra = ["Record-Route: <sip:p2;lr>, <sip:p1;lr>", "Contact: <sip:gw@203.0.113.9>"];
    dialog.confirm_from(&carrier_answer(200, "gw", &extra)).unwrap();
    assert_eq!(dialog.state(), DialogState::Confirmed);
    assert_eq!(dialog.remote_target(), "sip:gw@203.0.113.9");
    assert_eq!(dialog.next_hop(), "sip:p1;lr");
    dialog.confirm_from(&carrier_answer(200, "gw", &["Record-Route: <sip:other;lr>"])).unwrap();
    assert_eq!(dialog.next_hop(), "sip:p1;lr", "a confirmed dialog keeps its route set");
}

#[test]
fn each_fork_is_a_dialog_of_its_own() {
    let id = |tag| DialogId::of_response(&carrier_answer(200, tag, &[])).unwrap();
    assert_ne!(id("gw1"), id("gw2"));
    let dialog = Dialog::uac(&our_invite(), &carrier_answer(200, "gw1", &[]), flow(Transport::Udp)).unwrap();
    assert_eq!(*dialog.id(), id("gw1"));
}

#[test]
fn requests_of_the_peer_find_the_dialog_by_call_id_and_tags() {
    let dialog = phone_dialog("");
    assert_eq!(DialogId::of_request(&phone_request("BYE", 21, &[])).as_ref(), Some(dialog.id()));
    assert_eq!((dialog.id().call_id(), dialog.id().local_tag()), ("c1@phone", "ours"));
    assert_eq!(dialog.id().remote_tag(), "phone");
    assert_eq!(DialogId::of_request(&phone_invite(&[])), None, "no To tag: outside any dialog");
}

#[test]
fn requests_out_of_order_are_told_apart() {
    let mut dialog = phone_dialog("");
    assert_eq!(dialog.receive_request(&phone_request("INFO", 22, &[])), Sequence::InOrder);
    assert_eq!(dialog.receive_request(&phone_request("BYE", 21, &[])), Sequence::OutOfOrder);
    assert_eq!(dialog.receive_request(&phone_request("ACK", 20, &[])), Sequence::InOrder);
    assert_eq!(dialog.receive_request(&phone_request("BYE", 23, &[])), Sequence::InOrder);
}

#[test]
fn reinvite_and_update_refresh_the_target_and_nothing_else_does() {
    let mut dialog = phone_dialog("");
    dialog.receive_request(&phone_request("INFO", 21, &["Contact: <sip:info@h>"]));
    assert_eq!(dialog.remote_target(), "sip:101@10.0.0.5:5060;transport=udp");
    dialog.receive_request(&phone_request("INVITE", 22, &["Contact: <sip:moved@h>"]));
    assert_eq!(dialog.remote_target(), "sip:moved@h");
    dialog.receive_request(&phone_request("UPDATE", 23, &[]));
    assert_eq!(dialog.remote_target(), "sip:moved@h");
    dialog.receive_request(&phone_request("UPDATE", 20, &["Contact: <sip:late@h>"]));
    assert_eq!(dialog.remote_target(), "sip:moved@h", "out of order");
    dialog.receive_request(&phone_request("UPDATE", 24, &["Contact: <nonsense>"]));
    assert_eq!(dialog.remote_target(), "sip:moved@h", "unreadable");
}

#[test]
fn a_name_without_quotes_that_holds_some_is_written_back_as_one_name() {
    let lines = ["INVITE sip:200@pbx SIP/2.0", "From: A\\n\"a\" <sip:a@h>;tag=f", "To: x\\ <sip:b@h>", "Call-ID: 1"];
    let invite = message(&[&lines[..], &["CSeq: 1 INVITE", "Contact: <sip:a@h>"]].concat());
    let mut dialog = Dialog::uas(&invite, "ours", flow(Transport::Udp)).unwrap();
    let us = HostPort::parse(b"pbx").unwrap();
    let bye = Message::parse(&dialog.request(Method::Bye, us, "z9hG4bK1").finish()).unwrap();
    assert_eq!(bye.validate(), Ok(()));
    assert_eq!((bye.to().unwrap().tag(), bye.from().unwrap().tag()), (Some(&b"f"[..]), Some(&b"ours"[..])));
}

#[test]
fn what_makes_no_dialog_says_why() {
    let uas = |extra: &[&str]| Dialog::uas(&phone_invite(extra), "ours", flow(Transport::Udp)).unwrap_err();
    assert_eq!(uas(&[]), DialogError::Missing("Contact"));
    assert_eq!(uas(&["Contact: *"]), DialogError::Missing("Contact"));
    assert_eq!(uas(&["Contact: <sip:a b@h>"]), DialogError::Missing("Contact"));
    let long = format!("Contact: <sip:{}@h>", "a".repeat(MAX_URI_BYTES));
    assert_eq!(uas(&[&long]), DialogError::TooLong("Contact"));
    let many = format!("Record-Route: {}", vec!["<sip:p;lr>"; MAX_ROUTES + 1].join(","));
    assert_eq!(uas(&["Contact: <sip:a@h>", &many]), DialogError::TooManyRoutes);
}

#[test]
fn secure_means_sips_over_tls() {
    let lines =
        ["INVITE sips:200@pbx SIP/2.0", "From: <sip:a@h>;tag=f", "To: <sip:b@h>", "Call-ID: 1", "CSeq: 1 INVITE"];
    let invite = message(&[&lines[..], &["Contact: <sips:a@h>"]].concat());
    assert!(Dialog::uas(&invite, "ours", flow(Transport::Tls)).unwrap().is_secure());
    assert!(!Dialog::uas(&invite, "ours", flow(Transport::Tcp)).unwrap().is_secure());
    assert!(!phone_dialog("").is_secure());
}

#[test]
fn a_stored_dialog_can_still_say_bye_after_a_restart() {
    let mut dialog = phone_dialog("<sip:p1.example;lr>");
    dialog.request(Method::Info, us(), "z9hG4bKx");
    let bytes = postcard::to_stdvec(&dialog).unwrap();
    let mut recovered = postcard::from_bytes::<Dialog>(&bytes).unwrap();
    assert_eq!(recovered, dialog);
    recovered = recovered.recovered();
    let bye = built(recovered.request(Method::Bye, us(), "z9hG4bKy"));
    assert_eq!(bye.cseq().unwrap().number, 2 + RECOVERED_CSEQ_GAP);
    assert_eq!(routes(&bye), ["<sip:p1.example;lr>"]);
}

#[test]
fn the_peer_that_knows_no_dialog_ends_it() {
    assert!(ends_dialog(481) && ends_dialog(408));
    assert!(!ends_dialog(200) && !ends_dialog(486) && !ends_dialog(500));
}

proptest! {
    #![proptest_config(ProptestConfig { max_global_rejects: 1_000_000, ..ProptestConfig::default() })]

    /// Whatever a phone writes into the headers a dialog is made of, our BYE is a valid message that belongs to the
    /// same dialog, and nothing of theirs becomes a header of its own.
    #[test]
    fn any_dialog_builds_valid_requests(
        display in "[ -~]{0,12}", user in "([a-c?;:%@]{0,6}@)?", contact in "[;?=a-cmethod,%]{0,12}",
        route in "[;=lr,a?]{0,12}", tag in "[!-~]{0,8}",
    ) {
        let text = format!(
            "INVITE sip:u@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: \"{display}\" <sip:a@h>;tag={tag}\r\n\
             To: <sip:b@h>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\nContact: <sip:{user}h;{contact}>\r\n\
             Record-Route: <sip:p;{route}>\r\n\r\n"
        );
        let invite = Message::parse(text.as_bytes()).unwrap();
        prop_assume!(invite.validate().is_ok());
        let dialog = Dialog::uas(&invite, "ours", flow(Transport::Udp));
        prop_assume!(dialog.is_ok());
        let mut dialog = dialog.unwrap();
        let bye = built(dialog.request(Method::Bye, us(), "z9hG4bKx"));
        prop_assert_eq!(bye.from().unwrap().tag(), Some(&b"ours"[..]));
        prop_assert_eq!(bye.to().unwrap().tag().unwrap_or_default(), dialog.id().remote_tag().as_bytes());
        prop_assert_eq!(bye.cseq().unwrap().number, 1);
        prop_assert_eq!(bye.header_lines().count(), 8);
    }
}

#[test]
fn a_2xx_alone_is_enough_to_hang_up() {
    for (extra, target) in
        [(&[][..], "sip:+355691@carrier.example"), (&["Contact: <sip:gw@203.0.113.9>"], "sip:gw@203.0.113.9")]
    {
        let mut dialog = Dialog::uac_of_stray(&carrier_answer(200, "gw", extra), flow(Transport::Udp)).unwrap();
        let known = Dialog::uac(&our_invite(), &carrier_answer(200, "gw", extra), flow(Transport::Udp)).unwrap();
        assert_eq!(dialog, known);
        let bye = built(dialog.request(Method::Bye, us(), "z9hG4bKx"));
        assert_eq!((bye.request_uri(), bye.cseq().unwrap().number), (target.as_bytes(), 6));
    }
}
