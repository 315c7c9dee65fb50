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
    /// The sum, held at the end of the range.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
    /// `numerator / denominator` of it, cut towards zero.
    #[must_use]
    pub(crate) const fn part(self, numerator: i32, denominator: i32) -> Self {
        Self(self.0.saturating_mul(numerator) / denominator)
    }
    /// Held between two bounds, given in whole decibans.
    #[must_use]
    pub(crate) fn within(self, least_db: i32, most_db: i32) -> Self {
        Self(self.0.clamp(least_db * 10, most_db * 10))
    }
}

impl std::iter::Sum for Decibans {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self(0), Self::plus)
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
    /// A destination new to the account that the published cases name.
    Reputation,
    /// A number nobody was given, or one the deck does not price.
    Allocation,
    /// An address, network or country of origin new to the line.
    Origin,
    /// A new place that is a hosting or VPN business.
    Network,
    /// A new place near those the line is used to, or too far to have got there.
    Distance,
    /// A user agent new to the line, or one known for attacks.
    Agent,
    /// A phone behind a trunk in a new country, as the customer's PBX tells.
    Told,
    /// Failed authentications before the success.
    Guessing,
    /// The line's secret is guessed at from many addresses.
    Sprayed,
    /// Another account was attacked with the number, or from the place.
    Elsewhere,
    /// More calls in a short time than the line's rate.
    Burst,
    /// Several calls to new numbers at the same time.
    AtOnce,
    /// The same number again and again.
    Repetition,
    /// Failed attempts, and one number behind several prefixes.
    Probing,
    /// An hour or weekday unusual for the line.
    Hours,
    /// A long call to a number that is not a habit.
    Length,
    /// Money spent within a day on numbers that are no habit.
    Spend,
    /// A call that a forwarding setting or a transfer places.
    Cause,
    /// Another line of the account was struck lately.
    Spread,
    /// The owner said "that was us".
    Owner,
}

impl EvidenceKind {
    /// Every kind, in the order they are weighed.
    pub const ALL: [Self; 23] = [
        Self::Dormant,
        Self::Destination,
        Self::Price,
        Self::Reputation,
        Self::Allocation,
        Self::Origin,
        Self::Network,
        Self::Distance,
        Self::Agent,
        Self::Told,
        Self::Guessing,
        Self::Sprayed,
        Self::Elsewhere,
        Self::Burst,
        Self::AtOnce,
        Self::Repetition,
        Self::Probing,
        Self::Hours,
        Self::Length,
        Self::Spend,
        Self::Cause,
        Self::Spread,
        Self::Owner,
    ];

    /// Its name in records and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dormant => "dormant",
            Self::Destination => "destination",
            Self::Price => "price",
            Self::Reputation => "reputation",
            Self::Allocation => "allocation",
            Self::Origin => "origin",
            Self::Network => "network",
            Self::Distance => "distance",
            Self::Agent => "agent",
            Self::Told => "told",
            Self::Guessing => "guessing",
            Self::Sprayed => "sprayed",
            Self::Elsewhere => "elsewhere",
            Self::Burst => "burst",
            Self::AtOnce => "at-once",
            Self::Repetition => "repetition",
            Self::Probing => "probing",
            Self::Hours => "hours",
            Self::Length => "length",
            Self::Spend => "spend",
            Self::Cause => "cause",
            Self::Spread => "spread",
            Self::Owner => "owner",
        }
    }
}

impl EvidenceKind {
    /// Whether it tells who calls rather than what is called.
    pub(crate) const fn is_of_who(self) -> bool {
        matches!(self, Self::Origin | Self::Network | Self::Distance | Self::Agent | Self::Guessing | Self::Sprayed)
    }
}

impl std::fmt::Display for EvidenceKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// One observed fact with its weight.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What kind of fact.
    pub kind: EvidenceKind,
    /// How much it says for a hijack (or, negative, for the owner).
    pub weight: Decibans,
    /// The fact in words and numbers an owner understands; empty where all evidence together is unremarkable.
    pub text: String,
}
