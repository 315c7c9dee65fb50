//! What both nodes are set up with: carriers, decks, accounts, lines, numbers, users.

use std::net::SocketAddr;

use account::{Change, Contact, Did, GuardMode, Line, LineKind, Secrets, Settings, Transport};
use billing::{AccountId, CarrierId, Country, Currency, Deck, DeckId, DialPlan, LineId, Money};
use edge::{Carrier, CarrierAuth};
use node::NodeChange;
use sip::digest::Ha1Set;
use store::Role;

use super::{Addresses, FIRM, MAIN_NUMBER, OWNER, PHONES, PROVIDER, Phone, REALMS, SPARE, TIME_ZONE, TRUNK};

/// The two nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::demo) enum Side {
    /// The provider's.
    Provider = 0,
    /// The firm's PBX.
    Pbx = 1,
}

impl Side {
    pub(in crate::demo) const BOTH: [Self; 2] = [Self::Provider, Self::Pbx];
}

/// A name of ours.
fn id<T: std::str::FromStr<Err = billing::Error>>(text: &str) -> T {
    text.parse().expect("the cast's names are well formed")
}

/// The firm, as an account of its own PBX and of the provider.
pub(in crate::demo) fn firm_account() -> AccountId {
    id("harlan-cole")
}

/// The firm's trunk at the provider.
pub(in crate::demo) fn trunk() -> LineId {
    id("pbx")
}

/// The spare extension.
pub(in crate::demo) fn spare() -> LineId {
    id(SPARE.0)
}

/// The line of a telephone.
pub(in crate::demo) fn line_of(phone: &Phone) -> LineId {
    id(phone.extension)
}

/// The line that answers most calls to the firm.
pub(in crate::demo) fn answers(side: Side) -> LineId {
    match side {
        Side::Provider => trunk(),
        Side::Pbx => id("103"),
    }
}

/// Where a node's calls leave to.
pub(in crate::demo) fn carrier_id(side: Side) -> CarrierId {
    match side {
        Side::Provider => id("wholesale"),
        Side::Pbx => id("front-range"),
    }
}

/// What a node stores of a secret.
pub(in crate::demo) fn secrets(side: Side, name: &str, secret: &str) -> Secrets {
    let ha1 = Ha1Set::new(name.as_bytes(), REALMS[side as usize].as_bytes(), secret.as_bytes());
    let (ha1_md5, ha1_sha256) = ha1.parts();
    Secrets { ha1_md5, ha1_sha256, version: 0 }
}

/// A node's carrier and deck.
pub(in crate::demo) fn book(side: Side, addresses: &Addresses) -> Vec<NodeChange> {
    let carrier = match side {
        Side::Provider => carrier(side, "Wholesale", addresses.carrier()),
        Side::Pbx => Carrier {
            auth: Some(CarrierAuth { username: TRUNK.0.to_owned(), secret: TRUNK.1.to_owned(), register_s: Some(600) }),
            domain: Some(REALMS[Side::Provider as usize].to_owned()),
            tell_origin: true,
            cost_deck: None,
            ..carrier(side, PROVIDER, addresses.node(Side::Provider))
        },
    };
    vec![NodeChange::PutCarrier(carrier), NodeChange::put_deck(deck(), Deck::starter())]
}

fn carrier(side: Side, name: &str, address: SocketAddr) -> Carrier {
    Carrier {
        id: carrier_id(side),
        name: name.to_owned(),
        address: address.into(),
        transport: Some(Transport::Udp),
        domain: None,
        sources: Vec::new(),
        prefix: String::new(),
        plus: true,
        auth: None,
        options_s: 60,
        tell_origin: false,
        cost_deck: None,
    }
}

fn deck() -> DeckId {
    id("standard")
}

/// The firm's account on a node: settings, lines and the number that rings them. The provider's guard acts; the PBX's
/// only watches.
pub(in crate::demo) fn firm_lines(side: Side) -> Vec<Change> {
    let lines: Vec<Line> = match side {
        Side::Provider => vec![line(side, LineKind::Trunk, trunk().as_str(), "Office PBX", TRUNK)],
        Side::Pbx => {
            let phones = PHONES.iter().map(|phone| (phone.extension, phone.name, phone.secret));
            phones
                .chain([(SPARE.0, "Spare desk", SPARE.1)])
                .map(|(extension, name, secret)| line(side, LineKind::Extension, extension, name, (extension, secret)))
                .collect()
        }
    };
    let rings = match side {
        Side::Provider => vec![trunk()],
        Side::Pbx => vec![id("103"), id("102")],
    };
    let did = Did { number: main_number(), lines: rings };
    let settings = Change::Settings(settings(side));
    [settings].into_iter().chain(lines.into_iter().map(Change::PutLine)).chain([Change::PutDid(did)]).collect()
}

fn main_number() -> billing::E164 {
    id(MAIN_NUMBER)
}

fn settings(side: Side) -> Settings {
    let outside_prefix = (side == Side::Pbx).then_some("9");
    Settings {
        name: FIRM.to_owned(),
        country: Country::US,
        time_zone: TIME_ZONE.to_owned(),
        currency: Currency::USD,
        dial_plan: DialPlan::new(Country::US, Some("303"), outside_prefix).expect("the dial plan is well formed"),
        deck: deck(),
        carriers: vec![carrier_id(side)],
        numbers: vec![main_number()],
        contacts: vec![Contact { name: OWNER.0.to_owned(), email: OWNER.1.to_owned() }],
        guard: if side == Side::Provider { GuardMode::Active } else { GuardMode::Shadow },
        exposure_ceiling: Money::from_cents(2_500),
        max_calls: 20,
        terms: account::Terms::default(),
        international: true,
        limits: account::Limits::default(),
        lockout: lockout::OwnSettings::default(),
    }
}

fn line(side: Side, kind: LineKind, line: &str, name: &str, (user, secret): (&str, &str)) -> Line {
    Line {
        id: id(line),
        kind,
        name: name.to_owned(),
        auth_name: Some(user.into()),
        secrets: Some(secrets(side, user, secret)),
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

/// A node's portal users: login, name, password, role.
pub(in crate::demo) fn desk_users(side: Side) -> [(&'static str, &'static str, &'static str, Role); 2] {
    match side {
        Side::Provider => [
            ("admin", "Operator at the provider", "front-range-demo", Role::Admin),
            ("ann", OWNER.0, "harlan-cole-demo", Role::Owner),
        ],
        Side::Pbx => [
            ("admin", "The firm's administrator", "harlan-pbx-demo", Role::Admin),
            ("ann", OWNER.0, "harlan-cole-demo", Role::Owner),
        ],
    }
}
