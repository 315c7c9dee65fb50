//! Calls between phones: both ways, cancelled, busy, unanswered, forked, held.
#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected should stop")]

mod harness;

use harness::peer::Peer;
use harness::phones::{ANA, BEN, ringing, talking};
use harness::{World, summary, text};
use media::{RelayCommand, Side};
use sip::Name;

const BEN_2: &str = "198.51.100.3:5080";

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

#[test]
fn the_caller_gives_up_while_it_rings() {
    let mut world = World::new();
    let (ana, ben, invite) = ringing(&mut world);
    ben.answer(&mut world, &invite, 180, "");
    world.take(ANA);
    world.datagram(ANA, ana.cancel().as_bytes());
    assert_eq!(world.lines(ANA), ["200 CANCEL", "487 INVITE"]);
    assert_eq!(world.lines(BEN), ["CANCEL"]);
    ben.answer(&mut world, &invite, 487, "");
    assert_eq!(world.lines(BEN), ["ACK"]);
    let settled = world.settlements();
    assert_eq!((settled.len(), settled[0].status, settled[0].answer_ms), (1, 487, None));
    assert_eq!(settled[0].hung_up_by, account::HungUpBy::Caller);
}

#[test]
fn an_answer_that_crosses_with_the_cancel_is_hung_up() {
    let mut world = World::new();
    let (ana, ben, invite) = ringing(&mut world);
    ben.answer(&mut world, &invite, 180, "");
    world.datagram(ANA, ana.cancel().as_bytes());
    world.take(BEN);
    let sdp = ben.sdp(5_000, "sendrecv");
    ben.answer(&mut world, &invite, 200, &sdp);
    // Its ACK comes once the BYE has arrived: until then it repeats its answer, should the node crash.
    let bye = world.one(BEN);
    assert_eq!(summary(&bye), "BYE");
    ben.answer(&mut world, &bye, 200, "");
    let ack = world.one(BEN);
    assert_eq!((summary(&ack).as_str(), ack.cseq().unwrap().number, bye.cseq().unwrap().number), ("ACK", 1, 2));
    assert_eq!((ack.to().unwrap().tag(), bye.to().unwrap().tag()), (Some(&b"tag102"[..]), Some(&b"tag102"[..])));
    assert_eq!(world.settlements().len(), 1);
}

#[test]
fn a_callee_that_takes_no_bye_before_its_ack_gets_another_after_it() {
    let mut world = World::new();
    let (ana, ben, invite) = ringing(&mut world);
    world.datagram(ANA, ana.cancel().as_bytes());
    world.take(BEN);
    ben.answer(&mut world, &invite, 200, &ben.sdp(5_000, "sendrecv"));
    let bye = world.one(BEN);
    ben.answer(&mut world, &bye, 500, "");
    let sent = world.take(BEN);
    assert_eq!(sent.iter().map(summary).collect::<Vec<_>>(), ["ACK", "BYE"]);
    assert_eq!(sent[1].cseq().unwrap().number, 3);
    ben.answer(&mut world, &sent[1], 500, "");
    assert!(world.lines(BEN).is_empty(), "and none after that");
}

/// RFC 3261 section 15.1: both hang up at the same moment; there is one end, and one charge.
#[test]
fn byes_that_cross_end_the_call_once() {
    let mut world = World::new();
    let (mut ana, mut ben, invite, ok) = talking(&mut world);
    world.datagram(ANA, ana.within(&ok, "BYE", "").as_bytes());
    assert_eq!(world.lines(ANA), ["200 BYE"]);
    let ours = world.one(BEN);
    world.datagram(BEN, ben.within(&invite, "BYE", "").as_bytes());
    assert_eq!(world.lines(BEN), ["481 BYE"]);
    ben.answer(&mut world, &ours, 481, "");
    world.wait_ms(64_000);
    assert!(world.wire.is_empty(), "{:?}", world.wire);
    assert_eq!((world.settlements().len(), world.settlements()[0].hung_up_by), (1, account::HungUpBy::Caller));
}

