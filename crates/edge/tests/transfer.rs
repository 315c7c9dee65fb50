//! Transfers by REFER (RFC 3515, RFC 5589): each leg is a call of the line that transfers (invariant 11).
#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected should stop")]

mod harness;

use account::{CallEnd, Cause, HungUpBy, Lease, Party, Refusal, RefusalCode, Reply, Verdict};
use edge::Input;
use harness::peer::Peer;
use harness::phones::{ANA, BEN, ringing, talking};
use harness::transfers::{agree, refer, report, reports};
use harness::{BACKUP, CARRIER, FREE, World, acme, addr, line, settings, summary, text};
use media::RelayCommand;
use sip::{Message, Name};

const ALBANIA: &str = "Refer-To: <sip:+355691234567@elsewhere>";

/// Ana talks to Ben, who transfers her to a number behind a carrier. Ana, Ben, his INVITE, her 200, the carrier's INVITE.
fn transferred(world: &mut World) -> (Peer, Peer, Message, Message, Message) {
    let (ana, mut ben, invite, ok) = talking(world);
    world.allow_carriers(&["main", "second"], FREE);
    refer(world, &mut ben, &invite, &[ALBANIA]);
    let told = world.take(BEN);
    assert_eq!(summary(&told[0]), "202 REFER");
    assert_eq!(reports(world, &ben, &told), [report("active", "SIP/2.0 100 Trying")]);
    let out = world.one(CARRIER);
    (ana, ben, invite, ok, out)
}

/// The carrier's phone answers, and the session of the two is agreed on; Ben has not hung up yet.
fn joined(world: &mut World) -> (Peer, Peer, Message, Message, Peer, Message) {
    let (mut ana, ben, invite, ok, out) = transferred(world);
    let gateway = Peer::new(CARRIER, "gw");
    gateway.answer(world, &out, 200, &gateway.sdp(6_000, "sendrecv"));
    let told = world.take(BEN);
    assert_eq!(reports(world, &ben, &told), [report("terminated", "SIP/2.0 200 OK")]);
    agree(world, &mut ana, CARRIER, &gateway);
    (ana, ben, invite, ok, gateway, out)
}

#[test]
fn rfc_5589_section_6_1_a_phone_transfers_its_caller() {
    let mut world = World::new();
    let (ana, mut ben, invite, ok, out) = transferred(&mut world);
    let attempt = world.attempt();
    assert_eq!((&attempt.from, attempt.dialled.as_str()), (&Party::Line(line("102")), "+355691234567"));
    assert_eq!((attempt.cause, attempt.via.flow.remote), (Some(Cause::Transfer), addr(BEN)));
    assert_eq!(&*attempt.via.user_agent, "Test phone");
    let gateway = Peer::new(CARRIER, "gw");
    gateway.answer(&mut world, &out, 180, "");
    let told = world.take(BEN);
    assert_eq!(reports(&mut world, &ben, &told), [report("active", "SIP/2.0 180 Ringing")]);
    gateway.answer(&mut world, &out, 200, &gateway.sdp(6_000, "sendrecv"));
    let told = world.take(BEN);
    assert_eq!(reports(&mut world, &ben, &told), [report("terminated", "SIP/2.0 200 OK")]);
    assert_eq!(world.lines(CARRIER), ["ACK"]);
    let mut ana_again = ana.clone();
    agree(&mut world, &mut ana_again, CARRIER, &gateway);
    world.datagram(BEN, ben.within(&invite, "BYE", "").as_bytes());
    assert_eq!(world.lines(BEN), ["200 BYE"]);
    // Both calls run, and end together.
    assert_eq!((world.edge.calls().len(), world.settlements().len()), (2, 0));
    world.datagram(ANA, ana_again.within(&ok, "BYE", "").as_bytes());
    assert_eq!((world.lines(ANA), world.lines(CARRIER)), (vec!["200 BYE".to_owned()], vec!["BYE".to_owned()]));
    let settled = world.settlements();
    assert_eq!((settled.len(), settled[0].status, settled[1].status), (2, 200, 200));
    assert_ne!(settled[0].call, settled[1].call);
    assert!(world.edge.calls().is_empty());
}

