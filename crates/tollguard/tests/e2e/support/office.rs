//! The node's customer: a firm with lines, numbers, carriers and money.

use std::net::{IpAddr, SocketAddr};

use account::{Actor, Change, Contact, Did, GuardMode, Line, LineKind, Secrets, Settings, Transport};
use billing::{CarrierId, DialPlan, Money};
use edge::{Carrier, CarrierAuth};
use node::{Command, NodeChange};
use tollguard::config::Config;
use tollguard::control;

use super::node::{Node, REALM};

/// The only account.
pub const FIRM: &str = "firm";
/// The usual carrier.
pub const CARRIER: &str = "wholesale";

/// A firm in Denver and what it has at the node.
pub struct Office {
    paid_in: &'static str,
    lines: Vec<Line>,
    dids: Vec<Did>,
    carriers: Vec<Carrier>,
    settings: Settings,
}

impl Office {
    /// Without lines; its carrier is at `carrier`; `paid_in` dollars.
    pub fn new(carrier: SocketAddr, paid_in: &'static str) -> Self {
        let country = "US".parse().unwrap();
        let settings = Settings {
            name: "Baker & Lund LLP".into(),
            country,
            time_zone: "America/Denver".into(),
            currency: "USD".parse().unwrap(),
            dial_plan: DialPlan::new(country, Some("303"), Some("9")).unwrap(),
            deck: "standard".parse().unwrap(),
            carriers: Vec::new(),
            numbers: vec!["+13035550100".parse().unwrap()],
            contacts: vec![Contact { name: "Ann Baker".into(), email: "ann@firm.test".into() }],
            guard: GuardMode::Active,
            exposure_ceiling: Money::from_cents(1_000),
            max_calls: 50,
        };
        Self { paid_in, lines: Vec::new(), dids: Vec::new(), carriers: Vec::new(), settings }
            .carrier(CARRIER, carrier, None)
    }

    /// One more carrier, with credentials ("customer", secret, seconds to register for).
    pub fn carrier(mut self, id: &str, address: SocketAddr, auth: Option<(&str, Option<u32>)>) -> Self {
        let id: CarrierId = id.parse().unwrap();
        self.settings.carriers.retain(|other| *other != id);
        self.carriers.retain(|other| other.id != id);
        self.settings.carriers.push(id.clone());
        self.carriers.push(Carrier {
            name: id.to_string(),
            id,
            address,
            transport: Transport::Udp,
            domain: None,
            sources: Vec::new(),
            prefix: String::new(),
            plus: true,
            auth: auth.map(|(secret, register_s)| CarrierAuth {
                username: "customer".into(),
                secret: secret.into(),
                register_s,
            }),
            tell_origin: false,
        });
        self
    }

    /// A phone that logs in as `name` with [`secret`] of it.
    pub fn extension(self, id: &str, name: &str) -> Self {
        self.line(id, LineKind::Extension, Some(name), None)
    }

    /// A PBX that logs in.
    pub fn trunk(self, id: &str, name: &str) -> Self {
        self.line(id, LineKind::Trunk, Some(name), None)
    }

    /// A PBX known by its address.
    pub fn trunk_at(self, id: &str, address: impl Into<IpAddr>) -> Self {
        self.line(id, LineKind::Trunk, None, Some(address.into()))
    }

    /// A number that rings lines.
    pub fn did(mut self, number: &str, lines: &[&str]) -> Self {
        let lines = lines.iter().map(|line| line.parse().unwrap()).collect();
        self.dids.push(Did { number: number.parse().unwrap(), lines });
        self
    }

    /// Takes international calling from a line.
    pub fn home_only(mut self, id: &str) -> Self {
        self.lines.iter_mut().find(|line| line.id.as_str() == id).unwrap().international = false;
        self
    }

    fn line(mut self, id: &str, kind: LineKind, auth_name: Option<&str>, address: Option<IpAddr>) -> Self {
        let secrets = auth_name.map(|name| {
            let ha1 = sip::digest::Ha1Set::new(name.as_bytes(), REALM.as_bytes(), secret(name).as_bytes());
            let (ha1_md5, ha1_sha256) = ha1.parts();
            Secrets { ha1_md5, ha1_sha256, version: 0 }
        });
        self.lines.push(Line {
            id: id.parse().unwrap(),
            kind,
            name: id.to_owned(),
            auth_name: auth_name.map(Into::into),
            secrets,
            addresses: address.into_iter().collect(),
            caller_id: None,
            international: true,
            cut: None,
            bindings: Vec::new(),
            last_seen: None,
        });
        self
    }

    /// Tells a node, running or not.
    #[track_caller]
    pub(super) fn apply(&self, node: &Node) {
        let config = Config::load(&node.path("tollguard.toml")).unwrap();
        let mut control = control::Node::reach(&config).unwrap();
        let mut ask = |command| drop(control.ask(&command).unwrap());
        let by = Actor::CommandLine;
        for carrier in &self.carriers {
            ask(Command::Node { by: by.clone(), change: NodeChange::PutCarrier(carrier.clone()) });
        }
        let mut changes = vec![Change::Settings(self.settings.clone())];
        changes.extend(self.lines.iter().cloned().map(Change::PutLine));
        changes.extend(self.dids.iter().cloned().map(Change::PutDid));
        if self.paid_in != "0" {
            changes.push(Change::TopUp { amount: self.paid_in.parse().unwrap(), reference: "wire 1".into() });
        }
        for change in changes {
            ask(Command::Account { account: FIRM.parse().unwrap(), by: by.clone(), change });
        }
    }
}

/// The secret of a line, by its user name.
pub fn secret(name: &str) -> String {
    format!("{name}-secret-4711")
}
