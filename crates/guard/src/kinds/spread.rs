//! Spread: another line of the account is struck by an incident.
//!
//! Who has one extension of a firm tries the others: of struck accounts one in five loses a second line, against one
//! line in some thousand otherwise. Bounded at 8 dB all the same, since the firm's own people call more, not less, on
//! such a day. Fades with a half-life of twelve hours. For numbers that are no habit only.

use crate::Decibans;
use crate::math::faded_db;
use crate::scene::Scene;

const HALF_LIFE_MS: u64 = 12 * 3_600_000;
const STRUCK_BESIDE: Decibans = Decibans::whole(8);

pub(super) fn weigh(scene: &Scene<'_>) -> Decibans {
    scene.struck_beside_ms.filter(|_| scene.is_fresh()).map_or(Decibans::default(), |struck_ms| {
        faded_db(STRUCK_BESIDE, scene.now_ms.saturating_sub(struck_ms), HALF_LIFE_MS)
    })
}

pub(super) fn tell(_: &Scene<'_>) -> String {
    "another line of the account has just been cut".into()
}

#[cfg(test)]
mod tests {
    use crate::EvidenceKind;
    use crate::story::{PARTNERS, Story, cuts, khan_yunis, office, tenths};

    #[test]
    fn a_cut_beside_counts_for_fresh_numbers_and_fades() {
        let mut story = Story::default();
        story.office_weeks(&["101", "102", "103"], &office(), 4);
        story.at(34, 6, 0).register("102", &khan_yunis(), 50);
        let (_, cut) = story.dial("102", &khan_yunis(), "2203013278", 72);
        assert!(cuts(&cut));
        let spread =
            |story: &mut Story, number| tenths(&story.dial("101", &office(), number, 2).1, EvidenceKind::Spread);
        assert_eq!(spread(&mut story, "442079460000"), 80);
        assert_eq!(spread(&mut story, PARTNERS[0]), 0);
        assert_eq!(spread(story.at(34, 18, 0), "442079460001"), 40, "a half-life of twelve hours");
        assert_eq!(spread(story.at(36, 6, 0), "442079460002"), 0, "a day later it is another story");
    }
}