/// Invariant 14: neither side ever hears of the other, nor the target of the transferor.
#[test]
fn nobody_sees_whom_he_is_transferred_to() {
    let mut world = World::new();
    let (mut ana, _, _, _, out) = transferred(&mut world);
    let foreign = |message: &Message, ips: &[&str]| {
        let headers = message.header_lines().map(|(_, name, value)| format!("{}: {}", text(name), text(value)));
        let text = format!("{}\n{}", headers.collect::<Vec<_>>().join("\n"), text(message.body()));
        assert!(!ips.iter().any(|ip| text.contains(ip)) && !text.contains("Errand"), "{text}");
    };
    foreign(&out, &["198.51.100.1", "198.51.100.2", "10.0.0.2"]);
    let gateway = Peer::new(CARRIER, "gw");
    gateway.answer(&mut world, &out, 200, &gateway.sdp(6_000, "sendrecv"));
    world.take(BEN);
    world.take(CARRIER);
    let (asked, offered) = agree(&mut world, &mut ana, CARRIER, &gateway);
    foreign(&asked, &["203.0.113.10"]);
    foreign(&offered, &["198.51.100.1", "198.51.100.2"]);
}

/// Each call keeps its relay session; the one sends to the other where it sent to the transferor.
#[test]
fn the_relay_of_one_call_sends_to_that_of_the_other() {
    let mut world = World::new();
    joined(&mut world);
    let announced = world.relay.iter().filter_map(|command| match command {
        RelayCommand::Announce { relay, side, addr, .. } => Some((relay.0, *side, addr.to_string())),
        _ => None,
    });
    let announced: Vec<_> = announced.collect();
    let first = announced[0].0;
    let second = announced.iter().find(|one| one.0 != first).unwrap().0;
    let last = |relay: u64, side| announced.iter().rfind(|one| (one.0, one.1) == (relay, side)).unwrap().2.clone();
    assert_eq!(last(first, media::Side::A), "198.51.100.1:4100");
    assert_eq!(last(first, media::Side::B), "192.0.2.1:20000", "where the second call hears its caller");
    assert_eq!(last(second, media::Side::A), "192.0.2.1:30000", "where the first call hears its callee");
    assert_eq!(last(second, media::Side::B), "203.0.113.10:6100");
}

#[test]
fn a_transferor_that_stays_is_hung_up_in_the_end() {
    let mut world = World::new();
    joined(&mut world);
    world.wait_ms(3_000);
    assert_eq!(world.lines(BEN), [""; 0]);
    world.wait_ms(1_500);
    assert_eq!(world.lines(BEN)[0], "BYE");
    assert_eq!(world.edge.calls().len(), 2);
}

#[test]
fn what_the_line_may_not_call_it_may_not_transfer_to() {
    let mut world = World::new();
    let (mut ana, mut ben, invite, ok) = talking(&mut world);
    world.verdict = Some(Verdict::Refused(Refusal { code: RefusalCode::Guard, text: "this looks like fraud".into() }));
    refer(&mut world, &mut ben, &invite, &[ALBANIA]);
    let told = world.take(BEN);
    assert_eq!(
        text(told.last().unwrap().body()),
        "SIP/2.0 403 Forbidden\r\nReason: Q.850;cause=21;text=\"this looks like fraud\"\r\n"
    );
    let wanted = [report("active", "SIP/2.0 100 Trying"), report("terminated", "SIP/2.0 403 Forbidden")];
    assert_eq!(reports(&mut world, &ben, &told), wanted);
    assert!(world.take(CARRIER).is_empty());
    // The call goes on as it was, and the transferor may try again: then its reports say which REFER they are of.
    let hold = ana.within(&ok, "INVITE", &ana.sdp(4_000, "sendonly"));
    world.datagram(ANA, hold.as_bytes());
    let held = world.one(BEN);
    ben.answer(&mut world, &held, 200, &ben.sdp(5_000, "recvonly"));
    let again = world.take(ANA).pop().unwrap();
    assert_eq!(summary(&again), "200 INVITE");
    ana.ack(&mut world, &again);
    world.take(BEN);
    refer(&mut world, &mut ben, &invite, &[ALBANIA]);
    let notify = world.take(BEN).remove(1);
    assert_eq!(text(notify.header(Name::Event).unwrap()), format!("refer;id={}", ben.cseq));
    assert_eq!((world.edge.calls().len(), world.settlements().len()), (1, 0));
}

#[test]
fn a_target_that_is_busy_changes_nothing() {
    let mut world = World::new();
    let (mut ana, ben, _, ok, out) = transferred(&mut world);
    Peer::new(CARRIER, "gw").answer(&mut world, &out, 486, "");
    let told = world.take(BEN);
    assert_eq!(reports(&mut world, &ben, &told), [report("terminated", "SIP/2.0 486 Busy Here")]);
    assert_eq!((world.edge.calls().len(), world.settlements().len()), (1, 1));
    world.datagram(ANA, ana.within(&ok, "BYE", "").as_bytes());
    assert_eq!((world.lines(BEN), world.settlements().len()), (vec!["BYE".to_owned()], 2));
}

