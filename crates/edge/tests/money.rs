//! What makes a call end though nobody hangs up, and what a restart does.

#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected should stop")]

mod harness;

use account::{CallEnd, HungUpBy, Input as Told, Lease, Reply, Verdict};
use edge::{Input, Output};
use harness::peer::Peer;
use harness::{CARRIER, FREE, World, summary, text};
use media::{RelayEvent, RelayId};
use sip::{Message, Name};

const ANA: &str = "198.51.100.1:5070";
const PAID: Lease = Lease { check_at_s: Some(20), paid_until_s: Some(30) };

fn calling(world: &mut World) -> (Peer, Peer, Message) {
    let (mut ana, carrier) = (Peer::new(ANA, "101"), Peer::new(CARRIER, "gw"));
    let offer = ana.sdp(4_000, "sendrecv");
    ana.authenticated(world, "INVITE", "sip:355691234567@pbx.example", &offer);
    let invite = world.one(CARRIER);
    world.take(ANA);
    (ana, carrier, invite)
}

fn talking(world: &mut World, lease: Lease) -> (Peer, Message) {
    world.allow_carriers(&["main"], lease);
    let (mut ana, carrier, invite) = calling(world);
    carrier.answer(world, &invite, 200, &carrier.sdp(6_000, "sendrecv"));
    let ok = world.one(ANA);
    ana.ack(world, &ok);
    world.take(CARRIER);
    (ana, ok)
}

fn extensions(world: &World) -> usize {
    world.told.iter().filter(|input| matches!(input, Told::Extend { .. })).count()
}

#[test]
fn a_call_ends_on_both_legs_when_its_credit_ends() {
    let mut world = World::new();
    talking(&mut world, PAID);
    world.lease = None;
    world.wait_ms(19_900);
    assert_eq!(extensions(&world), 0);
    world.wait_ms(200);
    assert_eq!(extensions(&world), 1);
    world.wait_ms(9_800);
    assert!(world.lines(ANA).is_empty());
    world.wait_ms(200);
    for at in [ANA, CARRIER] {
        let bye = &world.take(at)[0];
        assert_eq!(summary(bye), "BYE");
        assert!(text(bye.header(Name::Reason).unwrap()).contains("the credit or a limit of the day ran out"));
    }
    let settled = world.settlements();
    assert_eq!(settled.len(), 1);
    assert_eq!((settled[0].end, settled[0].status, settled[0].hung_up_by), (CallEnd::CreditEnded, 200, HungUpBy::Node));
}

#[test]
fn a_longer_lease_lets_it_go_on() {
    let mut world = World::new();
    talking(&mut world, PAID);
    world.lease = Some(Lease { check_at_s: Some(50), paid_until_s: Some(60) });
    world.wait_ms(31_000);
    assert_eq!((extensions(&world), world.edge.calls().len()), (1, 1));
    world.lease = Some(Lease { check_at_s: None, paid_until_s: Some(70) });
    world.wait_ms(38_000);
    assert_eq!((extensions(&world), world.edge.calls().len()), (2, 1));
    world.wait_ms(1_100);
    assert!(world.edge.calls().is_empty());
}

#[test]
fn the_caller_hears_of_the_answer_when_the_lease_is_durable() {
    let mut world = World::new();
    world.allow_carriers(&["main"], PAID);
    world.lease = None;
    let (_, carrier, invite) = calling(&mut world);
    carrier.answer(&mut world, &invite, 200, &carrier.sdp(6_000, "sendrecv"));
    assert!(world.lines(CARRIER).is_empty(), "after a crash the carrier's next 200 is what hangs it up");
    assert!(world.lines(ANA).is_empty());
    let call = world.call();
    world.reply(Reply::Leased { call, lease: PAID });
    assert_eq!(world.lines(CARRIER), ["ACK"]);
    assert_eq!(world.lines(ANA), ["200 INVITE"]);
}

#[test]
fn a_callee_has_no_ack_before_its_answer_is_recorded_or_its_bye_arrives() {
    let mut world = World::new();
    world.allow_carriers(&["main"], FREE);
    world.lease = None;
    let (ana, carrier, invite) = calling(&mut world);
    let sdp = carrier.sdp(6_000, "sendrecv");
    carrier.answer(&mut world, &invite, 200, &sdp);
    world.datagram(ANA, ana.cancel().as_bytes());
    assert_eq!(world.lines(CARRIER), ["BYE"]);
    // It got lost, and the node crashes: the callee still repeats its answer, and is hung up.
    world.edge = harness::edge(harness::settings(), harness::directory(), [8; 32], 4, world.now_ms);
    carrier.answer(&mut world, &invite, 200, &sdp);
    let bye = world.one(CARRIER);
    assert_eq!(summary(&bye), "BYE");
    carrier.answer(&mut world, &bye, 200, "");
    assert_eq!(world.lines(CARRIER), ["ACK"]);
}

