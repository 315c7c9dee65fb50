//! Attacks, a file each: the published cases, and the hard cases that a guard of the published ones would miss.
//!
//! Sources: DESIGN section 6 and the published reports it sums up (honeypot logs of SIP scanners, carriers' fraud
//! surveys, court records of PBX hacking rings): what is dialled, when, how often, for how long, from where.

use super::firm::Firm;
use super::script::Script;
use crate::Dice;

mod albania;
mod forwarding;
mod inside_night;
mod lookalike;
mod many_lines;
mod neighbour;
mod newcomer;
mod night_pump;
mod office_hours;
mod own_markets;
mod owned;
mod premium;
mod pump;
mod resold;
mod satellite;
mod short_calls;
mod slow;
mod sprayed;
mod stolen;
mod sweep;
mod thief;
mod trickle;
mod unallocated;

/// One attack on one firm.
#[derive(Clone, Debug)]
pub struct Attack {
    /// Its kind.
    pub kind: &'static str,
    /// The firm.
    pub firm: usize,
    /// The line it began on.
    pub line: String,
}

/// What attacks are written on.
#[derive(Debug)]
pub struct Stage<'a> {
    /// The firms, as they are.
    pub firms: &'a [Firm],
    /// Every event.
    pub script: &'a mut Script,
    /// The attacks so far.
    pub attacks: &'a mut Vec<Attack>,
}

/// Writes an attack on a firm, from about a day on.
type Play = fn(&mut Dice, &mut Stage<'_>, usize, u64);

/// Kinds of attack with the firms they can strike.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Its name in tables.
    pub name: &'static str,
    /// How many of twenty attacks.
    pub weight: u64,
    /// Whether it needs phones of their own, not a trunk.
    pub phones: bool,
    /// Writes it.
    pub play: Play,
}

const fn kind(name: &'static str, weight: u64, phones: bool, play: Play) -> Kind {
    Kind { name, weight, phones, play }
}

/// The published kinds.
pub const PUBLISHED: &[Kind] = &[
    kind("albania", 2, false, albania::play),
    kind("night-pump", 5, false, night_pump::play),
    kind("lookalike", 3, false, lookalike::play),
    kind("satellite", 2, false, satellite::play),
    kind("premium", 2, false, premium::play),
    kind("slow", 2, true, slow::play),
    kind("owned", 2, false, owned::play),
];

/// The hard kinds.
pub const HARD: &[Kind] = &[
    kind("night-pump", 1, false, night_pump::play),
    kind("slow", 1, true, slow::play),
    kind("owned", 1, false, owned::play),
    kind("resold", 2, false, resold::play),
    kind("stolen", 2, false, stolen::play),
    kind("neighbour", 2, true, neighbour::play),
    kind("own-markets", 2, false, own_markets::play),
    kind("office-hours", 2, false, office_hours::play),
    kind("inside-night", 2, false, inside_night::play),
    kind("forwarding", 2, false, forwarding::play),
    kind("sweep", 1, false, sweep::play),
    kind("newcomer", 2, false, newcomer::play),
    kind("many-lines", 1, true, many_lines::play),
    kind("short-calls", 1, false, short_calls::play),
    kind("unallocated", 1, false, unallocated::play),
    kind("trickle", 1, true, trickle::play),
    kind("sprayed", 1, true, sprayed::play),
];
