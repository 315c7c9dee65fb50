//! What an account is made of: its settings, lines, bindings, DIDs.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use billing::{CarrierId, Country, Currency, DeckId, DialPlan, E164, IncidentId, LineId, Money};
use geo::Place;
use lockout::OwnSettings;
use serde::{Deserialize, Serialize};

use crate::Binding;
use crate::CertificateName;
use crate::Limits;
use crate::Terms;

/// How a SIP message travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Transport {
    Udp,
    Tcp,
    Tls,
}

/// The exact path between this node and a peer: answers and calls go back the way the packet came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Flow {
    /// Our address.
    pub local: SocketAddr,
    /// The peer's address as seen by us.
    pub remote: SocketAddr,
    /// The transport.
    pub transport: Transport,
    /// The connection's number for TCP and TLS; 0 for UDP.
    pub connection: u64,
}

/// Whether the guard acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GuardMode {
    /// Verdicts are carried out.
    Active,
    /// Verdicts are recorded, nothing is stopped.
    Shadow,
}

/// Somebody to write to about the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Name, for the greeting.
    pub name: String,
    /// E-mail address.
    pub email: String,
}

/// An account's settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The customer's name.
    pub name: String,
    /// Home country.
    pub country: Country,
    /// IANA time zone, for reading and for what is usual.
    pub time_zone: String,
    /// Currency of balance and deck.
    pub currency: Currency,
    /// How its people dial.
    pub dial_plan: DialPlan,
    /// The deck that prices its calls.
    pub deck: DeckId,
    /// Carriers in order of preference.
    pub carriers: Vec<CarrierId>,
    /// Numbers its lines may show; the first is the default.
    pub numbers: Vec<E164>,
    /// Who is told.
    pub contacts: Vec<Contact>,
    /// Whether the guard acts or watches.
    pub guard: GuardMode,
    /// The most that calls to destinations the account has not made its own may cost in a rolling day.
    pub exposure_ceiling: Money,
    /// Calls at once, all lines together.
    pub max_calls: u32,
    /// Mark-up, limits and warnings.
    #[serde(default)]
    pub terms: Terms,
    /// Whether any line may call beyond the home numbering area.
    pub international: bool,
    /// What else the owner allows.
    pub limits: Limits,
    /// What holds for guesses at its lines beside the node's lock-out.
    #[serde(default)]
    pub lockout: OwnSettings,
}

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LineKind {
    /// One phone (or several under one name).
    Extension,
    /// A whole PBX.
    Trunk,
}

/// A line's digests (never the secret itself): HA1 of auth name, realm and secret (RFC 8760).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secrets {
    /// MD5 HA1.
    pub ha1_md5: [u8; 16],
    /// SHA-256 HA1.
    pub ha1_sha256: [u8; 32],
    /// Counts changes: nonces of an earlier version are void.
    pub version: u32,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secrets(version {})", self.version)
    }
}

/// The cut class turned off by an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// The incident that did it.
    pub incident: IncidentId,
    /// When.
    pub since_ms: u64,
}

/// One identity that may place calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Its id in the account ("107").
    pub id: LineId,
    /// Extension or trunk.
    pub kind: LineKind,
    /// Display name ("Conference room").
    pub name: String,
    /// Digest user name, unique on the node; `None` for a trunk known by address alone.
    pub auth_name: Option<Arc<str>>,
    /// Digests of the secret.
    pub secrets: Option<Secrets>,
    /// Fixed source addresses that prove a trunk without digest.
    pub addresses: Vec<IpAddr>,
    /// What proves a trunk by its TLS certificate, without digest.
    pub certificates: Vec<CertificateName>,
    /// The number it shows; the account's default where `None`.
    pub caller_id: Option<E164>,
    /// Whether the owner allows the cut class on this line at all.
    pub international: bool,
    /// Outside calls at once; `None`: as many as the account.
    pub max_calls: Option<u32>,
    /// What else the owner allows on it.
    pub limits: Limits,
    /// Cut by an incident.
    pub cut: Option<Cut>,
    /// Where it is registered (at most 8).
    pub bindings: Vec<Binding>,
    /// Last successful registration or call, when and from where.
    pub last_seen: Option<(u64, IpAddr, Place)>,
    /// When a new secret or user name shut out whoever used it until then; 0 where none did.
    pub shut_out_ms: u64,
}

/// A number that rings the account's lines from outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Did {
    /// The number.
    pub number: E164,
    /// The lines it rings, all at once.
    pub lines: Vec<LineId>,
}
