//! What things look like in the API: one shape for each, with the words of the pages and the command line. Money is in
//! micro-units (millionths) of the account's currency, times are milliseconds since the Unix epoch.

mod account;
mod audit;
mod call;
mod health;
mod incident;
mod key;
mod line;
mod lockout;
mod money;
mod node;
pub(crate) mod text;
mod user;
mod webhook;

pub(crate) use account::{Account, AccountChange, Contact, Exposure, NewAccount, RoutingChange};
pub(crate) use audit::AuditEntry;
pub(crate) use call::{Call, RunningCall};
pub(crate) use health::Health;
pub(crate) use incident::Incident;
pub(crate) use key::{Key, Scope};
pub(crate) use line::{Did, Limits, Line, LineChange, NewLine, NewSecret, max_calls};
pub(crate) use lockout::{Ban, BlockList, Guessed, Lock, Lockout, NewBan, prefix};
pub(crate) use money::{Entry, NewPayment};
pub(crate) use node::{Carrier, Deck, Rate};
pub(crate) use text::{
    AccountName, CallName, CarrierName, CountryCode, CurrencyCode, DeckName, Digits, Email, IncidentName, IpAddress,
    IpPrefix, KeyName, LineName, LoginName, Number, SessionName,
};
pub(crate) use user::{Invited, NewUser, Session, User, UserChange};
pub(crate) use webhook::{Delivery, MadeWebhook, NewWebhook, Webhook, WebhookChange};

use serde::Serialize;
use utoipa::ToSchema;

/// What was done.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Done {
    /// In a sentence.
    text: String,
}

impl From<String> for Done {
    fn from(text: String) -> Self {
        Self { text }
    }
}

impl From<::account::Done> for Done {
    fn from(done: ::account::Done) -> Self {
        Self { text: done.text }
    }
}

/// Where an address is, as far as it is known.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Place {
    /// City.
    city: Option<String>,
    /// Country.
    #[schema(value_type = Option<CountryCode>)]
    country: Option<String>,
    /// The name of its network, or the operator's own name for it.
    network: Option<String>,
}

impl From<&geo::Place> for Place {
    fn from(place: &geo::Place) -> Self {
        Self {
            city: place.city.as_deref().map(str::to_owned),
            country: place.country_str().map(str::to_owned),
            network: place.named.as_deref().or(place.network.as_deref()).map(str::to_owned),
        }
    }
}

impl From<&billing::CdrPlace> for Place {
    fn from(place: &billing::CdrPlace) -> Self {
        Self {
            city: place.city.clone(),
            country: place.country.map(|country| country.code().to_owned()),
            network: place.network.clone(),
        }
    }
}
