//! The story of DESIGN section 1 as a scenario: the hijacked extension, noticed by the provider, put right by its owner.

mod cast;
mod history;
mod people;
mod plan;
pub mod played;
mod steps;
#[cfg(test)]
mod tests;
mod unnoticed;
mod workday;

use billing::Money;

use crate::Dice;
use crate::world::{Stopped, World};
use cast::Cast;
pub use plan::{Attack, Crash, Pace, Plan, Whose};

/// What one telling came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What happened, step by step, for people.
    pub told: Vec<String>,
    /// Simulated time.
    pub simulated_ms: u64,
    /// The attacker's calls to Albania that were screened by the provider.
    pub calls_tried: u64,
    /// Those that were answered.
    pub calls_answered: u64,
    /// What they cost the firm at the provider.
    pub loss: Money,
    /// From the first such call to the cut.
    pub first_call_to_cut_ms: u64,
    /// How many single checks were made.
    pub checks: u64,
}

/// A telling that failed, with what was told until then.
#[derive(Debug)]
pub struct Failure {
    /// Why.
    pub why: Stopped,
    /// What happened before.
    pub told: Vec<String>,
    /// What was planned.
    pub plan: Plan,
}

/// The scenario under way.
struct Story {
    plan: Plan,
    world: World,
    cast: Cast,
    told: Vec<String>,
}

/// Which scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// The hijacked extension, noticed by the provider and put right by its owner.
    Story,
    /// The same with a guard that only watches: ceiling, credit and a new secret have to do.
    Unnoticed,
    /// An honest day of calls on a bad network, on which nobody may be cut.
    Workday,
    /// An honest day on nodes whose every write to the disk takes seconds: calls wait, and none is lost or billed twice.
    SlowDisk,
}

impl Scenario {
    /// As the command line has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Story => "story",
            Self::Unnoticed => "unnoticed",
            Self::Workday => "workday",
            Self::SlowDisk => "slow-disk",
        }
    }
}

/// Tells a scenario by a seed; `packets` prints every SIP message on the way.
///
/// # Errors
/// What went wrong, and how far it came.
pub fn tell(scenario: Scenario, seed: u64, packets: bool) -> Result<Outcome, Box<Failure>> {
    let mut dice = Dice::new(seed);
    let mut plan = Plan::new(&mut dice);
    // Odd seeds have nodes of one worker, even ones of several.
    if seed.is_multiple_of(2) {
        plan.workers = (2, 3);
    }
    if scenario == Scenario::Unnoticed {
        plan.fall_asleep(&mut dice);
    }
    if scenario == Scenario::Workday {
        plan.worsen(&mut dice);
    }
    if scenario == Scenario::SlowDisk {
        plan.sync_ms = (1_000, 4_000);
    }
    let fail = |why, told| Box::new(Failure { why, told, plan: plan.clone() });
    let (mut world, cast) = cast::assemble(&plan, &mut dice).map_err(|why| fail(why, Vec::new()))?;
    if packets {
        world.trace();
    }
    let mut story = Story { plan: plan.clone(), world, cast, told: Vec::new() };
    let played = match scenario {
        Scenario::Story => story.play(),
        Scenario::Unnoticed => story.play_unnoticed(),
        Scenario::Workday | Scenario::SlowDisk => story.play_workday(&mut dice),
    };
    played.map_err(|why| fail(why, story.told))
}
