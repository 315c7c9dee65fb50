//! When which account wants its time: each has at most one deadline.

use std::collections::{BTreeMap, BTreeSet};

use account::Account;
use billing::AccountId;

/// The deadlines of a worker's accounts.
#[derive(Default)]
pub(crate) struct Wakes {
    queue: BTreeSet<(u64, AccountId)>,
    of: BTreeMap<AccountId, u64>,
}

impl Wakes {
    /// Keeps an account's deadline as the account has it.
    pub fn set(&mut self, id: &AccountId, account: &Account) {
        let next = account.next_wake_ms();
        if self.of.get(id).copied() == next {
            return;
        }
        if let Some(old) = self.of.remove(id) {
            self.queue.remove(&(old, id.clone()));
        }
        if let Some(at_ms) = next {
            self.queue.insert((at_ms, id.clone()));
            self.of.insert(id.clone(), at_ms);
        }
    }

    /// The account whose deadline came first, if it has come; it stays until the account has another.
    pub fn due(&self, now_ms: u64) -> Option<AccountId> {
        self.queue.first().filter(|(at_ms, _)| *at_ms <= now_ms).map(|(_, id)| id.clone())
    }

    pub fn next_ms(&self) -> Option<u64> {
        self.queue.first().map(|(at_ms, _)| *at_ms)
    }
}
