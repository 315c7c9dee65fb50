//! Somebody in the building at night: a desk phone, the firm's own address, one or two calls at a time.

use super::pump::Pump;
use super::{Stage, thief};
use crate::Dice;

pub(super) fn play(dice: &mut Dice, stage: &mut Stage<'_>, firm: usize, day: u64) {
    let person = stage.firms[firm].anybody(dice);
    let at_ms = stage.firms[firm].at(day, 1_300 + dice.below(120));
    let who = stage.firms[firm].who(person, at_ms);
    let attack = stage.open("inside-night", &who);
    let numbers: Vec<String> = (0..dice.between(1, 3)).map(|_| thief::pumped(dice).mobile(dice)).collect();
    for night in 0..dice.between(1, 3) {
        let from_ms = stage.firms[firm].at(day + night, 1_300 + dice.below(120));
        let numbers = numbers.clone();
        let pump = Pump {
            numbers,
            calls: dice.between(8, 20),
            at_once: dice.between(1, 2),
            talk_s: (600, 2_400),
            answered: 850,
            ..Pump::default()
        };
        stage.pump(dice, &who, attack, from_ms, &pump);
    }
}
