//! Session timers (RFC 4028), on each leg by itself.
#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected should stop")]

mod harness;

use account::HungUpBy;
use harness::peer::Peer;
use harness::phones::{ANA, BEN};
use harness::{CARRIER, FREE, World, carrier_auth, carrier_id, directory, settings, summary, text};
use sip::{Message, Name};

const URI: &str = "sip:102@pbx.example";
const TIMER: [(Name, &str); 2] = [(Name::SessionExpires, "1800;refresher=uac"), (Name::Require, "timer")];
const NO_HEADERS: [(Name, &str); 0] = [];

/// A call of ana to ben, who answers with these headers; ana's INVITE has those. Ana, ben, ben's INVITE, ana's 200.
fn talking(world: &mut World, asks: &[&str], answers: &[(Name, &str)]) -> (Peer, Peer, Message, Message) {
    world.allow_phones(&[("102", "sip:102@10.0.0.2", BEN)]);
    let (mut ana, ben) = (Peer::new(ANA, "101"), Peer::new(BEN, "102"));
    ana.extra = asks.iter().map(|&line| line.to_owned()).collect();
    let offer = ana.sdp(4_000, "sendrecv");
    ana.authenticated(world, "INVITE", URI, &offer);
    let invite = world.one(BEN);
    ben.answer_with_all(world, &invite, 200, answers, &ben.sdp(5_000, "sendrecv"));
    let ok = world.take(ANA).pop().unwrap();
    ana.ack(world, &ok);
    world.take(BEN);
    (ana, ben, invite, ok)
}

fn header(message: &Message, name: Name) -> String {
    text(message.header(name).unwrap_or_default())
}

#[test]
fn section_9_a_caller_that_asks_for_a_timer_gets_it_and_refreshes() {
    let mut world = World::new();
    let asks = ["Supported: timer", "Session-Expires: 600"];
    let (mut ana, _, _, ok) = talking(&mut world, &asks, &NO_HEADERS);
    assert_eq!(header(&ok, Name::SessionExpires), "600;refresher=uac");
    assert_eq!(header(&ok, Name::Require), "timer");
    // A refresh without an offer is answered here; the callee, who has no timer, hears nothing of it.
    for _ in 0..3 {
        world.wait_ms(500_000);
        ana.extra = asks.map(str::to_owned).to_vec();
        let update = ana.within(&ok, "UPDATE", "");
        world.datagram(ANA, update.as_bytes());
        let answer = world.one(ANA);
        assert_eq!(
            (summary(&answer).as_str(), header(&answer, Name::SessionExpires).as_str()),
            ("200 UPDATE", "600;refresher=uac")
        );
        assert_eq!(world.lines(BEN), [""; 0]);
    }
    assert_eq!(world.edge.calls().len(), 1);
}

#[test]
fn section_10_a_session_that_is_not_refreshed_is_ended_on_both_legs() {
    let mut world = World::new();
    talking(&mut world, &["Supported: timer", "Session-Expires: 600"], &NO_HEADERS);
    world.wait_ms(567_000);
    assert_eq!((world.lines(ANA), world.edge.calls().len()), (vec![], 1));
    world.wait_ms(1_000);
    let bye = world.take(ANA).remove(0);
    assert_eq!((summary(&bye).as_str(), world.lines(BEN)[0].as_str()), ("BYE", "BYE"));
    assert!(header(&bye, Name::Reason).contains("cause=408"));
    let settled = world.settlements();
    assert_eq!((settled.len(), settled[0].status, settled[0].hung_up_by), (1, 200, HungUpBy::Node));
}

#[test]
fn section_9_an_interval_that_is_too_short_is_refused() {
    let mut world = World::new();
    let mut ana = Peer::new(ANA, "101");
    ana.extra = vec!["Supported: timer".into(), "Session-Expires: 60".into()];
    let offer = ana.sdp(4_000, "sendrecv");
    world.datagram(ANA, ana.request("INVITE", URI, &offer).as_bytes());
    let refused = world.one(ANA);
    assert_eq!((refused.status(), header(&refused, Name::MinSe).as_str()), (Some(422), "90"));
}

