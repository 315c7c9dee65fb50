//! Changes of the node itself in the audit log: carriers, decks, lock-out, bans by hand. (Those of accounts are projected
//! from the journal.)

use account::Actor;
use billing::DeckId;
use edge::{Carrier, CarrierAuth};
use node::{Command, NodeChange};
use store::{AuditRow, Changed, Desk, Reader, differences_of};

/// A change that is about to be made, with what was there before.
pub(super) struct Noted {
    by: String,
    changes: Vec<Changed>,
}

impl Noted {
    /// Of a command; `None` where it changes nothing of the node.
    ///
    /// # Errors
    /// Database errors.
    pub(super) fn before(reader: &Reader, command: &Command) -> Result<Option<Self>, store::Error> {
        let (by, changes) = match command {
            Command::Node { by, change } => (by, of_book(reader, change)?),
            Command::Ban { by, prefix, length_s, .. } => {
                (by, vec![changed(format!("lock-out of {prefix}"), "", &format!("{length_s} s"))])
            }
            Command::LiftBan { by, prefix } => (by, vec![changed(format!("lock-out of {prefix}"), "locked out", "")]),
            _ => return Ok(None),
        };
        Ok(Some(Self { by: Actor::name(by).to_owned(), changes }))
    }

    /// It was made.
    ///
    /// # Errors
    /// Database errors.
    pub(super) fn made(self, desk: &Desk, text: &str, at_ms: u64) -> Result<(), store::Error> {
        desk.note(&AuditRow { account: None, at_ms, by: self.by, text: text.to_owned(), changes: self.changes })
    }
}

fn changed(what: String, before: &str, after: &str) -> Changed {
    Changed { what, before: before.to_owned(), after: after.to_owned() }
}

fn of_book(reader: &Reader, change: &NodeChange) -> Result<Vec<Changed>, store::Error> {
    match change {
        NodeChange::PutCarrier(new) => {
            let auth = new.auth.clone().map(|auth| CarrierAuth { secret: String::new(), ..auth });
            let new = Carrier { auth, ..new.clone() };
            let old = reader.carriers()?.into_iter().find(|carrier| carrier.id == new.id);
            differences_of(&format!("carrier {}", new.id), old.as_ref(), Some(&new))
        }
        NodeChange::RemoveCarrier(id) => {
            let old = reader.carriers()?.into_iter().find(|carrier| carrier.id == *id);
            differences_of(&format!("carrier {id}"), old.as_ref(), None)
        }
        NodeChange::PutDeck(id, versions) => {
            let rates = versions.iter().map(|version| version.deck.rates().len()).sum::<usize>();
            Ok(vec![changed(format!("deck {id}"), &rates_of(reader, id)?, &format!("{rates} rates"))])
        }
        NodeChange::RemoveDeck(id) => Ok(vec![changed(format!("deck {id}"), &rates_of(reader, id)?, "")]),
        NodeChange::Lockout(new) => differences_of("lock-out", Some(&reader.lockout()?), Some(new)),
        NodeChange::Banned(_) | NodeChange::Unbanned(_) => Ok(Vec::new()),
    }
}

fn rates_of(reader: &Reader, id: &DeckId) -> Result<String, store::Error> {
    let rates: Vec<u64> = reader.decks()?.iter().filter(|row| row.id == *id).map(|row| row.rates).collect();
    Ok(if rates.is_empty() { String::new() } else { format!("{} rates", rates.iter().sum::<u64>()) })
}
