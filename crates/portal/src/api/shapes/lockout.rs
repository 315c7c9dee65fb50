//! The lock-out: its settings, and who is locked out.

use ipnet::IpNet;
use lockout::Settings;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Place;
use super::text::{IncidentName, IpAddress, IpPrefix, LineName};

/// When an address is locked out, and for how long.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lockout {
    /// Whether failures lead to bans.
    enabled: bool,
    /// Failed passwords within the window that lead to a ban.
    #[schema(minimum = 1, maximum = 100)]
    failures: u32,
    #[schema(minimum = 1, maximum = 86400)]
    window_s: u64,
    /// Length of the first ban; it doubles with each further one.
    #[schema(minimum = 1, maximum = 315360000)]
    ban_s: u64,
    /// Where the doubling ends.
    #[schema(minimum = 1, maximum = 315360000)]
    max_ban_s: u64,
    /// Failures a day that an address is allowed, however slowly it guesses.
    #[schema(minimum = 1, maximum = 9000)]
    address_day: u32,
    /// The same for the network around it.
    #[schema(minimum = 1, maximum = 9000)]
    network_day: u32,
    /// The same for an autonomous system.
    #[schema(minimum = 1, maximum = 9000)]
    asn_day: u32,
    /// The same for one name from everywhere.
    #[schema(minimum = 1, maximum = 9000)]
    line_day: u32,
    /// Addresses and prefixes that are never banned.
    #[schema(value_type = Vec<IpPrefix>, max_items = 1024)]
    allow_list: Vec<String>,
}

impl From<&Settings> for Lockout {
    fn from(settings: &Settings) -> Self {
        Self {
            enabled: settings.enabled,
            failures: settings.failures,
            window_s: settings.window_s,
            ban_s: settings.ban_s,
            max_ban_s: settings.max_ban_s,
            address_day: settings.address_day,
            network_day: settings.network_day,
            asn_day: settings.asn_day,
            line_day: settings.line_day,
            allow_list: settings.allow_list.iter().map(ToString::to_string).collect(),
        }
    }
}

impl Lockout {
    /// As settings; what is not told here stays as it is. Everything that is wrong, in sentences.
    pub(crate) fn read(&self, old: Settings) -> Result<Settings, String> {
        let allow_list: Result<Vec<IpNet>, String> = self.allow_list.iter().map(|text| prefix(text)).collect();
        let settings = Settings {
            enabled: self.enabled,
            failures: self.failures,
            window_s: self.window_s,
            ban_s: self.ban_s,
            max_ban_s: self.max_ban_s,
            address_day: self.address_day,
            network_day: self.network_day,
            asn_day: self.asn_day,
            line_day: self.line_day,
            allow_list: allow_list?,
            ..old
        };
        let mistakes: Vec<String> = settings.mistakes().iter().map(ToString::to_string).collect();
        if mistakes.is_empty() { Ok(settings) } else { Err(mistakes.join("; ")) }
    }
}

/// An address or prefix.
pub(crate) fn prefix(text: &str) -> Result<IpNet, String> {
    node::address_or_prefix(text).ok_or_else(|| format!("`{text}` is neither an address nor a prefix"))
}

/// A source that is locked out.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ban {
    #[schema(value_type = IpPrefix)]
    prefix: String,
    place: Place,
    since_ms: u64,
    until_ms: u64,
    /// In words.
    reason: String,
    /// How many bans in a row this is for the source.
    repeat: u32,
    failures: u32,
    /// Some of the names it tried.
    names_tried: Vec<String>,
    user_agent: Option<String>,
}

impl Ban {
    pub(crate) fn of(ban: &lockout::Ban, places: &geo::Places) -> Self {
        Self {
            prefix: ban.prefix.to_string(),
            place: Place::from(&places.locate(ban.prefix.addr())),
            since_ms: ban.since_ms,
            until_ms: ban.until_ms,
            reason: ban.describe(),
            repeat: ban.repeat,
            failures: ban.failures,
            names_tried: ban.names_tried.clone(),
            user_agent: ban.user_agent.clone(),
        }
    }
}

/// A ban by hand.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewBan {
    #[schema(value_type = IpPrefix)]
    pub(crate) prefix: String,
    /// For how long.
    #[schema(minimum = 1, maximum = 315360000)]
    pub(crate) length_s: u64,
    /// Why, for whoever wonders later.
    #[serde(default)]
    #[schema(max_length = 120)]
    pub(crate) note: String,
}

/// Something that is guessed at so much that strangers must wait.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Guessed {
    /// What, in words.
    target: String,
    /// Failures in the run that filled it.
    failures: u32,
    /// From how many addresses.
    addresses: u32,
    /// When the next try of a stranger is let in.
    next_ms: u64,
}

impl From<&::lockout::Pressed> for Guessed {
    fn from(pressed: &::lockout::Pressed) -> Self {
        Self {
            target: pressed.target.to_string(),
            failures: pressed.failures,
            addresses: pressed.addresses,
            next_ms: pressed.next_ms,
        }
    }
}

/// A block list that is in force.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BlockList {
    name: String,
    /// Addresses and ranges in it.
    entries: usize,
}

impl From<(String, usize)> for BlockList {
    fn from((name, entries): (String, usize)) -> Self {
        Self { name, entries }
    }
}

/// An address that an incident locked out of a line.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Lock {
    #[schema(value_type = LineName)]
    line: String,
    #[schema(value_type = IpAddress)]
    ip: String,
    #[schema(value_type = IncidentName)]
    incident: String,
}

impl From<&account::LockView> for Lock {
    fn from(lock: &account::LockView) -> Self {
        Self { line: lock.line.to_string(), ip: lock.ip.to_string(), incident: lock.incident.to_string() }
    }
}
