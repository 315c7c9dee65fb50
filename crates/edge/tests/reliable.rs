//! Reliable provisional responses (RFC 3262) and early media across the legs.
#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected should stop")]

mod harness;

use harness::peer::Peer;
use harness::phones::{ANA, BEN, ringing};
use harness::{CARRIER, FREE, World, summary, text};
use sip::{Message, Name};

/// Ana, whose phone says so of reliable responses, has called Albania; the carrier's INVITE comes back.
fn calling(world: &mut World, header: &str) -> (Peer, Message) {
    world.allow_carriers(&["main"], FREE);
    let mut ana = Peer::new(ANA, "101");
    ana.extra.push(header.to_owned());
    let offer = ana.sdp(4_000, "sendrecv");
    ana.authenticated(world, "INVITE", "sip:+355691234567@pbx.example", &offer);
    assert!(world.lines(ANA).is_empty());
    let invite = world.one(CARRIER);
    (ana, invite)
}

fn prack(ana: &mut Peer, response: &Message, rseq: u32, body: &str) -> String {
    let cseq = response.cseq().unwrap().number;
    ana.extra.push(format!("RAck: {rseq} {cseq} INVITE"));
    ana.within(response, "PRACK", body)
}

fn is_reliable(response: &Message) -> bool {
    response.rseq().is_some()
}

#[test]
fn early_media_reaches_a_caller_for_certain_and_the_answer_waits_for_it() {
    for header in ["Supported: 100rel", "Require: 100rel"] {
        let mut world = World::new();
        let (mut ana, invite) = calling(&mut world, header);
        let gateway = Peer::new(CARRIER, "gw");
        gateway.answer(&mut world, &invite, 183, &gateway.sdp(6_000, "sendrecv"));
        let early = world.one(ANA);
        assert_eq!((summary(&early).as_str(), early.rseq()), ("183 INVITE", Some(1)));
        assert!(text(early.body()).contains("m=audio 20000"));
        // Section 3: again after T1, doubling.
        world.wait_ms(1_600);
        assert_eq!(world.lines(ANA), ["183 INVITE", "183 INVITE"], "{header}");
        gateway.answer(&mut world, &invite, 200, &gateway.sdp(6_000, "sendrecv"));
        assert!(world.take(ANA).is_empty(), "no 2xx before the PRACK");
        let wrong = prack(&mut ana, &early, 2, "");
        world.datagram(ANA, wrong.as_bytes());
        assert_eq!(world.lines(ANA), ["481 PRACK"]);
        let right = prack(&mut ana, &early, 1, "");
        world.datagram(ANA, right.as_bytes());
        let sent = world.take(ANA);
        let lines: Vec<String> = sent.iter().map(summary).collect();
        assert_eq!(lines, ["200 PRACK", "200 INVITE"]);
        let bye = ana.within(&sent[1], "BYE", "");
        world.datagram(ANA, bye.as_bytes());
        assert_eq!(world.lines(ANA).last().unwrap(), "200 BYE");
        assert_eq!(world.settlements().len(), 1);
    }
}

#[test]
fn one_at_a_time_and_in_order() {
    let mut world = World::new();
    let (mut ana, invite) = calling(&mut world, "Require: 100rel");
    let gateway = Peer::new(CARRIER, "gw");
    gateway.answer(&mut world, &invite, 180, "");
    gateway.answer(&mut world, &invite, 183, &gateway.sdp(6_000, "sendrecv"));
    gateway.answer(&mut world, &invite, 183, &gateway.sdp(6_000, "sendrecv"));
    let first = world.one(ANA);
    assert_eq!((summary(&first).as_str(), first.rseq()), ("180 INVITE", Some(1)));
    let ack = prack(&mut ana, &first, 1, "");
    world.datagram(ANA, ack.as_bytes());
    let sent = world.take(ANA);
    assert_eq!((sent.len(), summary(&sent[1]).as_str(), sent[1].rseq()), (2, "183 INVITE", Some(2)));
    // An offer that nobody can answer yet is refused, and the response counts as heard.
    let offer = ana.sdp(4_000, "sendrecv");
    let ack = prack(&mut ana, &sent[1], 2, &offer);
    world.datagram(ANA, ack.as_bytes());
    assert_eq!(world.lines(ANA), ["488 PRACK"]);
    world.wait_ms(10_000);
    assert!(world.take(ANA).is_empty());
}

