//! The node: carriers, decks.

use serde::Serialize;
use utoipa::ToSchema;

use super::text::{CarrierName, DeckName, Digits};

/// A carrier. Secrets are never told.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Carrier {
    #[schema(value_type = CarrierName)]
    pub(crate) id: String,
    name: String,
    /// Address with its port, or a name.
    address: String,
    /// Host part of Request-URI and To, where it is another than the address.
    domain: Option<String>,
    /// Other addresses its calls may arrive from.
    sources: Vec<String>,
    /// Whether we log in there.
    has_credentials: bool,
    /// The deck of what it asks for calls.
    #[schema(value_type = Option<DeckName>)]
    cost_deck: Option<String>,
    /// Whether it is usable; null where nothing has gone there yet.
    usable: Option<bool>,
    /// What is known of it, in a sentence.
    state: String,
}

impl Carrier {
    /// A carrier's shape with its state, where one is known.
    pub(crate) fn of(carrier: &edge::Carrier, state: Option<&(bool, String)>) -> Self {
        Self {
            id: carrier.id.to_string(),
            name: carrier.name.clone(),
            address: carrier.address.to_string(),
            domain: carrier.domain.clone(),
            sources: carrier.sources.iter().map(ToString::to_string).collect(),
            has_credentials: carrier.auth.is_some(),
            cost_deck: carrier.cost_deck.as_ref().map(ToString::to_string),
            usable: state.map(|(usable, _)| *usable),
            state: state.map(|(_, text)| text.clone()).unwrap_or_default(),
        }
    }
}

/// A deck.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Deck {
    #[schema(value_type = DeckName)]
    pub(crate) id: String,
    /// In the order in which they come into force.
    pub(crate) versions: Vec<DeckVersion>,
}

/// A version of a deck.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeckVersion {
    /// From when on it is in force; 0: from the beginning.
    pub(crate) from_ms: u64,
    /// When it was imported.
    pub(crate) changed_ms: u64,
    /// How many prices it has.
    pub(crate) rates: u64,
}

/// The price of numbers that begin with some digits, in micro-units of the currency of the accounts that use the deck.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Rate {
    #[schema(value_type = Digits)]
    prefix: String,
    destination: String,
    per_minute_micros: i64,
    connect_fee_micros: i64,
    /// The least number of seconds billed.
    minimum_s: u32,
    /// The step beyond it.
    increment_s: u32,
    /// The first seconds, which are not billed.
    free_s: u32,
}

impl From<&billing::Rate> for Rate {
    fn from(rate: &billing::Rate) -> Self {
        Self {
            prefix: rate.prefix.to_string(),
            destination: rate.destination.to_string(),
            per_minute_micros: rate.per_minute.micros(),
            connect_fee_micros: rate.connect_fee.micros(),
            minimum_s: rate.minimum_s,
            increment_s: rate.increment_s,
            free_s: rate.free_s,
        }
    }
}
