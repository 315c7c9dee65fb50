//! The node's durable state: what a snapshot holds, and how journal records bring it up to date after a crash.

use std::collections::BTreeMap;

use account::{Account, Effect};
use billing::AccountId;
use serde::{Deserialize, Serialize};

use crate::{Body, NodeBook, Record};

/// Everything that survives a restart.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NodeState {
    /// The last record in it.
    pub lsn: u64,
    /// Carriers, decks, lock-out.
    pub book: NodeBook,
    /// The accounts.
    pub accounts: BTreeMap<AccountId, Account>,
}

/// Why a journal does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecoveryError {
    /// A record is missing.
    #[error("journal record {expected} is missing (found {found}): restore the data directory from a backup")]
    Gap {
        /// The record that should come.
        expected: u64,
        /// The record that came.
        found: u64,
    },
    /// A record of an account is missing.
    #[error(
        "journal record {lsn} is input {found} of account {account}, and {expected} should come first: restore the data \
         directory from a backup"
    )]
    Missing {
        /// The record.
        lsn: u64,
        /// Its account.
        account: AccountId,
        /// The input that should come.
        expected: u64,
        /// The input that came.
        found: u64,
    },
    /// Replaying a record led elsewhere than it did when it was written.
    #[error(
        "journal record {lsn} of account {account} leads to other effects now than when it was written: {difference}. \
         It was written by another version; start that version once more and stop it cleanly before the upgrade"
    )]
    Diverged {
        /// The record.
        lsn: u64,
        /// Its account.
        account: AccountId,
        /// The first effect that differs, then and now.
        difference: Box<str>,
    },
}

impl NodeState {
    /// Applies one record; records that are already in the state are skipped.
    ///
    /// # Errors
    /// [`RecoveryError`] where the record does not follow or leads to other effects than it did.
    pub fn apply(&mut self, record: &Record) -> Result<(), RecoveryError> {
        if record.lsn <= self.lsn {
            return Ok(());
        }
        if record.lsn != self.lsn + 1 {
            return Err(RecoveryError::Gap { expected: self.lsn + 1, found: record.lsn });
        }
        match &record.body {
            Body::Account { account: id, seq, input, effects } => {
                let account = self.accounts.entry(id.clone()).or_insert_with(|| Account::new(id.clone()));
                // A snapshot is taken while the workers go on: an account in it may know this record already.
                if *seq <= account.seq() {
                    self.lsn = record.lsn;
                    return Ok(());
                }
                if *seq != account.seq() + 1 {
                    let (expected, found) = (account.seq() + 1, *seq);
                    return Err(RecoveryError::Missing { lsn: record.lsn, account: id.clone(), expected, found });
                }
                let now = account.handle(record.at_ms, input).effects;
                if now != *effects {
                    let difference = difference(effects, &now).into();
                    return Err(RecoveryError::Diverged { lsn: record.lsn, account: id.clone(), difference });
                }
            }
            Body::Node { change, .. } => self.book.apply(change),
        }
        self.lsn = record.lsn;
        Ok(())
    }
}

/// The longest text an effect is told in.
const MAX_EFFECT_CHARS: usize = 300;

/// The first effect that was another then.
fn difference(then: &[Effect], now: &[Effect]) -> String {
    let at = then.iter().zip(now).position(|(then, now)| then != now).unwrap_or(then.len().min(now.len()));
    format!("effect {} was {}, and is {}", at + 1, told(then.get(at)), told(now.get(at)))
}

fn told(effect: Option<&Effect>) -> String {
    match effect {
        None => "none".to_owned(),
        Some(Effect::Cdr(cdr)) => {
            let verdict = &cdr.verdict;
            let score_db = f64::from(verdict.score_tenth_db) / 10.0;
            let reasons = verdict.reasons.join("; ");
            let charge = cdr.money.charge;
            let text =
                format!("call {} {:?} at {score_db} dB, charged {charge} ({reasons})", cdr.call, verdict.decision);
            text.chars().take(MAX_EFFECT_CHARS).collect()
        }
        // Its name alone: a line holds digests of secrets.
        Some(other) => format!("{other:?}").chars().take_while(char::is_ascii_alphanumeric).collect(),
    }
}
