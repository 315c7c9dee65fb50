//! Who is in the story: the firm and its telephones, the provider, the wholesale carrier, the attacker; with six weeks
//! behind them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};

use account::{
    Account, Actor, Change, Contact, Did, Flow, GuardMode, Input, Line, LineKind, Secrets, Settings, Transport, Via,
};
use billing::{AccountId, CarrierId, Country, Currency, Deck, DeckId, DeckVersions, DialPlan, E164, LineId, Money};
use edge::{Carrier, CarrierAuth};
use geo::{PlaceSources, Places};
use node::{NodeBook, NodeState};
use sip::digest::Ha1Set;

use super::history::{History, Past};
use super::plan::{Plan, Whose};
use crate::Dice;
use crate::attacker::{self, Pump, Scan};
use crate::carrier::{self, Fate, Rule};
use crate::office::{Habits, Planned, Who};
use crate::ua::{self, AnswerPolicy, Voice};
use crate::world::{HostId, Nat, NodeSetup, Stopped, World};

pub(super) const PBX: &str = "192.0.2.10:5060";
pub(super) const PROVIDER: &str = "198.51.100.10:5060";
pub(super) const WHOLESALE: &str = "198.51.100.200:5060";
/// The spare extension whose password is as easy as its name.
pub(super) const SPARE: &str = "107";
/// Extensions of people; the last two work from home, behind a router.
pub(super) const PEOPLE: [&str; 6] = ["101", "102", "103", "104", "105", "106"];
const AT_HOME: usize = 2;
const DID: &str = "+13035550100";
/// Denver in winter.
pub(super) const UTC_OFFSET_MIN: i16 = -420;
const DAY_MS: u64 = 86_400_000;
/// How far back the history goes.
const HISTORY_MS: u64 = 42 * DAY_MS;
/// A number the firm often calls at home, and one abroad.
pub(super) const HOME_NUMBER: &str = "7204651182";
pub(super) const LONDON: &str = "011442071838750";

/// The tone of everybody outside.
pub(super) const FAR_TONE_HZ: u16 = 1_300;

/// Everybody, by name.
#[derive(Debug)]
pub(super) struct Cast {
    pub pbx: HostId,
    pub provider: HostId,
    pub wholesale: HostId,
    pub phones: Vec<HostId>,
    pub attacker: HostId,
}

pub(super) fn account_id(whose: Whose) -> AccountId {
    let name = if whose == Whose::Pbx { "firm" } else { "law-000" };
    AccountId::new(name).expect("a name within the rules")
}

pub(super) fn line_id(name: &str) -> LineId {
    LineId::new(name).expect("a name within the rules")
}

pub(super) fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address written in this file")
}

fn places() -> Arc<Places> {
    static PLACES: OnceLock<Arc<Places>> = OnceLock::new();
    let load = || Arc::new(Places::new(PlaceSources::shipped()).expect("the shipped database is whole"));
    Arc::clone(PLACES.get_or_init(load))
}

fn deck() -> Deck {
    static DECK: OnceLock<Deck> = OnceLock::new();
    DECK.get_or_init(Deck::starter).clone()
}

/// What is stored of a secret.
pub(super) fn secrets(name: &str, realm: &str, secret: &str) -> Secrets {
    let (ha1_md5, ha1_sha256) = Ha1Set::new(name.as_bytes(), realm.as_bytes(), secret.as_bytes()).parts();
    Secrets { ha1_md5, ha1_sha256, version: 0 }
}

pub(super) const fn realm(whose: Whose) -> &'static str {
    match whose {
        Whose::Pbx => "pbx.example",
        Whose::Provider => "provider.example",
    }
}

/// The secret of a person's telephone: long enough not to be guessed.
fn phone_secret(user: &str) -> String {
    format!("kX9-{user}-vQ27")
}

pub(super) fn settings(whose: Whose, plan: &Plan) -> Settings {
    let pbx = whose == Whose::Pbx;
    let carrier = if pbx { "provider" } else { "wholesale" };
    Settings {
        name: "Bering and Wells, Attorneys".to_owned(),
        country: Country::US,
        time_zone: "America/Denver".to_owned(),
        currency: Currency::USD,
        dial_plan: DialPlan::new(Country::US, Some("303"), pbx.then_some("9")).expect("a plan within the rules"),
        deck: DeckId::new("standard").expect("a name within the rules"),
        carriers: vec![CarrierId::new(carrier).expect("a name within the rules")],
        numbers: vec![did()],
        contacts: vec![Contact { name: "Office".to_owned(), email: "office@law.example".to_owned() }],
        guard: if pbx || plan.asleep { GuardMode::Shadow } else { GuardMode::Active },
        exposure_ceiling: if pbx { Money::from_cents(50_000) } else { plan.ceiling },
        max_calls: 30,
        terms: account::Terms::default(),
        international: true,
        limits: account::Limits::default(),
        lockout: lockout::OwnSettings::default(),
    }
}

