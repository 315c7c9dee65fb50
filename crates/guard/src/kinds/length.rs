//! Length: a long call to a number that is no habit.
//!
//! Pumped calls run twenty minutes and longer (DESIGN section 6); first calls to a number last two minutes in the
//! median, and a few per cent of them twenty (log-normal, one sigma a factor of 3.7): ratios of 2.5, 4, 7 and 15 at 3, 5,
//! 10 and 20 minutes, of which half is counted, as first calls to family are long. Other fresh calls of the day count
//! half of that.

use crate::Decibans;
use crate::scene::Scene;

/// Whole minutes at least, and what they say.
const STEPS: [(u64, Decibans); 4] =
    [(20, Decibans::whole(6)), (10, Decibans::whole(4)), (5, Decibans::whole(3)), (3, Decibans::whole(2))];

fn by_length(talk_ms: u64) -> Decibans {
    let minutes = talk_ms / 60_000;
    STEPS.iter().find(|(least, _)| minutes >= *least).map_or(Decibans::default(), |(_, weight)| *weight)
}

/// The stronger of the call itself and the longest other one: its weight and its length.
fn stronger(scene: &Scene<'_>) -> (Decibans, u64) {
    let own_ms = scene.call.talk_ms(scene.now_ms);
    let others_ms = scene.other_fresh().map(|other| other.talk_ms(scene.now_ms)).max().unwrap_or(0);
    let (own, others) = (by_length(own_ms), by_length(others_ms).part(1, 2));
    if own >= others { (own, own_ms) } else { (others, others_ms) }
}

pub(super) fn weigh(scene: &Scene<'_>) -> Decibans {
    if scene.is_fresh() { stronger(scene).0 } else { Decibans::default() }
}

pub(super) fn tell(scene: &Scene<'_>) -> String {
    format!("{} minutes of talk with a new number", stronger(scene).1 / 60_000)
}

#[cfg(test)]
mod tests {
    use crate::EvidenceKind;
    use crate::story::{PARTNERS, Story, office, tenths};

    #[test]
    fn grows_while_the_call_runs_and_marks_the_next_one_by_half() {
        let mut story = Story::default();
        let (call, _) = story.at(0, 10, 0).dial("101", &office(), "442079460000", 2);
        story.answer(call);
        let mut said = Vec::new();
        for minutes in [2, 1, 2, 5, 10, 10] {
            said.push(tenths(&story.wait_s(minutes * 60).look(call), EvidenceKind::Length));
        }
        assert_eq!(said, [0, 20, 30, 40, 60, 60]);
        story.end(call, 1800);
        let (_, next) = story.dial("101", &office(), "442079460001", 2);
        assert_eq!(tenths(&next, EvidenceKind::Length), 30);
    }

    #[test]
    fn a_number_of_habit_may_talk_as_long_as_it_likes() {
        let mut story = Story::default();
        story.office_weeks(&["101"], &office(), 2);
        let (call, _) = story.at(14, 10, 0).dial("101", &office(), PARTNERS[0], 2);
        story.answer(call);
        assert_eq!(tenths(&story.wait_s(3600).look(call), EvidenceKind::Length), 0);
    }
}
