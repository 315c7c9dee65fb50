//! Calls to and from carriers, and our registrations with them.

#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected should stop")]

mod harness;

use std::sync::Arc;

use account::{Input as Told, Party, Permit, Verdict};
use edge::{Directory, Input};
use harness::peer::Peer;
use harness::{BACKUP, CARRIER, FREE, World, carrier_auth, carrier_id, summary, text};
use sip::digest::{Algorithm, Authorization, Ha1Set, challenge_values};
use sip::{Message, Name};

const ANA: &str = "198.51.100.1:5070";
const PBX: &str = "198.51.100.9:5060";

/// The carrier `main` with credentials, and whatever `change` does to it.
fn with_main(change: impl FnOnce(&mut edge::Carrier)) -> Directory {
    let mut directory = harness::directory();
    change(directory.carriers.get_mut(&carrier_id("main")).unwrap());
    directory
}

/// Ana calls abroad; the INVITE the first carrier got comes back.
fn calling(world: &mut World) -> (Peer, Message) {
    if world.verdict.is_none() {
        world.allow_carriers(&["main", "second"], FREE);
    }
    let mut ana = Peer::new(ANA, "101");
    let offer = ana.sdp(4_000, "sendrecv");
    ana.authenticated(world, "INVITE", "sip:011355691234567@pbx.example", &offer);
    assert!(world.lines(ANA).is_empty());
    let invite = world.one(CARRIER);
    (ana, invite)
}

fn challenge(world: &mut World, carrier: &Peer, request: &Message, status: u16, nonce: &str, stale: bool) {
    let name = if status == 401 { Name::WwwAuthenticate } else { Name::ProxyAuthenticate };
    let value = challenge_values("carrier.example", nonce, &[Algorithm::Md5], stale).remove(0);
    carrier.answer_with(world, request, status, name, &text(&value));
}

fn credentials_are_right(request: &Message, name: Name) -> bool {
    let ha1 = Ha1Set::new(b"acme", b"carrier.example", b"trunk secret");
    let value = request.header(name).unwrap_or_default();
    Authorization::parse(value)
        .is_ok_and(|given| given.uri.as_ref() == request.request_uri() && given.verify(&ha1, request.method_raw()))
}

#[test]
fn a_call_leaves_by_the_carrier_with_the_accounts_number() {
    let mut world = World::new();
    let (mut ana, invite) = calling(&mut world);
    assert_eq!(world.attempt().dialled, "011355691234567");
    assert_eq!(invite.request_uri(), b"sip:+355691234567@203.0.113.10:5060");
    assert!(text(invite.header(Name::From).unwrap()).starts_with("\"Acme\" <sip:+13035550100@"));
    assert!(text(invite.header(Name::PAssertedIdentity).unwrap()).starts_with("<sip:+13035550100@"));
    assert_eq!(invite.header_named("P-Tollguard-Origin"), None);
    let raw = invite.header_lines().map(|(_, _, value)| text(value)).collect::<String>();
    assert!(!raw.contains("198.51.100.1") && !raw.contains("Test phone"), "{raw}");
    let carrier = Peer::new(CARRIER, "gw");
    carrier.answer(&mut world, &invite, 183, &carrier.sdp(6_000, "sendrecv"));
    let early = world.one(ANA);
    assert_eq!(early.status(), Some(183));
    assert!(text(early.body()).contains("m=audio 20000"));
    carrier.answer(&mut world, &invite, 200, &carrier.sdp(6_000, "sendrecv"));
    let ok = world.one(ANA);
    ana.ack(&mut world, &ok);
    let bye = ana.within(&ok, "BYE", "");
    world.datagram(ANA, bye.as_bytes());
    assert_eq!(world.lines(CARRIER), ["ACK", "BYE"]);
    assert_eq!(world.settlements()[0].carrier, Some(carrier_id("main")));
}

