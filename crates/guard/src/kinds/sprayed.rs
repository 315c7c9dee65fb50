//! Sprayed: the line's secret was guessed at from many addresses on the day a new place got it right.
//!
//! Slow guessing over many addresses stays below every limit of one address (DESIGN section 6), and the address that gets
//! it right may never have failed itself. One thief in ten comes this way: half of them guess, one in five of those so. The
//! network is full of such guessing that never succeeds: of the days on which an owner's line is used, one in fifty sees
//! it, smoothed with the weight of six days towards the line's own share (a line called 100 is besieged all the time, and
//! then it says nothing). Thief: the same background and that tenth on top; at most 8 dB. Only where the place is new, for the
//! phone in its usual place is no guesser. Fades with a half-life of a day.

use crate::Decibans;
use crate::fading::ONE;
use crate::line::Guessed;
use crate::math::{faded_db, ratio_db};
use crate::scene::Scene;
use crate::siege;

const HALF_LIFE_MS: u64 = 24 * 3_600_000;
const MOST_DB: i32 = 8;
const MILLION: u64 = 1_000_000;
/// One thief in ten.
const THIEF: u64 = MILLION / 10;
/// One day in fifty.
const FIRMS: u64 = MILLION / 50;
/// Days, in thousandths.
const SMOOTHING: u64 = 6 * ONE;

/// The siege under which the place was new.
fn besieged<'a>(scene: &'a Scene<'_>) -> Option<&'a Guessed> {
    let mut guessed = scene.line.guessed.iter().filter(|_| scene.origin.is_news());
    guessed.find(|guessed| guessed.origin.same_prefix(&scene.call.origin) && siege::is_one(&guessed.failures))
}

pub(super) fn weigh(scene: &Scene<'_>) -> Decibans {
    let Some(guessed) = besieged(scene) else { return Decibans::default() };
    let (besieged, days) = scene.line.siege.share(scene.now_ms);
    // This day is among them.
    let (besieged, days) = (besieged.saturating_sub(ONE), days.saturating_sub(ONE));
    let owner = (besieged * MILLION + SMOOTHING * FIRMS) / (days + SMOOTHING);
    let weight = ratio_db(owner + THIEF, owner).within(0, MOST_DB);
    faded_db(weight, scene.now_ms.saturating_sub(guessed.at_ms), HALF_LIFE_MS)
}

pub(super) fn tell(scene: &Scene<'_>) -> String {
    let failures = besieged(scene).map_or_else(Default::default, |guessed| guessed.failures);
    format!("{} wrong passwords for the line from {} addresses within a day", failures.line, failures.line_addresses)
}

#[cfg(test)]
mod tests {
    use crate::story::{PARTNERS, Story, khan_yunis, office, tenths};
    use crate::{EvidenceKind, Failures};

    const SIEGE: Failures = Failures { here: 0, other_names: 0, line: 60, line_addresses: 12 };

    fn sprayed(story: &mut Story, origin: &crate::Origin) -> i32 {
        story.register_after("101", origin, SIEGE);
        tenths(&story.dial("101", origin, PARTNERS[0], 2).1, EvidenceKind::Sprayed)
    }

    #[test]
    fn a_new_place_under_siege() {
        let mut story = Story::default();
        story.office_weeks(&["101"], &office(), 4).at(28, 10, 0);
        assert_eq!(sprayed(&mut story.clone(), &office()), 0, "the usual place guesses nothing");
        let mut quiet = story.clone();
        quiet.register_after("101", &khan_yunis(), Failures { line: 9, line_addresses: 3, ..SIEGE });
        assert_eq!(tenths(&quiet.dial("101", &khan_yunis(), PARTNERS[0], 2).1, EvidenceKind::Sprayed), 0, "no siege");
        assert_eq!(sprayed(story.at(28, 10, 1), &khan_yunis()), 80);
        let (_, said) = story.at(30, 10, 1).dial("101", &khan_yunis(), PARTNERS[0], 2);
        assert_eq!(tenths(&said, EvidenceKind::Sprayed), 20, "two days later");
    }

    #[test]
    fn a_line_that_is_always_besieged_is_used_to_it() {
        let mut story = Story::default();
        story.office_weeks(&["101"], &office(), 1);
        for day in 7..35 {
            story.at(day, 10, 0).register_after("101", &office(), SIEGE);
        }
        let said = sprayed(story.at(35, 10, 0), &khan_yunis());
        assert!((1..10).contains(&said), "{said}");
    }
}
