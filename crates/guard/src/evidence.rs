//! One observed fact with its weight: evidence, its kinds and the unit it is counted in.

use serde::{Deserialize, Serialize};

/// A weight of evidence in tenths of a deciban (10 log10 of the likelihood ratio hijacked : owner).
///
/// Integer, so that a replay gives the same sums byte for byte. Positive speaks for a hijack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Decibans(i32);

impl Decibans {
    /// From tenths of a deciban.
    pub const fn from_tenths(tenths: i32) -> Self {
        Self(tenths)
    }
    /// From whole decibans.
    pub const fn whole(db: i32) -> Self {
        Self(db * 10)
    }
    /// As tenths of a deciban.
    pub const fn tenths(self) -> i32 {
        self.0
    }
}

impl std::fmt::Display for Decibans {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{}.{}", self.0.abs() / 10, self.0.abs() % 10)
    }
}

/// What kind of fact an evidence is; one file of this crate for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum EvidenceKind {
    /// A line that was never or long not used awakes.
    Dormant,
    /// A country or number new to the line and the account.
    Destination,
    /// A price far above what the line is used to.
    Price,
    /// An address, network or country of origin new to the line.
    Origin,
    /// Failed authentications before the success.
    Guessing,
    /// More calls in a short time than the line's rate.
    Burst,
    /// The same number again and again.
    Repetition,
    /// An hour or weekday unusual for the line.
    Hours,
    /// The owner said "that was us".
    Owner,
}

/// One observed fact with its weight.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What kind of fact.
    pub kind: EvidenceKind,
    /// How much it says for a hijack (or, negative, for the owner).
    pub weight: Decibans,
    /// The fact in words and numbers an owner understands.
    pub text: String,
}
