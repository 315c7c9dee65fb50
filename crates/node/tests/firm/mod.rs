//! The firm that the node's tests are about, and the edge it speaks through.

use account::{GuardMode, Line, LineKind, Settings, Transport};
use billing::{AccountId, CarrierId, Country, Currency, DeckId, DialPlan};
use edge::{Carrier, EdgeSettings};

pub const NODE: &str = "127.0.0.1:5060";
pub const CARRIER: &str = "127.0.0.3:5060";
pub const REALM: &str = "sip.test";
pub const START_MS: u64 = 1_772_323_200_000;

pub fn account(id: &str) -> AccountId {
    id.parse().unwrap()
}

pub fn edge(max_calls: usize, sha256: bool) -> EdgeSettings {
    EdgeSettings {
        realm: REALM.into(),
        sha256,
        warning: true,
        ignored_agents: Vec::new(),
        advertised: NODE.parse().unwrap(),
        advertised_tls: None,
        other_family: [None; 2],
        expires_s: (30, 300, 3600),
        ring_limit_s: 60,
        max_calls,
        silence_s: 60,
        relay: true,
    }
}

pub fn settings(max_calls: u32) -> Settings {
    Settings {
        name: "Law firm".into(),
        country: Country::US,
        time_zone: "America/Denver".into(),
        currency: Currency::USD,
        dial_plan: DialPlan::new(Country::US, Some("303"), Some("9")).unwrap(),
        deck: DeckId::new("starter").unwrap(),
        carriers: vec![CarrierId::new("wholesale").unwrap()],
        numbers: vec!["+13035550100".parse().unwrap()],
        contacts: Vec::new(),
        guard: GuardMode::Active,
        exposure_ceiling: "50".parse().unwrap(),
        max_calls,
        terms: account::Terms::default(),
        international: true,
        limits: account::Limits::default(),
        lockout: lockout::OwnSettings::default(),
    }
}

/// A trunk that is proven by its address.
pub fn trunk(ip: &str) -> Line {
    Line {
        id: "pbx".parse().unwrap(),
        kind: LineKind::Trunk,
        name: "PBX".into(),
        auth_name: None,
        secrets: None,
        addresses: vec![ip.parse().unwrap()],
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

pub fn carrier() -> Carrier {
    Carrier {
        id: CarrierId::new("wholesale").unwrap(),
        name: "Wholesale".into(),
        address: CARRIER.parse().unwrap(),
        transport: Some(Transport::Udp),
        domain: None,
        sources: Vec::new(),
        prefix: String::new(),
        plus: true,
        auth: None,
        options_s: 0,
        tell_origin: false,
        cost_deck: None,
    }
}
