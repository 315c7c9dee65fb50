//! Satellite and worldwide numbers: dollars a minute.

use super::pump::Pump;
use super::{Stage, thief};
use crate::Dice;
use crate::worlds::clock::HOUR_MS;
use crate::worlds::numbering::Land;

pub(super) fn play(dice: &mut Dice, stage: &mut Stage<'_>, firm: usize, day: u64) {
    let at_ms = stage.firms[firm].at(day, 1_200 + dice.below(540));
    let seat = thief::scanner_seat(dice);
    let who = thief::outsider(dice, &stage.firms[firm], at_ms, seat);
    let attack = stage.open("satellite", &who);
    let tries = dice.between(3, 60);
    stage.guess(at_ms, &who, tries, 1_500);
    let name = dice.pick(&["Iridium", "Inmarsat", "Global networks"]).copied().unwrap_or("Iridium");
    let count = dice.between(1, 3) as usize;
    let numbers = Land::named(name).range(dice, count);
    let pump = Pump { numbers, calls: 40, at_once: dice.between(1, 3), talk_s: (200, 1_200), ..Pump::default() };
    stage.pump(dice, &who, attack, at_ms + HOUR_MS / 5, &pump);
}
