//! Hours: a call outside the hours of the week at which the line calls.
//!
//! Thief: seven in ten published pumps run at night, on weekends and holidays, which is what those hours' share of the
//! week is (118 of 168); so a thief's calls are spread over the week evenly. Owner: the line's calls in hours alike (the
//! hour and its neighbours, on working days or on that day of the weekend), smoothed with the weight of twenty calls
//! towards the account's and those towards business hours. Home calls count, so this is learnt in days.

use super::Fact;
use crate::habit::{Habit, Hours};
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
fn smoothed(hours: &Hours, hour: u8, wider: u64) -> u64 {
    let (calls, span) = hours.alike(hour);
    // The wider habit as if it had made SMOOTHING calls in all.
    (calls * MILLION / span.max(1) + SMOOTHING * wider) / (hours.total() + SMOOTHING)
}

fn owner(line: &Habit, account: &Habit, hour: u8) -> u64 {
    smoothed(&line.hours, hour, smoothed(&account.hours, hour, business(hour)))
}

pub(super) fn weigh(scene: &Scene<'_>) -> Option<Fact> {
    const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    let hour = scene.call.hour;
    let even = MILLION / 168;
    let weight = ratio_db(even, owner(&scene.line.habit, scene.account, hour)).within(LEAST_DB, MOST_DB);
    let day = DAYS.get(usize::from(hour / 24)).copied().unwrap_or_default();
    let usual = if weight.tenths() > 0 { "an unusual" } else { "a usual" };
    Some(Fact { weight, text: format!("{day} {}:00, {usual} hour for this line", hour % 24) })
}
