//! The node: carriers, decks.

use billing::CarrierId;
use serde::Serialize;
use store::Reader;
use utoipa::ToSchema;

use super::text::{AccountName, CarrierName, DeckName, Digits};
use crate::carriers::Transport;

/// Calls whose ends are counted.
const LAST_CALLS: u32 = 1_000;

/// A carrier. Secrets are never told.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Carrier {
    #[schema(value_type = CarrierName)]
    pub(crate) id: String,
    name: String,
    /// Address with its port, or a name.
    address: String,
    transport: Transport,
    /// Host part of Request-URI and To, where it is another than the address.
    domain: Option<String>,
    /// Other addresses its calls may arrive from.
    sources: Vec<String>,
    /// Digits put before the number.
    prefix: String,
    /// Whether numbers are sent with a +.
    plus: bool,
    /// As whom we log in there.
    username: Option<String>,
    /// For how long we register there.
    register_s: Option<u32>,
    /// How often it is asked whether it is there; 0: never.
    options_s: u32,
    /// Whether it is told extension and address behind each call.
    tell_origin: bool,
    /// The deck of what it asks for calls.
    #[schema(value_type = Option<DeckName>)]
    cost_deck: Option<String>,
    state: CarrierState,
}

/// What is known of a carrier.
#[derive(Debug, Serialize, ToSchema)]
struct CarrierState {
    /// Null where nothing has gone there yet.
    usable: Option<bool>,
    /// In a sentence.
    text: String,
    /// How its last thousand calls ended, the most frequent first.
    answers: Vec<Answers>,
}

/// How calls to a carrier ended.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CarrierAnswers)]
struct Answers {
    /// SIP status.
    status: u16,
    calls: u64,
}

impl Carrier {
    /// All carriers, with what is known of their states and of how their last calls ended.
    ///
    /// # Errors
    /// Database errors.
    pub(crate) fn all(reader: &Reader, states: &[(CarrierId, bool, String)]) -> Result<Vec<Self>, store::Error> {
        let with_answers = reader.carriers()?.into_iter().map(|carrier| {
            let state =
                states.iter().find(|(id, ..)| *id == carrier.id).map(|(_, usable, text)| (*usable, text.as_str()));
            let answers = reader.answers_of(&carrier.id, LAST_CALLS)?;
            Ok(Self::of(&carrier, state, answers))
        });
        with_answers.collect()
    }

    fn of(carrier: &edge::Carrier, state: Option<(bool, &str)>, answers: Vec<(u16, u64)>) -> Self {
        Self {
            id: carrier.id.to_string(),
            name: carrier.name.clone(),
            address: carrier.address.to_string(),
            transport: carrier.transport.into(),
            domain: carrier.domain.clone(),
            sources: carrier.sources.iter().map(ToString::to_string).collect(),
            prefix: carrier.prefix.clone(),
            plus: carrier.plus,
            username: carrier.auth.as_ref().map(|auth| auth.username.clone()),
            register_s: carrier.auth.as_ref().and_then(|auth| auth.register_s),
            options_s: carrier.options_s,
            tell_origin: carrier.tell_origin,
            cost_deck: carrier.cost_deck.as_ref().map(ToString::to_string),
            state: CarrierState {
                usable: state.map(|(usable, _)| usable),
                text: state.map_or_else(String::new, |(_, text)| text.to_owned()),
                answers: answers.into_iter().map(|(status, calls)| Answers { status, calls }).collect(),
            },
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
    /// Accounts whose calls it prices.
    #[schema(value_type = Vec<AccountName>)]
    accounts: Vec<String>,
    /// Carriers whose costs it tells.
    #[schema(value_type = Vec<CarrierName>)]
    carriers: Vec<String>,
}

impl Deck {
    /// All decks there are, with whom they are for.
    ///
    /// # Errors
    /// Database errors.
    pub(crate) fn all(reader: &Reader) -> Result<Vec<Self>, store::Error> {
        let (accounts, carriers) = (reader.accounts()?, reader.carriers()?);
        let mut decks: Vec<Self> = Vec::new();
        for row in reader.decks()? {
            let version = DeckVersion { from_ms: row.from_ms, changed_ms: row.changed_ms, rates: row.rates };
            if let Some(deck) = decks.last_mut().filter(|deck| deck.id == row.id.as_str()) {
                deck.versions.push(version);
                continue;
            }
            let users = accounts.iter().filter(|account| account.settings.deck == row.id);
            let costs = carriers.iter().filter(|carrier| carrier.cost_deck.as_ref() == Some(&row.id));
            decks.push(Self {
                id: row.id.to_string(),
                versions: vec![version],
                accounts: users.map(|account| account.id.to_string()).collect(),
                carriers: costs.map(|carrier| carrier.id.to_string()).collect(),
            });
        }
        Ok(decks)
    }
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
