//! Probing: attempts that do not get through, and the same subscriber behind another prefix.
//!
//! A thief first finds out which prefix leads out (DESIGN section 6): one number behind changing prefixes, most of it
//! failing. Of an owner's calls abroad one in twenty does not get through (busy and unanswered ones are none), and then
//! mostly alone. Each failed attempt of the day beyond the first: 2 dB, at most 6, since a fax or a mistyped number is
//! tried again, too. The same subscriber behind another prefix: one in two of thieves' probes, one in thirteen of owners'
//! second attempts: 8 dB.

use crate::Decibans;
use crate::scene::Scene;

const FAILED_DB: i32 = 2;
const FAILED_MOST_DB: i32 = 6;
const PREFIXES_DB: i32 = 8;

/// Failed attempts to fresh numbers within the day.
fn failed(scene: &Scene<'_>) -> usize {
    scene.other_fresh().filter(|other| !other.refused && other.outcome.is_some_and(|outcome| outcome.failed)).count()
}

/// Whether the subscriber was tried behind another prefix.
fn is_behind_prefixes(scene: &Scene<'_>) -> bool {
    let suffix = scene.call.suffix();
    scene.other_fresh().any(|other| !other.refused && other.suffix() == suffix && other.number != scene.call.number)
}

pub(super) fn weigh(scene: &Scene<'_>) -> Decibans {
    if !scene.is_fresh() {
        return Decibans::default();
    }
    let beyond = failed(scene).saturating_sub(1).min(16) as i32;
    let prefixes = if is_behind_prefixes(scene) { PREFIXES_DB } else { 0 };
    Decibans::whole((FAILED_DB * beyond).min(FAILED_MOST_DB) + prefixes)
}

pub(super) fn tell(scene: &Scene<'_>) -> String {
    match is_behind_prefixes(scene) {
        true => format!("the same number behind several prefixes; {} attempts failed within a day", failed(scene)),
        false => format!("{} attempts to new numbers failed within a day", failed(scene)),
    }
}

#[cfg(test)]
mod tests {
    use crate::story::{Story, office, tenths};
    use crate::{Ended, EvidenceKind};

    #[test]
    fn failures_count_and_prefixes_count_more() {
        let mut story = Story::default();
        story.at(0, 10, 0);
        let mut said = Vec::new();
        for (number, status) in [
            ("442079460000", 503),
            ("442079460000", 404),
            ("442079460000", 486),
            ("442079460000", 404),
            ("11442079460000", 404),
        ] {
            let (call, screening) = story.wait_s(60).dial("101", &office(), number, 2);
            said.push(tenths(&screening, EvidenceKind::Probing));
            story.guard.ended(story.now_ms, &Ended { call, talk_ms: 0, status });
        }
        assert_eq!(said, [0, 0, 20, 20, 120]);
    }
}
