//! Carriers as people and programs describe them.

use std::net::IpAddr;

use account::Transport as Held;
use billing::{CarrierId, DeckId};
use edge::{Carrier, CarrierAuth, PeerAddress};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::text::{DeckName, IpAddress};

/// How a carrier is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Transport {
    Udp,
    Tcp,
    Tls,
    /// As the DNS says, UDP where it says nothing.
    Dns,
}

impl From<Option<Held>> for Transport {
    fn from(transport: Option<Held>) -> Self {
        match transport {
            Some(Held::Udp) => Self::Udp,
            Some(Held::Tcp) => Self::Tcp,
            Some(Held::Tls) => Self::Tls,
            None => Self::Dns,
        }
    }
}

impl From<Transport> for Option<Held> {
    fn from(transport: Transport) -> Self {
        match transport {
            Transport::Udp => Some(Held::Udp),
            Transport::Tcp => Some(Held::Tcp),
            Transport::Tls => Some(Held::Tls),
            Transport::Dns => None,
        }
    }
}

/// A carrier as it is to be, as a whole.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CarrierSettings {
    /// For people; its id where it is not given.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 80)]
    pub(crate) name: Option<String>,
    /// An address with its port, or a name, whose servers the DNS tells (RFC 3263).
    #[schema(max_length = 253, examples("198.51.100.9:5060", "sip.example.net"))]
    pub(crate) address: String,
    /// udp where it is not given; with a name, dns.
    #[serde(default)]
    pub(crate) transport: Option<Transport>,
    /// Host part of Request-URI and To, and what it proves over TLS; the address where it is not given.
    #[serde(default)]
    #[schema(pattern = "^[A-Za-z0-9._:\\[\\]-]{1,253}$")]
    pub(crate) domain: Option<String>,
    /// Other addresses its calls may arrive from.
    #[serde(default)]
    #[schema(value_type = Vec<IpAddress>, max_items = 64)]
    pub(crate) sources: Vec<IpAddr>,
    /// Digits put before the number.
    #[serde(default)]
    #[schema(pattern = "^[0-9*#]{0,253}$")]
    pub(crate) prefix: String,
    /// Whether numbers are sent with a +.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub(crate) plus: bool,
    /// What it challenges for.
    #[serde(default)]
    pub(crate) login: Option<CarrierLogin>,
    /// How often it is asked by OPTIONS whether it is there, seconds from 10 to 86,400; 0: never.
    #[serde(default = "usual_options_s")]
    #[schema(minimum = 0, maximum = 86400, default = 60)]
    pub(crate) options_s: u32,
    /// Whether to tell it extension and address behind each call: only where it is one's own provider.
    #[serde(default)]
    pub(crate) tell_origin: bool,
    /// The deck of what it asks for calls.
    #[serde(default)]
    #[schema(value_type = Option<DeckName>)]
    pub(crate) cost_deck: Option<DeckId>,
}

/// What a carrier challenges for.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CarrierLogin {
    #[schema(min_length = 1, max_length = 80)]
    pub(crate) username: String,
    /// Where it is not given, that of the same user name stays.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub(crate) secret: String,
    /// Register there, asking for so many seconds.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 86400)]
    pub(crate) register_s: Option<u32>,
}

impl std::fmt::Debug for CarrierLogin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CarrierLogin({}, register {:?})", self.username, self.register_s)
    }
}

fn yes() -> bool {
    true
}

fn usual_options_s() -> u32 {
    edge::USUAL_OPTIONS_S
}

impl CarrierSettings {
    /// The carrier that they describe; all mistakes together, in a sentence.
    pub(crate) fn read(self, id: &CarrierId) -> Result<Carrier, String> {
        let address: PeerAddress = self.address.trim().parse().map_err(|error| format!("address: {error}"))?;
        let usual = if matches!(address, PeerAddress::Ip(_)) { Transport::Udp } else { Transport::Dns };
        let carrier = Carrier {
            id: id.clone(),
            name: self.name.unwrap_or_else(|| id.to_string()),
            address,
            transport: self.transport.unwrap_or(usual).into(),
            domain: self.domain,
            sources: self.sources,
            prefix: self.prefix,
            plus: self.plus,
            auth: self.login.map(|login| CarrierAuth {
                username: login.username,
                secret: login.secret,
                register_s: login.register_s,
            }),
            options_s: self.options_s,
            tell_origin: self.tell_origin,
            cost_deck: self.cost_deck,
        };
        match carrier.mistakes().as_slice() {
            [] => Ok(carrier),
            mistakes => Err(mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")),
        }
    }
}
