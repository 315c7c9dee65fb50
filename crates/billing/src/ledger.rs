//! The prepaid ledger of one account: what was paid in, what running calls hold, what was captured.
//!
//! Double entry: every change moves an amount from one [`Book`] to another and yields one [`LedgerEntry`]; entries are
//! never changed or removed, and their sum is the state. Always true: captured + held <= paid in, so that the balance
//! never goes below zero, whatever is asked in whatever order.

mod entry;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{CallId, Error, Money};
pub use entry::{Book, EntryKind, LedgerEntry};

/// The most calls of one account that may hold money at once.
pub const MAX_HOLDS: usize = 10_000;

/// The ledger of one account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// What stands in each book, in the order of [`Book::ALL`].
    books: [Money; Book::ALL.len()],
    /// What each call holds; their sum is the book of held money.
    holds: BTreeMap<CallId, Money>,
    /// The number of the last entry.
    last_seq: u64,
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
    /// The entries it wrote: of the charge, and of what was given back. None for a free call.
    pub entries: Vec<LedgerEntry>,
    /// What was charged.
    pub charged: Money,
    /// The part of the charge that neither the hold nor free credit covered. It is not charged; more
    /// than zero here means that a hold was too small, which is a fault to report.
    pub uncovered: Money,
}

impl Ledger {
    /// An empty ledger.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What stands in a book.
    #[must_use]
    pub fn book(&self, book: Book) -> Money {
        self.books[book as usize]
    }

    /// Paid in, adjustments included.
    #[must_use]
    pub fn paid_in(&self) -> Money {
        Money::ZERO.saturating_sub(self.book(Book::Paid).saturating_add(self.book(Book::Corrected)))
    }

    /// Charged for calls so far.
    #[must_use]
    pub fn captured(&self) -> Money {
        self.book(Book::Earned)
    }

    /// Set aside for running calls.
    #[must_use]
    pub fn held(&self) -> Money {
        self.book(Book::Held)
    }

    /// Paid in and not captured; running calls may hold some of it.
    #[must_use]
    pub fn balance(&self) -> Money {
        self.available().saturating_add(self.held())
    }

    /// Paid in, not captured and held by no call.
    #[must_use]
    pub fn available(&self) -> Money {
        self.book(Book::Free)
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

    /// How many entries there are.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.last_seq
    }