/// A PBX of RFC 2543: no cookie in its branch, no tag in From, neither Max-Forwards nor Contact.
#[test]
fn rfc_2543_an_old_pbx_calls_and_hangs_up() {
    const PBX: &str = "198.51.100.77:5060";
    let old = |request: String, pbx: &Peer| {
        let kept =
            request.split("\r\n").filter(|line| !line.starts_with("Max-Forwards") && !line.starts_with("Contact"));
        let text = kept.collect::<Vec<_>>().join("\r\n");
        let via = format!(";branch=z9hG4bK{}{};rport", pbx.user, pbx.branch);
        text.replace(&via, "").replace(&format!(";tag={}", pbx.tag), "")
    };
    let mut world = World::new();
    world.allow_phones(&[("102", "sip:102@10.0.0.2:5080", BEN)]);
    let mut pbx = Peer::new(PBX, "fixed");
    let offer = pbx.sdp(7_000, "sendrecv");
    let invite = old(pbx.request("INVITE", "sip:102@pbx.example", &offer), &pbx);
    world.datagram(PBX, invite.as_bytes());
    let ringing = world.one(BEN);
    world.datagram(PBX, invite.as_bytes());
    assert!(world.take(BEN).is_empty(), "sent again, it is the same call");
    world.take(PBX);
    let ben = Peer::new(BEN, "102");
    ben.answer(&mut world, &ringing, 200, &ben.sdp(5_000, "sendrecv"));
    assert_eq!(world.lines(BEN), ["ACK"]);
    let ok = world.one(PBX);
    pbx.tag.clear();
    let far = format!(";tag={}", text(ok.to().unwrap().tag().unwrap()));
    let within = |method: &str, cseq: u32| {
        format!(
            "{method} sip:102@pbx.example SIP/2.0\r\nVia: SIP/2.0/UDP {PBX}\r\nFrom: \"Peer\" <sip:fixed@pbx.example>\r\n\
             To: <sip:102@pbx.example>{far}\r\nCall-ID: fixed-call@phone\r\nCSeq: {cseq} {method}\r\n\
             Content-Length: 0\r\n\r\n"
        )
    };
    world.datagram(PBX, within("ACK", 1).as_bytes());
    world.wait_ms(40_000);
    assert!(world.take(PBX).is_empty(), "its ACK was understood");
    world.datagram(PBX, within("BYE", 2).as_bytes());
    assert_eq!((world.lines(PBX), world.lines(BEN)), (vec!["200 BYE".to_owned()], vec!["BYE".to_owned()]));
    assert_eq!(world.settlements().len(), 1);
}

#[test]
fn busy_is_passed_on() {
    let mut world = World::new();
    let (_, ben, invite) = ringing(&mut world);
    ben.answer(&mut world, &invite, 486, "");
    assert_eq!(world.lines(BEN), ["ACK"]);
    assert_eq!(world.lines(ANA), ["486 INVITE"]);
    let settled = world.settlements();
    assert_eq!((settled[0].status, settled[0].hung_up_by), (486, account::HungUpBy::Callee));
}

#[test]
fn nobody_answers_in_time() {
    let mut world = World::new();
    let (_, ben, invite) = ringing(&mut world);
    ben.answer(&mut world, &invite, 180, "");
    world.take(ANA);
    world.wait_ms(59_900);
    assert!(world.settlements().is_empty());
    world.wait_ms(200);
    assert_eq!(world.lines(ANA)[0], "480 INVITE");
    assert_eq!(world.lines(BEN)[0], "CANCEL");
    assert_eq!((world.settlements()[0].status, world.settlements()[0].reason.as_str()), (480, "no answer"));
}

#[test]
fn a_dead_phone_is_unavailable() {
    let mut world = World::new();
    ringing(&mut world);
    world.wait_ms(32_100);
    // The caller hears 100 after 200 ms of silence (RFC 3261 section 17.2.1).
    assert_eq!(world.lines(ANA)[..2], ["100 INVITE", "480 INVITE"]);
    assert_eq!(world.settlements()[0].status, 480);
}

