//! Calls between phones: both ways, cancelled, busy, unanswered, forked, held.
#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected should stop")]

mod harness;

use harness::peer::Peer;
use harness::{World, summary, text};
use media::{RelayCommand, Side};
use sip::{Message, Name};

const ANA: &str = "198.51.100.1:5070";
const BEN: &str = "198.51.100.2:5080";

/// Ana has called Ben; his INVITE comes back.
fn ringing(world: &mut World) -> (Peer, Peer, Message) {
    world.allow_phones(&[("102", "sip:102@10.0.0.2:5080", BEN)]);
    let (mut ana, ben) = (Peer::new(ANA, "101"), Peer::new(BEN, "102"));
    let offer = ana.sdp(4_000, "sendrecv");
    ana.authenticated(world, "INVITE", "sip:102@pbx.example", &offer);
    assert_eq!(world.lines(ANA), ["100 INVITE"]);
    let invite = world.one(BEN);
    (ana, ben, invite)
}

/// Ana and Ben talk; the 200 Ana got comes back too.
fn talking(world: &mut World) -> (Peer, Peer, Message, Message) {
    let (mut ana, ben, invite) = ringing(world);
    let answer = ben.sdp(5_000, "sendrecv");
    ben.answer(world, &invite, 200, &answer);
    assert_eq!(world.lines(BEN), ["ACK"]);
    let ok = world.one(ANA);
    assert_eq!(summary(&ok), "200 INVITE");
    ana.ack(world, &ok);
    (ana, ben, invite, ok)
}

#[test]
fn two_phones_talk_and_neither_sees_the_other() {
    let mut world = World::new();
    let (mut ana, ben, invite) = ringing(&mut world);
    assert_eq!(invite.request_uri(), b"sip:102@10.0.0.2:5080");
    assert_eq!(invite.max_forwards(), Some(69));
    assert!(invite.from().unwrap().uri.starts_with(b"sip:101@pbx.example"));
    let raw = text(invite.body());
    assert!(raw.contains("m=audio 30000") && raw.contains("192.0.2.1") && !raw.contains("198.51.100.1"), "{raw}");
    assert_ne!(invite.call_id(), b"101-call@phone");
    ben.answer(&mut world, &invite, 180, "");
    let ringing = world.one(ANA);
    assert_eq!(ringing.status(), Some(180));
    let answer = ben.sdp(5_000, "sendrecv");
    ben.answer(&mut world, &invite, 200, &answer);
    assert_eq!(world.lines(BEN), ["ACK"]);
    let ok = world.one(ANA);
    assert_eq!(ok.to().unwrap().tag(), ringing.to().unwrap().tag());
    assert!(text(ok.body()).contains("m=audio 20000") && !text(ok.body()).contains("198.51.100.2"));
    assert!(!text(ok.header(Name::Contact).unwrap()).contains("198.51"));
    ana.ack(&mut world, &ok);
    assert_eq!(world.edge.calls().len(), 1);
    let bye = ana.within(&ok, "BYE", "");
    world.wait_ms(30_000);
    world.datagram(ANA, bye.as_bytes());
    assert_eq!(world.lines(ANA), ["200 BYE"]);
    assert_eq!(world.lines(BEN), ["BYE"]);
    let settled = world.settlements();
    assert_eq!(settled.len(), 1);
    assert_eq!((settled[0].status, settled[0].hung_up_by), (200, account::HungUpBy::Caller));
    assert_eq!(settled[0].callee, Some(harness::line("102")));
    assert!(settled[0].ring_ms.is_some() && settled[0].answer_ms.is_some());
    let announced: Vec<Side> = world
        .relay
        .iter()
        .filter_map(|command| if let RelayCommand::Announce { side, .. } = command { Some(*side) } else { None })
        .collect();
    assert_eq!(announced, [Side::A, Side::B]);
    assert!(matches!(world.relay.last(), Some(RelayCommand::Close { .. })));
    assert!(world.edge.calls().is_empty());
}

#[test]
fn the_callee_hangs_up() {
    let mut world = World::new();
    let (_, mut ben, invite, _) = talking(&mut world);
    let bye = ben.within(&invite, "BYE", "");
    world.datagram(BEN, bye.as_bytes());
    assert_eq!(world.lines(BEN), ["200 BYE"]);
    assert_eq!(world.lines(ANA), ["BYE"]);
    assert_eq!(world.settlements()[0].hung_up_by, account::HungUpBy::Callee);
}
