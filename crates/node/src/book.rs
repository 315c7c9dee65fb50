//! The node's own book: carriers, decks, lock-out settings and bans; what belongs to no account.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use account::Prices;
use billing::{CarrierId, Deck, DeckId, DeckVersion, DeckVersions, E164, Rate};
use edge::Carrier;
use ipnet::IpNet;
use lockout::{Ban, Settings as LockoutSettings};
use serde::{Deserialize, Serialize};

/// Decks by their ids, as all workers have them.
pub type Decks = Arc<BTreeMap<DeckId, DeckVersions>>;

/// A change of the node's book.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(clippy::large_enum_variant, reason = "changes of the node are rare")]
pub enum NodeChange {
    /// Add or change a carrier.
    PutCarrier(Carrier),
    /// Remove a carrier.
    RemoveCarrier(CarrierId),
    /// Add a deck, or put versions of it in place of those that begin at the same instants.
    PutDeck(DeckId, Vec<DeckVersion>),
    /// Remove a deck.
    RemoveDeck(DeckId),
    /// Lock-out switch, limits, allow-list.
    Lockout(LockoutSettings),
    /// An address was locked out.
    Banned(Ban),
    /// A ban was lifted or ran out.
    Unbanned(IpNet),
}

impl NodeChange {
    /// Adds a deck that is in force since ever.
    #[must_use]
    pub fn put_deck(id: DeckId, deck: Deck) -> Self {
        Self::PutDeck(id, vec![DeckVersion { from_ms: 0, deck }])
    }
}

/// The node's book.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NodeBook {
    /// Carriers.
    pub carriers: BTreeMap<CarrierId, Carrier>,
    /// Decks.
    pub decks: Decks,
    /// Lock-out settings.
    pub lockout: LockoutSettings,
    /// Bans in force.
    pub bans: Vec<Ban>,
}

impl NodeBook {
    /// Applies a change.
    pub fn apply(&mut self, change: &NodeChange) {
        match change {
            NodeChange::PutCarrier(carrier) => {
                self.carriers.insert(carrier.id.clone(), carrier.clone());
            }
            NodeChange::RemoveCarrier(id) => {
                self.carriers.remove(id);
            }
            NodeChange::PutDeck(id, versions) => {
                let deck = Arc::make_mut(&mut self.decks).entry(id.clone()).or_default();
                versions.iter().for_each(|version| deck.put(version.clone()));
            }
            NodeChange::RemoveDeck(id) => {
                Arc::make_mut(&mut self.decks).remove(id);
            }
            NodeChange::Lockout(settings) => self.lockout = settings.clone(),
            NodeChange::Banned(ban) => {
                self.bans.retain(|other| other.prefix != ban.prefix);
                self.bans.push(ban.clone());
            }
            NodeChange::Unbanned(prefix) => self.bans.retain(|ban| ban.prefix != *prefix),
        }
    }
}

/// Decks as they are in force at an instant.
#[derive(Clone, Copy, Debug)]
pub struct PricesAt<'a> {
    /// The decks.
    pub decks: &'a BTreeMap<DeckId, DeckVersions>,
    /// The carriers, for the decks of what they ask.
    pub carriers: &'a BTreeMap<CarrierId, Carrier>,
    /// The instant, milliseconds since the Unix epoch.
    pub now_ms: u64,
}

impl Prices for PricesAt<'_> {
    fn price(&self, deck: &DeckId, number: E164) -> Option<(u64, &Rate)> {
        self.decks.get(deck)?.rate_at(self.now_ms, number)
    }

    fn cost(&self, carrier: &CarrierId, number: E164) -> Option<&Rate> {
        let deck = self.carriers.get(carrier)?.cost_deck.as_ref()?;
        self.price(deck, number).map(|(_, rate)| rate)
    }
}

/// An address as people type it: alone or with a prefix length.
pub fn address_or_prefix(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}