#[test]
fn of_two_phones_the_first_to_answer_wins() {
    let mut world = World::new();
    world.allow_phones(&[("102", "sip:102@10.0.0.2", BEN), ("102", "sip:102@10.0.0.3", BEN_2)]);
    let mut ana = Peer::new(ANA, "101");
    let mut two = Peer::new(BEN_2, "102");
    two.tag = "two".to_owned();
    let one = Peer::new(BEN, "102");
    let offer = ana.sdp(4_000, "sendrecv");
    ana.authenticated(&mut world, "INVITE", "sip:102@pbx.example", &offer);
    let (first, second) = (world.one(BEN), world.one(BEN_2));
    assert_ne!(first.call_id(), second.call_id());
    one.answer(&mut world, &first, 183, &one.sdp(5_000, "sendrecv"));
    two.answer(&mut world, &second, 180, "");
    let heard = world.take(ANA);
    assert!(heard.iter().all(|answer| answer.body().is_empty()), "early media of several phones is not mixed");
    two.answer(&mut world, &second, 200, &two.sdp(5_002, "sendrecv"));
    assert_eq!(world.lines(BEN_2), ["ACK"]);
    assert_eq!(world.lines(BEN), ["CANCEL"]);
    assert_eq!(world.lines(ANA), ["200 INVITE"]);
    // The other one had picked up at the same moment.
    one.answer(&mut world, &first, 200, &one.sdp(5_000, "sendrecv"));
    assert_eq!(world.lines(BEN), ["BYE"]);
    assert!(world.settlements().is_empty());
}

#[test]
fn all_phones_refuse() {
    let mut world = World::new();
    world.allow_phones(&[("102", "sip:102@10.0.0.2", BEN), ("102", "sip:102@10.0.0.3", BEN_2)]);
    let mut ana = Peer::new(ANA, "101");
    let offer = ana.sdp(4_000, "sendrecv");
    ana.authenticated(&mut world, "INVITE", "sip:102@pbx.example", &offer);
    let (first, second) = (world.one(BEN), world.one(BEN_2));
    world.take(ANA);
    Peer::new(BEN, "102").answer(&mut world, &first, 480, "");
    assert!(world.lines(ANA).is_empty());
    Peer::new(BEN_2, "102").answer(&mut world, &second, 486, "");
    assert_eq!(world.lines(ANA), ["486 INVITE"]);
}

#[test]
fn lost_answers_are_repeated_until_the_ack() {
    let mut world = World::new();
    let (mut ana, ben, invite) = ringing(&mut world);
    let answer = ben.sdp(5_000, "sendrecv");
    ben.answer(&mut world, &invite, 200, &answer);
    let ok = world.one(ANA);
    // Our ACK was lost: Ben repeats his 200 and gets it again.
    ben.answer(&mut world, &invite, 200, &answer);
    assert_eq!(world.lines(BEN), ["ACK", "ACK"]);
    world.wait_ms(1_600);
    assert_eq!(world.lines(ANA), ["200 INVITE", "200 INVITE"]);
    ana.ack(&mut world, &ok);
    world.wait_ms(10_000);
    assert!(world.lines(ANA).is_empty());
}

#[test]
fn a_caller_who_never_acknowledges_is_hung_up() {
    let mut world = World::new();
    let (_, ben, invite) = ringing(&mut world);
    ben.answer(&mut world, &invite, 200, &ben.sdp(5_000, "sendrecv"));
    world.take(BEN);
    world.wait_ms(32_100);
    assert_eq!(world.lines(BEN)[0], "BYE");
    assert!(world.lines(ANA).contains(&"BYE".to_owned()));
    assert_eq!(world.settlements().len(), 1);
}

