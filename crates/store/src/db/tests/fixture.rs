//! Records as a node would write them.

use std::net::IpAddr;

use account::{
    Actor, Contact, Cut, Did, Effect, GuardMode, Input, Line, LineKind, Notice, Secrets, Settings, Transport,
};
use billing::{
    AccountId, Book, CallId, Cdr, CdrFrom, CdrMoney, CdrNumber, CdrPlace, CdrResult, CdrTimes, CdrVerdict, CdrWho,
    Country, Currency, Decision, Deck, DialPlan, Direction, EntryKind, HungUpBy, IncidentId, LedgerEntry, Money, Rate,
    Route,
};
use edge::{Carrier, CarrierAuth};
use guard::{Action, Decibans, Evidence, EvidenceKind, Incident, IncidentState};
use lockout::{Ban, BanReason};
use node::{Body, NodeChange, Record};

/// A secret that must not be found in any table.
pub const CARRIER_SECRET: &str = "wholesale-hunter2";
/// A digest that must not be found in any table.
pub const DIGEST: [u8; 16] = [211; 16];
/// A fraudulent call's place in [`records`] begins here.
pub const START_MS: u64 = 1_772_323_200_000;

pub fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

pub fn law() -> AccountId {
    id("law-000")
}

pub fn settings() -> Settings {
    Settings {
        name: "Cole & Partners".into(),
        country: Country::US,
        time_zone: "America/Denver".into(),
        currency: Currency::USD,
        dial_plan: DialPlan::new(Country::US, Some("303"), None).unwrap(),
        deck: id("retail"),
        carriers: vec![id("wholesale")],
        numbers: vec![id("+13035550100")],
        contacts: vec![Contact { name: "Dana Cole".into(), email: "dana@example.com".into() }],
        guard: GuardMode::Active,
        exposure_ceiling: Money::from_cents(5_000),
        max_calls: 20,
        terms: account::Terms::default(),
        international: true,
        limits: account::Limits::default(),
        lockout: lockout::OwnSettings::default(),
    }
}

pub fn line(name: &str) -> Line {
    Line {
        id: id(name),
        certificates: Vec::new(),
        kind: LineKind::Extension,
        name: "Conference room".into(),
        auth_name: Some(format!("law-{name}").into()),
        secrets: Some(Secrets { ha1_md5: DIGEST, ha1_sha256: [212; 32], version: 3 }),
        addresses: Vec::new(),
        caller_id: None,
        international: true,
        max_calls: None,
        limits: account::Limits::default(),
        cut: Some(Cut { incident: IncidentId(9), since_ms: START_MS }),
        bindings: Vec::new(),
        last_seen: Some((START_MS, IpAddr::from([198, 18, 0, 9]), geo::Place::default())),
        shut_out_ms: 0,
    }
}

/// The `n`th call: to Albania, a minute after the one before; every third is refused.
pub fn cdr(n: u64) -> Cdr {
    let start_ms = START_MS + n * 60_000;
    let refused = n.is_multiple_of(3);
    Cdr {
        call: CallId(n),
        who: CdrWho {
            account: law(),
            line: Some(id(if n.is_multiple_of(2) { "101" } else { "107" })),
            direction: Direction::Outbound,
            caller: "+13035550100".into(),
            told_by_pbx: None,
        },
        from: CdrFrom {
            ip: IpAddr::from([198, 18, 0, 9]),
            port: 5060,
            transport: "UDP".into(),
            user_agent: "friendly-scanner".into(),
            place: CdrPlace::default(),
        },
        number: CdrNumber {
            dialled: format!("01135569123456{}", n % 10),
            e164: (n != 5).then(|| id(&format!("+35569123456{}", n % 10))),
            destination: "Albania mobile".into(),
            country: Some(id("AL")),
            class: None,
        },
        route: (!refused).then(|| Route::Carrier(id("wholesale"))),
        times: CdrTimes {
            start_ms,
            ring_ms: None,
            answer_ms: (!refused).then_some(start_ms + 1_000),
            end_ms: start_ms + 31_000,
            heard_ms: None,
            utc_offset_min: -420,
        },
        result: CdrResult {
            sip_status: if refused { 403 } else { 200 },
            reason: "OK".into(),
            hung_up_by: HungUpBy::Caller,
            recovered: false,
        },
        money: CdrMoney { charge: Money::from_cents(if refused { 0 } else { 20 }), ..CdrMoney::default() },
        verdict: CdrVerdict {
            decision: if refused { Decision::Refused } else { Decision::Allowed },
            score_tenth_db: 120,
            reasons: vec!["first call to Albania".into()],
            incident: refused.then_some(IncidentId(9)),
        },
    }
}

pub fn incident(closed_ms: Option<u64>) -> Incident {
    Incident {
        id: IncidentId(9),
        account: law(),
        line: id("107"),
        opened_ms: START_MS,
        acted_ms: START_MS,
        closed_ms,
        action: Action::CutLine,
        shadow: false,
        state: if closed_ms.is_some() { IncidentState::Lifted } else { IncidentState::Open },
        score: Decibans::whole(31),
        evidence: vec![Evidence {
            kind: EvidenceKind::Dormant,
            weight: Decibans::whole(12),
            text: "line 107 was not used for 90 days".into(),
        }],
        origins: vec![(IpAddr::from([198, 18, 0, 9]), geo::Place::default())],
        told: Vec::new(),
        report: guard::Report::default(),
        calls: Vec::new(),
    }
}

