//! The story: a guessed spare extension, a Sunday morning, two mobile numbers in Albania, short calls that mostly fail at
//! first.

use super::pump::Pump;
use super::{Stage, thief};
use crate::Dice;
use crate::worlds::clock::{HOUR_MS, saturday};
use crate::worlds::numbering::Land;

pub(super) fn play(dice: &mut Dice, stage: &mut Stage<'_>, firm: usize, day: u64) {
    let at_ms = stage.firms[firm].at(saturday(day) + 1, 420 + dice.below(180));
    let seat = thief::scanner_seat(dice);
    let who = thief::outsider(dice, &stage.firms[firm], at_ms, seat);
    let attack = stage.open("albania", &who);
    let tries = dice.between(9, 60);
    stage.guess(at_ms, &who, tries, 1_300);
    let numbers = (0..2).map(|_| Land::named("AL").mobile(dice)).collect();
    let pump = Pump {
        numbers,
        calls: 70,
        talk_s: (20, 400),
        gap_s: (10, 240),
        answered: 600,
        prefixes: true,
        ..Pump::default()
    };
    stage.pump(dice, &who, attack, at_ms + HOUR_MS / 8, &pump);
}
