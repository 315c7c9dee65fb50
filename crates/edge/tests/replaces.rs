//! One call takes the place of a party of another (RFC 3891): transfers after asking first (RFC 5589 section 7), and calls
//! that are taken over.
#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected should stop")]

mod harness;

use harness::peer::{Peer, find};
use harness::phones::{ANA, BEN, talking};
use harness::transfers::{agree, refer, report, reports};
use harness::{CARRIER, FREE, World, summary, text};
use media::RelayCommand;
use sip::Message;

/// Ana talks to Ben, who has called a number behind a carrier to ask. Ana, Ben (in either call), the known messages of his
/// two dialogs, the carrier and its INVITE.
fn asking_first(world: &mut World) -> (Peer, Peer, Peer, Message, Message, Peer, Message) {
    let (ana, ben, invite, _) = talking(world);
    world.allow_carriers(&["main"], FREE);
    let mut asking = Peer::new(BEN, "102");
    let offer = asking.sdp(5_002, "sendrecv");
    asking.authenticated(world, "INVITE", "sip:0691@pbx.example", &offer);
    let out = world.one(CARRIER);
    let gateway = Peer::new(CARRIER, "gw");
    gateway.answer(world, &out, 200, &gateway.sdp(6_000, "sendrecv"));
    let ok = world.take(BEN).pop().unwrap();
    asking.ack(world, &ok);
    world.take(CARRIER);
    (ana, ben, asking, invite, ok, gateway, out)
}

/// Refer-To with the dialog that `ok` has made, as its caller names it to the far end.
fn replacing(ok: &Message) -> String {
    let tag = |address: sip::NameAddr<'_>| text(address.tag().unwrap());
    let (to, from) = (tag(ok.to().unwrap()), tag(ok.from().unwrap()));
    let call_id = text(ok.call_id()).replace('@', "%40");
    format!(
        "Refer-To: <sip:w0000@192.0.2.1:5060?Replaces={call_id}%3Bto-tag%3D{to}%3Bfrom-tag%3D{from}&Require=replaces>"
    )
}

#[test]
fn rfc_5589_section_7_a_phone_transfers_to_whom_it_has_asked_first() {
    let mut world = World::new();
    let (ana, mut ben, asking, invite, ok, mut gateway, out) = asking_first(&mut world);
    let screened = world.told.len();
    refer(&mut world, &mut ben, &invite, &[&replacing(&ok)]);
    let told = world.take(BEN);
    assert_eq!(summary(find(&told, "202 REFER")), "202 REFER");
    let wanted = [report("active", "SIP/2.0 100 Trying"), report("terminated", "SIP/2.0 200 OK")];
    assert_eq!(reports(&mut world, &ben, &told), wanted);
    // His call to ask is over at once, the other one when he says so.
    let bye = find(&told, "BYE").clone();
    assert_eq!(bye.call_id(), ok.call_id());
    asking.answer(&mut world, &bye, 200, "");
    world.datagram(BEN, ben.within(&invite, "BYE", "").as_bytes());
    assert_eq!(world.lines(BEN), ["200 BYE"]);
    // The one who was asked makes the offer, and nobody is screened anew.
    world.wait_ms(250);
    agree(&mut world, &mut gateway, ANA, &ana);
    assert_eq!((world.told.len(), world.edge.calls().len(), world.settlements().len()), (screened, 2, 0));
    world.datagram(CARRIER, gateway.within(&out, "BYE", "").as_bytes());
    assert_eq!((world.lines(CARRIER), world.lines(ANA)), (vec!["200 BYE".to_owned()], vec!["BYE".to_owned()]));
    assert_eq!((world.edge.calls().len(), world.settlements().len()), (0, 2));
}

/// Hold is of the transferor's doing and ends with its part in the calls.
#[test]
fn who_was_on_hold_is_taken_off_it() {
    let mut world = World::new();
    let (ana, mut ben, mut asking, invite, ok, mut gateway, _) = asking_first(&mut world);
    world.datagram(BEN, ben.within(&invite, "INVITE", &ben.sdp(5_000, "sendonly")).as_bytes());
    let held = world.one(ANA);
    ana.answer(&mut world, &held, 200, &ana.sdp(4_000, "recvonly"));
    let answer = world.take(BEN).pop().unwrap();
    ben.ack(&mut world, &answer);
    world.datagram(BEN, asking.within(&ok, "INVITE", &asking.sdp(5_002, "sendonly")).as_bytes());
    let held = world.one(CARRIER);
    gateway.answer(&mut world, &held, 200, &gateway.sdp(6_000, "recvonly"));
    let answer = world.take(BEN).pop().unwrap();
    asking.ack(&mut world, &answer);
    world.take(ANA);
    world.take(CARRIER);
    refer(&mut world, &mut ben, &invite, &[&replacing(&ok)]);
    world.wait_ms(250);
    let (_, offered) = agree(&mut world, &mut gateway, ANA, &ana);
    assert!(!text(offered.body()).contains("only"));
    let held = |command: &RelayCommand| match command {
        RelayCommand::Held { relay, held } => Some((relay.0, *held)),
        _ => None,
    };
    let holds: Vec<_> = world.relay.iter().filter_map(held).collect();
    assert_eq!(holds.len(), 4, "{holds:?}");
    assert!(holds[..2].iter().all(|(_, held)| *held) && holds[2..].iter().all(|(_, held)| !*held), "{holds:?}");
}

