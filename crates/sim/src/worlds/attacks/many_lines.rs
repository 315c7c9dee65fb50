//! A leaked provisioning server: several lines of one firm at the same time, a call or two on each.

use super::pump::Pump;
use super::{Stage, thief};
use crate::Dice;

pub(super) fn play(dice: &mut Dice, stage: &mut Stage<'_>, firm: usize, day: u64) {
    let at_ms = stage.firms[firm].at(day, dice.below(1_440));
    let seat = thief::forged_seat(dice);
    let (numbers, wait_ms) = (thief::pumped(dice).range(dice, 4), dice.below(240_000));
    let mut attack = None;
    for person in 0..stage.firms[firm].people.len().min(5) {
        let mut who = stage.firms[firm].who(person, at_ms);
        who.seat = seat;
        let attack = *attack.get_or_insert_with(|| stage.open("many-lines", &who));
        stage.script.register(at_ms + person as u64 * 20_000, &who, true);
        let numbers = numbers.clone();
        let pump = Pump {
            numbers,
            calls: dice.between(8, 30),
            at_once: dice.between(1, 2),
            talk_s: (200, 1_500),
            ..Pump::default()
        };
        stage.pump(dice, &who, attack, at_ms + 600_000 + person as u64 * wait_ms, &pump);
    }
}
