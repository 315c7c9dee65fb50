//! Slow calling in office hours: one call at a time, half an hour apart, from the firm's own PBX or a rented server.

use super::pump::Pump;
use super::{Stage, thief};
use crate::Dice;
use crate::worlds::clock::{DAY_MS, HOUR_MS, working_day};
use crate::worlds::script::Who;

pub(super) fn play(dice: &mut Dice, stage: &mut Stage<'_>, firm: usize, day: u64) {
    let first_ms = stage.firms[firm].at(working_day(day), 545);
    let victim = thief::victim(dice, &stage.firms[firm], first_ms);
    let seat = if dice.chance(500) { victim.seat } else { thief::forged_seat(dice) };
    let who = Who { seat, ..victim };
    let attack = stage.open("office-hours", &who);
    let count = dice.between(1, 3) as usize;
    let numbers = thief::pumped(dice).range(dice, count);
    for day in 0..3 {
        let from_ms = first_ms + day * DAY_MS + dice.below(HOUR_MS);
        let numbers = numbers.clone();
        let pump =
            Pump { numbers, calls: 14, talk_s: (400, 1_500), gap_s: (300, 1_500), answered: 850, ..Pump::default() };
        stage.pump(dice, &who, attack, from_ms, &pump);
    }
}