#[test]
fn a_callee_who_hangs_up_at_once_lets_the_caller_acknowledge_first() {
    let mut world = World::new();
    let (mut ana, mut ben, invite) = ringing(&mut world);
    ben.answer(&mut world, &invite, 200, &ben.sdp(5_000, "sendrecv"));
    let ok = world.one(ANA);
    let bye = ben.within(&invite, "BYE", "");
    world.datagram(BEN, bye.as_bytes());
    assert!(world.lines(ANA).is_empty());
    assert!(!world.edge.is_idle());
    ana.ack(&mut world, &ok);
    let bye = world.one(ANA);
    ana.answer(&mut world, &bye, 200, "");
    world.wait_ms(40_000);
    assert!(world.edge.is_idle());
    assert_eq!(world.settlements().len(), 1);
}

#[test]
fn a_strangers_bye_is_refused() {
    let mut world = World::new();
    let (mut ana, _, _, ok) = talking(&mut world);
    world.take(BEN);
    let good = ana.within(&ok, "BYE", "");
    let ours = text(ok.to().unwrap().tag().unwrap());
    for (from, to) in
        [("tag=tag101", "tag=other"), (ours.as_str(), "0-3-1-1-0000000000000000"), ("101-call@phone", "x")]
    {
        world.datagram("198.51.100.66:5060", good.replace(from, to).as_bytes());
        assert_eq!(world.lines("198.51.100.66:5060"), ["481 BYE"]);
    }
    assert!(world.lines(BEN).is_empty());
    assert_eq!(world.edge.calls().len(), 1);
    let old = good.replace(&format!("CSeq: {} BYE", ana.cseq), "CSeq: 1 BYE");
    world.datagram(ANA, old.as_bytes());
    assert_eq!(world.lines(ANA), ["500 BYE"]);
}

#[test]
fn a_call_without_offer_gets_the_callees() {
    let mut world = World::new();
    world.allow_phones(&[("102", "sip:102@10.0.0.2:5080", BEN)]);
    let (mut ana, ben) = (Peer::new(ANA, "101"), Peer::new(BEN, "102"));
    ana.authenticated(&mut world, "INVITE", "sip:102@pbx.example", "");
    let invite = world.one(BEN);
    assert!(invite.body().is_empty());
    world.take(ANA);
    ben.answer(&mut world, &invite, 200, &ben.sdp(5_000, "sendrecv"));
    assert!(world.lines(BEN).is_empty(), "the ACK waits for the answer");
    let ok = world.one(ANA);
    assert!(text(ok.body()).contains("m=audio 20000"));
    let answer = ana.sdp(4_000, "sendrecv");
    let cseq = ana.cseq;
    ana.cseq = ok.cseq().unwrap().number;
    let ack = ana.within(&ok, "ACK", &answer);
    ana.cseq = cseq;
    world.datagram(ANA, ack.as_bytes());
    let ack = world.one(BEN);
    assert_eq!(summary(&ack), "ACK");
    assert!(text(ack.body()).contains("m=audio 30000"));
    assert_eq!(world.relay.iter().filter(|c| matches!(c, RelayCommand::Announce { .. })).count(), 2);
}

#[test]
fn direct_media_passes_descriptions_as_they_are() {
    let settings = edge::EdgeSettings { relay: false, ..harness::settings() };
    let mut world = World::with(harness::directory(), settings);
    let (ana, ben, invite) = ringing(&mut world);
    assert_eq!(invite.body(), ana.sdp(4_000, "sendrecv").as_bytes());
    ben.answer(&mut world, &invite, 200, &ben.sdp(5_000, "sendrecv"));
    assert_eq!(world.one(ANA).body(), ben.sdp(5_000, "sendrecv").as_bytes());
    assert!(world.relay.is_empty());
}

#[test]
fn without_free_ports_the_call_is_refused_and_settled() {
    let mut world = World::new();
    world.ports_free = false;
    world.allow_phones(&[("102", "sip:102@10.0.0.2", BEN)]);
    let mut ana = Peer::new(ANA, "101");
    let offer = ana.sdp(4_000, "sendrecv");
    ana.authenticated(&mut world, "INVITE", "sip:102@pbx.example", &offer);
    assert_eq!(world.lines(ANA), ["503 INVITE"]);
    assert!(world.lines(BEN).is_empty());
    assert_eq!(world.settlements()[0].status, 503);
}
