//! Hours: a call outside the hours of the week at which the line calls.
//!
//! Thief: seven in ten published pumps run at night, on weekends and holidays, which is what those hours' share of the
//! week is (118 of 168); so a thief's calls are spread over the week evenly. Owner: the line's calls in hours alike (the
//! hour and its neighbours, on working days or on that day of the weekend), smoothed with the weight of twenty calls
//! towards those of the account's other
//! lines and those towards business hours. Home calls count, so this is learnt in days. From a country new to the line an
//! unusual hour counts half where it is daytime there: a traveller's night at home is his day.

use crate::Decibans;
use crate::habit::{Familiarity, Hours};
use crate::math::ratio_db;
use crate::scene::Scene;

const LEAST_DB: i32 = -5;
const MOST_DB: i32 = 10;
const SMOOTHING: u64 = 20;
const MILLION: u64 = 1_000_000;

/// Calls in an hour of the week, in millionths of a week's, where nothing is known: 85 % in the 50 business hours, 8 %
/// in the 20 hours around them, 3 % in the other nights of working days, 3 % and 1 % in days and nights of weekends.
fn business(hour: u8) -> u64 {
    let (day, hour) = (hour / 24, hour % 24);
    match (day < 5, hour) {
        (true, 8..18) => 17_000,
        (true, 7 | 18..21) => 4_000,
        (true, _) => 600,
        (false, 8..18) => 1_500,
        (false, _) => 360,
    }
}

/// Calls an hour, in millionths of a week's.
fn owner(own: &Hours, account: &Hours, hour: u8) -> u64 {
    let (calls, span) = own.alike(hour);
    let (all, _) = account.alike(hour);
    // The wider habit counts as if it had made SMOOTHING calls in all.
    let smoothed =
        |calls: u64, total: u64, wider: u64| (calls * MILLION / span.max(1) + SMOOTHING * wider) / (total + SMOOTHING);
    // The account's other lines: the line's own calls must not count twice.
    let beside = smoothed(all.saturating_sub(calls), account.total().saturating_sub(own.total()), business(hour));
    smoothed(calls, own.total(), beside)
}

pub(super) fn weigh(scene: &Scene<'_>) -> Decibans {
    let even = MILLION / 168;
    let owner = owner(&scene.line.habit.hours, &scene.account.hours, scene.call.hour);
    let weight = ratio_db(even, owner).within(LEAST_DB, MOST_DB);
    if weight.tenths() > 0 && is_travellers_day(scene) { weight.part(1, 2) } else { weight }
}

/// Whether the call comes from a country new to the line, and by the sun it is day there.
fn is_travellers_day(scene: &Scene<'_>) -> bool {
    let hour = scene.call.origin.solar_hour(scene.call.start_ms);
    scene.origin.familiarity == Familiarity::NewCountry && hour.is_some_and(|hour| (7..21).contains(&hour))
}

pub(super) fn tell(scene: &Scene<'_>) -> String {
    const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    let hour = scene.call.hour;
    let day = DAYS.get(usize::from(hour / 24)).copied().unwrap_or_default();
    let usual = if weigh(scene).tenths() > 0 { "an unusual" } else { "a usual" };
    format!("{day} {}:00, {usual} hour for this line", hour % 24)
}

#[cfg(test)]
mod tests {
    use crate::EvidenceKind;
    use crate::story::{PARTNERS, Story, office, tenths};

    fn hours(story: &mut Story) -> i32 {
        let (call, said) = story.dial("101", &office(), PARTNERS[0], 2);
        story.end(call, 0);
        tenths(&said, EvidenceKind::Hours)
    }

    #[test]
    fn an_office_sleeps_at_night_and_a_night_shift_does_not() {
        let mut story = Story::default();
        story.office_weeks(&["101", "102"], &office(), 4);
        assert_eq!(hours(story.at(28, 3, 0)), 100);
        assert!(hours(story.at(28, 11, 0)) < -40);
        assert_eq!(hours(story.at(33, 11, 0)), 100, "Saturday");
        for day in 35..63 {
            for minute in 0..20 {
                story.at(day, 3, minute).talk("101", &office(), "13035550100", 1, 20);
            }
        }
        assert!(hours(story.at(63, 3, 30)) < 0);
    }

    #[test]
    fn business_hours_where_nothing_is_known() {
        let mut story = Story::default();
        assert!(hours(story.at(0, 3, 0)) > 80);
        assert!(hours(story.at(0, 10, 0)) < -40);
    }

    #[test]
    fn the_hours_of_firms_make_a_week() {
        let week: u64 = (0..168).map(super::business).sum();
        assert!((990_000..=1_010_000).contains(&week), "{week}");
    }
}
