//! Each scenario told by some seeds, with every check.

use super::{Scenario, tell};

fn told(scenario: Scenario, seeds: std::ops::RangeInclusive<u64>) {
    for seed in seeds {
        if let Err(failure) = tell(scenario, seed, false) {
            panic!("{scenario:?} {seed}: {}\n{}\n{:#?}", failure.why, failure.told.join("\n"), failure.plan);
        }
    }
}

#[test]
fn ten_seeds_tell_the_story() {
    told(Scenario::Story, 1..=10);
}

#[test]
fn unnoticed_the_loss_stays_within_ceiling_and_credit() {
    told(Scenario::Unnoticed, 1..=4);
}

#[test]
fn an_honest_day_is_left_alone() {
    told(Scenario::Workday, 1..=3);
}

#[test]
fn on_a_slow_disk_calls_wait_and_none_is_lost() {
    told(Scenario::SlowDisk, 1..=3);
}

#[test]
fn a_seed_always_tells_the_same_story() {
    let [a, b] = [0, 1].map(|_| tell(Scenario::Story, 4, false).map(|outcome| (outcome.told, outcome.checks)));
    assert_eq!(a.map_err(|failure| failure.why.to_string()), b.map_err(|failure| failure.why.to_string()));
}