#[test]
fn a_transferor_may_hang_up_at_once() {
    for answered in [true, false] {
        let mut world = World::new();
        let (mut ana, mut ben, invite, ok, out) = transferred(&mut world);
        world.datagram(BEN, ben.within(&invite, "BYE", "").as_bytes());
        assert_eq!(world.lines(BEN), ["200 BYE"]);
        // There is nobody to talk to at the moment.
        world.datagram(ANA, ana.within(&ok, "INVITE", &ana.sdp(4_000, "sendonly")).as_bytes());
        let busy = world.one(ANA);
        assert_eq!(summary(&busy), "491 INVITE");
        ana.ack(&mut world, &busy);
        let gateway = Peer::new(CARRIER, "gw");
        gateway.answer(&mut world, &out, if answered { 200 } else { 486 }, &gateway.sdp(6_000, "sendrecv"));
        assert_eq!(world.lines(BEN), ["NOTIFY"], "the last word is the reports', the call is over");
        assert_eq!(world.lines(ANA), [if answered { "INVITE" } else { "BYE" }]);
        assert_eq!(world.settlements().len(), if answered { 0 } else { 2 });
        world.wait_ms(10_000);
        assert!(!world.lines(BEN).contains(&"BYE".to_owned()));
    }
}

#[test]
fn whoever_stays_may_hang_up_before_the_target_answers() {
    let mut world = World::new();
    let (mut ana, ben, _, ok, out) = transferred(&mut world);
    Peer::new(CARRIER, "gw").answer(&mut world, &out, 180, "");
    world.take(BEN);
    world.datagram(ANA, ana.within(&ok, "BYE", "").as_bytes());
    let told = world.take(BEN);
    assert_eq!(reports(&mut world, &ben, &told), [report("terminated", "SIP/2.0 487 Request Terminated")]);
    assert_eq!((summary(told.last().unwrap()).as_str(), world.lines(CARRIER)), ("BYE", vec!["CANCEL".to_owned()]));
    Peer::new(CARRIER, "gw").answer(&mut world, &out, 487, "");
    assert_eq!((world.edge.calls().len(), world.settlements().len()), (0, 2));
}

/// A PBX that talks by its trunk; its call, the known messages of both sides, the carrier.
fn pbx_talking(world: &mut World) -> (Peer, Message, Peer, Message) {
    world.allow_carriers(&["main"], FREE);
    let mut pbx = Peer::new("198.51.100.77:5060", "fixed");
    world.datagram(pbx.at, pbx.request("INVITE", "sip:0691@pbx.example", &pbx.sdp(7_000, "sendrecv")).as_bytes());
    let out = world.one(CARRIER);
    let gateway = Peer::new(CARRIER, "gw");
    gateway.answer(world, &out, 200, &gateway.sdp(6_000, "sendrecv"));
    let ok = world.take(pbx.at).pop().unwrap();
    pbx.ack(world, &ok);
    world.take(CARRIER);
    (pbx, ok, gateway, out)
}

/// A PBX that is known by its address leaves the call to the node: the new one is its trunk's.
#[test]
fn rfc_5589_section_6_1_a_pbx_transfers_whom_it_has_called() {
    let mut world = World::new();
    let (mut pbx, ok, mut gateway, _) = pbx_talking(&mut world);
    world.allow_carriers(&["second"], FREE);
    pbx.extra = vec![ALBANIA.to_owned()];
    world.datagram(pbx.at, pbx.within(&ok, "REFER", "").as_bytes());
    let told = world.take(pbx.at);
    assert_eq!(summary(&told[0]), "202 REFER");
    let attempt = world.attempt();
    assert_eq!((&attempt.from, attempt.dialled.as_str()), (&Party::Line(line("fixed")), "+355691234567"));
    assert_eq!(attempt.cause, Some(Cause::Transfer));
    let out = world.one(BACKUP);
    let target = Peer::new(BACKUP, "gw2");
    target.answer(&mut world, &out, 200, &target.sdp(6_200, "sendrecv"));
    world.take(BACKUP);
    let told = world.take(pbx.at);
    assert_eq!(reports(&mut world, &pbx, &told), [report("terminated", "SIP/2.0 200 OK")]);
    world.datagram(pbx.at, pbx.within(&ok, "BYE", "").as_bytes());
    assert_eq!(world.lines(pbx.at), ["200 BYE"]);
    agree(&mut world, &mut gateway, BACKUP, &target);
    assert_eq!((world.edge.calls().len(), world.settlements().len()), (2, 0));
}

