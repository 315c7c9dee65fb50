//! A redirection (3xx) is a new call by the line that redirects (invariant 11, RFC 3261 section 8.1.3.4).
#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected should stop")]

mod harness;

use account::{CallEnd, Cause, HungUpBy, Input as Told, Party, Permit, Refusal, RefusalCode, Verdict};
use edge::Input;
use harness::peer::Peer;
use harness::phones::{ANA, BEN, ringing};
use harness::{BACKUP, CARRIER, FREE, World, acme, addr, line, summary, text};
use sip::{Message, Name};

const ALBANIA: &str = "<sip:+355691234567@elsewhere>";

fn screened(world: &World) -> usize {
    world.told.iter().filter(|input| matches!(input, Told::Screen(_))).count()
}

/// Ana calls Ben, whose phone names Albania instead; carriers are allowed. The carrier's INVITE comes back.
fn redirected(world: &mut World) -> (Peer, Message) {
    let (ana, ben, invite) = ringing(world);
    world.allow_carriers(&["main", "second"], FREE);
    ben.answer_with(world, &invite, 302, Name::Contact, ALBANIA);
    assert_eq!(world.lines(BEN), ["ACK"]);
    assert_eq!(world.lines(ANA), ["181 INVITE"]);
    let invite = world.one(CARRIER);
    (ana, invite)
}

#[test]
fn a_phone_that_redirects_places_a_call_of_its_own() {
    let mut world = World::new();
    let (mut ana, invite) = redirected(&mut world);
    let settled = world.settlements();
    assert_eq!((settled.len(), settled[0].status, settled[0].hung_up_by), (1, 302, HungUpBy::Callee));
    let first = settled[0].call;
    let attempt = world.attempt();
    assert_eq!((&attempt.from, attempt.dialled.as_str()), (&Party::Line(line("102")), "+355691234567"));
    assert_eq!(
        (attempt.cause, attempt.via.flow.remote, &*attempt.via.user_agent),
        (Some(Cause::Forward), addr(BEN), "test")
    );
    assert_ne!(attempt.call, first);
    let gateway = Peer::new(CARRIER, "gw");
    gateway.answer(&mut world, &invite, 200, &gateway.sdp(5_000, "sendrecv"));
    let ok = world.one(ANA);
    assert_eq!(summary(&ok), "200 INVITE");
    ana.ack(&mut world, &ok);
    let bye = ana.within(&ok, "BYE", "");
    world.datagram(ANA, bye.as_bytes());
    let settled = world.settlements();
    assert_eq!((settled.len(), settled[1].call, settled[1].status), (2, world.call(), 200));
    assert!(world.edge.calls().is_empty());
}

#[test]
fn what_the_line_may_not_call_it_may_not_redirect_to() {
    let mut world = World::new();
    let (_, ben, invite) = ringing(&mut world);
    let refusal = Refusal { code: RefusalCode::NotPermitted, text: "line 102 may not".into() };
    world.verdict = Some(Verdict::Refused(refusal));
    ben.answer_with(&mut world, &invite, 302, Name::Contact, ALBANIA);
    assert_eq!(world.lines(ANA), ["181 INVITE", "403 INVITE"]);
    assert!(world.take(CARRIER).is_empty() && world.edge.calls().is_empty());
    assert_eq!((screened(&world), world.settlements().len()), (2, 1), "a refused attempt is not settled");
}

#[test]
fn a_carrier_that_redirects_does_so_in_the_callers_name() {
    let mut world = World::new();
    let (_, invite) = redirected(&mut world);
    let gateway = Peer::new(CARRIER, "gw");
    gateway.answer_with(&mut world, &invite, 301, Name::Contact, "<sip:+881612345678@h>");
    let attempt = world.attempt();
    assert_eq!((&attempt.from, attempt.dialled.as_str()), (&Party::Line(line("102")), "+881612345678"));
    assert_eq!((screened(&world), world.settlements().len()), (3, 2));
}

#[test]
fn redirections_come_to_an_end() {
    let mut world = World::new();
    let (_, ben, mut invite) = ringing(&mut world);
    for _ in 0..5 {
        ben.answer_with(&mut world, &invite, 302, Name::Contact, "<sip:102@pbx.example>");
        invite = world.take(BEN).pop().unwrap();
        assert_eq!(summary(&invite), "INVITE");
    }
    ben.answer_with(&mut world, &invite, 302, Name::Contact, "<sip:102@pbx.example>");
    assert_eq!(world.lines(ANA).last().unwrap(), "480 INVITE");
    assert_eq!((screened(&world), world.settlements().len(), world.edge.calls().len()), (6, 6, 0));
}

#[test]
fn a_redirection_without_a_number_and_one_beside_a_no_are_not_followed() {
    for (status, contact) in [(302, "<sip:elsewhere>"), (302, "*"), (305, ALBANIA), (380, ALBANIA)] {
        let mut world = World::new();
        let (_, ben, invite) = ringing(&mut world);
        ben.answer_with(&mut world, &invite, status, Name::Contact, contact);
        assert_eq!((world.lines(ANA), screened(&world)), (vec!["480 INVITE".to_owned()], 1), "{status} {contact}");
    }
}