#[test]
fn a_caller_that_never_acknowledges_is_given_up() {
    let mut world = World::new();
    let (_, invite) = calling(&mut world, "Require: 100rel");
    Peer::new(CARRIER, "gw").answer(&mut world, &invite, 180, "");
    world.wait_ms(33_000);
    assert_eq!(world.lines(ANA).last().unwrap(), "504 INVITE");
    assert_eq!(world.lines(CARRIER)[0], "CANCEL");
    assert_eq!(world.settlements().len(), 1);
}

#[test]
fn who_does_not_ask_for_it_gets_plain_responses() {
    let mut world = World::new();
    let (_, invite) = calling(&mut world, "Supported: timer");
    let gateway = Peer::new(CARRIER, "gw");
    gateway.answer(&mut world, &invite, 183, &gateway.sdp(6_000, "sendrecv"));
    assert!(!is_reliable(&world.one(ANA)));
    // Ringing without media is not worth the trouble where it is not demanded.
    let mut world = World::new();
    let (_, invite) = calling(&mut world, "Supported: 100rel");
    Peer::new(CARRIER, "gw").answer(&mut world, &invite, 180, "");
    assert!(!is_reliable(&world.one(ANA)));
}

/// A reliable response of the carrier.
fn reliably(world: &mut World, gateway: &Peer, invite: &Message, rseq: u32, body: &str) {
    let rseq = rseq.to_string();
    gateway.answer_with_all(world, invite, 183, &[(Name::Require, "100rel"), (Name::RSeq, &rseq)], body);
}

#[test]
fn a_carriers_reliable_responses_are_acknowledged_in_order() {
    let mut world = World::new();
    let (mut ana, invite) = calling(&mut world, "Supported: timer");
    assert!(invite.headers(Name::Supported).any(|option| option == b"100rel"));
    let gateway = Peer::new(CARRIER, "gw");
    reliably(&mut world, &gateway, &invite, 41, &gateway.sdp(6_000, "sendrecv"));
    let first = world.one(CARRIER);
    assert_eq!((summary(&first).as_str(), first.header(Name::RAck)), ("PRACK", Some(&b"41 1 INVITE"[..])));
    assert_eq!(first.cseq().unwrap().number, 2);
    assert_eq!(world.lines(ANA), ["183 INVITE"]);
    gateway.answer(&mut world, &first, 200, "");
    // Section 4: one that comes again has its PRACK, one out of its turn waits for the one before.
    for rseq in [41, 43] {
        reliably(&mut world, &gateway, &invite, rseq, "");
        assert!(world.take(CARRIER).is_empty() && world.take(ANA).is_empty(), "{rseq}");
    }
    reliably(&mut world, &gateway, &invite, 42, "");
    let second = world.one(CARRIER);
    assert_eq!((second.header(Name::RAck), second.cseq().unwrap().number), (Some(&b"42 1 INVITE"[..]), 3));
    gateway.answer(&mut world, &second, 200, "");
    world.take(ANA);
    // The answer came with the ringing: the 200 need not repeat it. What follows in the dialog is counted on.
    gateway.answer(&mut world, &invite, 200, "");
    assert_eq!(world.lines(CARRIER), ["ACK"]);
    let ok = world.one(ANA);
    assert!(text(ok.body()).contains("m=audio 20000"));
    ana.ack(&mut world, &ok);
    let bye = ana.within(&ok, "BYE", "");
    world.datagram(ANA, bye.as_bytes());
    let bye = world.one(CARRIER);
    assert_eq!((summary(&bye).as_str(), bye.cseq().unwrap().number), ("BYE", 4));
}

#[test]
fn an_early_dialog_takes_no_offer_yet_and_is_forgotten_with_its_call() {
    let mut world = World::new();
    let (ana, _, invite) = ringing(&mut world);
    let mut ben = Peer::new(BEN, "102");
    let headers = [(Name::Require, "100rel"), (Name::RSeq, "7")];
    ben.answer_with_all(&mut world, &invite, 180, &headers, "");
    assert_eq!(world.lines(BEN), ["PRACK"]);
    let update = ben.within(&invite, "UPDATE", &ben.sdp(5_000, "sendrecv"));
    world.datagram(BEN, update.as_bytes());
    assert_eq!(world.lines(BEN), ["491 UPDATE"]);
    world.datagram(ANA, ana.cancel().as_bytes());
    world.take(BEN);
    let update = ben.within(&invite, "UPDATE", &ben.sdp(5_000, "sendrecv"));
    world.datagram(BEN, update.as_bytes());
    assert_eq!(world.lines(BEN), ["481 UPDATE"]);
}
