//! A carrier that dies is passed over and, once it is back, called again (RFC 3261 section 11): twenty seeds of a network
//! that loses, doubles and reorders, with all invariants checked.

#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected should stop")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use account::{Account, Actor, Change, GuardMode, Input, Line, LineKind, Secrets, Settings, Transport};
use billing::{Country, Currency, Deck, DeckVersions, DialPlan, Money, Route};
use edge::Carrier;
use geo::{PlaceSources, Places};
use node::{Command, CommandReply, NodeBook, NodeState};
use sim::Dice;
use sim::carrier::{self, Fate, Rule};
use sim::ua::{self, AnswerPolicy};
use sim::world::{Faults, HostId, NodeSetup, Stopped, World};
use sip::digest::Ha1Set;

const NODE: &str = "198.51.100.1:5060";
const PHONE: &str = "192.0.2.101:5060";
const FIRST: &str = "198.51.100.50:5060";
const SECOND: &str = "198.51.100.51:5060";
const REALM: &str = "pbx.example";
const SECRET: &str = "kX9-alice-vQ27";
/// 2026-03-02, ten in the morning in Denver.
const START_MS: u64 = 1_772_470_800_000;

fn at(address: &str) -> SocketAddr {
    address.parse().unwrap()
}

fn account() -> Account {
    let settings = Settings {
        name: "Bering and Wells".to_owned(),
        country: Country::US,
        time_zone: "America/Denver".to_owned(),
        currency: Currency::USD,
        dial_plan: DialPlan::new(Country::US, Some("303"), None).unwrap(),
        deck: "standard".parse().unwrap(),
        carriers: vec!["first".parse().unwrap(), "second".parse().unwrap()],
        numbers: vec!["+13035550100".parse().unwrap()],
        contacts: Vec::new(),
        guard: GuardMode::Shadow,
        exposure_ceiling: Money::from_cents(5_000),
        max_calls: 10,
        terms: account::Terms::default(),
        international: true,
        limits: account::Limits::default(),
        lockout: lockout::OwnSettings::default(),
    };
    let (ha1_md5, ha1_sha256) = Ha1Set::new(b"alice", REALM.as_bytes(), SECRET.as_bytes()).parts();
    let line = Line {
        id: "101".parse().unwrap(),
        kind: LineKind::Extension,
        name: "Alice".to_owned(),
        auth_name: Some("alice".into()),
        secrets: Some(Secrets { ha1_md5, ha1_sha256, version: 0 }),
        addresses: Vec::new(),
        certificates: Vec::new(),
        caller_id: None,
        international: true,
        max_calls: None,
        limits: account::Limits::default(),
        cut: None,
        bindings: Vec::new(),
        last_seen: None,
        shut_out_ms: 0,
    };
    let mut account = Account::new("firm".parse().unwrap());
    let paid_in = Change::TopUp { amount: Money::from_cents(10_000), reference: "before".to_owned() };
    for change in [Change::Settings(settings), Change::PutLine(line), paid_in] {
        account.handle(START_MS, &Input::Change { by: Actor::CommandLine, change: Box::new(change) });
    }
    account
}

fn book() -> NodeBook {
    let carrier = |id: &str, address: &str| Carrier {
        id: id.parse().unwrap(),
        name: id.to_owned(),
        address: at(address).into(),
        transport: Some(Transport::Udp),
        domain: None,
        sources: Vec::new(),
        prefix: String::new(),
        plus: true,
        auth: None,
        options_s: 60,
        tell_origin: false,
        cost_deck: None,
    };
    let carriers = [carrier("first", FIRST), carrier("second", SECOND)];
    NodeBook {
        carriers: carriers.into_iter().map(|carrier| (carrier.id.clone(), carrier)).collect(),
        decks: BTreeMap::from([("standard".parse().unwrap(), DeckVersions::from(Deck::starter()))]).into(),
        lockout: lockout::Settings::default(),
        bans: Vec::new(),
    }
}

