//! Lines: who they are, where they are registered, what they may do; what can be changed about them.

use std::collections::BTreeSet;
use std::net::IpAddr;

use account::{Binding, Hours, Limits as Held, LineKind};
use billing::{Country, E164, LineId, Money};
use serde::{Deserialize, Serialize};
use store::{DidRow, LineRow};
use utoipa::ToSchema;

use super::Place;
use super::text::{AccountName, CountryCode, IncidentName, IpAddress, LineName, Number};
use crate::api::fault::Fault;

/// A line.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Line {
    #[schema(value_type = AccountName)]
    account: String,
    #[schema(value_type = LineName)]
    pub(crate) id: String,
    /// extension: one phone; trunk: a whole PBX.
    kind: &'static str,
    name: String,
    /// The user name it logs in with; null for a trunk that is known by its address or certificate.
    auth_name: Option<String>,
    /// How often its secret was set; null where it has none.
    secret_version: Option<u32>,
    /// Fixed addresses that prove a trunk.
    addresses: Vec<String>,
    /// What proves a trunk by its TLS certificate.
    certificates: Vec<String>,
    /// The number it shows; null for the account's usual one.
    #[schema(value_type = Option<Number>)]
    caller_id: Option<String>,
    /// Whether its owner allows international calls at all.
    international: bool,
    /// Outside calls at once; null: as many as the account.
    max_calls: Option<u32>,
    limits: Limits,
    cut: Option<Cut>,
    /// Where it is registered now.
    bindings: Vec<Registered>,
    last_seen: Option<Seen>,
}

/// A number of an account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Did {
    #[schema(value_type = AccountName)]
    account: String,
    #[schema(value_type = Number)]
    number: String,
    /// The lines it rings, all at once.
    #[schema(value_type = Vec<LineName>)]
    lines: Vec<String>,
}

impl From<&DidRow> for Did {
    fn from(row: &DidRow) -> Self {
        Self {
            account: row.account.to_string(),
            number: row.did.number.to_string(),
            lines: row.did.lines.iter().map(ToString::to_string).collect(),
        }
    }
}

/// International calling turned off by an incident.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Cut {
    #[schema(value_type = IncidentName)]
    incident: String,
    since_ms: u64,
}

impl From<account::Cut> for Cut {
    fn from(cut: account::Cut) -> Self {
        Self { incident: cut.incident.to_string(), since_ms: cut.since_ms }
    }
}

/// One registration of a line.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Binding)]
struct Registered {
    contact: String,
    /// Where it came from, with the port.
    address: String,
    user_agent: String,
    place: Place,
    since_ms: u64,
    /// When it ends at the latest: up to ten minutes after the time that the phone asked for, when it lapses.
    expires_ms: u64,
}

impl From<&Binding> for Registered {
    fn from(binding: &Binding) -> Self {
        Self {
            contact: binding.contact.clone(),
            address: binding.flow.remote.to_string(),
            user_agent: binding.user_agent.to_string(),
            place: Place::from(&binding.place),
            since_ms: binding.since_ms,
            expires_ms: binding.until_ms,
        }
    }
}

/// When and where a line was last seen.
#[derive(Debug, Serialize, ToSchema)]
struct Seen {
    at_ms: u64,
    ip: String,
    place: Place,
}

impl Line {
    /// A row's shape; registrations that have lapsed are left out.
    pub(crate) fn of(row: &LineRow, now_ms: u64) -> Self {
        let line = &row.line;
        let live = line.bindings.iter().filter(|binding| binding.until_ms > now_ms);
        Self {
            account: row.account.to_string(),
            id: line.id.to_string(),
            kind: match line.kind {
                LineKind::Extension => "extension",
                LineKind::Trunk => "trunk",
            },
            name: line.name.clone(),
            auth_name: line.auth_name.as_deref().map(str::to_owned),
            secret_version: row.secret_version,
            addresses: line.addresses.iter().map(ToString::to_string).collect(),
            certificates: line.certificates.iter().map(ToString::to_string).collect(),
            caller_id: line.caller_id.map(|number| number.to_string()),
            international: line.international,
            max_calls: line.max_calls,
            limits: Limits::from(&line.limits),
            cut: line.cut.map(Cut::from),
            bindings: live.map(Registered::from).collect(),
            last_seen: line.last_seen.as_ref().map(|(at_ms, ip, place)| Seen {
                at_ms: *at_ms,
                ip: ip.to_string(),
                place: Place::from(place),
            }),
        }
    }
}

/// What an owner allows whatever the guard thinks; nothing is limited where a field is null or empty.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Limits {
    /// Countries that may be called beyond the home numbering area, and no others; empty: all.
    #[schema(value_type = Vec<CountryCode>, max_items = 250)]
    allowed: BTreeSet<Country>,
    /// Countries that may not be called.
    #[schema(value_type = Vec<CountryCode>, max_items = 250)]
    denied: BTreeSet<Country>,
    /// The dearest call, a minute, in micro-units.
    #[schema(minimum = 0)]
    max_rate_micros: Option<i64>,
    /// Minutes of talk in a rolling day.
    #[schema(maximum = 10000000)]
    minutes_a_day: Option<u32>,
    /// Money in a rolling day, in micro-units.
    #[schema(minimum = 0)]
    money_a_day_micros: Option<i64>,
    /// When outside calls may begin, by the account's clock: "Mon-Fri 08:00-18:00, Sat 09:00-13:00".
    #[schema(max_length = 400)]
    hours: Option<String>,
}

