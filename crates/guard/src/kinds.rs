//! The kinds of evidence, a file each: what a fact says for a hijack, with where its numbers come from.
//!
//! Every kind weighs 10 log10 of P(fact | thief) / P(fact | owner), within bounds of its own. What a thief does comes
//! from the published cases (DESIGN section 6); what the owner does comes from the line's history, smoothed towards the
//! account's, smoothed towards firms in general. To add a kind: a file with `weigh` and `tell`, its line in [`KINDS`],
//! its name in [`EvidenceKind`], a fixture.

use crate::scene::Scene;
use crate::{Decibans, Evidence, EvidenceKind};

mod agent;
mod allocation;
mod at_once;
pub(crate) mod burst;
mod cause;
pub(crate) mod destination;
mod distance;
pub(crate) mod dormant;
mod elsewhere;
mod guessing;
mod hours;
mod length;
mod network;
pub(crate) mod origin;
pub(crate) mod owner;
pub(crate) mod price;
mod probing;
mod repetition;
mod reputation;
pub(crate) mod spend;
mod sprayed;
mod spread;
mod told;

/// A kind: what it weighs of a call, and how it tells an owner so.
struct Kind {
    kind: EvidenceKind,
    /// The weight; nothing where it says nothing.
    weigh: fn(&Scene<'_>) -> Decibans,
    /// The fact in words. Asked only where the weight is not nothing, and seldom: words cost more than numbers.
    tell: fn(&Scene<'_>) -> String,
}

const KINDS: [Kind; EvidenceKind::ALL.len()] = [
    Kind { kind: EvidenceKind::Dormant, weigh: dormant::weigh, tell: dormant::tell },
    Kind { kind: EvidenceKind::Destination, weigh: destination::weigh, tell: destination::tell },
    Kind { kind: EvidenceKind::Price, weigh: price::weigh, tell: price::tell },
    Kind { kind: EvidenceKind::Reputation, weigh: reputation::weigh, tell: reputation::tell },
    Kind { kind: EvidenceKind::Allocation, weigh: allocation::weigh, tell: allocation::tell },
    Kind { kind: EvidenceKind::Origin, weigh: origin::weigh, tell: origin::tell },
    Kind { kind: EvidenceKind::Network, weigh: network::weigh, tell: network::tell },
    Kind { kind: EvidenceKind::Distance, weigh: distance::weigh, tell: distance::tell },
    Kind { kind: EvidenceKind::Agent, weigh: agent::weigh, tell: agent::tell },
    Kind { kind: EvidenceKind::Told, weigh: told::weigh, tell: told::tell },
    Kind { kind: EvidenceKind::Guessing, weigh: guessing::weigh, tell: guessing::tell },
    Kind { kind: EvidenceKind::Sprayed, weigh: sprayed::weigh, tell: sprayed::tell },
    Kind { kind: EvidenceKind::Elsewhere, weigh: elsewhere::weigh, tell: elsewhere::tell },
    Kind { kind: EvidenceKind::Burst, weigh: burst::weigh, tell: burst::tell },
    Kind { kind: EvidenceKind::AtOnce, weigh: at_once::weigh, tell: at_once::tell },
    Kind { kind: EvidenceKind::Repetition, weigh: repetition::weigh, tell: repetition::tell },
    Kind { kind: EvidenceKind::Probing, weigh: probing::weigh, tell: probing::tell },
    Kind { kind: EvidenceKind::Hours, weigh: hours::weigh, tell: hours::tell },
    Kind { kind: EvidenceKind::Length, weigh: length::weigh, tell: length::tell },
    Kind { kind: EvidenceKind::Spend, weigh: spend::weigh, tell: spend::tell },
    Kind { kind: EvidenceKind::Cause, weigh: cause::weigh, tell: cause::tell },
    Kind { kind: EvidenceKind::Spread, weigh: spread::weigh, tell: spread::tell },
    Kind { kind: EvidenceKind::Owner, weigh: owner::weigh, tell: owner::tell },
];

/// From this sum on, evidence is put into words, whether or not it leads to anything: ten times likelier a thief's than
/// before, which is far below what refuses.
const REMARKABLE: Decibans = Decibans::whole(10);

/// The sum of all evidence on a call.
pub(crate) fn score(scene: &Scene<'_>, without: Option<EvidenceKind>) -> Decibans {
    weights(scene, without).map(|(_, weight)| weight).sum()
}

/// All evidence on a call, strongest first (of equal weights, in the order of [`EvidenceKind`]), and its sum. In words
/// only where the sum is remarkable.
pub(crate) fn weigh_all(scene: &Scene<'_>, without: Option<EvidenceKind>) -> (Decibans, Vec<Evidence>) {
    const NONE: Option<(&Kind, Decibans)> = None;
    let mut said = [NONE; KINDS.len()];
    let mut count = 0;
    let weighing = weights(scene, without).filter(|(_, weight)| weight.tenths() != 0);
    for (place, weighed) in said.iter_mut().zip(weighing) {
        *place = Some(weighed);
        count += 1;
    }
    let said = &mut said[..count];
    said.sort_by_key(|weighed| std::cmp::Reverse(weighed.map(|(_, weight)| weight.tenths().abs())));
    let score: Decibans = said.iter().flatten().map(|(_, weight)| *weight).sum();
    let in_words = score >= REMARKABLE;
    let evidence = said.iter().flatten().map(|(kind, weight)| Evidence {
        kind: kind.kind,
        weight: *weight,
        text: if in_words { (kind.tell)(scene) } else { String::new() },
    });
    (score, evidence.collect())
}

fn weights<'a>(
    scene: &'a Scene<'_>,
    without: Option<EvidenceKind>,
) -> impl Iterator<Item = (&'static Kind, Decibans)> + 'a {
    const ALL: &[Kind] = &KINDS;
    ALL.iter().filter(move |kind| without != Some(kind.kind)).map(|kind| (kind, (kind.weigh)(scene)))
}
