//! Carriers that are asked by OPTIONS whether they are there (RFC 3261 section 11).

#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected should stop")]

mod harness;

use std::sync::Arc;

use edge::{Directory, Input};
use harness::peer::Peer;
use harness::{BACKUP, CARRIER, FREE, World, carrier_auth, carrier_id, text};
use sip::{Message, Name};

const ANA: &str = "198.51.100.1:5070";

/// Both carriers, asked once a minute.
fn asked() -> Directory {
    let mut directory = harness::directory();
    for carrier in directory.carriers.values_mut() {
        carrier.options_s = 60;
    }
    directory
}

/// A world whose first round of questions is on the wire.
fn world(directory: Directory) -> World {
    let mut world = World::with(directory, harness::settings());
    world.wait_ms(1);
    world
}

#[track_caller]
fn options(world: &mut World, at: &str) -> Message {
    let options = world.one(at);
    assert_eq!(text(options.method_raw()), "OPTIONS");
    options
}

/// Ana calls abroad.
fn call(world: &mut World, carriers: &[&str]) {
    world.allow_carriers(carriers, FREE);
    world.take(ANA);
    let number = u32::try_from(world.told.len()).unwrap();
    let mut ana = Peer { call_id: format!("call-{number}@phone"), branch: 100 * number, ..Peer::new(ANA, "101") };
    let offer = ana.sdp(4_000, "sendrecv");
    ana.authenticated(world, "INVITE", "sip:011355691234567@pbx.example", &offer);
    world.take(ANA);
}

fn states(world: &mut World) -> Vec<(String, bool, String)> {
    let states = std::mem::take(&mut world.carrier_states);
    states.into_iter().map(|(carrier, up, text)| (carrier.to_string(), up, text)).collect()
}

fn state(carrier: &str, up: bool, text: &str) -> (String, bool, String) {
    (carrier.to_owned(), up, text.to_owned())
}

#[test]
fn section_11_a_carrier_that_does_not_answer_is_passed_over_until_it_does() {
    let mut world = world(asked());
    let asked = options(&mut world, CARRIER);
    assert_eq!(text(asked.request_uri()), format!("sip:{CARRIER}"));
    assert_eq!(asked.max_forwards(), Some(70));
    let asked = options(&mut world, BACKUP);
    Peer::new(BACKUP, "gw2").answer(&mut world, &asked, 200, "");
    assert_eq!(states(&mut world), [state("second", true, "answers")]);
    world.wait_ms(6_000);
    assert_eq!(states(&mut world), [state("main", false, "does not answer")]);
    world.take(CARRIER);
    call(&mut world, &["main", "second"]);
    assert!(world.take(CARRIER).is_empty(), "it is passed over");
    let invite = world.one(BACKUP);
    // It is tried all the same where nobody else can carry the call.
    Peer::new(BACKUP, "gw2").answer(&mut world, &invite, 500, "");
    assert_eq!(world.lines(CARRIER), ["INVITE"]);
    // Its next answer brings it back.
    world.wait_ms(54_000);
    let all = world.take(CARRIER);
    let asked = all.iter().rfind(|message| text(message.method_raw()) == "OPTIONS").unwrap();
    Peer::new(CARRIER, "gw").answer(&mut world, asked, 200, "");
    assert_eq!(states(&mut world), [state("main", true, "answers")]);
    call(&mut world, &["main", "second"]);
    assert_eq!(world.lines(CARRIER), ["INVITE"]);
}

#[test]
fn any_answer_is_one_but_503() {
    for (status, up) in [(200, true), (401, true), (404, true), (405, true), (481, true), (501, true), (503, false)] {
        let mut world = world(asked());
        let question = options(&mut world, CARRIER);
        let carrier = Peer::new(CARRIER, "gw");
        carrier.answer(&mut world, &question, 100, "");
        carrier.answer(&mut world, &question, status, "");
        let told = if up { "answers" } else { "answers 503 Service Unavailable" };
        assert_eq!(states(&mut world), [state("main", up, told)], "{status}");
        world.take(BACKUP);
        call(&mut world, &["main", "second"]);
        assert_eq!(world.lines(if up { CARRIER } else { BACKUP }), ["INVITE"], "{status}");
    }
}

#[test]
fn the_only_carrier_is_called_whatever_it_answered() {
    let mut world = world(asked());
    world.wait_ms(32_000);
    world.wire.clear();
    assert!(states(&mut world).iter().all(|(_, up, _)| !up));
    call(&mut world, &["main"]);
    assert_eq!(world.lines(CARRIER), ["INVITE"]);
}

#[test]
fn an_answer_that_comes_late_still_counts() {
    let mut world = world(asked());
    let question = options(&mut world, CARRIER);
    world.wait_ms(10_000);
    assert_eq!(states(&mut world)[0], state("main", false, "does not answer"));
    Peer::new(CARRIER, "gw").answer(&mut world, &question, 200, "");
    assert_eq!(states(&mut world), [state("main", true, "answers")]);
}

#[test]
fn each_server_of_a_name_is_asked() {
    let mut directory = asked();
    let name = "sip.carrier.example";
    let main = directory.carriers.get_mut(&carrier_id("main")).unwrap();
    (main.address, main.transport) = (name.parse().unwrap(), None);
    let servers = [CARRIER, "203.0.113.11:5060"].map(|at| sip::locate::Server {
        priority: 1,
        weight: 0,
        addresses: vec![harness::addr(at)],
        transport: sip::Transport::Udp,
    });
    let mut world = world(directory.clone());
    assert!(world.take(CARRIER).is_empty(), "where it is is not known yet");
    let destination = sip::locate::Destination { name: name.to_owned(), port: None, transport: None };
    directory.located.insert(destination, servers.into());
    world.input(Input::Directory(Arc::new(directory)));
    world.wait_ms(1);
    let question = options(&mut world, CARRIER);
    assert_eq!(text(question.request_uri()), format!("sip:{name}"));
    Peer::new(CARRIER, "gw").answer(&mut world, &question, 200, "");
    world.wait_ms(6_000);
    let told = states(&mut world).into_iter().rfind(|(carrier, ..)| carrier == "main").unwrap();
    assert_eq!(told, state("main", true, "1 of its 2 servers answer; 203.0.113.11:5060 does not answer"));
}

#[test]
fn who_registers_is_asked_too_and_who_wants_no_questions_gets_none() {
    let mut directory = asked();
    directory.carriers.get_mut(&carrier_id("main")).unwrap().auth = Some(carrier_auth(Some(300)));
    directory.carriers.get_mut(&carrier_id("second")).unwrap().options_s = 0;
    let mut world = world(directory.clone());
    assert!(world.take(BACKUP).is_empty());
    let both = world.take(CARRIER);
    let carrier = Peer::new(CARRIER, "gw");
    for request in &both {
        carrier.answer_with(&mut world, request, 200, Name::Expires, "300");
    }
    assert_eq!(states(&mut world).last(), Some(&state("main", true, "registered with main for 300 s; answers")));
    // A carrier that is no longer to be asked is not.
    directory.carriers.get_mut(&carrier_id("main")).unwrap().options_s = 0;
    world.input(Input::Directory(Arc::new(directory)));
    world.wait_ms(1);
    assert_eq!(world.lines(CARRIER), ["REGISTER"]);
    world.wait_ms(61_000);
    assert!(world.lines(CARRIER).iter().all(|line| line == "REGISTER"));
}