impl From<&Held> for Limits {
    fn from(limits: &Held) -> Self {
        Self {
            allowed: limits.allowed.clone(),
            denied: limits.denied.clone(),
            max_rate_micros: limits.max_rate.map(Money::micros),
            minutes_a_day: limits.minutes_a_day,
            money_a_day_micros: limits.money_a_day.map(Money::micros),
            hours: limits.hours.as_ref().map(ToString::to_string),
        }
    }
}

/// The largest limit of minutes that is taken.
const MAX_MINUTES: u32 = 10_000_000;
/// The largest limit of calls at once that is taken.
pub(crate) const MAX_CALLS: u32 = 100_000;

/// Calls at once.
pub(crate) fn max_calls(calls: u32) -> Result<u32, Fault> {
    if calls <= MAX_CALLS { Ok(calls) } else { Err(Fault::wrong(format!("max_calls is {MAX_CALLS} at most"))) }
}

/// An amount that must not be below zero.
pub(super) fn amount(what: &str, micros: i64) -> Result<Money, Fault> {
    if micros < 0 {
        return Err(Fault::wrong(format!("{what} must not be below zero")));
    }
    Ok(Money::from_micros(micros))
}

impl Limits {
    pub(crate) fn read(&self) -> Result<Held, Fault> {
        let money = |what: &str, micros: Option<i64>| micros.map(|micros| amount(what, micros)).transpose();
        if self.minutes_a_day.is_some_and(|minutes| minutes > MAX_MINUTES) {
            return Err(Fault::wrong(format!("minutes_a_day is {MAX_MINUTES} at most")));
        }
        let hours = self.hours.as_ref().map(|text| text.parse::<Hours>().map_err(Fault::wrong)).transpose()?;
        Ok(Held {
            allowed: self.allowed.clone(),
            denied: self.denied.clone(),
            max_rate: money("max_rate_micros", self.max_rate_micros)?,
            minutes_a_day: self.minutes_a_day,
            money_a_day: money("money_a_day_micros", self.money_a_day_micros)?,
            hours,
        })
    }
}

/// A new line. Its secret is made up, unless it is a trunk that its addresses prove.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewLine {
    #[schema(value_type = LineName)]
    pub(crate) id: LineId,
    /// One phone, or a whole PBX.
    #[serde(default)]
    pub(crate) kind: Kind,
    /// Display name.
    #[serde(default)]
    #[schema(max_length = 80)]
    pub(crate) name: String,
    /// The user name it logs in with, unique on the node; made of account and line where it is not given.
    #[serde(default)]
    #[schema(pattern = "^[A-Za-z0-9_.+-]{1,64}$")]
    pub(crate) auth_name: Option<String>,
    /// Fixed addresses that prove a trunk without a secret.
    #[serde(default)]
    #[schema(value_type = Vec<IpAddress>, max_items = 16)]
    pub(crate) addresses: Vec<IpAddr>,
    /// The number it shows, one of the account's.
    #[serde(default)]
    #[schema(value_type = Option<Number>)]
    pub(crate) caller_id: Option<E164>,
    /// Whether it may call abroad at all.
    #[serde(default = "yes")]
    pub(crate) international: bool,
    /// Outside calls at once.
    #[serde(default)]
    #[schema(maximum = 100000)]
    pub(crate) max_calls: Option<u32>,
    #[serde(default)]
    pub(crate) limits: Limits,
}

const fn yes() -> bool {
    true
}

/// What a line is.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = LineKind)]
pub(crate) enum Kind {
    /// One phone.
    #[default]
    Extension,
    /// A whole PBX.
    Trunk,
}

impl From<Kind> for LineKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Extension => Self::Extension,
            Kind::Trunk => Self::Trunk,
        }
    }
}

/// What is to be different about a line; what is not given stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LineChange {
    /// Display name.
    #[schema(max_length = 80)]
    pub(crate) name: Option<String>,
    /// The number it shows, one of the account's; empty for the account's usual one.
    #[schema(pattern = "^(\\+[1-9][0-9]{6,14})?$")]
    pub(crate) caller_id: Option<String>,
    /// Whether it may call abroad at all.
    pub(crate) international: Option<bool>,
    /// Outside calls at once; 0 for as many as the account.
    #[schema(maximum = 100000)]
    pub(crate) max_calls: Option<u32>,
    /// All of them anew.
    pub(crate) limits: Option<Limits>,
}

/// A line that has got a new secret, which is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NewSecret {
    pub(crate) line: Line,
    /// What was done, in a sentence.
    pub(crate) text: String,
    /// Null for a trunk that its addresses prove.
    pub(crate) secret: Option<String>,
    /// Where the phone registers: host and port.
    pub(crate) sip_server: String,
    /// Its domain.
    pub(crate) realm: String,
}
