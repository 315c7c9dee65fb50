//! Registration and authentication: right and wrong passwords, strangers, stale nonces, bounds of time.
#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected should stop")]

mod harness;

use account::{Input as Told, RegistrationChange};
use edge::{AuthReport, Leave};
use harness::peer::Peer;
use harness::{World, summary, text};
use sip::{Message, Name};

const ANA: &str = "198.51.100.1:5070";
const URI: &str = "sip:pbx.example";

fn registrations(world: &World) -> Vec<&account::Registration> {
    let mut all = Vec::new();
    for input in &world.told {
        if let Told::Register(registration) = input {
            all.push(&**registration);
        }
    }
    all
}

#[test]
fn a_phone_registers_refreshes_and_leaves() {
    let mut world = World::new();
    let mut ana = Peer::new(ANA, "101");
    ana.authenticated(&mut world, "REGISTER", URI, "");
    let ok = world.one(ANA);
    assert_eq!(ok.status(), Some(200));
    assert_eq!(ok.header(Name::Contact), Some(&b"<sip:101@198.51.100.1:5070>;expires=600"[..]));
    let registration = registrations(&world)[0];
    assert_eq!((registration.line.as_str(), registration.via.flow), ("101", harness::flow(ANA)));
    world.wait_ms(1_500);
    ana.extra = vec!["Expires: 99999".to_owned()];
    ana.authenticated(&mut world, "REGISTER", URI, "");
    assert!(text(world.one(ANA).header(Name::Contact).unwrap()).ends_with(";expires=3600"));
    ana.extra = vec!["Expires: 0".to_owned()];
    ana.authenticated(&mut world, "REGISTER", URI, "");
    assert_eq!(world.one(ANA).header(Name::Contact), None);
}

#[test]
fn too_short_a_time_is_refused_and_star_removes_all() {
    let mut world = World::new();
    let mut ana = Peer::new(ANA, "101");
    ana.extra = vec!["Expires: 59".to_owned()];
    ana.authenticated(&mut world, "REGISTER", URI, "");
    let brief = world.one(ANA);
    assert_eq!((brief.status(), brief.header(Name::MinExpires)), (Some(423), Some(&b"60"[..])));
    assert!(registrations(&world).is_empty());
    ana.extra = vec!["Expires: 0".to_owned()];
    let star = ana.request("REGISTER", URI, "").replace("<sip:101@198.51.100.1:5070>", "*");
    world.datagram(ANA, star.as_bytes());
    let challenge = world.one(ANA);
    ana.extra = vec!["Expires: 0".to_owned()];
    ana.authorize(&challenge, "REGISTER", URI);
    let star = ana.request("REGISTER", URI, "").replace("Contact: <sip:101@198.51.100.1:5070>", "Contact: *");
    world.datagram(ANA, star.as_bytes());
    assert_eq!(world.one(ANA).status(), Some(200));
    assert_eq!(registrations(&world)[0].change, RegistrationChange::RemoveAll);
}

#[test]
fn a_wrong_password_is_challenged_again_and_the_right_one_is_taken() {
    let mut world = World::new();
    let mut ana = Peer::new(ANA, "101");
    ana.secret = "guess".to_owned();
    let sent = ana.authenticated(&mut world, "REGISTER", URI, "");
    let again = world.one(ANA);
    assert_eq!(again.status(), Some(401));
    assert!(!text(again.header(Name::WwwAuthenticate).unwrap()).contains("stale"));
    // A retransmission is answered alike and verified no second time.
    world.datagram(ANA, sent.as_bytes());
    assert_eq!(world.lines(ANA), ["401 REGISTER"]);
    ana.secret = "secret of 101".to_owned();
    ana.authenticated(&mut world, "REGISTER", URI, "");
    assert_eq!(world.one(ANA).status(), Some(200));
    let name = "101".to_owned();
    assert_eq!(world.auth, [(name.clone(), AuthReport::Failed), (name, AuthReport::Succeeded)]);
}

/// An answer with what is random in it blanked.
fn blanked(answer: &Message) -> String {
    let mut out = summary(answer);
    for (_, name, value) in answer.header_lines() {
        let mut value = text(value);
        for param in ["nonce=\"", "tag="] {
            if let Some(at) = value.find(param) {
                let rest = value.split_off(at + param.len());
                let end = rest.find(['"', ';', ',']).unwrap_or(rest.len());
                value.push_str(&rest[end..]);
            }
        }
        out.push_str(&format!("\n{}: {value}", text(name)));
    }
    out
}

