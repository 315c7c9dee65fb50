//! Caribbean codes that look like calls within North America.

use super::pump::Pump;
use super::{Stage, thief};
use crate::Dice;
use crate::worlds::clock::HOUR_MS;
use crate::worlds::numbering::{Fame, lands};

pub(super) fn play(dice: &mut Dice, stage: &mut Stage<'_>, firm: usize, day: u64) {
    let at_ms = stage.firms[firm].at(day, 1_260 + dice.below(420));
    let seat = thief::scanner_seat(dice);
    let who = thief::outsider(dice, &stage.firms[firm], at_ms, seat);
    let attack = stage.open("lookalike", &who);
    let tries = dice.between(5, 80);
    stage.guess(at_ms, &who, tries, 2_000);
    let numbers = (0..dice.between(2, 5))
        .map(|_| dice.pick(&lands(Fame::Lookalike)).map_or_else(String::new, |land| land.mobile(dice)))
        .collect();
    let pump = Pump {
        numbers,
        calls: dice.between(80, 150),
        at_once: dice.between(2, 5),
        talk_s: (120, 900),
        ..Pump::default()
    };
    stage.pump(dice, &who, attack, at_ms + HOUR_MS / 4, &pump);
}