fn station(address: &str, dice: &mut Dice) -> carrier::Profile {
    let address = at(address);
    carrier::Profile {
        address,
        domain: "wholesale.example".to_owned(),
        user_agent: "SBC".to_owned(),
        media: SocketAddr::new(address.ip(), 20_000),
        rules: vec![Rule { prefix: String::new(), fate: Fate::Answer { ring_ms: (1_000, 2_000), talk_ms: None } }],
        auth: None,
        customer: at(NODE),
        voice: None,
        seed: dice.seed(),
    }
}

fn phone(dice: &mut Dice) -> ua::Profile {
    ua::Profile {
        address: at(PHONE),
        user: "alice".to_owned(),
        name: "Alice".to_owned(),
        auth_name: "alice".to_owned(),
        secret: SECRET.to_owned(),
        domain: REALM.to_owned(),
        registrar: at(NODE),
        user_agent: "Desk phone".to_owned(),
        media: SocketAddr::new(at(PHONE).ip(), 11_780),
        answer: AnswerPolicy::Busy,
        voice: None,
        expires_s: 600,
        seed: dice.seed(),
    }
}

/// Whether the node takes the first carrier for one that answers.
fn first_is_up(world: &mut World, node: HostId) -> Result<bool, Stopped> {
    let token = world.ask(node, Command::Carriers)?.unwrap();
    world.run(100)?;
    let Some(Ok(CommandReply::Carriers(carriers))) = world.answer(node, token) else { panic!("no answer") };
    Ok(carriers.iter().any(|(id, up, _)| id.as_str() == "first" && *up))
}

/// Alice talks for five seconds; which carrier had the call, and how long it took to ring.
fn call(world: &mut World, node: HostId, alice: HostId) -> Result<(Option<Route>, u64), Stopped> {
    let before = world.node(node).rows.cdrs.len();
    world.phone(alice, ua::Command::Call { number: "12125550123".to_owned(), talk_ms: Some(5_000) })?;
    world.run(30_000)?;
    let cdrs = &world.node(node).rows.cdrs;
    assert_eq!(cdrs.len(), before + 1);
    let cdr = cdrs.last().unwrap();
    assert_eq!(cdr.result.sip_status, 200, "{cdr:?}");
    Ok((cdr.route.clone(), cdr.times.ring_ms.unwrap() - cdr.times.start_ms))
}

fn told(seed: u64) -> Result<(), Stopped> {
    let mut dice = Dice::new(seed);
    let faults = Faults { lost_permille: 30, twice_permille: 30, min_ms: 5, max_ms: 80, clocks: true };
    let mut world = World::new(START_MS, faults, &mut dice);
    let account = account();
    let node = world.add_node(NodeSetup {
        address: at(NODE),
        realm: REALM.to_owned(),
        places: Arc::new(Places::new(PlaceSources::shipped()).unwrap()),
        state: NodeState { lsn: 0, book: book(), accounts: BTreeMap::from([(account.id().clone(), account)]) },
        silence_ms: None,
        workers: (1, 3),
        sync_ms: (1, 5),
        seed: dice.seed(),
    })?;
    world.checks().set_provider(node);
    world.add_carrier(station(SECOND, &mut dice));
    let alice = world.add_phone(phone(&mut dice), None);
    world.phone(alice, ua::Command::Register)?;
    world.run(15_000)?;
    assert!(!first_is_up(&mut world, node)?, "nobody is there");
    let (route, ring_ms) = call(&mut world, node, alice)?;
    assert_eq!(route, Some(Route::Carrier("second".parse().unwrap())));
    assert!(ring_ms < 6_000, "the call waited {ring_ms} ms for a carrier that is known to be gone");
    world.add_carrier(station(FIRST, &mut dice));
    world.run(70_000)?;
    assert!(first_is_up(&mut world, node)?, "it has answered");
    let (route, _) = call(&mut world, node, alice)?;
    assert_eq!(route, Some(Route::Carrier("first".parse().unwrap())));
    world.run(120_000)?;
    world.checks().finish()?;
    Ok(())
}

#[test]
fn a_dead_carrier_is_passed_over_and_called_again_once_it_is_back() {
    for seed in 1..=20 {
        told(seed).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    }
}
