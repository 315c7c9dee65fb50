//! Within a call: hold and resume, offers that cross, key presses, and what is refused.
#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected should stop")]

mod harness;

use harness::peer::Peer;
use harness::phones::{ANA, BEN, talking};
use harness::{World, summary, text};
use media::{RelayCommand, Side};

#[test]
fn hold_and_resume_pass_through() {
    let mut world = World::new();
    let (mut ana, mut ben, invite, ok) = talking(&mut world);
    for (offered, answered, held) in [("sendonly", "recvonly", true), ("sendrecv", "sendrecv", false)] {
        let hold = ana.within(&ok, "INVITE", &ana.sdp(4_000, offered));
        world.datagram(ANA, hold.as_bytes());
        let reinvite = world.one(BEN);
        assert_eq!((summary(&reinvite).as_str(), reinvite.call_id()), ("INVITE", invite.call_id()));
        assert!(text(reinvite.body()).contains(&format!("a={offered}")) && !text(reinvite.body()).contains("198.51"));
        ben.answer(&mut world, &reinvite, 200, &ben.sdp(5_000, answered));
        assert_eq!(world.lines(BEN), ["ACK"]);
        let held_ok = world.one(ANA);
        assert_eq!(summary(&held_ok), "200 INVITE");
        assert!(text(held_ok.body()).contains(&format!("a={answered}")));
        ana.ack(&mut world, &held_ok);
        let last = world.relay.iter().rev().find(|command| matches!(command, RelayCommand::Held { .. }));
        assert!(matches!(last, Some(RelayCommand::Held { held: now, .. }) if *now == held));
    }
    // The other direction, by UPDATE.
    ben.cseq = 1;
    let update = ben.within(&invite, "UPDATE", &ben.sdp(5_004, "sendrecv"));
    world.datagram(BEN, update.as_bytes());
    // Ana has not said that she takes UPDATE.
    let passed = world.one(ANA);
    assert_eq!(summary(&passed), "INVITE");
    ana.answer(&mut world, &passed, 200, &ana.sdp(4_000, "sendrecv"));
    assert_eq!((world.lines(BEN), world.lines(ANA)), (vec!["200 UPDATE".to_owned()], vec!["ACK".to_owned()]));
    let last = world.relay.last().unwrap();
    assert!(matches!(last, RelayCommand::Announce { side: Side::A, .. }));
    world.wait_ms(60_000);
    assert_eq!(world.edge.calls().len(), 1);
}

#[test]
fn offers_that_cross_are_told_to_try_again() {
    let mut world = World::new();
    let (mut ana, mut ben, invite, ok) = talking(&mut world);
    let from_ana = ana.within(&ok, "INVITE", &ana.sdp(4_000, "sendonly"));
    world.datagram(ANA, from_ana.as_bytes());
    let reinvite = world.one(BEN);
    let from_ben = ben.within(&invite, "INVITE", &ben.sdp(5_000, "sendonly"));
    world.datagram(BEN, from_ben.as_bytes());
    assert_eq!(world.lines(BEN), ["491 INVITE"]);
    ben.answer(&mut world, &reinvite, 491, "");
    assert_eq!(world.lines(ANA), ["491 INVITE"]);
    assert_eq!(world.edge.calls().len(), 1);
}

#[test]
fn a_re_invite_can_be_cancelled_or_kill_a_dead_call() {
    let mut world = World::new();
    let (mut ana, ben, _, ok) = talking(&mut world);
    let offer = ana.within(&ok, "INVITE", &ana.sdp(4_000, "sendonly"));
    world.datagram(ANA, offer.as_bytes());
    let reinvite = world.one(BEN);
    ben.answer(&mut world, &reinvite, 100, "");
    world.datagram(ANA, ana.cancel().as_bytes());
    assert_eq!(world.lines(BEN), ["CANCEL"]);
    ben.answer(&mut world, &reinvite, 487, "");
    assert_eq!(world.lines(ANA), ["200 CANCEL", "487 INVITE"]);
    world.take(BEN);
    let offer = ana.within(&ok, "INVITE", &ana.sdp(4_000, "sendonly"));
    world.datagram(ANA, offer.as_bytes());
    let reinvite = world.one(BEN);
    ben.answer(&mut world, &reinvite, 481, "");
    assert_eq!(world.lines(ANA), ["481 INVITE", "BYE"]);
    assert_eq!(world.settlements().len(), 1);
}

#[test]
fn key_presses_pass_and_other_info_does_not() {
    let mut world = World::new();
    let (mut ana, ben, _, ok) = talking(&mut world);
    let info = |ana: &mut Peer, kind: &str| ana.within(&ok, "INFO", "Signal=5\r\n").replace("application/sdp", kind);
    let press = info(&mut ana, "application/dtmf-relay");
    world.datagram(ANA, press.as_bytes());
    let passed = world.one(BEN);
    assert_eq!((passed.content_type(), passed.body()), (Some(&b"application/dtmf-relay"[..]), &b"Signal=5\r\n"[..]));
    ben.answer(&mut world, &passed, 200, "");
    assert_eq!(world.lines(ANA), ["200 INFO"]);
    let other = info(&mut ana, "text/plain");
    world.datagram(ANA, other.as_bytes());
    assert_eq!(world.lines(ANA), ["415 INFO"]);
    assert!(world.lines(BEN).is_empty());
}

#[test]
fn what_belongs_to_later_parts_is_refused_within_a_call() {
    let mut world = World::new();
    let (mut ana, _, _, ok) = talking(&mut world);
    for (method, status) in [("MESSAGE", 405), ("NOTIFY", 405), ("FLY", 501), ("OPTIONS", 200)] {
        let request = ana.within(&ok, method, "");
        world.datagram(ANA, request.as_bytes());
        assert_eq!(world.one(ANA).status(), Some(status), "{method}");
    }
    ana.extra = vec!["Require: precondition".to_owned()];
    let request = ana.within(&ok, "UPDATE", "");
    world.datagram(ANA, request.as_bytes());
    assert_eq!(world.one(ANA).status(), Some(420));
}

#[test]
fn a_re_invite_without_offer_lets_the_other_side_offer() {
    let mut world = World::new();
    let (mut ana, ben, _, ok) = talking(&mut world);
    let bare = ana.within(&ok, "INVITE", "");
    world.datagram(ANA, bare.as_bytes());
    let reinvite = world.one(BEN);
    assert!(reinvite.body().is_empty());
    ben.answer(&mut world, &reinvite, 200, &ben.sdp(5_000, "sendrecv"));
    assert!(world.lines(BEN).is_empty(), "the ACK waits for the answer");
    let offer = world.one(ANA);
    assert!(text(offer.body()).contains("m=audio 20000"));
    let answer = ana.sdp(4_000, "sendrecv");
    let ack = ana.within(&offer, "ACK", &answer);
    world.datagram(ANA, ack.as_bytes());
    let ack = world.one(BEN);
    assert!(summary(&ack) == "ACK" && text(ack.body()).contains("m=audio 30000"));
    assert_eq!(ack.cseq().unwrap().number, reinvite.cseq().unwrap().number);
}
