//! One line of the ledger: an amount that moved from one book to another.

use serde::{Deserialize, Serialize};

use crate::{CallId, Money};

/// Where money of an account stands. What one entry takes from a book it puts into another, so that the sum over all
/// books is always zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Book {
    /// Payments of the customer: below zero by what was paid.
    Paid,
    /// Corrections by people, either way.
    Corrected,
    /// The customer's credit that no call holds.
    Free,
    /// The customer's credit that running calls hold.
    Held,
    /// Charged for calls.
    Earned,
}

impl Book {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Paid, Self::Corrected, Self::Free, Self::Held, Self::Earned];

    /// The word for it in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::Corrected => "corrected",
            Self::Free => "free",
            Self::Held => "held",
            Self::Earned => "earned",
        }
    }

    /// Whether what stands here is the customer's balance.
    #[must_use]
    pub fn is_balance(self) -> bool {
        matches!(self, Self::Free | Self::Held)
    }
}

/// Why money moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EntryKind {
    /// Money came in: paid to free.
    TopUp,
    /// Money was set aside for a call: free to held.
    Hold,
    /// A call was charged: held to earned.
    Capture,
    /// What a call did not use was given back: held to free.
    Release,
    /// Somebody set something right: corrected to free, or back.
    Adjustment,
}

impl EntryKind {
    /// The word for it in tables: "top-up", "hold", "call", "release", "adjustment".
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TopUp => "top-up",
            Self::Hold => "hold",
            Self::Capture => "call",
            Self::Release => "release",
            Self::Adjustment => "adjustment",
        }
    }

    /// Whether it changes the balance; holds and releases move money within it.
    #[must_use]
    pub fn changes_balance(self) -> bool {
        !matches!(self, Self::Hold | Self::Release)
    }
}

/// One line of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerEntry {
    /// Counts up from 1 within the account, without gaps.
    pub seq: u64,
    /// When, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// Why.
    pub kind: EntryKind,
    /// How much moved; above zero.
    pub amount: Money,
    /// Where it was taken from.
    pub from: Book,
    /// Where it was put.
    pub to: Book,
    /// The balance after it, held money included.
    pub balance: Money,
    /// The call it is about.
    pub call: Option<CallId>,
    /// Why, for people.
    pub note: String,
    /// Who did it: a user's name, or "node".
    pub by: String,
}

impl LedgerEntry {
    /// By how much it changed the balance; below zero for money that left, zero for holds and releases.
    #[must_use]
    pub fn change(&self) -> Money {
        match (self.from.is_balance(), self.to.is_balance()) {
            (false, true) => self.amount,
            (true, false) => Money::ZERO.saturating_sub(self.amount),
            _ => Money::ZERO,
        }
    }
}
