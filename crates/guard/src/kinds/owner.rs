//! Owner: the owner said "that was us" about calls to this destination from this line.
//!
//! An owner who looked at an incident and owned to it is wrong once in thirty (a colleague's word, a hasty click): -15
//! dB, fading with a half-life of thirty days as the word grows old and the calls themselves become habit.

use super::Fact;
use crate::Decibans;
use crate::math::faded_db;
use crate::scene::Scene;

const HALF_LIFE_MS: u64 = 30 * 24 * 3_600_000;
const OURS: Decibans = Decibans::whole(-15);

pub(super) fn weigh(scene: &Scene<'_>) -> Option<Fact> {
    let (_, since_ms) = scene.line.ours.iter().find(|(place, _)| *place == scene.call.place)?;
    let weight = faded_db(OURS, scene.now_ms.saturating_sub(*since_ms), HALF_LIFE_MS);
    Some(Fact { weight, text: format!("the owner said of calls to {}: that was us", scene.call.destination_name()) })
}