#[test]
fn an_answer_that_cannot_be_recorded_is_hung_up() {
    let mut world = World::new();
    world.allow_carriers(&["main"], FREE);
    world.lease = None;
    let (_, carrier, invite) = calling(&mut world);
    carrier.answer(&mut world, &invite, 200, &carrier.sdp(6_000, "sendrecv"));
    world.take(CARRIER);
    world.wait_ms(32_000);
    assert_eq!(world.lines(CARRIER)[0], "BYE");
    assert_eq!(world.lines(ANA)[..2], ["100 INVITE", "503 INVITE"]);
    assert!(world.settlements()[0].answer_ms.is_some());
}

#[test]
fn a_caller_who_gives_up_before_the_verdict_leaves_nothing_open() {
    let mut world = World::new();
    for allowed in [true, false] {
        world.verdict = None;
        let settled = world.settlements().len();
        let mut ana = Peer::new(ANA, "101");
        ana.call_id = format!("call-{allowed}");
        ana.branch = if allowed { 100 } else { 200 };
        let offer = ana.sdp(4_000, "sendrecv");
        ana.authenticated(&mut world, "INVITE", "sip:355691234567@pbx.example", &offer);
        world.take(ANA);
        world.datagram(ANA, ana.cancel().as_bytes());
        assert_eq!(world.lines(ANA), ["200 CANCEL", "487 INVITE"]);
        assert_eq!(world.edge.calls().len(), 1);
        let call = world.call();
        world.allow_carriers(&["main"], FREE);
        let refused = Verdict::Refused(account::Refusal { code: account::RefusalCode::Guard, text: "no".to_owned() });
        let verdict = if allowed { world.verdict.clone().unwrap() } else { refused };
        world.reply(Reply::Verdict { call, verdict });
        assert!(world.edge.calls().is_empty() && world.lines(CARRIER).is_empty() && world.relay.is_empty());
        assert_eq!(world.settlements().len() - settled, usize::from(allowed));
    }
}

#[test]
fn the_account_ends_calls_in_every_stage() {
    // Before the verdict.
    let mut world = World::new();
    let mut ana = Peer::new(ANA, "101");
    let offer = ana.sdp(4_000, "sendrecv");
    ana.authenticated(&mut world, "INVITE", "sip:355691234567@pbx.example", &offer);
    let call = world.call();
    world.reply(Reply::HangUp { call, end: CallEnd::Cut });
    assert_eq!(world.lines(ANA), ["403 INVITE"]);
    // While it rings.
    let mut world = World::new();
    world.allow_carriers(&["main"], FREE);
    let (_, carrier, invite) = calling(&mut world);
    carrier.answer(&mut world, &invite, 180, "");
    world.take(ANA);
    let call = world.call();
    world.reply(Reply::HangUp { call, end: CallEnd::Cut });
    assert_eq!(world.lines(ANA), ["403 INVITE"]);
    assert_eq!(world.lines(CARRIER), ["CANCEL"]);
    assert_eq!(world.settlements()[0].end, CallEnd::Cut);
    // While it talks.
    let mut world = World::new();
    talking(&mut world, FREE);
    let call = world.call();
    world.reply(Reply::HangUp { call, end: CallEnd::Cut });
    assert_eq!((world.lines(ANA), world.lines(CARRIER)), (vec!["BYE".to_owned()], vec!["BYE".to_owned()]));
    world.reply(Reply::HangUp { call, end: CallEnd::Cut });
    assert_eq!(world.settlements().len(), 1);
}

#[test]
fn a_lines_calls_are_hung_up_together() {
    let mut world = World::new();
    talking(&mut world, FREE);
    let hang_up = |line: &str, end| Input::HangUpLine { account: harness::acme(), line: harness::line(line), end };
    world.input(hang_up("102", CallEnd::SecretChanged));
    assert_eq!(world.edge.calls().len(), 1);
    world.input(hang_up("101", CallEnd::SecretChanged));
    assert!(world.edge.calls().is_empty());
    assert_eq!(world.settlements()[0].end, CallEnd::SecretChanged);
}

#[test]
fn silence_ends_a_talking_call_and_no_ringing_one() {
    let mut world = World::new();
    world.allow_carriers(&["main"], FREE);
    calling(&mut world);
    let relay = RelayId(world.call().0);
    world.input(Input::Relay(RelayEvent::Silent { relay, heard_ms: 0 }));
    assert!(world.settlements().is_empty());
    let mut world = World::new();
    talking(&mut world, FREE);
    let relay = RelayId(world.call().0);
    world.input(Input::Relay(RelayEvent::Silent { relay, heard_ms: 0 }));
    assert_eq!(world.settlements()[0].end, CallEnd::Silence { heard_ms: 0 });
}

