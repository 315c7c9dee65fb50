//! A residential proxy in the victim's own town, on the victim's own provider, with the phone's own name.

use super::pump::Pump;
use super::{Stage, thief};
use crate::Dice;
use crate::worlds::script::Who;

pub(super) fn play(dice: &mut Dice, stage: &mut Stage<'_>, firm: usize, day: u64) {
    let at_ms = stage.firms[firm].at(day, dice.below(1_440));
    let victim = thief::victim(dice, &stage.firms[firm], at_ms);
    let seat = thief::next_door(dice, &stage.firms[firm], &victim);
    let who = Who { seat, ..victim };
    let attack = stage.open("neighbour", &who);
    stage.script.register(at_ms, &who, true);
    let count = dice.between(1, 3) as usize;
    let numbers = thief::pumped(dice).range(dice, count);
    let pump = Pump {
        numbers,
        calls: dice.between(30, 100),
        at_once: dice.between(1, 4),
        talk_s: (300, 1_800),
        gap_s: (5, 300),
        ..Pump::default()
    };
    stage.pump(dice, &who, attack, at_ms + 600_000, &pump);
}
