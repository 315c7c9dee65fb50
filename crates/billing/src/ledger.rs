//! The prepaid book of one account: what was paid in, what running calls hold, what was captured.
//!
//! Always true: captured + held <= paid in, so that the balance never goes below zero, whatever is
//! asked in whatever order. Every change of the balance yields one [`LedgerEntry`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{CallId, Error, Money};

/// The most calls of one account that may hold money at once.
pub const MAX_HOLDS: usize = 10_000;

/// The book of one account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// Paid in, plus and minus adjustments.
    paid_in: Money,
    /// Charged for calls.
    captured: Money,
    /// The sum of `holds`, kept so that asking is cheap.
    held: Money,
    holds: BTreeMap<CallId, Money>,
    /// The number of the last entry.
    last_seq: u64,
}

/// Why the balance changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EntryKind {
    /// Money came in.
    TopUp,
    /// A call was charged.
    Capture,
    /// Somebody set something right, up or down.
    Adjustment,
}

impl EntryKind {
    /// The word for it in tables: "top-up", "call", "adjustment".
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TopUp => "top-up",
            Self::Capture => "call",
            Self::Adjustment => "adjustment",
        }
    }
}

/// One change of the balance, for the table that people read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerEntry {
    /// Counts up from 1 within the account, without gaps.
    pub seq: u64,
    /// When, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// Why.
    pub kind: EntryKind,
    /// By how much the balance changed; below zero for money that left.
    pub amount: Money,
    /// The balance after it, held money included.
    pub balance: Money,
    /// The call charged.
    pub call: Option<CallId>,
    /// A remark for people.
    pub note: String,
    /// Who did it: a user's name, or "node".
    pub by: String,
}

/// When, by whom and why a book is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posting<'a> {
    /// Milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// A user's name, or "node".
    pub by: &'a str,
    /// A remark for people; may be empty.
    pub note: &'a str,
}

/// What became of a capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Captured {
    /// The row for the table; none if nothing was charged.
    pub entry: Option<LedgerEntry>,
    /// The part of the charge that neither the hold nor free credit covered. It is not charged; more
    /// than zero here means that a hold was too small, which is a fault to report.
    pub uncovered: Money,
}

impl Ledger {
    /// An empty book.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Paid in, adjustments included.
    #[must_use]
    pub fn paid_in(&self) -> Money {
        self.paid_in
    }

    /// Charged for calls so far.
    #[must_use]
    pub fn captured(&self) -> Money {
        self.captured
    }

    /// Set aside for running calls.
    #[must_use]
    pub fn held(&self) -> Money {
        self.held
    }

    /// Paid in and not captured; running calls may hold some of it.
    #[must_use]
    pub fn balance(&self) -> Money {
        self.paid_in.saturating_sub(self.captured)
    }

    /// Paid in, not captured and held by no call.
    #[must_use]
    pub fn available(&self) -> Money {
        self.balance().saturating_sub(self.held)
    }

    /// What a call holds.
    #[must_use]
    pub fn hold(&self, call: CallId) -> Option<Money> {
        self.holds.get(&call).copied()
    }

    /// All holds, by call.
    pub fn holds(&self) -> impl ExactSizeIterator<Item = (CallId, Money)> {
        self.holds.iter().map(|(&call, &held)| (call, held))
    }