#[test]
fn numbers_callers_and_origin_follow_the_carriers_rules() {
    let directory = with_main(|carrier| {
        carrier.plus = false;
        carrier.prefix = "77".to_owned();
        carrier.domain = Some("sip.carrier.example".to_owned());
        carrier.tell_origin = true;
    });
    let mut world = World::with(directory, harness::settings());
    world.allow_carriers(&["main"], FREE);
    let Some(Verdict::Allowed { permit: Permit::Carrier { caller, .. }, .. }) = &mut world.verdict else { panic!() };
    caller.private = true;
    let (_, invite) = calling(&mut world);
    assert_eq!(invite.request_uri(), b"sip:77355691234567@sip.carrier.example");
    assert!(text(invite.header(Name::From).unwrap()).contains("<sip:anonymous@anonymous.invalid>"));
    assert_eq!(invite.header(Name::PAssertedIdentity), Some(&b"<sip:13035550100@sip.carrier.example>"[..]));
    assert_eq!(invite.header(Name::Privacy), Some(&b"id"[..]));
    let told = invite.header_named("P-Tollguard-Origin").unwrap();
    assert_eq!(told, b"extension=101;address=198.51.100.1");
}

#[test]
fn an_emergency_number_goes_as_dialled_and_shows_the_caller() {
    let mut world = World::with(with_main(|carrier| carrier.prefix = "77".to_owned()), harness::settings());
    world.allow_carriers(&["main"], FREE);
    let Some(Verdict::Allowed { permit: Permit::Carrier { number, caller, emergency, .. }, .. }) = &mut world.verdict
    else {
        panic!()
    };
    (*number, caller.private, *emergency) = ("911".to_owned(), true, true);
    let (_, invite) = calling(&mut world);
    assert_eq!(invite.request_uri(), b"sip:911@203.0.113.10:5060");
    assert!(text(invite.header(Name::From).unwrap()).contains("sip:+13035550100@"));
    assert_eq!(invite.header(Name::Privacy), None);
}

#[test]
fn a_challenge_is_answered_once() {
    for (status, name) in [(401, Name::Authorization), (407, Name::ProxyAuthorization)] {
        let mut world = World::with(with_main(|c| c.auth = Some(carrier_auth(None))), harness::settings());
        let (_, invite) = calling(&mut world);
        let carrier = Peer::new(CARRIER, "gw");
        challenge(&mut world, &carrier, &invite, status, "n1", false);
        let sent = world.take(CARRIER);
        assert_eq!(sent.iter().map(summary).collect::<Vec<_>>(), ["ACK", "INVITE"]);
        let second = &sent[1];
        assert!(credentials_are_right(second, name));
        assert_eq!(second.call_id(), invite.call_id());
        assert_eq!(second.cseq().unwrap().number, invite.cseq().unwrap().number + 1);
        // The nonce was too old: one more time.
        challenge(&mut world, &carrier, second, status, "n2", true);
        let third = world.take(CARRIER).remove(1);
        assert!(credentials_are_right(&third, name));
        // The secret is wrong: the next carrier is tried, and the caller never sees a challenge.
        challenge(&mut world, &carrier, &third, status, "n3", false);
        assert_eq!(world.lines(CARRIER), ["ACK"]);
        let backup = world.one(BACKUP);
        let second = Peer::new(BACKUP, "gw2");
        challenge(&mut world, &second, &backup, status, "n4", false);
        assert_eq!(world.lines(ANA), ["503 INVITE"]);
        assert_eq!(world.settlements()[0].status, 503);
    }
}

#[test]
fn a_warning_says_why_where_that_is_wanted() {
    use account::{Refusal, RefusalCode};
    for warning in [true, false] {
        let settings = edge::EdgeSettings { warning, ..harness::settings() };
        let mut world = World::with(harness::directory(), settings);
        let refusal = Refusal { code: RefusalCode::Guard, text: "a new country".to_owned() };
        world.verdict = Some(Verdict::Refused(refusal));
        let mut ana = Peer::new(ANA, "101");
        let offer = ana.sdp(4_000, "sendrecv");
        ana.authenticated(&mut world, "INVITE", "sip:355691@pbx.example", &offer);
        let refused = world.take(ANA).pop().unwrap();
        let said = refused.header(Name::Warning).map(text);
        assert_eq!(said.as_deref(), warning.then_some("399 192.0.2.1:5060 \"a new country\""));
    }
}

