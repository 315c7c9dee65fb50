//! Spend: money spent within a day on numbers that are no habit, against what the line is used to spend so.
//!
//! This is what a thief is there for, however slowly and politely he calls. The dearest call of the day does not count:
//! one long dear call is what price and length are about, and honest people make one; nor do the other legs of a conference. Nor do calls that looked ordinary:
//! on a busy trunk they are other people's. Owner: a heavy tail (Lomax of index 2, as sums of log-normal calls have over
//! some decades): P(more than s) = (1 + s/m)^-2, m what the line has spent a day on numbers new by then over two weeks,
//! half of what a line of the account has on average, and two units of the deck's currency (a few calls of some minutes
//! to a dear country). Thief: (1 + s/30)^-1, since some are stopped or content early. At ten times m: 21 dB less 1, of
//! which at most 15 count. Much money by many calls is one fact, so only what exceeds the burst counts; of what length and
//! price see alike half of the smaller weight is taken off. In a new account every number is new: the weight grows with
//! the watch, up to a week.

use super::{burst, length, price};
use crate::Decibans;
use crate::attempt::Attempt;
use crate::habit::{Habit, RATE_HALF_LIFE_MS};
use crate::line::ORDINARY;
use crate::math::ratio_db;
use crate::scene::Scene;
use billing::Money;

const MOST_DB: i32 = 15;
/// Two units a day, in thousandths.
const FIRMS_MILS: u64 = 2_000;
const THIEF_MILS: u64 = 30_000;
const DAY_MS: u64 = 24 * 3_600_000;
/// A rate is judged on two days of watching at least, and on what its half-life remembers at most.
const SPAN_MS: (u64, u64) = (2 * DAY_MS, RATE_HALF_LIFE_MS / 100 * 144);

/// Money spent within the day on fresh numbers, in thousandths of the deck's currency.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spent {
    /// On all but the dearest.
    beside: u64,
    /// On the dearest.
    dearest: u64,
}

/// What is kept in [`Scene::spent`]. This call with the other legs of its conference counts as one.
pub(crate) fn spent(scene: &Scene<'_>) -> Spent {
    let cost = |attempt: &Attempt| attempt.cost_mils(scene.now_ms);
    let is_remarkable = |other: &&Attempt| other.score >= ORDINARY;
    let event = scene.legs().filter(is_remarkable).fold(cost(scene.call), |sum, leg| sum + cost(leg));
    let others = scene.other_fresh_but_legs().filter(is_remarkable).map(cost);
    let (sum, most) = others.fold((0, 0), |(sum, most), cost| (sum + cost, cost.max(most)));
    let dearest = most.max(event);
    Spent { beside: sum + event - dearest, dearest }
}

/// What is usual in a day.
fn usual_mils(scene: &Scene<'_>) -> u64 {
    let spend = |habit: &Habit| habit.new_spend.level(scene.now_ms, RATE_HALF_LIFE_MS);
    let mils = spend(&scene.line.habit) + spend(scene.account) / scene.lines.max(1) / 2;
    let span_ms = scene.account.age_ms(scene.now_ms).clamp(SPAN_MS.0, SPAN_MS.1);
    mils * (DAY_MS / 1000) / (span_ms / 1000) + FIRMS_MILS
}

fn alone_db(scene: &Scene<'_>) -> Decibans {
    let (spent, usual) = (scene.spent.beside, usual_mils(scene));
    let owner = ratio_db(spent + usual, usual).part(2, 1);
    let weight = owner.plus(ratio_db(spent + THIEF_MILS, THIEF_MILS).part(-1, 1)).within(0, MOST_DB);
    burst::as_watched(scene, weight)
}

/// What has flown today beyond what is usual: at stake for the call, and for its line.
///
/// For the call, all of it; and where money flows beside a call that talks, twice that: hanging up a call whose most is said
/// costs half of refusing it. One dear call by itself is not made so little of, for honest people make one. For the line a
/// third of the dearest call counts, since that call is stopped by itself.
pub(crate) fn at_stake(scene: &Scene<'_>) -> (Money, Money) {
    let (Spent { beside, dearest }, usual) = (scene.spent, usual_mils(scene));
    let talks = scene.call.runs() && scene.call.answered_ms.is_some();
    let times = if talks && beside > 0 { 2 } else { 1 };
    let by_call = times * (beside + dearest).saturating_sub(usual);
    (of_mils(by_call), of_mils((beside + dearest / 3).saturating_sub(usual)))
}

fn of_mils(mils: u64) -> Money {
    Money::from_micros(i64::try_from(mils).unwrap_or(i64::MAX).saturating_mul(1000))
}

pub(super) fn weigh(scene: &Scene<'_>) -> Decibans {
    if !scene.is_fresh() {
        return Decibans::default();
    }
    let none = Decibans::default();
    let beyond = alone_db(scene).plus(burst::weigh(scene).part(-1, 1)).max(none);
    let shared = length::weigh(scene).max(price::weigh(scene)).min(beyond).max(none);
    beyond.plus(shared.part(-1, 2))
}

pub(super) fn tell(scene: &Scene<'_>) -> String {
    let (spent, usual) = (scene.spent.beside, usual_mils(scene));
    let money = |mils: u64| of_mils(mils).format(&scene.currency);
    format!("{} spent on new numbers within a day besides the dearest call; {} is usual", money(spent), money(usual))
}

#[cfg(test)]
mod tests {
    use crate::EvidenceKind;
    use crate::story::{Story, office, tenths};

    #[test]
    fn one_dear_call_says_nothing_and_the_second_does() {
        let mut story = Story::default();
        story.office_weeks(&["101"], &office(), 3).at(21, 10, 0);
        let mut said = Vec::new();
        for _ in 0..4 {
            let (call, screening) = story.wait_s(900).dial("101", &office(), "5372048500", 79);
            said.push(tenths(&screening, EvidenceKind::Spend));
            story.wait_s(5).answer(call);
            story.wait_s(600).end(call, 600);
        }
        assert_eq!(&said[..2], [0, 0]);
        assert!(said[2] >= 30 && said[3] >= said[2], "{said:?}");
    }
}
