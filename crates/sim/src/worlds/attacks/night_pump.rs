//! The pump: a few numbers in one or two far countries, many at once, at night or on a weekend; a third probes before.

use super::pump::Pump;
use super::{Stage, thief};
use crate::Dice;
use crate::worlds::clock::{DAY_MS, HOUR_MS, saturday};

pub(super) fn play(dice: &mut Dice, stage: &mut Stage<'_>, firm: usize, day: u64) {
    let day = if dice.chance(500) { saturday(day) } else { day };
    let at_ms = stage.firms[firm].at(day, 1_320 + dice.below(400));
    let seat = thief::scanner_seat(dice);
    let who = thief::outsider(dice, &stage.firms[firm], at_ms, seat);
    let attack = stage.open("night-pump", &who);
    let tries = dice.between(3, 400);
    stage.guess(at_ms, &who, tries, 400);
    if dice.chance(330) {
        let before_ms = dice.between(1, 2) * DAY_MS;
        stage.probe(dice, &who, attack, at_ms - before_ms);
    }
    let mut numbers = Vec::new();
    for _ in 0..dice.between(1, 2) {
        let count = dice.between(1, 4) as usize;
        numbers.extend(thief::pumped(dice).range(dice, count));
    }
    let pump = Pump {
        numbers,
        calls: dice.between(60, 230),
        at_once: dice.between(4, 12),
        talk_s: (300, 2_400),
        prefixes: dice.chance(400),
        ..Pump::default()
    };
    stage.pump(dice, &who, attack, at_ms + HOUR_MS / 4, &pump);
}