#[test]
fn trouble_fails_over_and_a_users_answer_does_not() {
    for (status, told) in [(503, None), (500, None), (408, None), (486, Some("486 INVITE")), (404, Some("404 INVITE"))]
    {
        let mut world = World::new();
        let (_, invite) = calling(&mut world);
        Peer::new(CARRIER, "gw").answer(&mut world, &invite, status, "");
        match told {
            Some(told) => assert_eq!(world.lines(ANA), [told]),
            None => {
                assert!(world.lines(ANA).is_empty());
                let second = world.one(BACKUP);
                Peer::new(BACKUP, "gw2").answer(&mut world, &second, 200, "");
                assert_eq!(world.lines(ANA), ["200 INVITE"]);
            }
        }
    }
}

#[test]
fn what_a_provider_says_reaches_caller_and_record() {
    let mut world = World::new();
    let (_, invite) = calling(&mut world);
    let reason = "Q.850;cause=21;text=\"international calling is cut\"";
    Peer::new(CARRIER, "gw").answer_with(&mut world, &invite, 403, Name::Reason, reason);
    let refused = world.one(ANA);
    assert_eq!((refused.status(), refused.header(Name::Reason)), (Some(403), Some(reason.as_bytes())));
    assert_eq!(world.settlements()[0].reason, "international calling is cut");
}

#[test]
fn a_silent_carrier_is_passed_over_and_hung_up_if_it_wakes() {
    let mut world = World::new();
    let (_, invite) = calling(&mut world);
    world.wait_ms(6_100);
    world.take(CARRIER);
    let second = world.one(BACKUP);
    let late = Peer::new(CARRIER, "gw");
    late.answer(&mut world, &invite, 200, &late.sdp(6_000, "sendrecv"));
    assert_eq!(world.lines(CARRIER), ["BYE"]);
    assert_eq!(world.lines(ANA), ["100 INVITE"]);
    let backup = Peer::new(BACKUP, "gw2");
    backup.answer(&mut world, &second, 200, &backup.sdp(6_000, "sendrecv"));
    assert_eq!(world.lines(ANA), ["200 INVITE"]);
}

#[test]
fn the_last_carrier_may_take_its_time_but_not_for_ever() {
    let mut world = World::new();
    world.allow_carriers(&["main"], FREE);
    calling(&mut world);
    world.wait_ms(10_000);
    assert!(world.settlements().is_empty());
    world.wait_ms(23_000);
    assert_eq!(world.lines(ANA)[..2], ["100 INVITE", "504 INVITE"]);
}

#[test]
fn a_call_to_a_did_rings_a_phone() {
    for (uri, to) in [("sip:+13035550100@192.0.2.1", "x"), ("sip:acme@192.0.2.1", "<sip:13035550100@192.0.2.1>")] {
        let mut world = World::new();
        world.allow_phones(&[("101", "sip:101@10.0.0.1", ANA)]);
        let mut carrier = Peer::new(CARRIER, "gw");
        let invite = carrier.request("INVITE", uri, &carrier.sdp(6_000, "sendrecv"));
        let invite = if to == "x" { invite } else { invite.replace(&format!("To: <{uri}>"), &format!("To: {to}")) };
        world.datagram(CARRIER, invite.as_bytes());
        assert!(world.lines(CARRIER).is_empty());
        assert_eq!(world.attempt().from, Party::Carrier(carrier_id("main")));
        assert_eq!(world.attempt().dialled, "+13035550100");
        let ringing = world.one(ANA);
        let ana = Peer::new(ANA, "101");
        ana.answer(&mut world, &ringing, 200, &ana.sdp(4_000, "sendrecv"));
        assert_eq!(world.lines(CARRIER), ["200 INVITE"]);
    }
    let mut world = World::new();
    let invite = Peer::new(CARRIER, "gw").request("INVITE", "sip:+13035559999@192.0.2.1", "");
    world.datagram(CARRIER, invite.as_bytes());
    assert_eq!(world.lines(CARRIER), ["404 INVITE"]);
    // From another port of the same host it is anybody's.
    let invite = Peer::new("203.0.113.10:9999", "gw").request("INVITE", "sip:+13035550100@192.0.2.1", "");
    world.datagram("203.0.113.10:9999", invite.as_bytes());
    assert_eq!(world.lines("203.0.113.10:9999"), ["401 INVITE"]);
}

