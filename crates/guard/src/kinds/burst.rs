//! Burst: more calls to fresh numbers, within the hour or the day, than the line's own rate explains.
//!
//! Counted are calls to numbers that are no habit, beyond the first (the first is what all other evidence is about), the
//! same number again as a quarter; without what may be the legs of one conference with this one, which `at_once.rs`
//! weighs. Expected is the line's settled rate of such calls over two weeks, smoothed with half
//! of what a line of the account has on average and half a call; times four for the short counter, since a week's calls
//! fall into a quarter of its hours, times two for the long one. The weight is the Chernoff bound of the Poisson tail,
//! k log(k/m) - (k - m), two thirds of it because people's calls cluster; the higher of both counters counts.

use crate::Decibans;
use crate::fading::{Fading, ONE};
use crate::habit::RATE_HALF_LIFE_MS;
use crate::line::{LONG_MS, SHORT_MS};
use crate::math::ratio_db;
use crate::scene::Scene;

const MOST_DB: i32 = 12;
const DAY_MS: u64 = 24 * 3_600_000;
/// A new account's rate is not known: its weight grows with the watch, up to a week.
const WATCHED_MS: u64 = 7 * DAY_MS;
/// A rate is never judged on less than two days of watching, nor on more than what its half-life remembers.
const SPAN_MS: (u64, u64) = (2 * DAY_MS, RATE_HALF_LIFE_MS / 100 * 144);

/// Fresh calls expected in a counter of this half-life, in thousandths; `crowding` for hours and days without any.
fn expected(scene: &Scene<'_>, half_life_ms: u64, crowding: u64) -> u64 {
    let now_ms = scene.now_ms;
    let own = scene.line.habit.new_numbers.level(now_ms, RATE_HALF_LIFE_MS);
    let average = scene.account.new_numbers.level(now_ms, RATE_HALF_LIFE_MS) / scene.lines.max(1);
    let calls = own + average / 2 + ONE / 2;
    let span_ms = scene.account.age_ms(now_ms).clamp(SPAN_MS.0, SPAN_MS.1);
    // A steady rate fills a counter up to 1.44 half-lives of it.
    calls.saturating_mul(crowding).saturating_mul(half_life_ms / 100 * 144) / span_ms
}

/// Two thirds of the Chernoff bound, for `counted` against `expected` thousandths.
fn surprise(counted: u64, expected: u64) -> Decibans {
    let expected = expected.max(1);
    if counted <= expected {
        return Decibans::default();
    }
    // Thousandths of calls times tenths of decibans: 10 k log10(k/m) - 4.343 (k - m).
    let gain = counted as i64 * i64::from(ratio_db(counted, expected).tenths()) - (counted - expected) as i64 * 43;
    Decibans::from_tenths((gain * 2 / 3 / ONE as i64).clamp(0, 10_000) as i32)
}

fn counted(scene: &Scene<'_>, counter: Fading, half_life_ms: u64) -> u64 {
    let beside = scene.leg_count() * ONE;
    counter.level(scene.now_ms, half_life_ms).saturating_sub(ONE + beside)
}

/// The higher of both counters: calls beyond the first, within what, and what they say.
fn higher(scene: &Scene<'_>) -> (u64, &'static str, Decibans) {
    let short = counted(scene, scene.line.fresh_short, SHORT_MS);
    let long = counted(scene, scene.line.fresh_long, LONG_MS);
    let by_short = surprise(short, expected(scene, SHORT_MS, 4));
    let by_long = surprise(long, expected(scene, LONG_MS, 2));
    if by_short >= by_long { (short, "the last hour", by_short) } else { (long, "a day", by_long) }
}

/// What is kept in [`Scene::burst`].
pub(crate) fn of(scene: &Scene<'_>) -> Decibans {
    if !scene.is_fresh() {
        return Decibans::default();
    }
    let (_, _, weight) = higher(scene);
    as_watched(scene, weight.within(0, MOST_DB))
}

pub(super) fn weigh(scene: &Scene<'_>) -> Decibans {
    scene.burst
}

/// As much of a weight as the account has been watched of a week.
pub(super) fn as_watched(scene: &Scene<'_>, weight: Decibans) -> Decibans {
    let watched_ms = scene.account.age_ms(scene.now_ms).min(WATCHED_MS);
    weight.part((watched_ms / 60_000) as i32, (WATCHED_MS / 60_000) as i32)
}

pub(super) fn tell(scene: &Scene<'_>) -> String {
    let (count, within, _) = higher(scene);
    format!("{} calls to numbers new to the line within {within}", 1 + count.div_ceil(ONE))
}

#[cfg(test)]
mod tests {
    use crate::EvidenceKind;
    use crate::story::{Story, office, tenths};

    /// What the last of so many calls to fresh numbers, five minutes apart, says.
    fn burst(story: &mut Story, calls: u64) -> i32 {
        let mut said = 0;
        for call in 0..calls {
            let number = format!("4420794600{call:02}");
            let (id, screening) = story.wait_s(300).dial("101", &office(), &number, 2);
            story.end(id, 0);
            said = tenths(&screening, EvidenceKind::Burst);
        }
        said
    }

    #[test]
    fn grows_with_the_calls_up_to_its_bound() {
        let mut story = Story::default();
        story.office_weeks(&["101", "102"], &office(), 4).at(28, 10, 0);
        let said = [1, 2, 4, 12].map(|calls| burst(&mut story.clone(), calls));
        assert_eq!((said[0], said[3]), (0, 120));
        assert!(said[0] < said[1] && said[1] < said[2] && said[2] <= said[3], "{said:?}");
    }

    #[test]
    fn a_line_that_calls_fresh_numbers_all_day_is_used_to_it() {
        let mut story = Story::default();
        for day in (0..28).filter(|day| day % 7 < 5) {
            for call in 0..40 {
                let number = format!("4930{:07}", day * 40 + call);
                story.at(day, 9 + call / 5, call % 5 * 12).talk("101", &office(), &number, 2, 60);
            }
        }
        let said = burst(story.at(28, 10, 0), 8);
        assert!(said < 40, "{said}");
    }

    #[test]
    fn a_new_account_has_no_rate() {
        assert_eq!(burst(Story::default().at(0, 10, 0), 10), 0);
    }
}
