//! Rows from changes of the node's own book.

use billing::{DeckId, DeckVersion};
use edge::{Carrier, CarrierAuth};
use lockout::Ban;
use node::NodeChange;
use rusqlite::{Transaction, params};

use super::run;
use crate::Error;
use crate::db::row::{int, json};

/// One change, made at `at_ms`.
pub(in crate::db) fn apply(transaction: &Transaction<'_>, at_ms: u64, change: &NodeChange) -> Result<(), Error> {
    match change {
        NodeChange::PutCarrier(carrier) => put_carrier(transaction, carrier),
        NodeChange::RemoveCarrier(id) => delete(transaction, "DELETE FROM carriers WHERE carrier = ?1", id.as_str()),
        NodeChange::PutDeck(id, versions) => {
            versions.iter().try_for_each(|version| put_deck(transaction, at_ms, id, version))
        }
        NodeChange::RemoveDeck(id) => {
            delete(transaction, "DELETE FROM rates WHERE deck = ?1", id.as_str())?;
            delete(transaction, "DELETE FROM decks WHERE deck = ?1", id.as_str())
        }
        NodeChange::Lockout(settings) => run(
            transaction,
            "write the lock-out settings",
            "INSERT OR REPLACE INTO lockout_settings VALUES (1, ?1)",
            [json("lock-out setting", settings)?],
        )
        .map(drop),
        NodeChange::Banned(ban) => put_ban(transaction, ban),
        NodeChange::Unbanned(prefix) => delete(transaction, "DELETE FROM bans WHERE prefix = ?1", &prefix.to_string()),
    }
}

fn delete(transaction: &Transaction<'_>, sql: &str, key: &str) -> Result<(), Error> {
    run(transaction, "remove a row", sql, [key]).map(drop)
}

fn put_carrier(transaction: &Transaction<'_>, carrier: &Carrier) -> Result<(), Error> {
    // As with lines: tables hold no secret.
    let auth = carrier.auth.clone().map(|auth| CarrierAuth { secret: String::new(), ..auth });
    let shown = Carrier { auth, ..carrier.clone() };
    run(
        transaction,
        "write a carrier",
        "INSERT OR REPLACE INTO carriers VALUES (?1, ?2, ?3)",
        params![carrier.id.as_str(), carrier.name, json("carrier", &shown)?],
    )
    .map(drop)
}

fn put_deck(transaction: &Transaction<'_>, at_ms: u64, id: &DeckId, version: &DeckVersion) -> Result<(), Error> {
    let key = params![id.as_str(), int(version.from_ms)];
    run(transaction, "remove a row", "DELETE FROM rates WHERE deck = ?1 AND from_ms = ?2", key)?;
    for rate in version.deck.rates() {
        run(
            transaction,
            "write a rate",
            "INSERT INTO rates VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                id.as_str(),
                int(version.from_ms),
                rate.prefix.as_digits().as_str(),
                &*rate.destination,
                rate.per_minute.micros(),
                json("rate", rate)?,
            ],
        )?;
    }
    run(
        transaction,
        "write a deck",
        "INSERT OR REPLACE INTO decks VALUES (?1, ?2, ?3, ?4)",
        params![id.as_str(), int(version.from_ms), int(at_ms), int(version.deck.rates().len() as u64)],
    )
    .map(drop)
}

fn put_ban(transaction: &Transaction<'_>, ban: &Ban) -> Result<(), Error> {
    run(
        transaction,
        "write a ban",
        "INSERT OR REPLACE INTO bans VALUES (?1, ?2, ?3, ?4, ?5)",
        params![ban.prefix.to_string(), int(ban.since_ms), int(ban.until_ms), ban.describe(), json("ban", ban)?,],
    )
    .map(drop)
}
