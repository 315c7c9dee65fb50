//! Repetition: a fresh number again and again, behind several prefixes, or several fresh calls at once.
//!
//! Owners redial what was busy or not answered (half of such calls are dialled again, a tenth five times), but seldom
//! call a number new to them again the same day once it answered (one in ten, and then one in ten again), and hardly
//! ever call it twice at the same time (one in five hundred). A pump does little else (DESIGN section 6): a few numbers,
//! many at once. Different fresh numbers at once: conference legs, five at the most; a pump starts five to fifteen.

use super::{Fact, burst};
use crate::Decibans;
use crate::attempt::Attempt;
use crate::scene::Scene;

const MOST_DB: i32 = 20;

/// Redialling after no answer, by attempts before.
const REDIALS: [i32; 7] = [0, 1, 2, 3, 4, 5, 6];
/// Calling again after an answer, by answers before.
const AGAIN: [i32; 4] = [0, 4, 8, 11];
/// The same number at the same time, by calls running.
const TWICE: [i32; 3] = [0, 12, 16];
/// The same while the other still rings: impatience explains it, too (one in thirty).
const TWICE_RINGING_DB: i32 = 8;
/// Different fresh numbers at the same time, by calls running.
const AT_ONCE: [i32; 9] = [0, 1, 2, 4, 5, 7, 9, 11, 12];
/// The same subscriber behind another prefix: probing.
const PREFIXES_DB: i32 = 8;

fn step(table: &[i32], count: usize) -> i32 {
    table.get(count).or_else(|| table.last()).copied().unwrap_or_default()
}

pub(super) fn weigh(scene: &Scene<'_>) -> Option<Fact> {
    if !scene.is_fresh() {
        return None;
    }
    let suffix = scene.call.suffix();
    // Whoever is refused tries again, owner and thief alike.
    let same: Vec<&Attempt> = scene.other_fresh().filter(|other| other.suffix() == suffix && !other.refused).collect();
    let answered = same.iter().filter(|other| other.talk_ms(scene.now_ms) > 0).count();
    let running = same.iter().filter(|other| other.runs() && other.answered_ms.is_some()).count();
    let ringing = same.iter().any(|other| other.runs() && other.answered_ms.is_none());
    let beside = scene.other_fresh().filter(|other| other.runs() && other.suffix() != suffix).count();
    let at_once = step(&TWICE, running).max(if ringing { TWICE_RINGING_DB } else { 0 });
    let mut db = step(&REDIALS, same.len() - answered) + step(&AGAIN, answered).max(at_once);
    db += step(&AT_ONCE, beside);
    let mut text = format!("attempt {} to this new number within a day, {answered} answered before", same.len() + 1);
    if running + beside > 0 {
        text.push_str(&format!(", {} calls to new numbers at once", running + beside + 1));
    }
    if same.iter().any(|other| other.number != scene.call.number) {
        db += PREFIXES_DB;
        text.push_str(", behind several prefixes");
    }
    let weight = Decibans::whole(db).within(0, MOST_DB);
    // A day of many calls is one fact in part, seen by the burst as well.
    let weight = weight.plus(burst::burst_db(scene).min(weight).part(-1, 2));
    (db > 0).then_some(Fact { weight, text })
}

#[cfg(test)]
mod tests {
    use crate::EvidenceKind;
    use crate::story::{Story, office, tenths};

    fn repetition(story: &mut Story, number: &str) -> (billing::CallId, i32) {
        let (call, said) = story.dial("101", &office(), number, 2);
        (call, tenths(&said, EvidenceKind::Repetition))
    }

    #[test]
    fn redialling_says_little_and_calling_again_after_an_answer_more() {
        let mut story = Story::default();
        story.at(0, 10, 0);
        let mut said = Vec::new();
        for talk_s in [0, 0, 0, 60, 60, 60] {
            let (call, tenths) = repetition(story.wait_s(60), "442079460000");
            story.wait_s(talk_s).end(call, talk_s);
            said.push(tenths);
        }
        assert_eq!(said, [0, 10, 20, 30, 70, 110]);
    }

    #[test]
    fn the_same_number_twice_at_once() {
        let mut story = Story::default();
        let (first, _) = repetition(story.at(0, 10, 0), "442079460000");
        assert_eq!(repetition(&mut story.clone(), "442079460000").1, 90, "while it rings");
        story.wait_s(5).answer(first);
        assert_eq!(repetition(story.wait_s(5), "442079460000").1, 120, "while it talks");
    }

    #[test]
    fn conference_legs_and_prefixes() {
        let mut story = Story::default();
        story.at(0, 10, 0);
        let legs = ["442079460000", "493012340000", "33142680000"].map(|leg| repetition(&mut story, leg).1);
        assert_eq!(legs, [0, 10, 20]);
        let (_, prefixed) = repetition(&mut Story::default(), "442079460000");
        assert_eq!(prefixed, 0);
        let mut story = Story::default();
        let (call, _) = repetition(&mut story, "442079460000");
        story.end(call, 0);
        assert_eq!(repetition(&mut story, "11442079460000").1, 90, "one redial and another prefix");
    }
}
