//! At once: several calls to fresh numbers at the same time, or the same number twice.
//!
//! Owners hardly ever call a number new to them twice at the same time (one in five hundred; one in thirty while the
//! other call still rings, out of impatience); different fresh numbers at once are conference legs, five at the most. A
//! pump starts five to fifteen calls to a few numbers at once (DESIGN section 6).

use super::burst;
use super::repetition::step;
use crate::Decibans;
use crate::scene::Scene;

const MOST_DB: i32 = 20;

/// The same number at the same time, by calls running.
const TWICE: [i32; 3] = [0, 12, 16];
/// The same while the other still rings.
const TWICE_RINGING_DB: i32 = 8;
/// Different fresh numbers at the same time, by calls running.
const OTHERS: [i32; 9] = [0, 1, 2, 4, 5, 7, 9, 11, 12];

/// What the same number at the same time says.
pub(super) fn twice_db(scene: &Scene<'_>) -> i32 {
    let suffix = scene.call.suffix();
    let same = scene.other_fresh().filter(|other| other.runs() && other.suffix() == suffix);
    let (talking, ringing) = same.fold((0, 0), |(talking, ringing), other| match other.answered_ms {
        Some(_) => (talking + 1, ringing),
        None => (talking, ringing + 1),
    });
    step(&TWICE, talking).max(if ringing > 0 { TWICE_RINGING_DB } else { 0 })
}

/// Other fresh numbers that are being called.
fn others(scene: &Scene<'_>) -> usize {
    let suffix = scene.call.suffix();
    scene.other_fresh().filter(|other| other.runs() && other.suffix() != suffix).count()
}

pub(super) fn weigh(scene: &Scene<'_>) -> Decibans {
    if !scene.is_fresh() {
        return Decibans::default();
    }
    let weight = Decibans::whole(twice_db(scene) + step(&OTHERS, others(scene))).within(0, MOST_DB);
    // Many calls are one fact in part, seen by the burst as well.
    weight.plus(burst::weigh(scene).min(weight).part(-1, 2))
}

pub(super) fn tell(scene: &Scene<'_>) -> String {
    let twice = if twice_db(scene) > 0 { ", this one more than once" } else { "" };
    format!("calls to {} new numbers at the same time{twice}", others(scene) + 1)
}

#[cfg(test)]
mod tests {
    use crate::EvidenceKind;
    use crate::story::{Story, office, tenths};

    fn at_once(story: &mut Story, number: &str) -> (billing::CallId, i32) {
        let (call, said) = story.dial("101", &office(), number, 2);
        (call, tenths(&said, EvidenceKind::AtOnce))
    }

    #[test]
    fn the_same_number_twice_at_once() {
        let mut story = Story::default();
        let (first, _) = at_once(story.at(0, 10, 0), "442079460000");
        assert_eq!(at_once(&mut story.clone(), "442079460000").1, 80, "while it rings");
        story.wait_s(5).answer(first);
        assert_eq!(at_once(story.wait_s(5), "442079460000").1, 120, "while it talks");
    }

    #[test]
    fn conference_legs() {
        let mut story = Story::default();
        story.at(0, 10, 0);
        let legs = ["442079460000", "493012340000", "33142680000"].map(|leg| at_once(&mut story, leg).1);
        assert_eq!(legs, [0, 10, 20]);
    }
}
