//! An independent look at a world: invariants of DESIGN section 4, checked with every durable record and every datagram.
//!
//! Nothing here uses the product's own sums: [`books`] keeps its own, from the journal's rows; [`wire`] reads what nodes
//! send and receive; the carrier's and the telephones' own word is held against both at the end.

mod account;
pub(crate) mod books;
mod carried;
#[cfg(test)]
mod tests;
mod wire;

use std::collections::BTreeMap;

use billing::{AccountId, Country};
use node::{Body, Record};

use crate::carrier;
use crate::world::{HostId, Node, Told};
use account::AccountCheck;
use carried::Carried;
use wire::Wire;

/// An invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invariant violated: {0}")]
pub struct Violation(pub String);

/// What a check says.
pub(crate) type Verdict = Result<(), Violation>;

/// Holds or not, with words for where not.
pub(crate) fn hold(true_: bool, words: impl FnOnce() -> String) -> Verdict {
    if true_ { Ok(()) } else { Err(Violation(words())) }
}

/// All checks of a world.
#[derive(Debug, Default)]
pub struct Checks {
    accounts: BTreeMap<(HostId, AccountId), AccountCheck>,
    pub(crate) wire: Wire,
    carried: Carried,
    /// How many single checks were made.
    count: u64,
}

impl Checks {
    /// How many single checks were made.
    pub fn count(&self) -> u64 {
        self.count + self.wire.count()
    }

    /// The provider, whose calls leave for the wholesale carrier.
    pub fn set_provider(&mut self, node: HostId) {
        self.carried.set_provider(node);
    }

    /// That node.
    pub(crate) fn provider(&self) -> Option<HostId> {
        self.carried.provider()
    }

    /// A node has started again with a clock that was set back so far.
    pub(crate) fn set_back(&mut self, node: HostId, back_ms: u64) {
        if self.provider() == Some(node) {
            self.carried.set_back(back_ms);
        }
    }

    /// A country that is an account's own from the beginning.
    pub(crate) fn know(&mut self, id: HostId, account: &AccountId, country: Country) {
        if let Some(check) = self.accounts.get_mut(&(id, account.clone())) {
            check.know(country);
        }
    }

    pub(crate) fn add_node(&mut self, id: HostId, node: &Node) {
        self.wire.add_node(id, node.address());
        self.wire.late_ms = self.wire.late_ms.max(node.letters_ms());
        for (account, state) in node.accounts() {
            self.accounts.insert((id, account.clone()), AccountCheck::new(state));
        }
    }

    /// A record became durable.
    pub(crate) fn record(&mut self, id: HostId, record: &Record) -> Verdict {
        self.count += 1;
        let Body::Account { account, input, effects, .. } = &record.body else { return Ok(()) };
        let check = self.accounts.entry((id, account.clone())).or_default();
        check.record(record.at_ms, input, effects, &mut self.count)?;
        for cdr in check.fresh_cdrs() {
            self.wire.settled(id, &cdr, &mut self.count)?;
            self.carried.settled(id, cdr);
        }
        Ok(())
    }

    /// The state in memory after something happened.
    pub(crate) fn live(&mut self, id: HostId, node: &Node) -> Verdict {
        for (account, state) in node.accounts() {
            self.count += 1;
            let ledger = state.ledger();
            let (paid_in, captured, held) = (ledger.paid_in(), ledger.captured(), ledger.held());
            hold(captured.saturating_add(held) <= paid_in && !held.is_negative(), || {
                format!("account {account} of {id:?}: captured {captured} + held {held} > paid in {paid_in}")
            })?;
        }
        Ok(())
    }

    pub(crate) fn crashed(&mut self, id: HostId) {
        for (_, check) in self.accounts.iter_mut().filter(|((node, _), _)| *node == id) {
            check.crashed();
        }
    }

    /// A host told something, at that time of the provider's clock.
    pub(crate) fn told(&mut self, told: &Told, provider_ms: u64) {
        if let Told::Carrier(event) = told {
            match event {
                carrier::Event::Arrived { call, number, .. } => self.carried.arrived(*call, number, provider_ms),
                carrier::Event::Answered { call } => self.carried.answered(*call),
                carrier::Event::Ended { call, talk_ms, .. } => self.carried.ended(*call, *talk_ms),
                carrier::Event::Registered { .. } | carrier::Event::Calling { .. } => {}
            }
        }
    }

    /// All is quiet: what must be true in the end.
    ///
    /// # Errors
    /// What is not.
    pub fn finish(&mut self) -> Verdict {
        for ((id, account), check) in &self.accounts {
            self.count += 1;
            check.finish().map_err(|Violation(words)| Violation(format!("account {account} of {id:?}: {words}")))?;
        }
        self.wire.finish()?;
        self.carried.finish(&mut self.count)
    }
}
