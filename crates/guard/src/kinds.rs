//! The kinds of evidence, a file each: what a fact says for a hijack, with where its numbers come from.
//!
//! Every kind weighs 10 log10 of P(fact | thief) / P(fact | owner), within bounds of its own. What a thief does comes
//! from the published cases (DESIGN section 6); what the owner does comes from the line's history, smoothed towards the
//! account's, smoothed towards firms in general. To add a kind: a file with `weigh`, its line in [`KINDS`], its name in
//! [`EvidenceKind`], a fixture.

use crate::scene::Scene;
use crate::{Decibans, Evidence, EvidenceKind};

mod burst;
mod destination;
pub(crate) mod dormant;
mod guessing;
mod hours;
mod length;
pub(crate) mod origin;
mod owner;
mod price;
mod repetition;
mod spread;

/// A weight with the fact in words.
pub(crate) struct Fact {
    pub(crate) weight: Decibans,
    pub(crate) text: String,
}

type Weigh = fn(&Scene<'_>) -> Option<Fact>;

const KINDS: [(EvidenceKind, Weigh); 11] = [
    (EvidenceKind::Dormant, dormant::weigh),
    (EvidenceKind::Destination, destination::weigh),
    (EvidenceKind::Price, price::weigh),
    (EvidenceKind::Origin, origin::weigh),
    (EvidenceKind::Guessing, guessing::weigh),
    (EvidenceKind::Burst, burst::weigh),
    (EvidenceKind::Repetition, repetition::weigh),
    (EvidenceKind::Hours, hours::weigh),
    (EvidenceKind::Length, length::weigh),
    (EvidenceKind::Spread, spread::weigh),
    (EvidenceKind::Owner, owner::weigh),
];

/// All evidence on a call, strongest first (of equal weights, in the order of [`EvidenceKind`]).
pub(crate) fn weigh_all(scene: &Scene<'_>) -> Vec<Evidence> {
    let mut evidence: Vec<Evidence> = KINDS
        .iter()
        .filter_map(|&(kind, weigh)| {
            let fact = weigh(scene).filter(|fact| fact.weight.tenths() != 0)?;
            Some(Evidence { kind, weight: fact.weight, text: fact.text })
        })
        .collect();
    evidence.sort_by_key(|evidence| std::cmp::Reverse(evidence.weight.tenths().abs()));
    evidence
}