#[test]
fn an_invented_user_looks_like_a_wrong_password() {
    let answer = |secret: &str, name: &str| {
        let mut world = World::new();
        let mut peer = Peer::new(ANA, "101");
        let first = peer.request("REGISTER", URI, "");
        world.datagram(ANA, first.as_bytes());
        let challenge = world.one(ANA);
        let (user, tag) = (peer.user.clone(), peer.tag.clone());
        peer.user = name.to_owned();
        peer.secret = secret.to_owned();
        peer.authorize(&challenge, "REGISTER", URI);
        (peer.user, peer.tag) = (user, tag);
        let second = peer.request("REGISTER", URI, "");
        world.datagram(ANA, second.as_bytes());
        assert_eq!(world.auth, [(name.to_owned(), AuthReport::Failed)]);
        blanked(&world.one(ANA))
    };
    assert_eq!(answer("guess", "101"), answer("guess", "999"));
    // A trunk known by its address alone has no password at all.
    assert_eq!(answer("guess", "101"), answer("guess", "fixed"));
}

#[test]
fn who_may_not_try_passwords_hears_nothing() {
    let mut world = World::new();
    world.leave = Leave::Refused;
    let mut ana = Peer::new(ANA, "101");
    for method in ["REGISTER", "INVITE"] {
        let body = if method == "INVITE" { ana.sdp(4_000, "sendrecv") } else { String::new() };
        ana.authenticated(&mut world, method, URI, &body);
        world.wait_ms(40_000);
        assert!(world.lines(ANA).is_empty());
    }
    assert!(world.auth.is_empty() && world.edge.next_wake_ms().is_none());
}

#[test]
fn who_must_wait_is_told_for_how_long() {
    let mut world = World::new();
    world.leave = Leave::Later { retry_after_s: 4_320 };
    let mut ana = Peer::new(ANA, "101");
    ana.authenticated(&mut world, "REGISTER", URI, "");
    let answer = world.one(ANA);
    assert_eq!(answer.status(), Some(503));
    assert_eq!(text(answer.header(Name::RetryAfter).unwrap()), "4320");
    assert!(world.auth.is_empty());
}

#[test]
fn an_old_nonce_is_stale_and_no_failure() {
    let mut world = World::new();
    let mut ana = Peer::new(ANA, "101");
    let first = ana.request("REGISTER", URI, "");
    world.datagram(ANA, first.as_bytes());
    let challenge = world.one(ANA);
    world.wait_ms(301_000);
    ana.authorize(&challenge, "REGISTER", URI);
    let late = ana.request("REGISTER", URI, "");
    world.datagram(ANA, late.as_bytes());
    let again = world.one(ANA);
    assert!(text(again.header(Name::WwwAuthenticate).unwrap()).contains("stale=true"));
    assert_eq!(world.auth, [("101".to_owned(), AuthReport::Stale)]);
    ana.authorize(&again, "REGISTER", URI);
    let good = ana.request("REGISTER", URI, "");
    world.datagram(ANA, good.as_bytes());
    assert_eq!(world.one(ANA).status(), Some(200));
    // The same credentials once more, in a new request: a replay.
    let replay = good.replace("branch=z9hG4bK", "branch=z9hG4bKx");
    world.datagram(ANA, replay.as_bytes());
    assert_eq!(world.one(ANA).status(), Some(401));
}

#[test]
fn challenges_offer_what_is_configured() {
    for (sha256, count) in [(true, 2), (false, 1)] {
        let settings = edge::EdgeSettings { sha256, ..harness::settings() };
        let mut world = World::with(harness::directory(), settings);
        let first = Peer::new(ANA, "101").request("REGISTER", URI, "");
        world.datagram(ANA, first.as_bytes());
        let challenge = world.one(ANA);
        assert_eq!(challenge.headers(Name::WwwAuthenticate).count(), count);
    }
}

#[test]
fn a_trunk_registers_by_its_fixed_address_without_password() {
    let mut world = World::new();
    let at = "198.51.100.77:5060";
    let register = Peer::new(at, "whatever").request("REGISTER", URI, "");
    world.datagram(at, register.as_bytes());
    assert_eq!(world.one(at).status(), Some(200));
    assert_eq!(registrations(&world)[0].line.as_str(), "fixed");
    // A phone behind the same address that shows its own password is itself.
    let mut ana = Peer::new("198.51.100.77:5062", "101");
    let challenge = {
        let mut elsewhere = Peer::new(ANA, "101");
        let first = elsewhere.request("REGISTER", URI, "");
        world.datagram(ANA, first.as_bytes());
        world.one(ANA)
    };
    ana.authorize(&challenge, "REGISTER", URI);
    let register = ana.request("REGISTER", URI, "");
    world.datagram(ana.at, register.as_bytes());
    assert_eq!(registrations(&world)[1].line.as_str(), "101");
}