#[test]
fn shutting_down_ends_what_runs_and_takes_nothing_new() {
    let mut world = World::new();
    talking(&mut world, FREE);
    assert!(!world.edge.is_idle());
    world.input(Input::Shutdown);
    for at in [ANA, CARRIER] {
        let bye = world.one(at);
        Peer::new(at, "x").answer(&mut world, &bye, 200, "");
    }
    assert_eq!(world.settlements()[0].end, CallEnd::Shutdown);
    let mut ben = Peer::new("198.51.100.2:5060", "102");
    let invite = ben.request("INVITE", "sip:101@pbx.example", &ben.sdp(4_000, "sendrecv"));
    world.datagram(ben.at, invite.as_bytes());
    let busy = world.one(ben.at);
    assert_eq!((busy.status(), busy.header(Name::RetryAfter)), (Some(503), Some(&b"5"[..])));
    world.wait_ms(60_000);
    assert!(world.edge.is_idle());
}

#[test]
fn the_other_side_is_hung_up_before_the_end_is_recorded() {
    let mut world = World::new();
    let (mut ana, ok) = talking(&mut world, FREE);
    let bye = ana.within(&ok, "BYE", "");
    let message = sip::Message::parse(bye.as_bytes()).unwrap();
    world.edge.handle(world.now_ms, Input::Message { flow: harness::flow(ANA), message });
    let outputs: Vec<Output> = std::iter::from_fn(|| world.edge.poll_output()).collect();
    let to_carrier = |output: &Output| matches!(output, Output::Send { bytes, .. } if bytes.starts_with(b"BYE "));
    assert!(outputs.iter().any(to_carrier), "{outputs:?}");
    let settles =
        |output: &Output| matches!(output, Output::Account { input, .. } if matches!(**input, Told::Settle(_)));
    assert!(outputs.last().is_some_and(settles), "{outputs:?}");
}

#[test]
fn after_a_restart_both_legs_hear_bye_and_the_call_is_settled() {
    let mut world = World::new();
    let (mut ana, ok) = talking(&mut world, FREE);
    let call = world.call();
    let answer_ms = world.now_ms;
    let mut legs = None;
    for input in &world.told {
        if let Told::Answered { legs: saved, .. } = input {
            legs = Some(saved.clone());
        }
    }
    world.edge = harness::edge(harness::settings(), harness::directory(), [8; 32], 4, world.now_ms);
    world.wait_ms(5_000);
    world.input(Input::Recover { account: harness::acme(), call, legs });
    let to_ana = world.one(ANA);
    assert_eq!((to_ana.method_raw(), to_ana.call_id()), (&b"BYE"[..], ok.call_id()));
    assert_eq!(to_ana.from().unwrap().tag(), ok.to().unwrap().tag());
    assert_eq!(summary(&world.one(CARRIER)), "BYE");
    let settled = world.settlements()[0];
    assert_eq!((settled.end, settled.answer_ms, settled.status), (CallEnd::Recovered, Some(answer_ms), 200));
    assert_eq!(settled.carrier, Some(harness::carrier_id("main")));
    // The phone's own BYE finds nothing any more.
    let bye = ana.within(&ok, "BYE", "");
    world.datagram(ANA, bye.as_bytes());
    assert_eq!(world.lines(ANA), ["481 BYE"]);
}

#[test]
fn after_a_restart_an_unanswered_call_is_settled_and_a_late_answer_hung_up() {
    let mut world = World::new();
    world.allow_carriers(&["main"], FREE);
    let (_, carrier, invite) = calling(&mut world);
    let call = world.call();
    world.edge = harness::edge(harness::settings(), harness::directory(), [8; 32], 4, world.now_ms);
    world.input(Input::Recover { account: harness::acme(), call, legs: None });
    let settled = world.settlements()[0];
    assert_eq!((settled.end, settled.answer_ms, settled.status), (CallEnd::Recovered, None, 503));
    carrier.answer(&mut world, &invite, 200, "");
    let bye = world.one(CARRIER);
    assert_eq!((summary(&bye).as_str(), bye.to().unwrap().tag()), ("BYE", Some(&b"taggw"[..])));
    // A 2xx to an INVITE we cannot have sent is nothing to us.
    let foreign = String::from_utf8(
        sip::ResponseBuilder::from_request(&invite, 200, "", Some("t"), harness::addr(harness::US)).finish(),
    )
    .unwrap()
    .replace(&text(invite.call_id()), "foreign@call");
    world.datagram(CARRIER, foreign.as_bytes());
    assert!(world.lines(CARRIER).is_empty());
}
