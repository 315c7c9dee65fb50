//! Two IP families in one call: each side is told the relay's address of its own (RFC 6157 section 4).

#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected should stop")]

mod harness;

use harness::peer::Peer;
use harness::{BACKUP, FREE, US_V6, World, addr, carrier_id, text};
use sip::Message;

const ANA: &str = "198.51.100.1:5070";
const ANA_V6: &str = "[2001:db8:a::1]:5070";
const CARRIER_V6: &str = "[2001:db8:c::10]:5060";

/// Carrier `main` speaks IPv6, `second` IPv4; the relay has an address of each.
fn world() -> World {
    let mut directory = harness::directory();
    directory.carriers.get_mut(&carrier_id("main")).unwrap().address = addr(CARRIER_V6).into();
    let mut settings = harness::settings();
    settings.other_family[0] = Some(addr(US_V6));
    let mut world = World::with(directory, settings);
    world.other_relay_ip = Some(addr(US_V6).ip());
    world.allow_carriers(&["main", "second"], FREE);
    world
}

fn calling(world: &mut World, at: &'static str, offers: bool) -> Peer {
    let mut ana = Peer::new(at, "101");
    let offer = if offers { ana.sdp(4_000, "sendrecv") } else { String::new() };
    ana.authenticated(world, "INVITE", "sip:011355691234567@pbx.example", &offer);
    assert!(world.lines(at).is_empty());
    ana
}

#[track_caller]
fn is_told(message: &Message, wanted: &str) {
    let body = text(message.body());
    assert!(body.contains(&format!("c=IN {wanted}\r\n")), "{wanted} in:\n{body}");
    assert!(body.contains(&format!("IN {wanted}\r\ns=-")), "{wanted} in:\n{body}");
}

#[test]
fn rfc_6157_section_4_a_phone_over_ipv4_and_a_carrier_over_ipv6_meet_at_the_relay() {
    let mut world = world();
    let mut ana = calling(&mut world, ANA, true);
    let invite = world.one(CARRIER_V6);
    is_told(&invite, "IP6 2001:db8::1");
    let carrier = Peer::new(CARRIER_V6, "gw");
    carrier.answer(&mut world, &invite, 200, &carrier.sdp(6_000, "sendrecv"));
    let ok = world.one(ANA);
    is_told(&ok, "IP4 192.0.2.1");
    ana.ack(&mut world, &ok);
    assert_eq!(world.lines(CARRIER_V6), ["ACK"]);
    // So it goes on within the call, from either side.
    let hold = ana.within(&ok, "INVITE", &ana.sdp(4_000, "sendonly"));
    world.datagram(ANA, hold.as_bytes());
    let passed = world.one(CARRIER_V6);
    is_told(&passed, "IP6 2001:db8::1");
    carrier.answer(&mut world, &passed, 200, &carrier.sdp(6_000, "recvonly"));
    let held = world.one(ANA);
    is_told(&held, "IP4 192.0.2.1");
}

#[test]
fn the_next_carrier_may_be_of_the_other_family() {
    let mut world = world();
    calling(&mut world, ANA, true);
    let invite = world.one(CARRIER_V6);
    Peer::new(CARRIER_V6, "gw").answer(&mut world, &invite, 500, "");
    let invite = world.one(BACKUP);
    is_told(&invite, "IP4 192.0.2.1");
}

#[test]
fn a_caller_without_an_offer_is_told_the_family_he_speaks() {
    let mut world = world();
    calling(&mut world, ANA_V6, false);
    let invite = world.one(CARRIER_V6);
    Peer::new(CARRIER_V6, "gw").answer(&mut world, &invite, 500, "");
    let invite = world.one(BACKUP);
    let carrier = Peer::new(BACKUP, "gw2");
    carrier.answer(&mut world, &invite, 200, &carrier.sdp(6_000, "sendrecv"));
    is_told(&world.one(ANA_V6), "IP6 2001:db8::1");
}

#[test]
fn a_phone_over_ipv6_that_wants_its_voice_over_ipv4_has_it_so() {
    let mut world = world();
    let mut ana = Peer::new(ANA_V6, "101");
    let offer = ana.sdp(4_000, "sendrecv").replace("IP6 2001:db8:a::1", "IP4 198.51.100.1");
    ana.authenticated(&mut world, "INVITE", "sip:011355691234567@pbx.example", &offer);
    assert!(world.lines(ANA_V6).is_empty());
    let invite = world.one(CARRIER_V6);
    let carrier = Peer::new(CARRIER_V6, "gw");
    carrier.answer(&mut world, &invite, 200, &carrier.sdp(6_000, "sendrecv"));
    is_told(&world.one(ANA_V6), "IP4 192.0.2.1");
}