pub(super) fn did() -> E164 {
    DID.parse().expect("a number written in this file")
}

pub(super) fn line(name: &str, kind: LineKind, realm: &str, secret: &str) -> Line {
    Line {
        id: line_id(name),
        kind,
        name: format!("Line {name}"),
        auth_name: Some(name.into()),
        secrets: Some(secrets(name, realm, secret)),
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
    }
}

fn founded(whose: Whose, plan: &Plan, at_ms: u64) -> Account {
    let mut account = Account::new(account_id(whose));
    let mut change =
        |change| drop(account.handle(at_ms, &Input::Change { by: Actor::CommandLine, change: Box::new(change) }));
    change(Change::Settings(settings(whose, plan)));
    let lines = match whose {
        Whose::Pbx => {
            for user in PEOPLE {
                let line = line(user, LineKind::Extension, realm(whose), &phone_secret(user));
                change(Change::PutLine(line));
            }
            change(Change::PutLine(line(SPARE, LineKind::Extension, realm(whose), SPARE)));
            vec![line_id("101"), line_id("102")]
        }
        Whose::Provider => {
            change(Change::PutLine(line("trunk-law", LineKind::Trunk, realm(whose), "trunk-secret-9")));
            vec![line_id("trunk-law")]
        }
    };
    change(Change::PutDid(Did { number: did(), lines }));
    let amount = if whose == Whose::Pbx { Money::from_cents(1_000_000) } else { Money::from_cents(30_000) };
    change(Change::TopUp { amount, reference: "before the story".to_owned() });
    account
}

fn via(from: SocketAddr, local: SocketAddr, user_agent: &str) -> Via {
    let flow = Flow { local, remote: from, transport: Transport::Udp, connection: 0 };
    Via {
        flow,
        user_agent: user_agent.into(),
        place: places().locate(from.ip()),
        failures_before: account::Failures::NONE,
    }
}

fn phone_address(at: usize) -> SocketAddr {
    let office = at + AT_HOME < PEOPLE.len();
    let ip = if office { IpAddr::from([192, 0, 2, 101 + at as u8]) } else { IpAddr::from([10, 0, at as u8, 5]) };
    SocketAddr::new(ip, 5060)
}

fn phone_nat(at: usize) -> Option<Nat> {
    let home = at + AT_HOME >= PEOPLE.len();
    let outside = IpAddr::from([203, 0, 113, 20 + at as u8]);
    home.then(|| Nat { inside: phone_address(at).ip(), outside, shift: 20_000 })
}

/// The phone's address as the PBX sees it.
fn phone_seen(at: usize) -> SocketAddr {
    let own = phone_address(at);
    phone_nat(at).map_or(own, |nat| SocketAddr::new(nat.outside, own.port() + nat.shift))
}

fn phone_agent(at: usize) -> String {
    format!("Yealink SIP-T46U 108.86.0.{}0", 2 + at % 3)
}

/// What the firm does on ordinary days.
pub(super) fn habits() -> Habits {
    let domestic =
        ["3034651820", "13038304477", "7204651182", "12125557890", "19709872210", "4155552671", "13037778812"];
    Habits {
        phones: PEOPLE.len(),
        utc_offset_min: i32::from(UTC_OFFSET_MIN),
        calls_a_day: 5,
        domestic: domestic.map(str::to_owned).to_vec(),
        international: [LONDON, "011442079460018", "0114930901820"].map(str::to_owned).to_vec(),
        international_permille: 60,
        callers: Vec::new(),
        inbound_a_day: 0,
    }
}

