//! Allocation: a number that nobody was given, or one the deck does not price.
//!
//! Pumped ranges are often hijacked: three in ten of a pump's numbers are not allocated (DESIGN section 6: an unallocated
//! number is itself a sign). Owner: the line's and the account's own share, smoothed with one in thirty calls, since
//! databases of numbers are never complete; at most 6 dB. No price: one in ten of a prober's attempts, one in sixty of an
//! owner's misdialled ones: 8 dB. Who has no price mostly has no owner either, so the stronger counts.

use crate::Decibans;
use crate::habit::Habit;
use crate::math::ratio_db;
use crate::scene::Scene;

const UNPRICED: Decibans = Decibans::whole(8);
const MOST_DB: i32 = 6;
const MILLION: u64 = 1_000_000;

fn unallocated_db(scene: &Scene<'_>) -> Decibans {
    let share = |habit: &Habit| (habit.unallocated + 1) * MILLION / (habit.calls + 30);
    if scene.call.destination.valid {
        return Decibans::default();
    }
    ratio_db(3 * MILLION / 10, share(scene.account).max(share(&scene.line.habit))).within(0, MOST_DB)
}

pub(super) fn weigh(scene: &Scene<'_>) -> Decibans {
    let unpriced = if scene.call.priced { Decibans::default() } else { UNPRICED };
    unpriced.max(unallocated_db(scene))
}

pub(super) fn tell(scene: &Scene<'_>) -> String {
    match scene.call.priced {
        true => "a number that is not allocated to anybody".into(),
        false => "the deck has no price for this number".into(),
    }
}

#[cfg(test)]
mod tests {
    use crate::EvidenceKind;
    use crate::story::{Story, office, tenths};

    fn allocation(story: &mut Story, number: &str, cents: Option<i64>) -> i32 {
        tenths(&story.dial_at("101", &office(), number, cents).1, EvidenceKind::Allocation)
    }

    #[test]
    fn nobodys_number_and_one_without_a_price() {
        let mut story = Story::default();
        story.office_weeks(&["101"], &office(), 2).at(14, 10, 0);
        assert_eq!(allocation(&mut story, "355691234567", Some(28)), 0);
        assert_eq!(allocation(&mut story, "355691234567", None), 80);
        assert_eq!(allocation(&mut story, "35599", Some(28)), 60);
    }
}
