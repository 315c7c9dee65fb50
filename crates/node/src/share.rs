//! A worker's share of the node's durable state, and how shares come together.

use std::collections::BTreeMap;

use account::Account;
use billing::AccountId;
use edge::owner_of;

use crate::{NodeBook, NodeState};

/// What one worker has of the state.
#[derive(Clone, Debug, Default)]
pub struct Share {
    /// The book, from the worker that keeps it.
    pub book: Option<NodeBook>,
    /// How many records it has handed to the journal since the start.
    pub handed_in: u64,
    /// The accounts it owns.
    pub accounts: BTreeMap<AccountId, Account>,
}

/// The accounts of each worker.
pub(crate) fn deal(accounts: BTreeMap<AccountId, Account>, workers: usize) -> Vec<BTreeMap<AccountId, Account>> {
    let mut dealt = vec![BTreeMap::new(); workers];
    for (id, account) in accounts {
        if let Some(share) = dealt.get_mut(owner_of(&id, workers)) {
            share.insert(id, account);
        }
    }
    dealt
}

impl NodeState {
    /// The last state of a node that began after record `first` and has ended: all its records are in the shares.
    pub fn of_all(first: u64, shares: Vec<Share>) -> Self {
        let handed_in: u64 = shares.iter().map(|share| share.handed_in).sum();
        Self::gather(first + handed_in, shares)
    }

    /// The state of a node from the shares of all its workers, each taken after record `lsn` was durable: it has all of
    /// that record and those before, and perhaps some of later ones, which [`NodeState::apply`] knows again.
    pub fn gather(lsn: u64, shares: impl IntoIterator<Item = Share>) -> Self {
        let mut state = Self { lsn, ..Self::default() };
        for share in shares {
            state.accounts.extend(share.accounts);
            if let Some(book) = share.book {
                state.book = book;
            }
        }
        state
    }
}