/// Tells both accounts the same six weeks, each as it saw them.
fn accounts(plan: &Plan, dice: &mut Dice) -> [Account; 2] {
    let from_ms = plan.start_ms - HISTORY_MS;
    let calls = habits().plan(from_ms, plan.start_ms - DAY_MS / 4, dice);
    let mut pbx = founded(Whose::Pbx, plan, from_ms);
    let mut provider = founded(Whose::Provider, plan, from_ms);
    let phone_via = |at| via(phone_seen(at), address(PBX), &phone_agent(at));
    let mut history = History::new(&mut pbx, deck_ref(), UTC_OFFSET_MIN);
    for (at, user) in PEOPLE.into_iter().enumerate() {
        history.register(from_ms, &line_id(user), phone_via(at), &format!("sip:{user}@{}", phone_address(at)), 3_600);
    }
    history.tell(calls.iter().filter_map(|call| past(call, phone_via)));
    let trunk_via = via(address(PBX), address(PROVIDER), "Tollguard");
    let mut history = History::new(&mut provider, deck_ref(), UTC_OFFSET_MIN);
    history.register(from_ms, &line_id("trunk-law"), trunk_via.clone(), &format!("sip:trunk-law@{PBX}"), 3_600);
    let plan_of_pbx = settings(Whose::Pbx, plan).dial_plan;
    history.tell(calls.iter().filter_map(|call| {
        let billing::Dialled::Number(number) = plan_of_pbx.dial(&call.number) else { return None };
        let past = past(call, |_| trunk_via.clone())?;
        Some(Past { line: line_id("trunk-law"), caller: DID.to_owned(), dialled: number.to_string(), ..past })
    }));
    top_up(&mut provider, plan);
    for account in [&mut pbx, &mut provider] {
        // The registrations of the past lapse.
        if let Some(lapsed) = account.due(plan.start_ms) {
            account.handle(plan.start_ms, &lapsed);
        }
    }
    [pbx, provider]
}

/// What is left after six weeks becomes what the plan says.
fn top_up(provider: &mut Account, plan: &Plan) {
    let amount = plan.paid_in.saturating_sub(provider.balance());
    let change = Change::Adjust { amount, note: "the story begins".to_owned(), reference: "start".to_owned() };
    provider.handle(plan.start_ms, &Input::Change { by: Actor::CommandLine, change: Box::new(change) });
}

fn deck_ref() -> &'static Deck {
    static DECK: OnceLock<Deck> = OnceLock::new();
    DECK.get_or_init(deck)
}

fn past(call: &Planned, via: impl Fn(usize) -> Via) -> Option<Past> {
    let Who::Phone(at) = call.who else { return None };
    let user = PEOPLE.get(at)?;
    Some(Past {
        at_ms: call.at_ms,
        line: line_id(user),
        via: via(at),
        caller: (*user).to_owned(),
        dialled: call.number.clone(),
        ring_ms: call.ring_ms,
        talk_ms: call.talk_ms,
    })
}

pub(super) fn book(whose: Whose, plan: &Plan) -> NodeBook {
    let pbx = whose == Whose::Pbx;
    let auth = if pbx {
        Some(("trunk-law", "trunk-secret-9", Some(600)))
    } else {
        plan.carrier_challenges.then_some(("tollguard", "wholesale-7", None))
    };
    let carrier = Carrier {
        id: CarrierId::new(if pbx { "provider" } else { "wholesale" }).expect("a name within the rules"),
        name: if pbx { "Our provider" } else { "Wholesale" }.to_owned(),
        address: address(if pbx { PROVIDER } else { WHOLESALE }).into(),
        transport: Some(Transport::Udp),
        domain: None,
        sources: Vec::new(),
        prefix: String::new(),
        plus: true,
        auth: auth.map(|(username, secret, register_s)| CarrierAuth {
            username: username.to_owned(),
            secret: secret.to_owned(),
            register_s,
        }),
        options_s: 60,
        tell_origin: pbx,
        cost_deck: None,
    };
    let lockout = lockout::Settings { enabled: !pbx, ..lockout::Settings::default() };
    NodeBook {
        carriers: BTreeMap::from([(carrier.id.clone(), carrier)]),
        decks: BTreeMap::from([(
            DeckId::new("standard").expect("a name within the rules"),
            DeckVersions::from(deck()),
        )])
        .into(),
        lockout,
        bans: Vec::new(),
    }
}

