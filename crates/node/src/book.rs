//! The node's own book: carriers, decks, lock-out settings and bans; what belongs to no account.

use std::collections::BTreeMap;
use std::net::IpAddr;

use billing::{AccountId, CarrierId, Deck, DeckId, E164};
use edge::Carrier;
use lockout::{Ban, Settings as LockoutSettings};
use serde::{Deserialize, Serialize};

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
    Unbanned(ipnet::IpNet),
}

/// Who a DID belongs to.
pub type DidOwner = BTreeMap<E164, AccountId>;

/// The node's book.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NodeBook {
    /// Carriers.
    pub carriers: BTreeMap<CarrierId, Carrier>,
    /// Decks.
    pub decks: BTreeMap<DeckId, Deck>,
    /// Lock-out settings.
    pub lockout: LockoutSettings,
    /// Bans in force.
    pub bans: Vec<Ban>,
}

/// An address as people type it: alone or with a prefix length.
pub fn address_or_prefix(text: &str) -> Option<ipnet::IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(ipnet::IpNet::from))
}