    /// Whether the book keeps its promise; for the checks of tests and simulations.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let sum = self.holds.values().fold(Money::ZERO, |sum, &h| sum.saturating_add(h));
        let spent = self.captured.checked_add(self.held);
        sum == self.held
            && self.holds.values().all(|held| !held.is_negative())
            && !self.captured.is_negative()
            && spent.is_some_and(|spent| spent <= self.paid_in)
    }

    /// Pays money in.
    ///
    /// # Errors
    /// [`Error::NotPositive`], or [`Error::TooLarge`] if the books cannot hold the sum.
    pub fn top_up(&mut self, amount: Money, posting: Posting<'_>) -> Result<LedgerEntry, Error> {
        if !amount.is_positive() {
            return Err(Error::NotPositive);
        }
        self.paid_in = self.paid_in.checked_add(amount).ok_or(Error::TooLarge)?;
        Ok(self.entry(EntryKind::TopUp, amount, None, posting))
    }

    /// Sets the balance right, up or down.
    ///
    /// # Errors
    /// [`Error::NotEnough`] if it would take money that is held or is not there;
    /// [`Error::TooLarge`] if the books cannot hold the sum.
    pub fn adjust(&mut self, amount: Money, posting: Posting<'_>) -> Result<LedgerEntry, Error> {
        if amount.is_negative() {
            self.need(Money::ZERO.saturating_sub(amount))?;
        }
        self.paid_in = self.paid_in.checked_add(amount).ok_or(Error::TooLarge)?;
        Ok(self.entry(EntryKind::Adjustment, amount, None, posting))
    }

    /// Sets money aside for a call; zero is allowed, so that a free call can be captured too.
    ///
    /// # Errors
    /// [`Error::AlreadyHeld`], [`Error::TooManyHolds`], [`Error::NotEnough`], or
    /// [`Error::NotPositive`] for an amount below zero.
    pub fn place_hold(&mut self, call: CallId, amount: Money) -> Result<(), Error> {
        if self.holds.contains_key(&call) {
            return Err(Error::AlreadyHeld { call });
        }
        if self.holds.len() >= MAX_HOLDS {
            return Err(Error::TooManyHolds { max: MAX_HOLDS });
        }
        if amount.is_negative() {
            return Err(Error::NotPositive);
        }
        self.need(amount)?;
        self.held = self.held.saturating_add(amount);
        self.holds.insert(call, amount);
        Ok(())
    }

    /// Sets `more` money aside for a call that talks on, and gives what it holds now.
    ///
    /// # Errors
    /// [`Error::NoHold`], [`Error::NotEnough`] (the hold stays as it is), or
    /// [`Error::NotPositive`] for an amount below zero.
    pub fn extend_hold(&mut self, call: CallId, more: Money) -> Result<Money, Error> {
        if more.is_negative() {
            return Err(Error::NotPositive);
        }
        let held = self.hold(call).ok_or(Error::NoHold { call })?;
        self.need(more)?;
        let held = held.saturating_add(more);
        self.held = self.held.saturating_add(more);
        self.holds.insert(call, held);
        Ok(held)
    }

    /// Charges a call and releases the rest of its hold. A charge beyond the hold takes free credit,
    /// and what is not covered even then is left uncharged and named in the answer: the call has
    /// ended, and its settling must not fail.
    ///
    /// # Errors
    /// [`Error::NoHold`] if the call holds nothing, so that a call is never charged twice;
    /// [`Error::NotPositive`] for an amount below zero.
    pub fn capture(&mut self, call: CallId, amount: Money, posting: Posting<'_>) -> Result<Captured, Error> {
        if amount.is_negative() {
            return Err(Error::NotPositive);
        }
        self.release(call)?;
        let charged = amount.min(self.available());
        let uncovered = amount.saturating_sub(charged);
        if charged == Money::ZERO {
            return Ok(Captured { entry: None, uncovered });
        }
        self.captured = self.captured.saturating_add(charged);
        let taken = Money::ZERO.saturating_sub(charged);
        let entry = self.entry(EntryKind::Capture, taken, Some(call), posting);
        Ok(Captured { entry: Some(entry), uncovered })
    }

    /// Gives back all a call holds, and says how much it was.
    ///
    /// # Errors
    /// [`Error::NoHold`] if it holds nothing.
    pub fn release(&mut self, call: CallId) -> Result<Money, Error> {
        let held = self.holds.remove(&call).ok_or(Error::NoHold { call })?;
        self.held = self.held.saturating_sub(held);
        Ok(held)
    }

    fn need(&self, need: Money) -> Result<(), Error> {
        let available = self.available();
        if need <= available { Ok(()) } else { Err(Error::NotEnough { need, available }) }
    }

    fn entry(&mut self, kind: EntryKind, amount: Money, call: Option<CallId>, posting: Posting<'_>) -> LedgerEntry {
        self.last_seq += 1;
        LedgerEntry {
            seq: self.last_seq,
            at_ms: posting.at_ms,
            kind,
            amount,
            balance: self.balance(),
            call,
            note: posting.note.to_owned(),
            by: posting.by.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
