//! Premium 900 numbers, from a rented server nearby.

use super::pump::Pump;
use super::{Stage, thief};
use crate::Dice;
use crate::worlds::clock::HOUR_MS;
use crate::worlds::numbering::Land;

pub(super) fn play(dice: &mut Dice, stage: &mut Stage<'_>, firm: usize, day: u64) {
    let at_ms = stage.firms[firm].at(day, 1_200 + dice.below(540));
    let seat = thief::forged_seat(dice);
    let who = thief::outsider(dice, &stage.firms[firm], at_ms, seat);
    let attack = stage.open("premium", &who);
    let tries = dice.between(3, 40);
    stage.guess(at_ms, &who, tries, 3_000);
    let numbers = (0..2).map(|_| Land::named("US premium").mobile(dice)).collect();
    let pump = Pump { numbers, calls: 50, at_once: dice.between(1, 3), talk_s: (200, 1_100), ..Pump::default() };
    stage.pump(dice, &who, attack, at_ms + HOUR_MS / 10, &pump);
}