#[test]
fn a_carrier_that_challenges_bye_is_answered_once() {
    let mut world = World::with(with_main(|c| c.auth = Some(carrier_auth(None))), harness::settings());
    let (mut ana, invite) = calling(&mut world);
    let carrier = Peer::new(CARRIER, "gw");
    carrier.answer(&mut world, &invite, 200, &carrier.sdp(6_000, "sendrecv"));
    let ok = world.one(ANA);
    ana.ack(&mut world, &ok);
    let bye = ana.within(&ok, "BYE", "");
    world.datagram(ANA, bye.as_bytes());
    let first = world.take(CARRIER).remove(1);
    challenge(&mut world, &carrier, &first, 407, "n1", false);
    let second = world.one(CARRIER);
    assert!(credentials_are_right(&second, Name::ProxyAuthorization));
    assert_eq!(second.cseq().unwrap().number, first.cseq().unwrap().number + 1);
    challenge(&mut world, &carrier, &second, 407, "n2", false);
    assert!(world.lines(CARRIER).is_empty() && world.edge.is_idle());
}

#[test]
fn a_trunk_finds_the_number_in_the_request_uri() {
    let mut world = World::new();
    world.allow_phones(&[("pbx", "sip:pbx@10.9.9.9:5060;transport=udp", PBX)]);
    let mut carrier = Peer::new(CARRIER, "gw");
    let invite = carrier.request("INVITE", "sip:+13035550100@192.0.2.1", &carrier.sdp(6_000, "sendrecv"));
    world.datagram(CARRIER, invite.as_bytes());
    assert_eq!(world.one(PBX).request_uri(), b"sip:102@10.9.9.9:5060;transport=udp");
}

#[test]
fn what_a_pbx_tells_is_taken_from_trunks_only() {
    for (user, heard) in [("pbx", true), ("101", false)] {
        let mut world = World::new();
        world.allow_carriers(&["main"], FREE);
        let mut peer = Peer::new(PBX, user);
        peer.extra = vec!["P-Tollguard-Origin: extension=107;address=203.0.113.99".to_owned()];
        let offer = peer.sdp(4_000, "sendrecv");
        peer.authenticated(&mut world, "INVITE", "sip:355691234567@pbx.example", &offer);
        let told = world.attempt().told.as_ref().map(|told| (told.extension.as_str(), told.address.as_str()));
        assert_eq!(told, heard.then_some(("107", "203.0.113.99")));
    }
}

#[test]
fn a_trunk_with_a_fixed_address_needs_no_password() {
    let mut world = World::new();
    world.allow_carriers(&["main"], FREE);
    let at = "198.51.100.77:5062";
    let mut pbx = Peer::new(at, "anything");
    let offer = pbx.sdp(4_000, "sendrecv");
    let invite = pbx.request("INVITE", "sip:355691234567@pbx.example", &offer);
    world.datagram(at, invite.as_bytes());
    assert!(world.lines(at).is_empty());
    assert_eq!(world.attempt().from, Party::Line(harness::line("fixed")));
}

fn registering() -> World {
    let auth = Some(carrier_auth(Some(600)));
    let mut world = World::with(with_main(|carrier| carrier.auth = auth), harness::settings());
    world.wait_ms(0);
    world
}

