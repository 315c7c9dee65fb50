//! A new customer with no history is struck in the first days.

use super::pump::Pump;
use super::{Stage, thief};
use crate::Dice;

pub(super) fn play(dice: &mut Dice, stage: &mut Stage<'_>, firm: usize, _: u64) {
    let day = stage.firms[firm].since_day + dice.below(3);
    let at_ms = stage.firms[firm].at(day, 1_080 + dice.below(540));
    let seat = thief::scanner_seat(dice);
    let who = thief::outsider(dice, &stage.firms[firm], at_ms, seat);
    let attack = stage.open("newcomer", &who);
    let tries = dice.between(0, 60);
    stage.guess(at_ms, &who, tries, 2_500);
    let count = dice.between(1, 4) as usize;
    let numbers = thief::pumped(dice).range(dice, count);
    let pump = Pump {
        numbers,
        calls: dice.between(40, 150),
        at_once: dice.between(1, 6),
        talk_s: (200, 1_800),
        ..Pump::default()
    };
    stage.pump(dice, &who, attack, at_ms + 600_000, &pump);
}
