//! Stolen credentials (a leaked provisioning file): no guessing, a forged phone's name, any hour.

use super::pump::Pump;
use super::{Stage, thief};
use crate::Dice;

pub(super) fn play(dice: &mut Dice, stage: &mut Stage<'_>, firm: usize, day: u64) {
    let at_ms = stage.firms[firm].at(day, dice.below(1_440));
    let victim = thief::victim(dice, &stage.firms[firm], at_ms);
    let mut seat = thief::far_seat(dice);
    if dice.chance(600) {
        seat.agent = victim.seat.agent;
    }
    let who = crate::worlds::script::Who { seat, ..victim };
    let attack = stage.open("stolen", &who);
    stage.script.register(at_ms, &who, true);
    let count = dice.between(1, 4) as usize;
    let numbers = thief::pumped(dice).range(dice, count);
    let pump = Pump {
        numbers,
        calls: dice.between(30, 120),
        at_once: dice.between(1, 6),
        talk_s: (200, 1_800),
        ..Pump::default()
    };
    let from_ms = at_ms + dice.between(1, 60) * 60_000;
    stage.pump(dice, &who, attack, from_ms, &pump);
}
