//! Hijacked ranges: numbers that nobody was given, some of which no deck prices.

use super::pump::Pump;
use super::{Stage, thief};
use crate::Dice;

pub(super) fn play(dice: &mut Dice, stage: &mut Stage<'_>, firm: usize, day: u64) {
    let at_ms = stage.firms[firm].at(day, dice.below(1_440));
    let seat = thief::forged_seat(dice);
    let who = thief::outsider(dice, &stage.firms[firm], at_ms, seat);
    let attack = stage.open("unallocated", &who);
    stage.guess(at_ms, &who, 2, 30_000);
    let heads = ["2439", "2250", "67599", "69288", "99300", "24099", "37299", "88399", "21199"];
    let head = dice.pick(&heads).copied().unwrap_or("2439");
    let numbers = (0..dice.between(2, 8)).map(|_| format!("{head}{:07}", dice.below(10_000_000))).collect();
    let pump = Pump {
        numbers,
        calls: dice.between(60, 150),
        at_once: dice.between(1, 5),
        talk_s: (300, 1_800),
        ..Pump::default()
    };
    stage.pump(dice, &who, attack, at_ms + 600_000, &pump);
}
