//! Agent: at a new place, the make of phone the line is used to or another one; anywhere, a known tool of attack.
//!
//! At a new place the same make speaks for the owner: 0.2 of thieves forge or match it, 0.6 of owners take it along (-5
//! dB, at most as much as the new place says against); another make against (3 dB). A tool's name (DESIGN section 6)
//! says more: nearly all who use one are thieves, but thieves can leave it out: 12 dB. Versions do not count, so that an
//! upgrade is no news; at a known place another make is an upgrade, too.

use crate::Decibans;
use crate::line::YOUNG_MS;
use crate::scene::Scene;

use super::distance;

const TOOL: Decibans = Decibans::whole(12);
const SAME: Decibans = Decibans::whole(-5);
const OTHER: Decibans = Decibans::whole(3);

/// Whether the line had this make before; `None` where that says nothing.
fn is_same(scene: &Scene<'_>) -> Option<bool> {
    let settled_ms = scene.now_ms.saturating_sub(YOUNG_MS);
    scene.line.habit.origins.knows_agent(&scene.call.origin, settled_ms).filter(|_| scene.origin.is_news())
}

pub(super) fn weigh(scene: &Scene<'_>) -> Decibans {
    let news = scene.origin.weight.plus(distance::weigh(scene));
    let make = match is_same(scene) {
        Some(true) => SAME.max(news.part(-1, 1)).within(-100, 0),
        Some(false) => OTHER,
        None => Decibans::default(),
    };
    if scene.call.origin.tool { make.plus(TOOL) } else { make }
}

pub(super) fn tell(scene: &Scene<'_>) -> String {
    match (scene.call.origin.tool, is_same(scene)) {
        (true, _) => "with a known tool of attack".into(),
        (false, Some(true)) => "with the make of phone the line is used to".into(),
        (false, _) => "with a make of phone new to the line".into(),
    }
}

#[cfg(test)]
mod tests {
    use crate::EvidenceKind;
    use crate::story::{PARTNERS, Story, from, office, tenths};

    #[test]
    fn a_scanner_names_itself_and_a_new_phone_counts() {
        let mut story = Story::default();
        story.office_weeks(&["101", "102"], &office(), 4).at(28, 10, 0);
        let mut ask = |id, agent: &str| {
            let from = from("203.0.113.1", 12975, b"PS", agent);
            tenths(&story.dial(id, &from, PARTNERS[0], 2).1, EvidenceKind::Agent)
        };
        assert_eq!(ask("101", "Zoiper rev.1116"), 30);
        assert_eq!(ask("102", "friendly-scanner"), 150);
        assert_eq!(ask("102", "Yealink SIP-T54W 99.1"), -50, "the make of the office's phones");
    }
}
