//! Ordinary traffic of a firm, planned ahead from a seed: who calls whom, when, and for how long.

use crate::Dice;

const DAY_MS: u64 = 86_400_000;
const MINUTE_MS: u64 = 60_000;

/// A firm's habits.
#[derive(Clone, Debug)]
pub struct Habits {
    /// How many telephones call.
    pub phones: usize,
    /// Its clock against UTC, minutes.
    pub utc_offset_min: i32,
    /// Calls of each telephone on a working day, on average.
    pub calls_a_day: u64,
    /// Numbers it calls at home, as dialled.
    pub domestic: Vec<String>,
    /// Numbers it calls abroad, as dialled.
    pub international: Vec<String>,
    /// Calls abroad in a thousand.
    pub international_permille: u64,
    /// Numbers of its callers; empty for none.
    pub callers: Vec<String>,
    /// Calls from outside on a working day, on average.
    pub inbound_a_day: u64,
}

/// Who places a planned call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// The telephone of this number, counted from 0, calls `number`.
    Phone(usize),
    /// Somebody outside, whose number is `number`, calls the firm.
    Outside,
}

/// One planned call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// When.
    pub at_ms: u64,
    /// Who.
    pub who: Who,
    /// The number dialled, or the caller's number of a call from outside.
    pub number: String,
    /// How long it rings.
    pub ring_ms: u64,
    /// How long it talks; `None`: nobody answers.
    pub talk_ms: Option<u64>,
}

impl Habits {
    /// The calls from `from_ms` to `to_ms`, in order. A working day goes from half past eight to six; Saturdays are
    /// quiet, Sundays and nights are dead.
    #[must_use]
    pub fn plan(&self, from_ms: u64, to_ms: u64, dice: &mut Dice) -> Vec<Planned> {
        let offset_ms = i64::from(self.utc_offset_min) * 60_000;
        let mut calls = Vec::new();
        let first_day = from_ms.saturating_add_signed(offset_ms) / DAY_MS;
        let last_day = to_ms.saturating_add_signed(offset_ms) / DAY_MS;
        for day in first_day..=last_day {
            let morning_ms = (day * DAY_MS).saturating_add_signed(-offset_ms).saturating_add(510 * MINUTE_MS);
            // 1 January 1970 was a Thursday; 0 is Sunday here.
            let share = match (day + 4) % 7 {
                0 => 0,
                6 => 5,
                _ => 100,
            };
            self.plan_day(morning_ms, share, dice, &mut calls);
        }
        calls.retain(|call| (from_ms..to_ms).contains(&call.at_ms));
        calls.sort_by_key(|call| call.at_ms);
        calls
    }

    fn plan_day(&self, morning_ms: u64, share: u64, dice: &mut Dice, calls: &mut Vec<Planned>) {
        for phone in 0..self.phones {
            for _ in 0..count(self.calls_a_day, share, dice) {
                let abroad = dice.chance(self.international_permille) && !self.international.is_empty();
                let numbers = if abroad { &self.international } else { &self.domestic };
                let Some(number) = dice.pick(numbers).cloned() else { continue };
                calls.push(planned(Who::Phone(phone), number, morning_ms, dice));
            }
        }
        for _ in 0..count(self.inbound_a_day, share, dice) {
            let Some(number) = dice.pick(&self.callers).cloned() else { continue };
            calls.push(planned(Who::Outside, number, morning_ms, dice));
        }
    }
}

/// Between nothing and twice the average, `share` in a hundred of it.
fn count(average: u64, share: u64, dice: &mut Dice) -> u64 {
    dice.between(0, average.saturating_mul(2)).saturating_mul(share) / 100
}

fn planned(who: Who, number: String, morning_ms: u64, dice: &mut Dice) -> Planned {
    let at_ms = morning_ms.saturating_add(dice.below(570 * MINUTE_MS));
    let ring_ms = dice.between(2_000, 18_000);
    // Most calls are short; the product of two draws has a long tail up to half an hour.
    let talk_ms = dice.between(1, 45).saturating_mul(dice.between(1, 40)).saturating_mul(1_000);
    let talk_ms = (!dice.chance(180)).then_some(talk_ms);
    Planned { at_ms, who, number, ring_ms, talk_ms }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Thursday, 1 January 2026, midnight UTC.
    const START_MS: u64 = 1_767_225_600_000;

    fn habits() -> Habits {
        Habits {
            phones: 5,
            utc_offset_min: -420,
            calls_a_day: 10,
            domestic: vec!["3035550111".into()],
            international: vec!["011442071838750".into()],
            international_permille: 50,
            callers: vec!["+13035550199".into()],
            inbound_a_day: 10,
        }
    }

    #[test]
    fn six_weeks_are_ordered_by_day_and_quiet_at_night_and_on_sundays() {
        let calls = habits().plan(START_MS, START_MS + 42 * DAY_MS, &mut Dice::new(1));
        assert!((1_000..3_000).contains(&calls.len()), "{}", calls.len());
        assert!(calls.is_sorted_by_key(|call| call.at_ms));
        for call in &calls {
            let local_ms = call.at_ms - 420 * MINUTE_MS;
            let (hour, weekday) = (local_ms % DAY_MS / 3_600_000, (local_ms / DAY_MS + 4) % 7);
            assert!((8..18).contains(&hour) && weekday != 0, "hour {hour} of day {weekday}");
        }
        let abroad = calls.iter().filter(|call| call.number.starts_with("011")).count();
        assert!((20..200).contains(&abroad), "{abroad}");
    }

    #[test]
    fn the_same_seed_plans_the_same() {
        let plan = |seed| habits().plan(START_MS, START_MS + 7 * DAY_MS, &mut Dice::new(seed));
        assert_eq!(plan(4), plan(4));
        assert_ne!(plan(4), plan(5));
    }
}
