//! Short calls to a whole range: hundreds of them, seconds long, different numbers, so that nothing is called twice.

use super::pump::Pump;
use super::{Stage, thief};
use crate::Dice;

pub(super) fn play(dice: &mut Dice, stage: &mut Stage<'_>, firm: usize, day: u64) {
    let at_ms = stage.firms[firm].at(day, dice.below(1_440));
    let seat = thief::forged_seat(dice);
    let who = thief::outsider(dice, &stage.firms[firm], at_ms, seat);
    let attack = stage.open("short-calls", &who);
    stage.guess(at_ms, &who, 0, 1);
    let numbers = thief::pumped(dice).range(dice, 200);
    let pump = Pump {
        numbers,
        calls: 500,
        at_once: dice.between(2, 6),
        talk_s: (6, 50),
        gap_s: (1, 10),
        answered: 700,
        ..Pump::default()
    };
    stage.pump(dice, &who, attack, at_ms + 600_000, &pump);
}
