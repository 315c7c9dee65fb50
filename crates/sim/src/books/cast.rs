//! Who and what stands in the cases: the firm's settings, its phones, where calls come from.

use std::sync::Arc;

use account::{CallEnd, Flow, GuardMode, HungUpBy, Input, Line, LineKind, Settings, Settlement, Terms, Transport, Via};
use billing::{AccountId, CallId, Country, Currency, DeckId, DialPlan, LineId, Money};
use geo::Place;

pub(super) const ACCOUNTS: [&str; 2] = ["law", "bakery"];

pub(super) fn settlement(call: CallId, end: CallEnd) -> Input {
    let hung_up_by = if end == CallEnd::Recovered { HungUpBy::Node } else { HungUpBy::Caller };
    Input::Settle(Settlement {
        call,
        ring_ms: None,
        answer_ms: None,
        status: 200,
        reason: String::new(),
        hung_up_by,
        end,
        carrier: None,
        callee: None,
    })
}

pub(super) fn account_id(at: usize) -> AccountId {
    AccountId::new(ACCOUNTS[at]).expect("a name within the rules")
}

pub(super) fn deck_id() -> DeckId {
    DeckId::new("standard").expect("a name within the rules")
}

pub(super) fn line_id(name: &str) -> LineId {
    LineId::new(name).expect("a name within the rules")
}

pub(super) fn via() -> Via {
    let [local, remote] = ["192.0.2.1:5060", "192.0.2.10:5060"].map(|text| text.parse().expect("written in this file"));
    let flow = Flow { local, remote, transport: Transport::Udp, connection: 0 };
    Via {
        flow,
        user_agent: Arc::from("Desk phone"),
        place: Place::default(),
        failures_before: guard::Failures::default(),
    }
}

pub(super) fn settings(terms: Terms) -> Settings {
    Settings {
        name: "Firm".into(),
        country: Country::US,
        time_zone: "America/Denver".into(),
        currency: Currency::USD,
        dial_plan: DialPlan::new(Country::US, Some("303"), None).expect("digits"),
        deck: deck_id(),
        carriers: vec![billing::CarrierId::new("wholesale").expect("a name within the rules")],
        numbers: Vec::new(),
        contacts: Vec::new(),
        guard: GuardMode::Shadow,
        exposure_ceiling: Money::from_cents(10_000),
        max_calls: 10,
        terms,
        international: true,
        limits: account::Limits::default(),
        lockout: lockout::OwnSettings::default(),
    }
}

pub(super) fn phone(id: &str) -> Line {
    Line {
        id: line_id(id),
        kind: LineKind::Extension,
        name: id.to_owned(),
        auth_name: Some(id.into()),
        secrets: None,
        addresses: Vec::new(),
        caller_id: None,
        international: true,
        cut: None,
        bindings: Vec::new(),
        last_seen: None,
        shut_out_ms: 0,
        limits: account::Limits::default(),
        max_calls: None,
    }
}
