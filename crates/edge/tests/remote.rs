//! Calls that another switch carries: asked about, reported, ended by whoever has a reason to; and the same as a redirect
//! server.

#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected should stop")]

mod harness;

use account::{
    Attempt, CallEnd, Caller, Failures, HungUpBy, Input as Told, Lease, LookUps, Party, Refusal, RefusalCode, Reply,
    Verdict, Via,
};
use billing::CallId;
use edge::{Asking, Input, Report, Screened};
use harness::peer::Peer;
use harness::{FREE, World, acme, directory, flow, line, settings, summary, text};
use sip::Name;

const ANA: &str = "198.51.100.1:5070";
const PAID: Lease = Lease { check_at_s: Some(20), paid_until_s: Some(30) };

fn attempt() -> Attempt {
    Attempt {
        call: CallId(0),
        from: Party::Line(line("101")),
        dialled: "011355691234567".to_owned(),
        caller: Caller::default(),
        via: Via {
            flow: flow(ANA),
            user_agent: "a switch".into(),
            place: geo::Place::default(),
            failures_before: Failures::NONE,
        },
        cause: None,
        told: None,
        look_ups: LookUps::none(),
    }
}

fn asked(world: &mut World) -> CallId {
    let attempt = Box::new(attempt());
    world.input(Input::Screen { token: 1, account: acme(), attempt, limit_s: 60 });
    match world.screened.pop() {
        Some((1, Screened::Verdict { call, verdict: Verdict::Allowed { .. } })) => call,
        other => panic!("{other:?}"),
    }
}

fn report(world: &mut World, call: CallId, report: Report) -> Option<Screened> {
    world.input(Input::Report { token: 2, call, account: Some(acme()), report });
    world.screened.pop().map(|(_, screened)| screened)
}

fn ended(talk_ms: u64) -> Report {
    Report::Ended { status: 486, reason: "busy".to_owned(), hung_up_by: HungUpBy::Callee, talk_ms }
}

fn extensions(world: &World) -> usize {
    world.told.iter().filter(|input| matches!(input, Told::Extend { .. })).count()
}

#[test]
fn a_call_is_asked_about_answered_extended_and_ended() {
    let mut world = World::new();
    world.allow_carriers(&["main"], PAID);
    world.lease = Some(PAID);
    let call = asked(&mut world);
    assert_eq!(world.call(), call);
    world.wait_ms(5_000);
    assert_eq!(report(&mut world, call, Report::Answered), Some(Screened::Leased(PAID)));
    let view = world.edge.calls().remove(0);
    assert!(view.is_remote && view.hang_up.is_none() && view.ends_ms.is_none(), "{view:?}");
    world.lease = Some(Lease { check_at_s: Some(50), paid_until_s: Some(60) });
    world.wait_ms(25_000);
    assert_eq!(extensions(&world), 1);
    assert_eq!(report(&mut world, call, ended(0)), Some(Screened::Over));
    assert_eq!(report(&mut world, call, ended(0)), Some(Screened::Unknown), "it is settled once");
    let settled = world.settlements();
    assert_eq!(settled.len(), 1);
    assert_eq!((settled[0].status, settled[0].hung_up_by, settled[0].end), (200, HungUpBy::Callee, CallEnd::Normal));
    assert_eq!(settled[0].answer_ms, Some(world.now_ms - 25_000));
    assert!(world.edge.is_idle());
}

#[test]
fn one_that_was_never_answered_is_settled_with_its_status() {
    let mut world = World::new();
    world.allow_carriers(&["main"], PAID);
    let call = asked(&mut world);
    assert_eq!(report(&mut world, call, ended(0)), Some(Screened::Over));
    let settled = world.settlements();
    assert_eq!((settled[0].status, settled[0].answer_ms), (486, None));
}

#[test]
fn whoever_reports_the_end_alone_says_how_long_was_talked() {
    let mut world = World::new();
    world.allow_carriers(&["main"], PAID);
    let call = asked(&mut world);
    world.wait_ms(20_000);
    report(&mut world, call, ended(12_000));
    let settled = world.settlements();
    assert_eq!((settled[0].status, settled[0].answer_ms), (200, Some(world.now_ms - 12_000)));
}

#[test]
fn a_cut_is_shown_and_settled_whether_or_not_the_switch_obeys() {
    let mut world = World::new();
    world.allow_carriers(&["main"], FREE);
    let call = asked(&mut world);
    report(&mut world, call, Report::Answered);
    world.reply(Reply::HangUp { call, end: CallEnd::Cut });
    assert_eq!(world.edge.calls()[0].hang_up.as_deref(), Some("cut by the guard"));
    assert_eq!(report(&mut world, call, Report::Answered), Some(Screened::HangUp(CallEnd::Cut)));
    world.wait_ms(10_100);
    let settled = world.settlements();
    assert_eq!((settled[0].end, settled[0].hung_up_by), (CallEnd::Cut, HungUpBy::Node));
    assert!(world.edge.calls().is_empty());
}