#[test]
fn rfc_3891_section_3_what_is_not_replaced() {
    let mut world = World::new();
    let (_, mut ben, _, invite, ok, _, out) = asking_first(&mut world);
    // A dialog that is none, the carrier's own, and the very call that is transferred.
    let other = replacing(&ok).replace("from-tag%3D", "from-tag%3Dx");
    let carriers = replacing(&ok).replace(&text(ok.call_id()).replace('@', "%40"), &text(out.call_id()));
    let mut own = replacing(&ok);
    let far = (text(invite.from().unwrap().tag().unwrap()), text(ben.tag.as_bytes()));
    own.replace_range(own.find("Replaces=").unwrap() + 9..own.find("&Require").unwrap(), "");
    own = own.replace(
        "Replaces=",
        &format!("Replaces={}%3Bto-tag%3D{}%3Bfrom-tag%3D{}", text(invite.call_id()), far.0, far.1),
    );
    let early = replacing(&ok).replace("&Require", "%3Bearly-only&Require");
    for (target, status) in [(&other, 481), (&carriers, 481), (&own, 403), (&early, 486)] {
        refer(&mut world, &mut ben, &invite, &[target]);
        let told = world.take(BEN);
        let last = reports(&mut world, &ben, &told).pop().unwrap();
        assert_eq!(last.1, format!("SIP/2.0 {status} {}", sip::reason_phrase(status)), "{target}");
    }
    assert_eq!((world.edge.calls().len(), world.settlements().len()), (2, 0));
}

/// Ana talks to Ben, whose call to a number behind a carrier rings.
fn asking_rings(world: &mut World) -> (Peer, Peer, Peer, Message, Message, Peer, Message) {
    let (ana, ben, invite, _) = talking(world);
    world.allow_carriers(&["main"], FREE);
    let mut asking = Peer::new(BEN, "102");
    let offer = asking.sdp(5_002, "sendrecv");
    asking.authenticated(world, "INVITE", "sip:0691@pbx.example", &offer);
    let out = world.one(CARRIER);
    let gateway = Peer::new(CARRIER, "gw");
    gateway.answer(world, &out, 180, "");
    let ringing = world.take(BEN).pop().unwrap();
    (ana, ben, asking, invite, ringing, gateway, out)
}

/// RFC 5589 section 7.6: who transfers without waiting for the answer hands on his call that rings.
#[test]
fn rfc_5589_section_7_6_a_call_that_rings_is_handed_on_by_who_has_placed_it() {
    let mut world = World::new();
    let (ana, mut ben, _, invite, ringing, mut gateway, out) = asking_rings(&mut world);
    let screened = world.told.len();
    refer(&mut world, &mut ben, &invite, &[&replacing(&ringing)]);
    let told = world.take(BEN);
    assert_eq!(find(&told, "487 INVITE").call_id(), ringing.call_id());
    let wanted = [report("active", "SIP/2.0 100 Trying"), report("active", "SIP/2.0 180 Ringing")];
    assert_eq!(reports(&mut world, &ben, &told), wanted);
    world.datagram(BEN, ben.within(&invite, "BYE", "").as_bytes());
    assert!(world.lines(BEN).contains(&"200 BYE".to_owned()));
    gateway.answer(&mut world, &out, 200, &gateway.sdp(6_000, "sendrecv"));
    assert_eq!(world.lines(CARRIER), ["ACK"]);
    world.wait_ms(250);
    agree(&mut world, &mut gateway, ANA, &ana);
    let answered = |input: &&account::Input| matches!(input, account::Input::Answered { .. });
    assert_eq!(world.told[screened..].iter().filter(answered).count(), 1, "nobody is screened anew");
    assert_eq!((world.told.len(), world.edge.calls().len(), world.settlements().len()), (screened + 1, 2, 0));
    world.datagram(CARRIER, gateway.within(&out, "BYE", "").as_bytes());
    assert_eq!((world.lines(CARRIER), world.lines(ANA)), (vec!["200 BYE".to_owned()], vec!["BYE".to_owned()]));
    assert_eq!((world.edge.calls().len(), world.settlements().len()), (0, 2));
}

