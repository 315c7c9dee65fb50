//! Dormant: a line that was never or long not used awakes, or one that never calls abroad does.
//!
//! Thieves guess the names of spare extensions (100, 101, test, 1001: DESIGN section 6), so about half of the lines they
//! get have slept; of an owner's calls abroad, about one in twenty comes from a line that just woke (a new colleague):
//! 0.5 / 0.05 = 10 dB, less for shorter sleeps. Having woken fades with a half-life of three days. A line that calls,
//! but not abroad, is weighed by how rare that is for it: at most 6 dB.

use crate::Decibans;
use crate::habit::Habit;
use crate::line::{AWAKE_MS, Line};
use crate::math;
use crate::scene::Scene;

const DAY_MS: u64 = 24 * 3_600_000;
/// An account must have been watched so long before "never" means anything: two working weeks.
const WATCHED_MS: u64 = 14 * DAY_MS;
/// Sleeps and their weights in thousandths of a deciban.
const SLEEPS: [(u64, u64); 3] = [(30 * DAY_MS, 8_000), (14 * DAY_MS, 6_000), (7 * DAY_MS, 3_000)];
const NEVER: u64 = 10_000;
/// A sleep is one only beyond so many usual gaps between calls.
const USUAL_GAPS: u64 = 5;

/// What waking with a call now says, in thousandths of a deciban; to be kept in [`Line::awake`].
fn waking(now_ms: u64, line: &Line, account: &Habit) -> u64 {
    let Some(last_ms) = line.last_call_ms else {
        return if account.age_ms(now_ms) >= WATCHED_MS { NEVER } else { 0 };
    };
    let asleep_ms = now_ms.saturating_sub(last_ms);
    let calls = line.habit.home_calls.saturating_add(line.habit.calls);
    let usual_gap_ms = line.habit.age_ms(last_ms) / calls.max(1);
    if asleep_ms < usual_gap_ms.saturating_mul(USUAL_GAPS) {
        return 0;
    }
    SLEEPS.iter().find(|(sleep_ms, _)| asleep_ms >= *sleep_ms).map_or(0, |(_, weight)| *weight)
}

/// The share of calls abroad that is expected of a line nothing is known of: one in ten.
const USUAL_ABROAD_PERCENT: u64 = 10;
/// Calls after which a line's own share counts as much as its account's.
const SMOOTHING: u64 = 20;

/// Rarity of calls abroad, against one in ten.
fn abroad(line: &Habit, account: &Habit) -> Decibans {
    let (line_all, account_all) = (line.calls + line.home_calls, account.calls + account.home_calls);
    // Per ten thousand, so that integers do.
    let account_share = (account.calls * 10_000 + SMOOTHING * USUAL_ABROAD_PERCENT * 100) / (account_all + SMOOTHING);
    let share = (line.calls * 10_000 + SMOOTHING * account_share) / (line_all + SMOOTHING);
    math::ratio_db(USUAL_ABROAD_PERCENT * 100, share).within(0, 6)
}

/// What is left of having woken.
fn woke(scene: &Scene<'_>) -> Decibans {
    Decibans::from_tenths((scene.line.awake.level(scene.now_ms, AWAKE_MS) / 100) as i32)
}

pub(super) fn weigh(scene: &Scene<'_>) -> Decibans {
    let watched = scene.account.age_ms(scene.now_ms) >= WATCHED_MS;
    let abroad =
        if watched && scene.is_fresh() { abroad(&scene.line.habit, scene.account) } else { Decibans::default() };
    woke(scene).max(abroad)
}

pub(super) fn tell(scene: &Scene<'_>) -> String {
    let habit = &scene.line.habit;
    if woke(scene) >= abroad(habit, scene.account) {
        return "the line was never or long not used before it called".into();
    }
    format!("the line hardly calls abroad: {} of {} calls", habit.calls, habit.calls + habit.home_calls)
}

/// Wakes the line for a call of any kind.
pub(crate) fn wake(now_ms: u64, line: &mut Line, account: &Habit) {
    let weight = waking(now_ms, line, account);
    line.awake.raise(now_ms, AWAKE_MS, weight);
    line.last_call_ms = Some(now_ms);
}

#[cfg(test)]
mod tests {
    use crate::EvidenceKind;
    use crate::story::{Story, office, tenths, words};

    #[test]
    fn a_line_that_never_called_weighs_most_and_the_waking_fades() {
        let mut story = Story::default();
        story.office_weeks(&["101", "102"], &office(), 6);
        let dormant = |story: &mut Story, id| {
            let (call, said) = story.dial(id, &office(), "41442345678", 3);
            story.end(call, 0);
            tenths(&said, EvidenceKind::Dormant)
        };
        assert_eq!(dormant(story.at(42, 10, 0), "109"), 100);
        assert_eq!(dormant(story.at(45, 10, 0), "109"), 50, "a half-life of three days");
        assert_eq!(dormant(story.at(45, 11, 0), "101"), 0);
        assert_eq!(dormant(story.at(60, 11, 0), "101"), 60, "asleep for a fortnight");
    }

    #[test]
    fn in_a_new_account_every_line_is_new() {
        let mut story = Story::default();
        story.office_weeks(&["101"], &office(), 1);
        let (_, said) = story.at(7, 10, 0).dial("109", &office(), "41442345678", 3);
        assert_eq!(tenths(&said, EvidenceKind::Dormant), 0);
    }

    #[test]
    fn a_line_that_calls_home_only_is_asleep_for_calls_abroad() {
        let mut story = Story::default();
        story.office_weeks(&["101"], &office(), 4);
        for call in 0..200 {
            story.at(28 + call / 10, 9, call % 10).talk("102", &office(), "13035550100", 1, 20);
        }
        let (_, said) = story.at(47, 14, 0).dial("102", &office(), "41442345678", 3);
        assert!(words(&said, EvidenceKind::Dormant).contains("hardly calls abroad: 0 of 200 calls"));
    }
}
