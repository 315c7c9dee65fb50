//! Probing: attempts that do not get through, and the same subscriber behind another prefix.
//!
//! A thief first finds out which prefix leads out (DESIGN section 6): one number behind changing prefixes, most of it
//! failing. Seven in ten of his first attempts do not get through (busy and unanswered ones are none), one in ten of an
//! owner's: each failed attempt of the day to a fresh number beyond the first says 8 dB, each other one -5 dB; half of
//! that, as a mistyped number is tried again, too; at least nothing and at most 6 dB. The same subscriber behind another prefix: one in two of thieves' probes, one in thirteen of owners'
//! second attempts: 8 dB.

use crate::Decibans;
use crate::scene::Scene;

/// Each that did not.
const FAILED_TENTHS: i32 = 42;
/// Each attempt that got through, in tenths.
const THROUGH_TENTHS: i32 = -24;
const FAILED_MOST_DB: i32 = 6;
const PREFIXES_DB: i32 = 8;

/// Attempts to fresh numbers within the day that ended: those that failed, and the others.
fn ended(scene: &Scene<'_>) -> (i32, i32) {
    let ended = scene.other_fresh().filter(|other| !other.refused).filter_map(|other| other.outcome);
    ended.fold((0, 0), |(failed, through), outcome| match outcome.failed {
        true => (failed + 1, through),
        false => (failed, through + 1),
    })
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
    let (failed, through) = ended(scene);
    let failures = Decibans::from_tenths(FAILED_TENTHS * (failed - 1).max(0) + THROUGH_TENTHS * through);
    let prefixes = if is_behind_prefixes(scene) { PREFIXES_DB } else { 0 };
    failures.within(0, FAILED_MOST_DB).plus(Decibans::whole(prefixes))
}

pub(super) fn tell(scene: &Scene<'_>) -> String {
    match is_behind_prefixes(scene) {
        true => format!("the same number behind several prefixes; {} attempts failed within a day", ended(scene).0),
        false => format!("{} attempts to new numbers failed within a day", ended(scene).0),
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
            ("99442079460000", 404),
        ] {
            let (call, screening) = story.wait_s(60).dial("101", &office(), number, 2);
            said.push(tenths(&screening, EvidenceKind::Probing));
            story.guard.ended(story.now_ms, &Ended { call, talk_ms: 0, status });
        }
        assert_eq!(said, [0, 0, 42, 18, 140]);
    }
}
