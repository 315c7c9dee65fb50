//! Carriers known by a name (RFC 3263): several servers, of which some are dead or change.

#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected should stop")]

mod harness;

use std::sync::Arc;

use edge::{Directory, Input};
use harness::peer::Peer;
use harness::{BACKUP, FREE, World, addr, carrier_auth, carrier_id, text};
use sip::Transport;
use sip::locate::{Destination, Server};

const ANA: &str = "198.51.100.1:5070";
const FIRST: &str = "203.0.113.21:5080";
const SECOND: &str = "203.0.113.22:5080";
const NAME: &str = "sip.carrier.example";

/// Carrier `main` is at [`NAME`], which leads to these servers.
fn named(servers: &[&str]) -> Directory {
    let mut directory = harness::directory();
    let main = directory.carriers.get_mut(&carrier_id("main")).unwrap();
    (main.address, main.transport) = (NAME.parse().unwrap(), None);
    lead(&mut directory, servers);
    directory
}

fn lead(directory: &mut Directory, servers: &[&str]) {
    let destination = Destination { name: NAME.to_owned(), port: None, transport: None };
    let server = |(priority, at): (u16, &&str)| Server {
        priority,
        weight: 0,
        addresses: vec![addr(at)],
        transport: Transport::Udp,
    };
    let servers = (1..).zip(servers).map(server).collect();
    directory.located.insert(destination, servers);
}

fn call(world: &mut World) {
    world.allow_carriers(&["main", "second"], FREE);
    world.take(ANA);
    let mut ana = Peer::new(ANA, "101");
    let offer = ana.sdp(4_000, "sendrecv");
    ana.authenticated(world, "INVITE", "sip:011355691234567@pbx.example", &offer);
    world.take(ANA);
}

#[test]
fn section_4_3_after_503_the_next_server_is_tried_and_the_request_names_the_domain() {
    let mut world = World::with(named(&[FIRST, SECOND]), harness::settings());
    call(&mut world);
    let invite = world.one(FIRST);
    assert_eq!(text(invite.request_uri()), format!("sip:+355691234567@{NAME}"));
    Peer::new(FIRST, "gw").answer(&mut world, &invite, 503, "");
    let invite = world.one(SECOND);
    // What concerns the call and not the server goes to no further server of the carrier, but to the next carrier.
    Peer::new(SECOND, "gw").answer(&mut world, &invite, 500, "");
    world.one(BACKUP);
}

#[test]
fn section_4_3_a_server_that_is_silent_is_passed_over_and_tried_last_for_a_while() {
    let mut world = World::with(named(&[FIRST, SECOND]), harness::settings());
    call(&mut world);
    world.take(FIRST);
    world.wait_ms(6_000);
    let invite = world.one(SECOND);
    Peer::new(SECOND, "gw").answer(&mut world, &invite, 486, "");
    assert!(world.take(BACKUP).is_empty(), "a callee who is busy is busy everywhere");
    world.take(FIRST);
    call(&mut world);
    world.one(SECOND);
    assert!(world.take(FIRST).is_empty());
    world.wait_ms(61_000);
    world.take(FIRST);
    call(&mut world);
    assert!(!world.take(FIRST).is_empty(), "its time to rest is over");
}

/// Ana's offer is too large for a packet; the request that the first server got comes back.
fn large_call(world: &mut World) -> sip::Message {
    world.allow_carriers(&["main", "second"], FREE);
    world.take(ANA);
    let mut ana = Peer::new(ANA, "101");
    let offer = ana.sdp(4_000, "sendrecv") + &"a=x-note:many codecs and what they can do\r\n".repeat(30);
    ana.authenticated(world, "INVITE", "sip:011355691234567@pbx.example", &offer);
    world.take(ANA);
    world.one(FIRST)
}

fn via(message: &sip::Message) -> String {
    text(message.header(sip::Name::Via).unwrap()).split(' ').next().unwrap().to_owned()
}