/// Builds the world of a plan.
pub(super) fn assemble(plan: &Plan, dice: &mut Dice) -> Result<(World, Cast), Stopped> {
    let mut world = World::new(plan.start_ms, plan.faults, dice);
    let [pbx_account, provider_account] = accounts(plan, dice);
    let wholesale = world.add_carrier(wholesale(plan, dice));
    let mut node = |world: &mut World, whose: Whose, account: Account, at: &str| {
        let accounts = BTreeMap::from([(account.id().clone(), account)]);
        world.add_node(NodeSetup {
            address: address(at),
            realm: realm(whose).to_owned(),
            places: places(),
            state: NodeState { lsn: 0, book: book(whose, plan), accounts },
            silence_ms: plan.voice_ms.map(|_| 30_000),
            workers: plan.workers,
            sync_ms: plan.sync_ms,
            seed: dice.seed(),
        })
    };
    let provider = node(&mut world, Whose::Provider, provider_account, PROVIDER)?;
    let pbx = node(&mut world, Whose::Pbx, pbx_account, PBX)?;
    let phones = (0..PEOPLE.len()).map(|at| world.add_phone(phone(at, plan, dice), phone_nat(at))).collect();
    let attacker = world.add_attacker(attacker(plan, dice));
    let numbers = BTreeSet::from([did().as_digits().to_string()]);
    let checks = world.checks();
    checks.set_provider(provider);
    checks.wire.may_tell(pbx, address(PROVIDER).ip());
    checks.wire.may_show(pbx, address(PROVIDER).ip(), numbers.clone());
    checks.wire.may_show(provider, address(WHOLESALE).ip(), numbers);
    for country in ["US", "GB", "DE"] {
        checks.know(provider, &account_id(Whose::Provider), country.parse().expect("a country code"));
    }
    Ok((world, Cast { pbx, provider, wholesale, phones, attacker }))
}

fn voice(plan: &Plan, hz: u16) -> Option<Voice> {
    plan.voice_ms.map(|every_ms| Voice { hz, every_ms })
}

/// The tone a telephone speaks.
pub(super) const fn phone_tone_hz(at: usize) -> u16 {
    500 + 100 * at as u16
}

fn phone(at: usize, plan: &Plan, dice: &mut Dice) -> ua::Profile {
    let user = PEOPLE.get(at).copied().unwrap_or_default();
    let own = phone_address(at);
    ua::Profile {
        address: own,
        user: user.to_owned(),
        name: format!("Phone {user}"),
        auth_name: user.to_owned(),
        secret: phone_secret(user),
        domain: realm(Whose::Pbx).to_owned(),
        registrar: address(PBX),
        user_agent: phone_agent(at),
        media: SocketAddr::new(own.ip(), 11_780),
        answer: AnswerPolicy::Answer { ring_ms: dice.between(1_000, 9_000), talk_ms: None },
        voice: voice(plan, phone_tone_hz(at)),
        expires_s: 600,
        seed: dice.seed(),
    }
}

fn wholesale(plan: &Plan, dice: &mut Dice) -> carrier::Profile {
    let own = address(WHOLESALE);
    let people = Fate::Answer { ring_ms: (1_500, 9_000), talk_ms: None };
    let albania = Fate::Answer { ring_ms: plan.attack.pace.ring_ms, talk_ms: None };
    let rule = |prefix: &str, fate| Rule { prefix: prefix.to_owned(), fate };
    carrier::Profile {
        address: own,
        domain: "wholesale.example".to_owned(),
        user_agent: "Wholesale SBC".to_owned(),
        media: SocketAddr::new(own.ip(), 20_000),
        rules: vec![
            rule("", people),
            rule("355", albania),
            rule("97259", Fate::Refuse { status: 404, after_ms: (200, 900) }),
            rule("1212", Fate::Refuse { status: 486, after_ms: (500, 2_000) }),
            rule("1415", Fate::NoAnswer),
            rule("911", Fate::Answer { ring_ms: (500, 2_000), talk_ms: None }),
        ],
        auth: plan.carrier_challenges.then(|| carrier::Auth {
            username: "tollguard".to_owned(),
            secret: "wholesale-7".to_owned(),
            calls: true,
            must_register: false,
        }),
        customer: address(PROVIDER),
        voice: voice(plan, FAR_TONE_HZ),
        seed: dice.seed(),
    }
}

fn attacker(plan: &Plan, dice: &mut Dice) -> attacker::Profile {
    let passwords = ["1234", "password", "{user}{user}", "0000", "{user}"];
    attacker::Profile {
        address: SocketAddr::new(plan.attack.ip, 5_071),
        media: SocketAddr::new(plan.attack.ip, 9_000),
        scan: Scan {
            target: address(PBX),
            domain: realm(Whose::Pbx).to_owned(),
            users: (100..=110).map(|user| user.to_string()).collect(),
            passwords: passwords.map(str::to_owned).to_vec(),
            gap_ms: plan.attack.pace.guess_gap_ms,
            user_agent: plan.attack.scanner.clone(),
        },
        pump: Pump {
            probes: plan.attack.probes.clone(),
            numbers: plan.attack.numbers.to_vec(),
            calls: plan.attack.pace.calls,
            parallel: plan.attack.pace.parallel,
            gap_ms: plan.attack.pace.gap_ms,
            talk_ms: plan.attack.pace.talk_ms,
            patience: 6,
        },
        user_agent: "sipcli/v1.8".to_owned(),
        seed: dice.seed(),
    }
}
