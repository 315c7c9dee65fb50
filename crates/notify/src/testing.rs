//! Fixtures: a law firm whose trunk or extension was used by a thief at night.

pub(crate) mod outbox;
pub(crate) mod smtp;

use std::sync::Arc;

use account::{Contact, GuardMode, LineKind, Notice, Settings, Terms};
use billing::{AccountId, CallId, Country, Currency, DeckId, DialPlan, IncidentId, LineId, Money};
use geo::Place;
use guard::{Action, Decibans, Evidence, EvidenceKind, Incident, IncidentCall, IncidentState};

use crate::outbox::{AccountFacts, LineFacts};
use crate::render::{MailContext, OnceLinks};

/// Sunday 22 March 2026, 04:12:05 in Denver.
pub(crate) const OPENED_MS: u64 = 1_774_174_325_000;

pub(crate) fn account_id() -> AccountId {
    AccountId::new("smith-law").unwrap()
}

pub(crate) fn settings() -> Settings {
    let contact = |name: &str, email: &str| Contact { name: name.into(), email: email.into() };
    Settings {
        name: "Smith & Partners LLP".into(),
        country: Country::US,
        time_zone: "America/Denver".into(),
        currency: Currency::USD,
        dial_plan: DialPlan::new(Country::US, None, None).unwrap(),
        deck: DeckId::new("standard").unwrap(),
        carriers: Vec::new(),
        numbers: vec!["+13035550100".parse().unwrap()],
        contacts: vec![contact("Ann Smith", "ann@smith.example"), contact("Office", "office@smith.example")],
        guard: GuardMode::Active,
        exposure_ceiling: Money::from_cents(2_000),
        max_calls: 20,
        terms: Terms::default(),
        international: true,
        limits: account::Limits::default(),
        lockout: Default::default(),
    }
}

pub(crate) fn context(line: &str, kind: LineKind, name: &str) -> MailContext {
    MailContext {
        node: "Front Range Telecom".into(),
        portal: "https://portal.frontrange.example".parse().unwrap(),
        account: account_id(),
        facts: AccountFacts { settings: settings(), balance: Money::from_cents(4_972), held: Money::ZERO },
        line: LineFacts { id: line.into(), kind: Some(kind), name: name.into(), caller_id: None },
        once: Some(OnceLinks {
            not_us: "https://portal.frontrange.example/once/0102".into(),
            shut_out: "https://portal.frontrange.example/once/0304".into(),
            until_ms: OPENED_MS + store::WARNING_LINK_MS,
        }),
    }
}

pub(crate) fn place(country: [u8; 2], city: &str, asn: u32, network: &str) -> Place {
    Place {
        country: Some(country),
        city: Some(city.into()),
        asn: Some(asn),
        network: Some(Arc::from(network)),
        ..Place::default()
    }
}

fn call(n: u64, before_s: u64, number: &str, result: &str, charge: Option<i64>) -> IncidentCall {
    IncidentCall {
        call: CallId(n),
        start_ms: OPENED_MS - before_s * 1000,
        number: number.parse().unwrap(),
        destination: "Albania mobile".into(),
        result: result.into(),
        charge: charge.map(Money::from_cents),
    }
}

/// Ten calls to two numbers in Albania.
pub(crate) fn calls() -> Vec<IncidentCall> {
    const ONE: &str = "+355691234567";
    const TWO: &str = "+355687654321";
    vec![
        call(1, 415, ONE, "no answer", Some(0)),
        call(2, 362, TWO, "failed (503)", Some(0)),
        call(3, 301, ONE, "answered 31 s", Some(28)),
        call(4, 188, TWO, "busy", Some(0)),
        call(5, 12, ONE, "hung up by the guard after 12 s", Some(7)),
        call(6, 5, TWO, "hung up by the guard while ringing", Some(0)),
        call(7, 0, ONE, "refused", Some(0)),
        call(8, 0, TWO, "refused", Some(0)),
        call(9, 0, ONE, "refused", Some(0)),
        call(10, 0, TWO, "refused", Some(0)),
    ]
}

fn evidence() -> Vec<Evidence> {
    let fact = |kind, tenths, text: &str| Evidence { kind, weight: Decibans::from_tenths(tenths), text: text.into() };
    vec![
        fact(
            EvidenceKind::Destination,
            214,
            "Albania mobile, never called before by this account in 41 calls abroad; a number new to the line",
        ),
        fact(EvidenceKind::Hours, 120, "Sunday 4:00, an hour never used for this line"),
        fact(EvidenceKind::Price, 96, "$0.54 a minute; half of its calls abroad cost less than $0.02"),
        fact(
            EvidenceKind::Repetition,
            88,
            "attempt 4 to this new number within a day, 1 answered before, 2 calls to new numbers at once",
        ),
        fact(EvidenceKind::Burst, 85, "7 calls to numbers new to the line within 10 minutes"),
        fact(EvidenceKind::Owner, -21, "the owner said of calls to Kosovo mobile: that was us"),
    ]
}

/// The provider's incident: a trunk.
pub(crate) fn trunk_incident() -> Incident {
    Incident {
        id: IncidentId(0x5e_ed),
        account: account_id(),
        line: LineId::new("main-trunk").unwrap(),
        opened_ms: OPENED_MS,
        acted_ms: OPENED_MS,
        closed_ms: None,
        action: Action::CutLine,
        shadow: false,
        state: IncidentState::Open,
        score: Decibans::from_tenths(582),
        evidence: evidence(),
        origins: vec![("192.0.2.10".parse().unwrap(), place(*b"US", "Denver", 209, "Lumen"))],
        told: vec!["extension 107 from 203.0.113.9 (Khan Yunis, Palestine)".into()],
        report: guard::Report::default(),
        calls: calls(),
    }
}

/// The PBX's own guard's incident: an extension, watched only.
pub(crate) fn extension_incident() -> Incident {
    let mut incident = trunk_incident();
    incident.line = LineId::new("107").unwrap();
    incident.shadow = true;
    incident.score = Decibans::from_tenths(842);
    incident.origins = vec![("203.0.113.9".parse().unwrap(), place(*b"PS", "Khan Yunis", 12975, "PalTel"))];
    incident.told = Vec::new();
    for call in &mut incident.calls {
        if call.result.starts_with("hung up") || call.result == "refused" {
            call.result = "no answer".into();
            call.charge = Some(Money::ZERO);
        }
    }
    incident.evidence.insert(
        0,
        Evidence {
            kind: EvidenceKind::Guessing,
            weight: Decibans::from_tenths(260),
            text: "412 failed authentications from that address before one fitted".into(),
        },
    );
    incident
}

pub(crate) fn emergency() -> Notice {
    Notice::Emergency {
        line: LineId::new("104").unwrap(),
        number: "911".into(),
        place: "Head office (192.0.2.0/24)".into(),
    }
}
