//! What a person's change of the node makes different in its rows, for the audit log: carriers, decks, lock-out, bans by
//! hand.

use edge::{Carrier, CarrierAuth};
use node::{Audit, NodeChange, Record};
use rusqlite::{OptionalExtension, Transaction, params};
use serde::de::DeserializeOwned;

use super::run;
use crate::Error;
use crate::db::audit::{Changed, differences_of};
use crate::db::row::{int, json};

/// Writes the line of a change that is about to be made.
pub(in crate::db) fn note(
    transaction: &Transaction<'_>,
    record: &Record,
    change: &NodeChange,
    audit: &Audit,
) -> Result<(), Error> {
    let changes = json("change", &changes(transaction, change)?)?;
    run(
        transaction,
        "write the audit log",
        "INSERT INTO audit VALUES (?1, 1, NULL, ?2, ?3, ?4, ?5)",
        params![int(record.lsn), int(record.at_ms), audit.by.name(), audit.text, changes],
    )
    .map(drop)
}

fn changes(transaction: &Transaction<'_>, change: &NodeChange) -> Result<Vec<Changed>, Error> {
    match change {
        NodeChange::PutCarrier(new) => {
            let auth = new.auth.clone().map(|auth| CarrierAuth { secret: String::new(), ..auth });
            let new = Carrier { auth, ..new.clone() };
            let before: Option<Carrier> =
                row(transaction, "SELECT json FROM carriers WHERE carrier = ?1", new.id.as_str())?;
            differences_of(&format!("carrier {}", new.id), before.as_ref(), Some(&new))
        }
        NodeChange::RemoveCarrier(id) => {
            let before: Option<Carrier> =
                row(transaction, "SELECT json FROM carriers WHERE carrier = ?1", id.as_str())?;
            differences_of(&format!("carrier {id}"), before.as_ref(), None)
        }
        NodeChange::PutDeck(id, versions) => {
            let rates = versions.iter().map(|version| version.deck.rates().len()).sum::<usize>();
            Ok(vec![changed(format!("deck {id}"), &rates_of(transaction, id.as_str())?, &format!("{rates} rates"))])
        }
        NodeChange::RemoveDeck(id) => Ok(vec![changed(format!("deck {id}"), &rates_of(transaction, id.as_str())?, "")]),
        NodeChange::Lockout(new) => {
            let before: Option<lockout::Settings> =
                row(transaction, "SELECT json FROM lockout_settings WHERE only = ?1", "1")?;
            differences_of("lock-out", Some(&before.unwrap_or_default()), Some(new))
        }
        NodeChange::Banned(ban) => {
            let length_s = ban.until_ms.saturating_sub(ban.since_ms) / 1000;
            Ok(vec![changed(format!("lock-out of {}", ban.prefix), "", &format!("{length_s} s"))])
        }
        NodeChange::Unbanned(prefix) => Ok(vec![changed(format!("lock-out of {prefix}"), "locked out", "")]),
    }
}

fn changed(what: String, before: &str, after: &str) -> Changed {
    Changed { what, before: before.to_owned(), after: after.to_owned() }
}

fn row<T: DeserializeOwned>(transaction: &Transaction<'_>, sql: &str, key: &str) -> Result<Option<T>, Error> {
    let text: Option<String> = transaction
        .prepare_cached(sql)
        .and_then(|mut statement| statement.query_row([key], |row| row.get(0)).optional())
        .map_err(|source| Error::Database { what: "find what was before", source })?;
    text.map(|text| serde_json::from_str(&text).map_err(|source| Error::Json { what: "change", source })).transpose()
}

/// "300 rates" of all versions of a deck; nothing where there is none.
fn rates_of(transaction: &Transaction<'_>, deck: &str) -> Result<String, Error> {
    let rates: Option<i64> = transaction
        .query_row("SELECT sum(rates) FROM decks WHERE deck = ?1", [deck], |row| row.get(0))
        .map_err(|source| Error::Database { what: "find what was before", source })?;
    Ok(rates.map_or_else(String::new, |rates| format!("{rates} rates")))
}