#[test]
fn a_call_that_was_handed_on_ends_with_its_refusal_and_the_first_call_goes_on() {
    let mut world = World::new();
    let (_, mut ben, _, invite, ringing, gateway, out) = asking_rings(&mut world);
    refer(&mut world, &mut ben, &invite, &[&replacing(&ringing)]);
    let told = world.take(BEN);
    reports(&mut world, &ben, &told);
    gateway.answer(&mut world, &out, 486, "");
    let told = world.take(BEN);
    assert_eq!(reports(&mut world, &ben, &told), [report("terminated", "SIP/2.0 486 Busy Here")]);
    assert_eq!((world.edge.calls().len(), world.settlements().len()), (1, 1));
    assert!(world.take(ANA).is_empty());
}

/// RFC 3891 section 3: to anybody else a call that rings is one that the node has not begun.
#[test]
fn rfc_3891_section_3_a_call_that_rings_is_nobody_elses_to_take_over() {
    let mut world = World::new();
    let (_, _, _, _, ringing, _, _) = asking_rings(&mut world);
    let tag = |address: sip::NameAddr<'_>| text(address.tag().unwrap());
    let (to, from) = (tag(ringing.to().unwrap()), tag(ringing.from().unwrap()));
    let mut desk = desk();
    desk.extra = vec![format!("Replaces: {};to-tag={to};from-tag={from}", text(ringing.call_id()))];
    let offer = desk.sdp(8_000, "sendrecv");
    world.allow_phones(&[("102", "sip:102@10.0.0.2", BEN)]);
    desk.authenticated(&mut world, "INVITE", "sip:102@pbx.example", &offer);
    assert_eq!(world.lines(desk.at), ["481 INVITE"]);
    assert_eq!(world.edge.calls().len(), 2);
}

/// Ana's other phone.
fn desk() -> Peer {
    let phone = Peer::new("198.51.100.3:5090", "101");
    Peer { call_id: "desk-call@phone".to_owned(), tag: "tagdesk".to_owned(), ..phone }
}

/// RFC 3891 section 3: another phone of the account takes over a call that talks; that is a call of its line.
#[test]
fn rfc_3891_a_phone_takes_over_a_call_of_the_account() {
    let mut world = World::new();
    let (mut ana, ben, invite, ok) = talking(&mut world);
    let mut desk = desk();
    let theirs = format!("Replaces: {};to-tag={};from-tag={}", text(invite.call_id()), tag_of(&invite), ben.tag);
    desk.extra = vec![theirs, "Require: replaces".to_owned()];
    let offer = desk.sdp(8_000, "sendrecv");
    desk.authenticated(&mut world, "INVITE", "sip:102@pbx.example", &offer);
    let answer = world.take(desk.at).pop().unwrap();
    assert_eq!(summary(&answer), "200 INVITE");
    desk.ack(&mut world, &answer);
    assert_eq!(world.lines(BEN), ["BYE"]);
    world.wait_ms(250);
    agree(&mut world, &mut ana, desk.at, &desk.clone());
    assert_eq!((world.edge.calls().len(), world.settlements().len()), (2, 0));
    world.datagram(ANA, ana.within(&ok, "BYE", "").as_bytes());
    assert_eq!((world.lines(desk.at), world.settlements().len()), (vec!["BYE".to_owned()], 2));
}

fn tag_of(invite: &Message) -> String {
    text(invite.from().unwrap().tag().unwrap())
}

#[test]
fn rfc_3891_section_3_a_phone_that_names_no_call_is_told_so() {
    for replaces in ["Replaces: nothing;to-tag=1;from-tag=2", "Replaces: nothing"] {
        let mut world = World::new();
        talking(&mut world);
        let mut desk = desk();
        desk.extra = vec![replaces.to_owned()];
        let offer = desk.sdp(8_000, "sendrecv");
        desk.authenticated(&mut world, "INVITE", "sip:102@pbx.example", &offer);
        assert_eq!(world.lines(desk.at), ["481 INVITE"], "{replaces}");
        assert_eq!((world.edge.calls().len(), world.settlements().len()), (1, 1));
        assert!(world.take(BEN).is_empty());
    }
}
