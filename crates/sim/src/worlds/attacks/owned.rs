//! The PBX itself is taken over: its own address, its own name, its own lines, at night, eight calls at once.

use super::pump::Pump;
use super::{Stage, thief};
use crate::Dice;

pub(super) fn play(dice: &mut Dice, stage: &mut Stage<'_>, firm: usize, day: u64) {
    let at_ms = stage.firms[firm].at(day, 1_290 + dice.below(480));
    let person = stage.firms[firm].anybody(dice);
    let who = stage.firms[firm].who(person, at_ms);
    let attack = stage.open("owned", &who);
    let mut numbers = thief::pumped(dice).range(dice, 3);
    numbers.extend(thief::pumped(dice).range(dice, 2));
    let pump = Pump {
        numbers,
        calls: dice.between(100, 240),
        at_once: dice.between(5, 9),
        talk_s: (600, 3_600),
        prefixes: true,
        ..Pump::default()
    };
    stage.pump(dice, &who, attack, at_ms, &pump);
}