    /// Whether the ledger keeps its promise: the books sum to zero, nothing is below zero that must not be, and the
    /// holds are what is held.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let sum: i128 = self.books.iter().map(|book| i128::from(book.micros())).sum();
        let held = self.holds.values().fold(Money::ZERO, |sum, &h| sum.saturating_add(h));
        let positive = [Book::Free, Book::Held, Book::Earned].iter().all(|&book| !self.book(book).is_negative());
        sum == 0 && held == self.held() && positive && self.holds.values().all(|held| !held.is_negative())
    }

    /// Pays money in.
    ///
    /// # Errors
    /// [`Error::NotPositive`], or [`Error::TooLarge`] if the books cannot hold the sum.
    pub fn top_up(&mut self, amount: Money, posting: Posting<'_>) -> Result<LedgerEntry, Error> {
        if !amount.is_positive() {
            return Err(Error::NotPositive);
        }
        self.need_room(amount)?;
        Ok(self.enter(EntryKind::TopUp, amount, Book::Paid, Book::Free, None, posting))
    }

    /// Sets the balance right, up or down.
    ///
    /// # Errors
    /// [`Error::NotPositive`] for nothing; [`Error::NotEnough`] if it would take money that is held or is not there;
    /// [`Error::TooLarge`] if the books cannot hold the sum.
    pub fn adjust(&mut self, amount: Money, posting: Posting<'_>) -> Result<LedgerEntry, Error> {
        if amount.is_positive() {
            self.need_room(amount)?;
            return Ok(self.enter(EntryKind::Adjustment, amount, Book::Corrected, Book::Free, None, posting));
        }
        let taken = Money::ZERO.saturating_sub(amount);
        if !taken.is_positive() {
            return Err(Error::NotPositive);
        }
        self.need(taken)?;
        Ok(self.enter(EntryKind::Adjustment, taken, Book::Free, Book::Corrected, None, posting))
    }

    /// Sets money aside for a call; zero is allowed, so that a free call can be captured too, and leaves no entry.
    ///
    /// # Errors
    /// [`Error::AlreadyHeld`], [`Error::TooManyHolds`], [`Error::NotEnough`], or
    /// [`Error::NotPositive`] for an amount below zero.
    pub fn place_hold(
        &mut self,
        call: CallId,
        amount: Money,
        posting: Posting<'_>,
    ) -> Result<Option<LedgerEntry>, Error> {
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
        self.holds.insert(call, amount);
        Ok(self.enter_some(EntryKind::Hold, amount, Book::Free, Book::Held, call, posting))
    }

    /// Sets `more` money aside for a call that talks on.
    ///
    /// # Errors
    /// [`Error::NoHold`], [`Error::NotEnough`] (the hold stays as it is), or
    /// [`Error::NotPositive`] for an amount below zero.
    pub fn extend_hold(
        &mut self,
        call: CallId,
        more: Money,
        posting: Posting<'_>,
    ) -> Result<Option<LedgerEntry>, Error> {
        if more.is_negative() {
            return Err(Error::NotPositive);
        }
        let held = self.hold(call).ok_or(Error::NoHold { call })?;
        self.need(more)?;
        self.holds.insert(call, held.saturating_add(more));
        Ok(self.enter_some(EntryKind::Hold, more, Book::Free, Book::Held, call, posting))
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
        let held = self.hold(call).ok_or(Error::NoHold { call })?;
        let more = amount.saturating_sub(held).max(Money::ZERO).min(self.available());
        let charged = amount.min(held.saturating_add(more));
        let rest = held.saturating_add(more).saturating_sub(charged);
        self.holds.remove(&call);
        let mut entries = Vec::new();
        entries.extend(self.enter_some(EntryKind::Hold, more, Book::Free, Book::Held, call, posting));
        entries.extend(self.enter_some(EntryKind::Capture, charged, Book::Held, Book::Earned, call, posting));
        entries.extend(self.enter_some(EntryKind::Release, rest, Book::Held, Book::Free, call, posting));
        Ok(Captured { entries, charged, uncovered: amount.saturating_sub(charged) })
    }

    /// Gives back all a call holds.
    ///
    /// # Errors
    /// [`Error::NoHold`] if it holds nothing.
    pub fn release(&mut self, call: CallId, posting: Posting<'_>) -> Result<Option<LedgerEntry>, Error> {
        let held = self.holds.remove(&call).ok_or(Error::NoHold { call })?;
        Ok(self.enter_some(EntryKind::Release, held, Book::Held, Book::Free, call, posting))
    }

    fn need(&self, need: Money) -> Result<(), Error> {
        let available = self.available();
        if need <= available { Ok(()) } else { Err(Error::NotEnough { need, available }) }
    }

    /// Whether money from outside fits into the books.
    fn need_room(&self, amount: Money) -> Result<(), Error> {
        self.balance().checked_add(amount).and(self.paid_in().checked_add(amount)).map(drop).ok_or(Error::TooLarge)
    }

    fn enter_some(
        &mut self,
        kind: EntryKind,
        amount: Money,
        from: Book,
        to: Book,
        call: CallId,
        posting: Posting<'_>,
    ) -> Option<LedgerEntry> {
        amount.is_positive().then(|| self.enter(kind, amount, from, to, Some(call), posting))
    }

    /// The one place where money moves.
    fn enter(
        &mut self,
        kind: EntryKind,
        amount: Money,
        from: Book,
        to: Book,
        call: Option<CallId>,
        posting: Posting<'_>,
    ) -> LedgerEntry {
        self.books[from as usize] = self.book(from).saturating_sub(amount);
        self.books[to as usize] = self.book(to).saturating_add(amount);
        self.last_seq += 1;
        LedgerEntry {
            seq: self.last_seq,
            at_ms: posting.at_ms,
            kind,
            amount,
            from,
            to,
            balance: self.balance(),
            call,
            note: posting.note.to_owned(),
            by: posting.by.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