#[test]
fn section_9_a_caller_without_timers_has_none() {
    let mut world = World::new();
    let (_, _, invite, ok) = talking(&mut world, &[], &NO_HEADERS);
    assert_eq!((ok.header(Name::SessionExpires), ok.header(Name::Require)), (None, None));
    assert_eq!(
        (header(&invite, Name::Supported), header(&invite, Name::SessionExpires)),
        ("timer".into(), "1800".into())
    );
    world.wait_ms(4 * 3_600_000);
    assert_eq!(world.edge.calls().len(), 1);
}

#[test]
fn section_7_4_we_refresh_by_update_where_the_callee_takes_it() {
    let mut world = World::new();
    let answers = [TIMER[0], TIMER[1], (Name::Allow, "INVITE, ACK, UPDATE")];
    let (_, ben, invite, _) = talking(&mut world, &[], &answers);
    for _ in 0..3 {
        world.wait_ms(899_000);
        assert_eq!(world.lines(BEN), [""; 0]);
        world.wait_ms(1_000);
        let update = world.one(BEN);
        assert_eq!(
            (summary(&update).as_str(), update.body(), update.call_id()),
            ("UPDATE", &b""[..], invite.call_id())
        );
        assert_eq!(header(&update, Name::SessionExpires), "1800;refresher=uac");
        ben.answer_with_all(&mut world, &update, 200, &TIMER, "");
    }
    assert_eq!(world.lines(ANA), [""; 0], "the caller hears nothing of it");
    assert_eq!(world.edge.calls().len(), 1);
}

#[test]
fn section_7_4_we_refresh_by_re_invite_where_it_does_not() {
    let mut world = World::new();
    let (_, ben, invite, _) = talking(&mut world, &[], &[TIMER[0], (Name::Allow, "UPDATE")]);
    world.wait_ms(900_000);
    let update = world.one(BEN);
    ben.answer(&mut world, &update, 405, "");
    world.wait_ms(10_000);
    let reinvite = world.one(BEN);
    assert_eq!((summary(&reinvite).as_str(), reinvite.body()), ("INVITE", invite.body()), "the same description again");
    ben.answer_with_all(&mut world, &reinvite, 200, &TIMER, &ben.sdp(5_000, "sendrecv"));
    assert_eq!(world.lines(BEN), ["ACK"]);
    world.wait_ms(900_000);
    assert_eq!(world.lines(BEN)[0], "INVITE");
    // Nobody is there any more.
    world.wait_ms(40_000);
    assert_eq!((world.edge.calls().len(), world.lines(ANA)[0].as_str()), (0, "BYE"));
    assert_eq!(world.settlements().len(), 1);
}

#[test]
fn section_7_3_a_callee_that_wants_longer_intervals_is_asked_again() {
    let mut world = World::new();
    world.allow_phones(&[("102", "sip:102@10.0.0.2", BEN)]);
    let (mut ana, ben) = (Peer::new(ANA, "101"), Peer::new(BEN, "102"));
    let offer = ana.sdp(4_000, "sendrecv");
    ana.authenticated(&mut world, "INVITE", URI, &offer);
    let invite = world.one(BEN);
    ben.answer_with(&mut world, &invite, 422, Name::MinSe, "3600");
    let again = world.take(BEN).pop().unwrap();
    assert_eq!((summary(&again).as_str(), again.call_id()), ("INVITE", invite.call_id()));
    assert_eq!((header(&again, Name::SessionExpires), header(&again, Name::MinSe)), ("3600".into(), "3600".into()));
    // Once is enough: who refuses the same again is not asked for ever.
    ben.answer_with(&mut world, &again, 422, Name::MinSe, "3600");
    assert_eq!(world.lines(BEN), ["ACK"]);
    assert_eq!(world.take(ANA).pop().unwrap().status(), Some(500));
}