/// Only a line of the account transfers, and it proves itself as for a call.
#[test]
fn who_may_not_transfer_is_refused() {
    let mut world = World::new();
    let (_, mut ben, invite, _) = talking(&mut world);
    ben.extra = vec![ALBANIA.to_owned()];
    world.datagram(BEN, ben.within(&invite, "REFER", "").as_bytes());
    let challenge = world.one(BEN);
    // Another phone's password opens nothing.
    let mut other = ben.clone();
    (other.user, other.secret) = ("101".to_owned(), "secret of 101".to_owned());
    other.extra = vec![ALBANIA.to_owned()];
    other.authorize(&challenge, "REFER", "sip:192.0.2.1:5060");
    world.datagram(BEN, other.within(&invite, "REFER", "").as_bytes());
    assert_eq!(world.lines(BEN), ["403 REFER"]);
    // A carrier is not asked for one.
    let (_, _, mut gateway, out) = pbx_talking(&mut world);
    gateway.extra = vec![ALBANIA.to_owned()];
    world.datagram(gateway.at, gateway.within(&out, "REFER", "").as_bytes());
    assert_eq!(world.lines(gateway.at), ["403 REFER"]);
    // Outside a dialog there is nothing to transfer.
    let mut stranger = Peer::new("198.51.100.9:5060", "101");
    stranger.extra = vec![ALBANIA.to_owned()];
    world.datagram(stranger.at, stranger.request("REFER", "sip:102@pbx.example", "").as_bytes());
    assert_eq!(world.lines(stranger.at), ["481 REFER"]);
    assert_eq!(world.edge.calls().len(), 2);
}

#[test]
fn rfc_3515_section_2_4_2_what_a_refer_must_say() {
    let faults: [(&[&str], u16); 6] = [
        (&[], 400),
        (&[ALBANIA, ALBANIA], 400),
        (&["Refer-To: <sip:@>"], 400),
        (&["Refer-To: <http://example.com>"], 416),
        (&["Refer-To: <sip:+355691234567@elsewhere;method=BYE>"], 603),
        (&["Refer-To: <sip:101@h?Replaces=only-a-call-id>"], 400),
    ];
    for (headers, status) in faults {
        let mut world = World::new();
        let (_, mut ben, invite, _) = talking(&mut world);
        refer(&mut world, &mut ben, &invite, headers);
        assert_eq!(world.lines(BEN), [format!("{status} REFER")], "{headers:?}");
        assert_eq!(world.edge.calls().len(), 1);
    }
    // One at a time, and only when there is somebody to transfer.
    let mut world = World::new();
    let (_, mut ben, invite, ..) = transferred(&mut world);
    refer(&mut world, &mut ben, &invite, &[ALBANIA]);
    assert_eq!(world.lines(BEN), ["491 REFER"]);
    let mut world = World::new();
    let (mut ana, ben, invite) = ringing(&mut world);
    ben.answer(&mut world, &invite, 180, "");
    let progress = world.one(ANA);
    refer(&mut world, &mut ana, &progress, &[ALBANIA]);
    assert_eq!(world.lines(ANA), ["491 REFER"]);
}

#[test]
fn rfc_4488_a_transferor_may_want_no_reports() {
    let mut world = World::new();
    let (_, mut ben, invite, _) = talking(&mut world);
    world.allow_carriers(&["main"], FREE);
    refer(&mut world, &mut ben, &invite, &[ALBANIA, "Refer-Sub: false", "Require: norefersub"]);
    let accepted = world.one(BEN);
    assert_eq!((accepted.status(), accepted.header_named("Refer-Sub")), (Some(202), Some(&b"false"[..])));
    let out = world.one(CARRIER);
    let gateway = Peer::new(CARRIER, "gw");
    gateway.answer(&mut world, &out, 200, &gateway.sdp(6_000, "sendrecv"));
    assert_eq!((world.lines(BEN), world.lines(ANA)), (vec![], vec!["INVITE".to_owned()]));
}

/// Invariant 3: what was paid for ends on every leg, whichever call's credit it was.
#[test]
fn the_credit_of_the_new_call_ends_both() {
    let mut world = World::new();
    joined(&mut world);
    let lease = Lease { check_at_s: None, paid_until_s: Some(30) };
    let call = world.call();
    world.reply(Reply::Leased { call, lease });
    world.wait_ms(31_000);
    let (ana, carrier) = (world.take(ANA), world.take(CARRIER));
    assert_eq!((summary(&ana[0]), summary(&carrier[0])), ("BYE".to_owned(), "BYE".to_owned()));
    let ends: Vec<(CallEnd, HungUpBy)> = world.settlements().iter().map(|one| (one.end, one.hung_up_by)).collect();
    assert_eq!(ends.len(), 2);
    assert!(ends.contains(&(CallEnd::CreditEnded, HungUpBy::Node)), "{ends:?}");
}

