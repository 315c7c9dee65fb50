//! Spread: another line of the account is struck by an incident.
//!
//! Who has one extension of a firm tries the others: of struck accounts one in five loses a second line, against one
//! line in some thousand otherwise. Bounded at 8 dB all the same, since the firm's own people call more, not less, on
//! such a day. Fades with a half-life of twelve hours. For numbers that are no habit only.

use super::Fact;
use crate::Decibans;
use crate::math::faded_db;
use crate::scene::Scene;

const HALF_LIFE_MS: u64 = 12 * 3_600_000;
const STRUCK_BESIDE: Decibans = Decibans::whole(8);

pub(super) fn weigh(scene: &Scene<'_>) -> Option<Fact> {
    let struck_ms = scene.struck_beside_ms.filter(|_| scene.is_fresh())?;
    let weight = faded_db(STRUCK_BESIDE, scene.now_ms.saturating_sub(struck_ms), HALF_LIFE_MS);
    Some(Fact { weight, text: "another line of the account has just been cut".into() })
}
