//! Guessing: authentications failed at this origin before one succeeded.
//!
//! Scanners try until one fits: P(at least n failures before the success | thief by guessing) stays near one up to a few
//! and is still 0.3 at a hundred; half of the thieves guess, most of them one name after another from the same address.
//! Owners fumble one name, so failures there as other names count the same, twice as many of them. Owners fumble: one failure in six first registrations at a
//! place, three in fifty, five in a hundred, ten in five hundred (a phone with its old password gives up or is mended).
//! Fades with a half-life of a day; at a place the line knew before a third of it counts: that is a phone with an old
//! password.

use crate::line::{Guessed, YOUNG_MS};
use crate::math::faded_db;
use crate::scene::Scene;
use crate::{Decibans, Failures};

const HALF_LIFE_MS: u64 = 24 * 3_600_000;
/// Failures at least, and what they say.
const STEPS: [(u32, Decibans); 6] = [
    (100, Decibans::whole(15)),
    (30, Decibans::whole(13)),
    (10, Decibans::whole(11)),
    (5, Decibans::whole(8)),
    (3, Decibans::whole(6)),
    (2, Decibans::whole(3)),
];

/// The failures at the place the call comes from.
fn here<'a>(scene: &'a Scene<'_>) -> Option<&'a Guessed> {
    scene.line.guessed.iter().find(|guessed| guessed.origin.same_prefix(&scene.call.origin))
}

/// Failures that count: as this line, and half of those as others.
const fn tried(failures: Failures) -> u32 {
    failures.here.saturating_add(failures.other_names / 2)
}

pub(super) fn weigh(scene: &Scene<'_>) -> Decibans {
    let Some(guessed) = here(scene) else { return Decibans::default() };
    let tried = tried(guessed.failures);
    let Some((_, weight)) = STEPS.iter().find(|(failures, _)| tried >= *failures) else {
        return Decibans::default();
    };
    let first = scene.line.habit.origins.first_sight(&scene.call.origin);
    let known = first.is_some_and(|first| guessed.at_ms.saturating_sub(first.since_ms) > YOUNG_MS);
    let share = if known { 3 } else { 1 };
    faded_db(weight.part(1, share), scene.now_ms.saturating_sub(guessed.at_ms), HALF_LIFE_MS)
}

pub(super) fn tell(scene: &Scene<'_>) -> String {
    let Failures { here, other_names, .. } = here(scene).map_or(Failures::NONE, |guessed| guessed.failures);
    match other_names {
        0 => format!("{here} failed authentications from that address before one fitted"),
        _ => format!("{here} failed authentications from that address before one fitted, {other_names} as other lines"),
    }
}

#[cfg(test)]
mod tests {
    use crate::EvidenceKind;
    use crate::story::{PARTNERS, Story, khan_yunis, office, tenths};

    fn guessing(failures: u32) -> i32 {
        let mut story = Story::default();
        story.office_weeks(&["101"], &office(), 1).at(7, 10, 0).register("101", &khan_yunis(), failures);
        let (_, said) = story.dial("101", &khan_yunis(), PARTNERS[0], 2);
        tenths(&said, EvidenceKind::Guessing)
    }

    #[test]
    fn the_more_failures_the_more_it_says() {
        assert_eq!([0, 1, 2, 3, 9, 10, 99, 5000].map(guessing), [0, 0, 30, 60, 80, 110, 130, 150]);
    }

    #[test]
    fn only_for_calls_from_there_and_fading() {
        let mut story = Story::default();
        story.office_weeks(&["101"], &office(), 1).at(7, 10, 0).register("101", &khan_yunis(), 12);
        let mut say =
            |day, from| tenths(&story.at(day, 11, 0).dial("101", &from, PARTNERS[0], 2).1, EvidenceKind::Guessing);
        assert_eq!(say(7, office()), 0);
        assert!((105..110).contains(&say(7, khan_yunis())));
        assert!((52..55).contains(&say(8, khan_yunis())), "a half-life of a day");
    }

    #[test]
    fn a_phone_with_its_old_password_at_its_own_desk_counts_a_third() {
        let mut story = Story::default();
        story.office_weeks(&["101"], &office(), 1).at(7, 10, 0).register("101", &office(), 12);
        let (_, said) = story.dial("101", &office(), PARTNERS[0], 2);
        assert_eq!(tenths(&said, EvidenceKind::Guessing), 36);
    }
}
