//! Guessing: authentications failed at this origin before one succeeded.
//!
//! Scanners try until one fits: P(at least n failures before the success | thief by guessing) stays near one up to a few
//! and is still 0.3 at a hundred; half of the thieves guess. Owners fumble: one failure in six first registrations at a
//! place, three in fifty, five in a hundred, ten in five hundred (a phone with its old password gives up or is mended).
//! Fades with a half-life of a day; at a place the line knew before a third of it counts: that is a phone with an old
//! password.

use super::Fact;
use crate::Decibans;
use crate::line::YOUNG_MS;
use crate::math::faded_db;
use crate::scene::Scene;

const HALF_LIFE_MS: u64 = 24 * 3_600_000;
/// Failures at least, and what they say.
const STEPS: [(u32, Decibans); 6] = [
    (100, Decibans::whole(15)),
    (30, Decibans::whole(13)),
    (10, Decibans::whole(11)),
    (5, Decibans::whole(8)),
    (3, Decibans::whole(6)),
    (2, Decibans::whole(3)),
];

pub(super) fn weigh(scene: &Scene<'_>) -> Option<Fact> {
    let key = &scene.call.origin;
    let guessed = scene.line.guessed.iter().find(|guessed| guessed.origin.same_prefix(key))?;
    let (_, weight) = STEPS.iter().find(|(failures, _)| guessed.failures >= *failures)?;
    let known_ms =
        scene.line.habit.origins.first_sight(key).map(|(_, _, since_ms)| guessed.at_ms.saturating_sub(since_ms));
    let share = if known_ms.is_some_and(|known_ms| known_ms > YOUNG_MS) { 3 } else { 1 };
    let weight = faded_db(weight.part(1, share), scene.now_ms.saturating_sub(guessed.at_ms), HALF_LIFE_MS);
    Some(Fact {
        weight,
        text: format!("{} failed authentications from that address before one fitted", guessed.failures),
    })
}
