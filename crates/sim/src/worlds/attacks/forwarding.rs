//! Forwarding abuse: a phone is set to forward to a dear number, then called by an accomplice many times at once.

use super::pump::Pump;
use super::{Stage, thief};
use crate::Dice;

pub(super) fn play(dice: &mut Dice, stage: &mut Stage<'_>, firm: usize, day: u64) {
    let person = stage.firms[firm].anybody(dice);
    let at_ms = stage.firms[firm].at(day, dice.below(1_440));
    let who = stage.firms[firm].who(person, at_ms);
    let attack = stage.open("forwarding", &who);
    let count = dice.between(1, 2) as usize;
    let numbers = thief::pumped(dice).range(dice, count);
    let pump = Pump {
        numbers,
        calls: dice.between(40, 120),
        at_once: dice.between(2, 8),
        talk_s: (300, 2_400),
        answered: 900,
        ..Pump::default()
    };
    let cause = if dice.chance(800) { "forward" } else { "transfer" };
    stage.pump_by(dice, &who, attack, at_ms, &pump, Some(cause));
}