/// Invariant 13, also when the phone has long left the call.
#[test]
fn a_changed_secret_of_the_line_ends_what_it_transferred() {
    let mut world = World::new();
    let (_, mut ben, invite, ..) = joined(&mut world);
    world.datagram(BEN, ben.within(&invite, "BYE", "").as_bytes());
    world.take(BEN);
    world.input(Input::HangUpLine { account: acme(), line: line("102"), end: CallEnd::SecretChanged });
    assert_eq!((world.lines(ANA), world.lines(CARRIER)), (vec!["BYE".to_owned()], vec!["BYE".to_owned()]));
    assert_eq!((world.edge.calls().len(), world.settlements().len()), (0, 2));
}

/// The parties of a transferred call hold and resume as any two (RFC 3261 section 14).
#[test]
fn offers_go_through_both_calls() {
    let mut world = World::new();
    let (mut ana, _, _, ok, gateway, _) = joined(&mut world);
    world.datagram(ANA, ana.within(&ok, "INVITE", &ana.sdp(4_100, "sendonly")).as_bytes());
    let held = world.one(CARRIER);
    assert!(text(held.body()).contains("a=sendonly"));
    gateway.answer(&mut world, &held, 200, &gateway.sdp(6_100, "recvonly"));
    let answer = world.take(ANA).pop().unwrap();
    assert!(summary(&answer) == "200 INVITE" && text(answer.body()).contains("a=recvonly"));
    ana.ack(&mut world, &answer);
    assert_eq!(world.lines(CARRIER), ["ACK"]);
    world.datagram(ANA, ana.within(&ok, "INFO", "").as_bytes());
    let info = world.one(CARRIER);
    assert_eq!(summary(&info), "INFO");
    gateway.answer(&mut world, &info, 200, "");
    assert_eq!(world.lines(ANA), ["200 INFO"]);
}

/// RFC 3261 section 14.1: who has an offer under way itself is asked again a little later.
#[test]
fn an_offer_that_meets_another_is_made_again() {
    let mut world = World::new();
    let (mut ana, _, _, _, out) = transferred(&mut world);
    let gateway = Peer::new(CARRIER, "gw");
    gateway.answer(&mut world, &out, 200, &gateway.sdp(6_000, "sendrecv"));
    world.take(CARRIER);
    let asked = world.one(ANA);
    ana.answer(&mut world, &asked, 491, "");
    world.take(ANA);
    world.wait_ms(4_000);
    agree(&mut world, &mut ana, CARRIER, &gateway);
    // A party that will not say anew what it takes is left with what it had.
    let mut world = World::new();
    let (ana, _, _, _, out) = transferred(&mut world);
    gateway.answer(&mut world, &out, 200, &gateway.sdp(6_000, "sendrecv"));
    let asked = world.one(ANA);
    ana.answer(&mut world, &asked, 488, "");
    world.take(ANA);
    world.wait_ms(10_000);
    assert_eq!((world.lines(ANA), world.edge.calls().len()), (vec![], 2));
}

/// Invariant 12: a caller from outside stays who he is when he is transferred.
#[test]
fn a_caller_from_outside_is_shown_with_the_number_he_came_in_by() {
    let mut world = World::with(harness::directory(), settings());
    world.allow_phones(&[("102", "sip:102@10.0.0.2:5080", BEN)]);
    let mut client = Peer::new(BACKUP, "+493012345");
    let invite = client.request("INVITE", "sip:+13035550100@192.0.2.1", &client.sdp(6_000, "sendrecv"));
    world.datagram(BACKUP, invite.as_bytes());
    let invite = world.one(BEN);
    let mut ben = Peer::new(BEN, "102");
    ben.answer(&mut world, &invite, 200, &ben.sdp(5_000, "sendrecv"));
    let ok = world.take(BACKUP).pop().unwrap();
    client.ack(&mut world, &ok);
    world.take(BEN);
    refer(&mut world, &mut ben, &invite, &[ALBANIA]);
    let caller = &world.attempt().caller;
    assert_eq!((caller.user.as_str(), caller.diverted), ("+493012345", Some("+13035550100".parse().unwrap())));
}