#[test]
fn what_is_paid_for_ends_the_call() {
    let mut world = World::new();
    world.allow_carriers(&["main"], PAID);
    let call = asked(&mut world);
    world.lease = Some(PAID);
    report(&mut world, call, Report::Answered);
    world.lease = Some(Lease { check_at_s: None, paid_until_s: Some(40) });
    world.wait_ms(20_100);
    assert_eq!(world.edge.calls()[0].ends_ms, Some(world.now_ms - 20_100 + 40_000), "the switch is told when");
    world.wait_ms(20_000);
    assert_eq!(world.settlements()[0].end, CallEnd::CreditEnded);
}

#[test]
fn nobody_reports_and_it_ends_by_itself() {
    let mut world = World::new();
    world.allow_carriers(&["main"], FREE);
    asked(&mut world);
    world.wait_ms(60_100);
    assert_eq!((world.settlements()[0].status, world.settlements()[0].answer_ms), (408, None));
    let call = asked(&mut world);
    report(&mut world, call, Report::Answered);
    world.wait_ms(60_100);
    let settled = world.settlements();
    assert_eq!((settled[1].status, settled[1].hung_up_by), (200, HungUpBy::Node));
    assert!(settled[1].reason.contains("did not report"), "{:?}", settled[1]);
}

#[test]
fn reports_of_others_and_after_a_refusal_find_no_call() {
    let mut world = World::new();
    world.allow_carriers(&["main"], PAID);
    let call = asked(&mut world);
    let other = Some("other".parse().unwrap());
    world.input(Input::Report { token: 3, call, account: other, report: Report::Answered });
    assert_eq!(world.screened.pop(), Some((3, Screened::Unknown)));
    let refusal = Refusal { code: RefusalCode::Cut, text: "cut".to_owned() };
    world.verdict = Some(Verdict::Refused(refusal.clone()));
    world.input(Input::Screen { token: 4, account: acme(), attempt: Box::new(attempt()), limit_s: 60 });
    let Some((4, Screened::Verdict { call, verdict })) = world.screened.pop() else { panic!("no verdict") };
    assert_eq!(verdict, Verdict::Refused(refusal));
    assert_eq!(report(&mut world, call, ended(0)), Some(Screened::Unknown));
    world.input(Input::Shutdown);
    assert!(world.edge.is_idle());
    assert_eq!(world.settlements().len(), 1, "the one that was allowed");
    world.input(Input::Screen { token: 5, account: acme(), attempt: Box::new(attempt()), limit_s: 60 });
    assert_eq!(world.screened.pop(), Some((5, Screened::TurnedAway)));
}

/// Acme's lines place their calls themselves.
fn redirecting() -> World {
    let redirect = vec![Asking { account: acme(), line: None }];
    World::with(directory(), edge::EdgeSettings { redirect, ..settings() })
}

#[test]
fn a_redirect_server_says_go_on_and_hears_of_the_end() {
    let mut world = redirecting();
    world.allow_carriers(&["main"], PAID);
    let mut ana = Peer::new(ANA, "101");
    let offer = ana.sdp(4_000, "sendrecv");
    ana.authenticated(&mut world, "INVITE", "sip:355691234567@pbx.example", &offer);
    let answers = world.take(ANA);
    let answer = answers.last().unwrap();
    assert_eq!(summary(answer), "302 INVITE");
    assert!(text(answer.header(Name::Contact).unwrap()).contains("355691234567@"), "{answer:?}");
    let call: CallId = text(answer.header_named("X-Tollguard-Call").unwrap()).parse().unwrap();
    assert!(world.wire.is_empty() && world.relay.is_empty(), "nobody else is called");
    ana.ack(&mut world, answer);
    assert!(world.edge.calls()[0].is_remote);
    report(&mut world, call, ended(7_000));
    let settled = world.settlements();
    assert_eq!((settled.len(), settled[0].status), (1, 200));
    assert_eq!(settled[0].carrier, Some("main".parse().unwrap()));
}

#[test]
fn a_redirect_server_declines_with_the_reason() {
    let mut world = redirecting();
    let text_of = "international calls are cut by incident i0000000000010".to_owned();
    world.verdict = Some(Verdict::Refused(Refusal { code: RefusalCode::Cut, text: text_of }));
    let mut ana = Peer::new(ANA, "101");
    let offer = ana.sdp(4_000, "sendrecv");
    ana.authenticated(&mut world, "INVITE", "sip:355691234567@pbx.example", &offer);
    let answers = world.take(ANA);
    let answer = answers.last().unwrap();
    assert_eq!(summary(answer), "603 INVITE");
    assert!(text(answer.header(Name::Reason).unwrap()).contains("cut by incident"), "{answer:?}");
    assert!(world.edge.is_idle());
}