#[test]
fn a_redirected_caller_may_give_up_and_his_line_still_counts() {
    let mut world = World::new();
    let (ana, _) = redirected(&mut world);
    world.datagram(ANA, ana.cancel().as_bytes());
    assert_eq!(world.lines(ANA), ["200 CANCEL", "487 INVITE"]);
    assert_eq!((world.settlements().len(), world.settlements()[1].hung_up_by), (2, HungUpBy::Caller));
    // A changed secret of the line that called first ends the call, too (invariant 13).
    let mut world = World::new();
    redirected(&mut world);
    let end = CallEnd::SecretChanged;
    world.input(Input::HangUpLine { account: acme(), line: line("101"), end });
    assert_eq!((world.edge.calls().len(), world.settlements()[1].end), (0, CallEnd::SecretChanged));
}

/// Invariant 12: the one caller from elsewhere who is shown outside, marked with the number he came in by (RFC 5806, RFC
/// 7044 section 5).
#[test]
fn a_caller_from_outside_who_is_redirected_stays_who_he_is() {
    let mut world = World::new();
    world.allow_phones(&[("101", "sip:101@10.0.0.1", ANA)]);
    let mut client = Peer::new(BACKUP, "+493012345");
    let invite = client.request("INVITE", "sip:+13035550100@192.0.2.1", &client.sdp(6_000, "sendrecv"));
    world.datagram(BACKUP, invite.as_bytes());
    let ringing = world.one(ANA);
    assert_eq!(world.attempt().caller.diverted, None);
    world.allow_carriers(&["main"], FREE);
    let Some(Verdict::Allowed { permit: Permit::Carrier { caller, .. }, .. }) = &mut world.verdict else {
        panic!("carriers are allowed")
    };
    let number: billing::E164 = "+13035550100".parse().unwrap();
    (caller.user, caller.diverted) = ("+493012345".to_owned(), Some(number));
    Peer::new(ANA, "101").answer_with(&mut world, &ringing, 302, Name::Contact, ALBANIA);
    let asked = world.attempt().caller.clone();
    assert_eq!((asked.user.as_str(), asked.diverted), ("+493012345", Some(number)));
    let invite = world.one(CARRIER);
    let diversion = invite.header(Name::Diversion).unwrap();
    assert_eq!(text(diversion), "<sip:+13035550100@192.0.2.1:5060>;reason=deflection");
    let history = text(invite.header(Name::HistoryInfo).unwrap());
    let entries =
        ["<sip:+13035550100@192.0.2.1:5060>;index=1", "<sip:+355691234567@203.0.113.10:5060;cause=480>;index=1.1;mp=1"];
    assert_eq!(history, entries.join(", "));
    assert!(text(invite.header(Name::From).unwrap()).contains("sip:+493012345@"));
}

/// Invariant 12: a phone is shown the number that a caller from outside was redirected by.
#[test]
fn a_phone_that_is_redirected_to_reads_whose_call_it_is() {
    let mut world = World::new();
    world.allow_phones(&[("102", "sip:102@10.0.0.2", BEN)]);
    let Some(Verdict::Allowed { permit: Permit::Lines { caller, .. }, .. }) = &mut world.verdict else {
        panic!("phones are allowed")
    };
    caller.diverted = Some("+13035550100".parse().unwrap());
    let mut client = Peer::new(BACKUP, "+493012345");
    let invite = client.request("INVITE", "sip:+13035550100@192.0.2.1", &client.sdp(6_000, "sendrecv"));
    world.datagram(BACKUP, invite.as_bytes());
    let ringing = world.one(BEN);
    assert_eq!(text(ringing.header(Name::Diversion).unwrap()), "<sip:+13035550100@pbx.example>;reason=unknown");
    let history = text(ringing.header(Name::HistoryInfo).unwrap());
    assert_eq!(history, "<sip:+13035550100@pbx.example>;index=1, <sip:102@10.0.0.2;cause=404>;index=1.1;mp=1");
}

/// Invariant 12, the other way: what a line writes of a diversion itself is no reason to believe it, and goes no further.
#[test]
fn a_diversion_that_somebody_only_claims_counts_for_nothing() {
    let claims = [
        "Diversion: <sip:+13035550100@pbx.example>;reason=unconditional",
        "History-Info: <sip:+13035550100@pbx.example>;index=1, <sip:011@pbx.example;cause=302>;index=1.1;mp=1",
    ];
    let mut world = World::new();
    world.allow_carriers(&["main"], FREE);
    let mut ana = Peer::new(ANA, "101");
    ana.extra = claims.map(str::to_owned).to_vec();
    let offer = ana.sdp(4_000, "sendrecv");
    ana.authenticated(&mut world, "INVITE", "sip:+355691234567@pbx.example", &offer);
    assert_eq!(world.attempt().caller.diverted, None);
    let invite = world.one(CARRIER);
    assert_eq!((invite.header(Name::Diversion), invite.header(Name::HistoryInfo)), (None, None));
    // Nor is a phone shown what a carrier writes: whom else a call was for is not its business.
    world.allow_phones(&[("102", "sip:102@10.0.0.2", BEN)]);
    let mut client = Peer::new(BACKUP, "+493012345");
    client.extra = claims.map(str::to_owned).to_vec();
    let invite = client.request("INVITE", "sip:+13035550100@192.0.2.1", &client.sdp(6_000, "sendrecv"));
    world.datagram(BACKUP, invite.as_bytes());
    assert_eq!(world.attempt().caller.diverted, None);
    let ringing = world.one(BEN);
    assert_eq!((ringing.header(Name::Diversion), ringing.header(Name::HistoryInfo)), (None, None));
}

/// Nobody becomes somebody else by having himself redirected.
#[test]
fn a_caller_of_this_account_who_is_redirected_is_not_from_outside() {
    let mut world = World::new();
    redirected(&mut world);
    assert_eq!(world.attempt().caller.diverted, None);
}