pub fn entry(seq: u64) -> LedgerEntry {
    LedgerEntry {
        seq,
        at_ms: START_MS + seq,
        kind: if seq == 1 { EntryKind::TopUp } else { EntryKind::Capture },
        amount: Money::from_cents(if seq == 1 { 10_000 } else { 20 }),
        from: if seq == 1 { Book::Paid } else { Book::Held },
        to: if seq == 1 { Book::Free } else { Book::Earned },
        balance: Money::from_cents(10_000),
        call: (seq > 1).then_some(CallId(seq)),
        note: String::new(),
        by: "node".into(),
    }
}

pub fn carrier() -> Carrier {
    Carrier {
        id: id("wholesale"),
        name: "Wholesale Ltd".into(),
        address: id("192.0.2.10:5060"),
        transport: Some(Transport::Udp),
        domain: None,
        sources: Vec::new(),
        prefix: String::new(),
        plus: true,
        auth: Some(CarrierAuth { username: "us".into(), secret: CARRIER_SECRET.into(), register_s: None }),
        options_s: 0,
        tell_origin: false,
        cost_deck: None,
    }
}

pub fn ban(address: u8, until_ms: u64) -> Ban {
    Ban {
        prefix: id(&format!("198.18.0.{address}/32")),
        since_ms: START_MS,
        until_ms,
        reason: BanReason::FailedAuthentication { failures: 5, window_s: 600 },
        repeat: 1,
        failures: 5,
        names_tried: vec!["100".into(), "101".into()],
        user_agent: None,
    }
}

pub fn rates() -> Vec<Rate> {
    [("1", "United States", 1), ("355", "Albania", 30), ("35569", "Albania mobile", 40)]
        .map(|(prefix, destination, cents)| Rate {
            prefix: id(prefix),
            destination: destination.into(),
            per_minute: Money::from_cents(cents),
            connect_fee: Money::ZERO,
            minimum_s: 30,
            increment_s: 6,
            free_s: 0,
        })
        .to_vec()
}

/// An account's effects as a record without a number.
pub fn account(effects: Vec<Effect>) -> Body {
    Body::Account { account: law(), seq: 0, input: Input::Tick, effects }
}

/// Bodies as records from `first` on.
pub fn numbered(first: u64, bodies: Vec<Body>) -> Vec<Record> {
    let number = |(n, body)| Record { lsn: first + n as u64, at_ms: START_MS + n as u64, body };
    bodies.into_iter().enumerate().map(number).collect()
}

/// One of everything.
pub fn records() -> Vec<Record> {
    let deck = Deck::new(rates()).unwrap();
    let mut bodies = vec![
        Body::node(NodeChange::PutCarrier(carrier())),
        Body::node(NodeChange::put_deck(id("retail"), deck.clone())),
        Body::node(NodeChange::put_deck(id("old"), deck)),
        account(vec![
            Effect::Settings(settings()),
            Effect::Audit { by: Actor::CommandLine, text: "Account added.".into() },
        ]),
        account(vec![Effect::Line(line("101")), Effect::Line(line("107")), Effect::Line(line("108"))]),
        account(vec![
            Effect::Did(Did { number: id("+13035550100"), lines: vec![id("101")] }),
            Effect::Did(Did { number: id("+13035550199"), lines: vec![id("107")] }),
        ]),
        account(vec![
            Effect::Ledger(entry(1)),
            Effect::Balance { balance: Money::from_cents(10_000), held: Money::ZERO },
        ]),
    ];
    for n in 1..=9 {
        bodies.push(account(vec![Effect::Cdr(cdr(n)), Effect::Ledger(entry(n + 1))]));
    }
    let cut = Cut { incident: IncidentId(9), since_ms: START_MS };
    bodies.extend([
        account(vec![
            Effect::Incident(incident(None)),
            Effect::AccountCut(Some(cut)),
            Effect::Balance { balance: Money::from_cents(9_880), held: Money::from_cents(40) },
            Effect::Notice(Notice::Incident(Box::new(incident(None)))),
            Effect::Notice(Notice::Emergency { line: id("101"), number: "911".into(), place: "Denver".into() }),
        ]),
        Body::node(NodeChange::Banned(ban(9, START_MS + 3_600_000))),
        Body::node(NodeChange::Banned(ban(10, START_MS + 7_200_000))),
        Body::node(NodeChange::Unbanned(id("198.18.0.10/32"))),
        Body::node(NodeChange::Lockout(lockout::Settings { enabled: false, ..lockout::Settings::default() })),
        Body::node(NodeChange::RemoveDeck(id("old"))),
        account(vec![
            Effect::LineRemoved(id("108")),
            Effect::DidRemoved(id("+13035550199")),
            Effect::Audit { by: Actor::User("dana".into()), text: "Line 108 removed.".into() },
        ]),
    ]);
    numbered(1, bodies)
}
