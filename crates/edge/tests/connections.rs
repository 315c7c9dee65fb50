//! Calls over connections: what becomes of them when the connection ends.
#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected should stop")]

mod harness;

use account::{Flow, Transport};
use edge::Input;
use harness::peer::Peer;
use harness::phones::BEN;
use harness::{CARRIER, FREE, US, World, addr, carrier_id, directory, settings, summary, text};
use sip::Name;

/// The carrier's own end of a connection that it has opened.
const FROM: &str = "203.0.113.10:41000";
const HERE: Flow = Flow {
    local: std::net::SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)), 5060),
    remote: std::net::SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 10)), 41_000),
    transport: Transport::Tcp,
    connection: 7,
};

/// Over a stream nothing is sent twice.
fn world() -> World {
    let mut directory = directory();
    directory.carriers.get_mut(&carrier_id("main")).unwrap().transport = Some(Transport::Tcp);
    World::with(directory, settings())
}

#[test]
fn a_carriers_call_over_a_connection_that_ended_is_hung_up_where_the_carrier_listens() {
    let mut world = world();
    world.allow_phones(&[("102", "sip:102@10.0.0.2", BEN)]);
    let (mut gateway, mut ben) = (Peer::new(CARRIER, "gw"), Peer::new(BEN, "102"));
    let offer = gateway.sdp(5_000, "sendrecv");
    let invite = gateway.request("INVITE", "sip:+13035550100@pbx.example", &offer);
    let invite = invite.replace(&format!("<sip:gw@{CARRIER}>"), &format!("<sip:gw@{CARRIER};transport=tcp>"));
    world.arrives(HERE, invite.as_bytes());
    let passed = world.one(BEN);
    ben.answer(&mut world, &passed, 200, &ben.sdp(4_000, "sendrecv"));
    let answers = world.take(FROM);
    let ok = answers.last().unwrap();
    assert_eq!(summary(ok), "200 INVITE");
    let ack = gateway.within(ok, "ACK", "");
    world.arrives(HERE, ack.as_bytes());
    world.take(BEN);
    world.input(Input::FlowFailed(HERE));
    assert_eq!(world.edge.calls().len(), 1, "an idle connection that ends does not end a call");
    let bye = ben.within(&passed, "BYE", "");
    world.datagram(BEN, bye.as_bytes());
    assert_eq!(world.lines(FROM), ["BYE"]);
    // The driver finds the connection gone.
    world.input(Input::FlowFailed(HERE));
    let again = world.one(CARRIER);
    assert_eq!(summary(&again), "BYE");
    assert!(text(again.header(Name::Via).unwrap()).starts_with("SIP/2.0/TCP"));
    assert_eq!(world.settlements().len(), 1);
}

#[test]
fn a_request_that_finds_no_connection_fails_at_once() {
    let mut world = world();
    world.allow_carriers(&["main", "second"], FREE);
    let mut ana = Peer::new(BEN, "101");
    let offer = ana.sdp(4_000, "sendrecv");
    ana.authenticated(&mut world, "INVITE", "sip:+355691234567@pbx.example", &offer);
    let invite = world.one(CARRIER);
    assert!(text(invite.header(Name::Via).unwrap()).starts_with("SIP/2.0/TCP"));
    assert!(text(invite.header(Name::Contact).unwrap()).contains(";transport=tcp"));
    world.wait_ms(4_000);
    assert_eq!(world.lines(CARRIER), [""; 0], "nothing is sent again over a stream");
    let flow = Flow { local: addr(US), remote: addr(CARRIER), transport: Transport::Tcp, connection: 0 };
    world.input(Input::FlowFailed(flow));
    assert_eq!(world.lines(harness::BACKUP), ["INVITE"]);
}

#[test]
fn a_caller_whose_connection_ends_before_the_answer_has_given_up() {
    let mut world = world();
    world.allow_phones(&[("102", "sip:102@10.0.0.2", BEN)]);
    let mut gateway = Peer::new(CARRIER, "gw");
    let offer = gateway.sdp(5_000, "sendrecv");
    let invite = gateway.request("INVITE", "sip:+13035550100@pbx.example", &offer);
    world.arrives(HERE, invite.as_bytes());
    let ben = Peer::new(BEN, "102");
    let passed = world.one(BEN);
    ben.answer(&mut world, &passed, 180, "");
    world.input(Input::FlowFailed(HERE));
    assert_eq!(world.lines(BEN), ["CANCEL"]);
    assert_eq!((world.settlements()[0].status, world.edge.calls().len()), (487, 0));
}