#[test]
fn a_carrier_that_challenges_a_refresh_gets_our_credentials() {
    let mut directory = directory();
    directory.carriers.get_mut(&carrier_id("main")).unwrap().auth = Some(carrier_auth(None));
    let mut world = World::with(directory, settings());
    world.allow_carriers(&["main"], FREE);
    let (mut ana, gateway) = (Peer::new(ANA, "101"), Peer::new(CARRIER, "gw"));
    let offer = ana.sdp(4_000, "sendrecv");
    ana.authenticated(&mut world, "INVITE", "sip:+355691234567@pbx.example", &offer);
    let invite = world.one(CARRIER);
    let answers = [TIMER[0], TIMER[1], (Name::Allow, "UPDATE")];
    gateway.answer_with_all(&mut world, &invite, 200, &answers, &gateway.sdp(5_000, "sendrecv"));
    let ok = world.take(ANA).pop().unwrap();
    ana.ack(&mut world, &ok);
    world.take(CARRIER);
    world.wait_ms(900_000);
    let update = world.one(CARRIER);
    let challenge = "Digest realm=\"carrier\", nonce=\"n1\", qop=\"auth\"";
    gateway.answer_with(&mut world, &update, 407, Name::ProxyAuthenticate, challenge);
    let proven = world.one(CARRIER);
    assert_eq!(summary(&proven), "UPDATE");
    assert!(header(&proven, Name::ProxyAuthorization).contains("username=\"acme\""));
    gateway.answer_with_all(&mut world, &proven, 200, &TIMER, "");
    world.wait_ms(880_000);
    assert_eq!(world.edge.calls().len(), 1);
}

#[test]
fn a_re_invite_that_passes_through_carries_the_timers_of_both_legs() {
    let mut world = World::new();
    let asks = ["Supported: timer", "Session-Expires: 600"];
    let (mut ana, ben, _, ok) = talking(&mut world, &asks, &TIMER);
    world.wait_ms(500_000);
    ana.extra = asks.map(str::to_owned).to_vec();
    let hold = ana.within(&ok, "INVITE", &ana.sdp(4_000, "sendonly"));
    world.datagram(ANA, hold.as_bytes());
    let passed = world.one(BEN);
    assert_eq!(header(&passed, Name::SessionExpires), "1800;refresher=uac");
    ben.answer_with_all(&mut world, &passed, 200, &TIMER, &ben.sdp(5_000, "recvonly"));
    let held = world.one(ANA);
    assert_eq!(header(&held, Name::SessionExpires), "600;refresher=uac");
    ana.ack(&mut world, &held);
    assert_eq!(world.lines(BEN), ["ACK"]);
    // Both intervals begin anew: ana's ends first.
    world.wait_ms(566_000);
    assert_eq!((world.edge.calls().len(), world.lines(BEN)), (1, vec![]));
    world.wait_ms(3_000);
    assert_eq!(world.edge.calls().len(), 0);
}

#[test]
fn rfc_3311_an_offer_in_an_update_goes_on_as_one_where_the_other_side_takes_it() {
    let mut world = World::new();
    let (mut ana, ben, _, ok) = talking(&mut world, &[], &[(Name::Allow, "INVITE, UPDATE")]);
    let update = ana.within(&ok, "UPDATE", &ana.sdp(4_002, "sendrecv"));
    world.datagram(ANA, update.as_bytes());
    let passed = world.one(BEN);
    assert_eq!(summary(&passed), "UPDATE");
    ben.answer(&mut world, &passed, 200, &ben.sdp(5_002, "sendrecv"));
    assert_eq!((world.lines(ANA), world.lines(BEN)), (vec!["200 UPDATE".to_owned()], vec![]));
}