#[test]
fn rfc_3261_section_18_1_1_what_is_too_large_for_a_packet_goes_over_tcp() {
    let mut world = World::with(named(&[FIRST, SECOND]), harness::settings());
    let invite = large_call(&mut world);
    assert_eq!(via(&invite), "SIP/2.0/TCP");
    assert!(text(invite.header(sip::Name::Contact).unwrap()).contains("transport=tcp"));
    let gateway = Peer::new(FIRST, "gw");
    gateway.answer(&mut world, &invite, 200, &gateway.sdp(6_000, "sendrecv"));
    let ack = world.one(FIRST);
    assert_eq!((harness::summary(&ack).as_str(), via(&ack).as_str()), ("ACK", "SIP/2.0/TCP"));
}

#[test]
fn rfc_3261_section_18_1_1_where_there_is_no_tcp_it_goes_over_udp_all_the_same() {
    for silent in [false, true] {
        let mut world = World::with(named(&[FIRST]), harness::settings());
        large_call(&mut world);
        if silent {
            world.wait_ms(6_000);
        } else {
            let flow = account::Flow { transport: account::Transport::Tcp, ..harness::flow(FIRST) };
            world.input(Input::FlowFailed(flow));
        }
        let sent = world.take(FIRST);
        let invite = sent.iter().rfind(|message| harness::summary(message) == "INVITE").unwrap();
        assert_eq!(via(invite), "SIP/2.0/UDP", "silent: {silent}");
        Peer::new(FIRST, "gw").answer(&mut world, invite, 486, "");
        let heard: &[&str] = if silent { &["100 INVITE", "486 INVITE"] } else { &["486 INVITE"] };
        assert_eq!(world.lines(ANA), heard);
    }
}

/// A carrier that is configured for UDP gets everything over UDP, in fragments where need be.
#[test]
fn a_carrier_that_is_spoken_to_over_udp_is_so_whatever_the_size() {
    let mut directory = named(&[FIRST]);
    let main = directory.carriers.get_mut(&carrier_id("main")).unwrap();
    (main.address, main.transport) = (addr(FIRST).into(), Some(account::Transport::Udp));
    let mut world = World::with(directory, harness::settings());
    let invite = large_call(&mut world);
    assert_eq!(via(&invite), "SIP/2.0/UDP");
}

#[test]
fn a_name_that_leads_nowhere_is_passed_over_at_once() {
    let mut world = World::with(named(&[]), harness::settings());
    call(&mut world);
    world.one(BACKUP);
}

#[test]
fn calls_from_any_of_a_carriers_servers_are_its_own() {
    let mut world = World::with(named(&[FIRST, SECOND]), harness::settings());
    for (from, name) in [(FIRST, "first"), (SECOND, "second")] {
        let mut gateway = Peer::new(from, name);
        let offer = gateway.sdp(6_000, "sendrecv");
        let invite = gateway.request("INVITE", "sip:+13035550100@pbx.example", &offer);
        world.datagram(from, invite.as_bytes());
        assert!(matches!(&world.attempt().from, account::Party::Carrier(id) if *id == carrier_id("main")));
        world.told.clear();
    }
    let mut stranger = Peer::new("203.0.113.23:5080", "gw");
    let invite = stranger.request("INVITE", "sip:+13035550100@pbx.example", "");
    world.datagram("203.0.113.23:5080", invite.as_bytes());
    assert_eq!(world.lines("203.0.113.23:5080"), ["401 INVITE"]);
}

#[test]
fn a_registration_waits_for_the_name_and_moves_on_from_a_server_that_is_out_of_order() {
    let mut directory = named(&[]);
    directory.carriers.get_mut(&carrier_id("main")).unwrap().auth = Some(carrier_auth(Some(300)));
    let mut world = World::with(directory.clone(), harness::settings());
    world.wait_ms(1);
    assert!(world.carrier_states[0].2.contains("its name leads to no server"), "{:?}", world.carrier_states);
    lead(&mut directory, &[FIRST, SECOND]);
    world.input(Input::Directory(Arc::new(directory)));
    world.wait_ms(1);
    let register = world.one(FIRST);
    assert_eq!(text(register.request_uri()), format!("sip:{NAME}"));
    Peer::new(FIRST, "gw").answer(&mut world, &register, 503, "");
    let register = world.one(SECOND);
    Peer::new(SECOND, "gw").answer(&mut world, &register, 200, "");
    assert_eq!(world.carrier_states.last().map(|(_, up, _)| *up), Some(true));
    world.wait_ms(150_100);
    assert_eq!(world.lines(SECOND), ["REGISTER"], "it stays where it is registered");
}