#[test]
fn we_register_with_a_carrier_and_refresh_at_half_time() {
    let mut world = registering();
    let carrier = Peer::new(CARRIER, "registrar");
    let first = world.one(CARRIER);
    assert_eq!((first.request_uri(), first.expires()), (&b"sip:203.0.113.10:5060"[..], Some(600)));
    assert_eq!(first.contacts().next().unwrap().unwrap().uri, b"sip:acme@192.0.2.1:5060");
    challenge(&mut world, &carrier, &first, 401, "n1", false);
    let second = world.one(CARRIER);
    assert!(credentials_are_right(&second, Name::Authorization));
    carrier.answer_with(&mut world, &second, 423, Name::MinExpires, "900");
    let third = world.one(CARRIER);
    assert_eq!(third.expires(), Some(900));
    carrier.answer_with(&mut world, &third, 200, Name::Expires, "900");
    assert_eq!(world.carrier_states.len(), 1);
    assert!(world.carrier_states[0].1, "{:?}", world.carrier_states);
    world.wait_ms(449_000);
    assert!(world.lines(CARRIER).is_empty());
    world.wait_ms(1_100);
    let refresh = world.one(CARRIER);
    assert!(credentials_are_right(&refresh, Name::Authorization), "with the nonce it had, counted up");
    assert_eq!(refresh.call_id(), first.call_id());
    carrier.answer_with(&mut world, &refresh, 200, Name::Expires, "900");
    assert_eq!(world.carrier_states.len(), 1, "nothing changed for people");
}

#[test]
fn a_carrier_that_refuses_us_is_asked_again_ever_more_seldom() {
    let mut world = registering();
    let carrier = Peer::new(CARRIER, "registrar");
    let first = world.one(CARRIER);
    challenge(&mut world, &carrier, &first, 401, "n1", false);
    let second = world.one(CARRIER);
    challenge(&mut world, &carrier, &second, 401, "n2", false);
    assert!(!world.carrier_states[0].1 && world.carrier_states[0].2.contains("refuses"));
    assert!(world.lines(CARRIER).is_empty());
    world.wait_ms(5_000);
    let again = world.one(CARRIER);
    carrier.answer(&mut world, &again, 503, "");
    world.wait_ms(9_900);
    assert!(world.lines(CARRIER).is_empty());
    world.wait_ms(200);
    let last = world.one(CARRIER);
    carrier.answer_with(&mut world, &last, 200, Name::Expires, "60");
    assert!(world.carrier_states.last().is_some_and(|(_, up, _)| *up), "{:?}", world.carrier_states);
}

#[test]
fn a_removed_carrier_is_registered_with_no_more() {
    let mut world = registering();
    let register = world.one(CARRIER);
    world.input(Input::Directory(Arc::new(harness::directory())));
    Peer::new(CARRIER, "registrar").answer_with(&mut world, &register, 200, Name::Expires, "60");
    world.wait_ms(600_000);
    assert!(world.lines(CARRIER).is_empty() && world.carrier_states.is_empty());
}

#[test]
fn nothing_of_a_refused_attempt_leaves() {
    use account::{Refusal, RefusalCode as Code};
    let table = [
        (Code::BadNumber, 484),
        (Code::NoSuchLine, 404),
        (Code::NotRegistered, 480),
        (Code::NotPermitted, 403),
        (Code::Cut, 403),
        (Code::Guard, 403),
        (Code::NoCredit, 402),
        (Code::Exposure, 403),
        (Code::TooManyCalls, 503),
        (Code::NoCarrier, 503),
    ];
    for (code, status) in table {
        let mut world = World::new();
        let text_of = "the line is \"cut\"".to_owned();
        world.verdict = Some(Verdict::Refused(Refusal { code, text: text_of }));
        let mut ana = Peer::new(ANA, "101");
        let offer = ana.sdp(4_000, "sendrecv");
        ana.authenticated(&mut world, "INVITE", "sip:355691@pbx.example", &offer);
        let answers = world.take(ANA);
        assert_eq!(answers[0].status(), Some(status), "{code:?}");
        let reason = text(answers[0].header(Name::Reason).unwrap());
        assert!(reason.starts_with("Q.850;cause=") && reason.ends_with("text=\"the line is \\\"cut\\\"\""), "{reason}");
        assert!(world.lines(CARRIER).is_empty() && world.settlements().is_empty() && world.relay.is_empty());
        assert!(world.edge.calls().is_empty());
        assert!(world.told.iter().all(|input| matches!(input, Told::Screen(_))));
    }
}
