//! The node's own book: carriers, decks, lock-out settings and bans; what belongs to no account.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use billing::{CarrierId, Deck, DeckId};
use edge::Carrier;
use ipnet::IpNet;
use lockout::{Ban, Settings as LockoutSettings};
use serde::{Deserialize, Serialize};

/// Decks by their ids, as all workers have them.
pub type Decks = Arc<BTreeMap<DeckId, Deck>>;

/// A change of the node's book.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(clippy::large_enum_variant, reason = "changes of the node are rare")]
pub enum NodeChange {
    /// Add or change a carrier.
    PutCarrier(Carrier),
    /// Remove a carrier.
    RemoveCarrier(CarrierId),
    /// Add or replace a deck.
    PutDeck(DeckId, Deck),
    /// Remove a deck.
    RemoveDeck(DeckId),
    /// Lock-out switch, limits, allow-list.
    Lockout(LockoutSettings),
    /// An address was locked out.
    Banned(Ban),
    /// A ban was lifted or ran out.
    Unbanned(IpNet),
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
            NodeChange::PutDeck(id, deck) => {
                Arc::make_mut(&mut self.decks).insert(id.clone(), deck.clone());
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

/// An address as people type it: alone or with a prefix length.
pub fn address_or_prefix(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}
