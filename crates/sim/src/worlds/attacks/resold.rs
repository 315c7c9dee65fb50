//! Resold minutes: somebody sells calls and routes them over the stolen line. Hundreds of different numbers in many
//! countries, of ordinary length, at ordinary hours.

use super::pump::Pump;
use super::{Stage, thief};
use crate::Dice;
use crate::worlds::numbering::{Fame, lands};

pub(super) fn play(dice: &mut Dice, stage: &mut Stage<'_>, firm: usize, day: u64) {
    let at_ms = stage.firms[firm].at(day, 480 + dice.below(600));
    let seat = thief::forged_seat(dice);
    let who = thief::outsider(dice, &stage.firms[firm], at_ms, seat);
    let attack = stage.open("resold", &who);
    if dice.chance(400) {
        let tries = dice.between(1, 30);
        stage.guess(at_ms - 3_600_000, &who, tries, 5_000);
    }
    let (markets, dear) = (lands(Fame::Market), lands(Fame::Pumped));
    let numbers = (0..dice.between(80, 250))
        .map(|_| {
            let lands = if dice.chance(650) { &markets } else { &dear };
            dice.pick(lands).map_or_else(String::new, |land| land.mobile(dice))
        })
        .collect();
    let pump = Pump {
        numbers,
        calls: dice.between(150, 400),
        at_once: dice.between(2, 8),
        talk_s: (30, 600),
        gap_s: (5, 120),
        answered: 600,
        ..Pump::default()
    };
    stage.pump(dice, &who, attack, at_ms, &pump);
}
