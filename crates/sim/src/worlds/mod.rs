//! Labelled worlds for tuning and testing the guard: firms with their habits, oddities and attackers, from a seed.
//!
//! A world is six weeks of some thirty-four firms. Everything in it is invented, from the sources that each file names.
//! Seeds are kept apart: a world that a weight was looked at with must not judge it ([`TRAIN`], [`VALIDATION`],
//! [`TEST`]).

mod attacks;
mod chance;
mod clock;
mod command;
mod firm;
mod firms;
mod life;
mod networks;
mod numbering;
mod oddities;
mod pooled;
mod score;
mod script;
mod telling;
mod trial;
mod write;

use std::ops::RangeInclusive;

pub use attacks::Attack;
pub use command::{GuardArguments, WorldArguments};
pub use firm::Firm;
pub use pooled::{Pooled, print};
pub use score::{FalseCut, Honest, Score, Struck, score};
pub use script::{Course, Event, Outcome, Script, Seat, What, Who};
pub use trial::{AttackRow, CallFact, Trial, TrialError, Tried};

use crate::Dice;
use attacks::Stage;
use firm::Profile;

/// Seeds for looking at single losses and false cuts.
pub const TRAIN: RangeInclusive<u64> = 1..=999;
/// Seeds for choosing between two ways.
pub const VALIDATION: RangeInclusive<u64> = 1_000..=2_999;
/// Seeds for the figures in the documents, looked at once.
pub const TEST: RangeInclusive<u64> = 3_000..=3_999;

/// What happens in a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Mix {
    /// The published kinds of attack among firms with some of the common oddities.
    Published,
    /// Every hard case and every oddity.
    Hard,
}

/// A world.
#[derive(Clone, Debug)]
pub struct World {
    /// Its accounts.
    pub firms: Vec<Firm>,
    /// What happens, in order.
    pub script: Script,
    /// The attacks.
    pub attacks: Vec<Attack>,
    /// Prefix, destination, and price a minute in ten-thousandths of a dollar.
    pub deck: Vec<(String, String, u32)>,
}

/// Firms in a world.
const FIRMS: usize = 34;
/// Attacks in a world of the published mix, and at least in one of the hard mix.
const ATTACKS: usize = 17;
/// Attacks come in these days: habits are known by then.
const ATTACK_DAYS: (u64, u64) = (16, 38);

impl World {
    /// The world of a seed.
    #[must_use]
    pub fn new(seed: u64, mix: Mix) -> Self {
        let mut dice = Dice::new(seed ^ if mix == Mix::Hard { 1 << 40 } else { 0 });
        let deck = numbering::deck(&mut dice.fork());
        let mut script = Script::default();
        let (mut firms, tags) = found(&mut dice.fork(), mix);
        telling::tell(&mut Dice::new(seed ^ 1 << 41), &mut firms);
        let oddities = scatter(&mut dice.fork(), mix, &mut firms, &mut script);
        let mut life = dice.fork();
        for (firm, tag) in firms.iter_mut().zip(tags) {
            script.oddity = tag;
            life::live(&mut life.fork(), firm, &mut script);
        }
        let mut attacks = Vec::new();
        let mut stage = Stage { firms: &firms, script: &mut script, attacks: &mut attacks };
        strike(&mut dice.fork(), mix, &mut stage, &oddities);
        script.events.retain(|event| event.at_ms >= clock::begin_ms() && event.at_ms < clock::end_ms());
        script.sort();
        Self { firms, script, attacks, deck }
    }
}

/// The firms of a world, with the oddity that some are as a whole.
fn found(dice: &mut Dice, mix: Mix) -> (Vec<Firm>, Vec<Option<&'static str>>) {
    let families = firms::families();
    let mut profiles: Vec<Profile> = Vec::new();
    for (count, profile) in &families {
        profiles.extend(std::iter::repeat_n(profile.clone(), *count as usize));
    }
    while profiles.len() < FIRMS {
        profiles.extend(dice.pick(&families).map(|(_, profile)| profile.clone()));
    }
    let (mut firms, mut tags) = (Vec::new(), Vec::new());
    for (index, profile) in profiles.into_iter().enumerate() {
        let trunk = dice.chance(300) && profile.people.1 < 20 && !profile.mobile;
        let hosted = dice.chance(if mix == Mix::Hard { 120 } else { 60 });
        let new = dice.chance(if mix == Mix::Hard { 150 } else { 40 });
        let mut tag = match profile.family {
            "callcentre" | "outreach" => Some("call-centre"),
            "remote" => Some("mobile-firm"),
            _ => hosted.then_some(oddities::DATA_CENTRE),
        };
        let mut firm = Firm::new(dice, index, profile, trunk, hosted);
        if new && mix == Mix::Hard {
            firm.since_day = dice.between(8, 30);
            tag = Some(oddities::NEW_CUSTOMER);
        }
        firms.push(firm);
        tags.push(tag);
    }
    (firms, tags)
}

/// Oddities, each in a firm of its own as far as they go round; gives the firms that have none.
fn scatter(dice: &mut Dice, mix: Mix, firms: &mut [Firm], script: &mut Script) -> Vec<usize> {
    let mut free: Vec<usize> = (0..firms.len()).collect();
    for oddity in oddities::ODDITIES {
        if mix == Mix::Published && !(oddity.common && dice.chance(500)) {
            continue;
        }
        for _ in 0..if mix == Mix::Hard { 2 } else { 1 } {
            let fits: Vec<usize> = free
                .iter()
                .copied()
                .filter(|&n| !oddity.phones || !firms[n].trunk && !firms[n].profile.mobile)
                .collect();
            let any: Vec<usize> = (0..firms.len()).filter(|&n| !oddity.phones || !firms[n].trunk).collect();
            let Some(at) = dice.pick(if fits.is_empty() { &any } else { &fits }).copied() else { continue };
            free.retain(|&n| n != at);
            let day = dice.between(14, 34).max(firms[at].since_day + 5).min(36);
            script.oddity = Some(oddity.name);
            (oddity.play)(dice, &mut firms[at], day, script);
        }
    }
    free
}

/// Attacks: every kind by its weight, firms without one first.
fn strike(dice: &mut Dice, mix: Mix, stage: &mut Stage<'_>, calm: &[usize]) {
    let kinds = if mix == Mix::Hard { attacks::HARD } else { attacks::PUBLISHED };
    let mut plan: Vec<attacks::Kind> =
        kinds.iter().flat_map(|kind| std::iter::repeat_n(*kind, kind.weight as usize)).collect();
    while plan.len() < ATTACKS {
        plan.extend(dice.pick(kinds));
    }
    let mut free: Vec<usize> = (0..stage.firms.len()).collect();
    for kind in plan {
        let new = |n: usize| stage.firms[n].since_day > 0;
        let fits = |n: &usize| (!kind.phones || !stage.firms[*n].trunk) && new(*n) == (kind.name == "newcomer");
        let mut choice: Vec<usize> = free.iter().copied().filter(fits).collect();
        if choice.is_empty() {
            choice = (0..stage.firms.len()).filter(fits).collect();
        }
        // Half of the attacks strike firms in which nothing odd goes on.
        let quiet: Vec<usize> = choice.iter().copied().filter(|n| calm.contains(n)).collect();
        let from = if dice.chance(500) && !quiet.is_empty() { quiet } else { choice };
        let Some(firm) = dice.pick(&from).copied() else { continue };
        free.retain(|&n| n != firm);
        let day = dice.between(ATTACK_DAYS.0, ATTACK_DAYS.1);
        (kind.play)(dice, stage, firm, day);
    }
}

#[cfg(test)]
mod tests;
