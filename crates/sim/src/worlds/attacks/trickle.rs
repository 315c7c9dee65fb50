//! A trickle: two or three calls a day to one number, for a week and a half, never two at once.

use super::pump::Pump;
use super::{Stage, thief};
use crate::Dice;
use crate::worlds::clock::DAY_MS;

pub(super) fn play(dice: &mut Dice, stage: &mut Stage<'_>, firm: usize, day: u64) {
    let at_ms = stage.firms[firm].at(day, 600 + dice.below(600));
    let seat = thief::forged_seat(dice);
    let who = thief::outsider(dice, &stage.firms[firm], at_ms, seat);
    let attack = stage.open("trickle", &who);
    stage.guess(at_ms, &who, 0, 1);
    let numbers = vec![thief::pumped(dice).mobile(dice)];
    for day in 0..10 {
        let numbers = numbers.clone();
        let pump = Pump {
            numbers,
            calls: dice.between(2, 3),
            talk_s: (900, 2_400),
            gap_s: (3_600, 10_000),
            answered: 900,
            ..Pump::default()
        };
        let from_ms = at_ms + day * DAY_MS + dice.below(7_200_000);
        stage.pump(dice, &who, attack, from_ms, &pump);
    }
}
