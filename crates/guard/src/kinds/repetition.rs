//! Repetition: a fresh number again and again.
//!
//! Owners redial what was busy or not answered (half of such calls are dialled again, a tenth five times), but seldom
//! call a number new to them again the same day once it answered (one in ten, and then one in ten again). A pump does
//! little else (DESIGN section 6): a few numbers, many times. Where the calls run at the same time, `at_once.rs` has
//! counted the answered ones.

use super::{at_once, burst};
use crate::Decibans;
use crate::scene::Scene;

const MOST_DB: i32 = 16;

/// Redialling after no answer, by attempts before: after the third people and machines are alike.
const REDIALS: [i32; 4] = [0, 1, 2, 3];
/// Calling again after an answer, by answers before.
const AGAIN: [i32; 4] = [0, 4, 8, 11];

/// The value for a count; the last for all above.
pub(super) fn step(table: &[i32], count: usize) -> i32 {
    table.get(count).or_else(|| table.last()).copied().unwrap_or_default()
}

/// Attempts to the same number before, and how many were answered. Whoever is refused tries again, owner and thief
/// alike: that does not count.
fn before(scene: &Scene<'_>) -> (usize, usize) {
    let suffix = scene.call.suffix();
    let same = scene.other_fresh().filter(|other| other.suffix() == suffix && !other.refused);
    same.fold((0, 0), |(tries, answers), other| (tries + 1, answers + usize::from(other.talk_ms(scene.now_ms) > 0)))
}

pub(super) fn weigh(scene: &Scene<'_>) -> Decibans {
    if !scene.is_fresh() {
        return Decibans::default();
    }
    let (tries, answers) = before(scene);
    let again = (step(&AGAIN, answers) - at_once::twice_db(scene)).max(0);
    let weight = Decibans::whole(step(&REDIALS, tries - answers) + again).within(0, MOST_DB);
    // A day of many calls is one fact in part, seen by the burst as well.
    weight.plus(burst::weigh(scene).min(weight).part(-1, 2))
}

pub(super) fn tell(scene: &Scene<'_>) -> String {
    let (tries, answers) = before(scene);
    format!("attempt {} to this new number within a day, {answers} answered before", tries + 1)
}

#[cfg(test)]
mod tests {
    use crate::EvidenceKind;
    use crate::story::{Story, office, tenths};

    #[test]
    fn redialling_says_little_and_calling_again_after_an_answer_more() {
        let mut story = Story::default();
        story.at(0, 10, 0);
        let mut said = Vec::new();
        for talk_s in [0, 0, 0, 60, 60, 60] {
            let (call, screening) = story.wait_s(60).dial("101", &office(), "442079460000", 2);
            said.push(tenths(&screening, EvidenceKind::Repetition));
            story.wait_s(talk_s).end(call, talk_s);
        }
        assert_eq!(said, [0, 10, 20, 30, 70, 110]);
    }
}
