//! A pump into the dear ranges of countries that the firm does call: mobile and special numbers there.

use super::pump::Pump;
use super::{Stage, thief};
use crate::Dice;
use crate::worlds::numbering::Land;

pub(super) fn play(dice: &mut Dice, stage: &mut Stage<'_>, firm: usize, day: u64) {
    let at_ms = stage.firms[firm].at(day, dice.below(1_440));
    let seat = thief::forged_seat(dice);
    let who = thief::outsider(dice, &stage.firms[firm], at_ms, seat);
    let attack = stage.open("own-markets", &who);
    stage.guess(at_ms, &who, 0, 1);
    let book = &stage.firms[firm].book;
    let mut dearest: Vec<&Land> = book.iter().map(|contacts| contacts.land).collect();
    dearest.sort_by_key(|land| std::cmp::Reverse(land.dearest()));
    let land = dearest.first().copied().unwrap_or(Land::named("GB personal"));
    let land = if land.dearest() < 500 { Land::named("GB personal") } else { land };
    let count = dice.between(2, 5) as usize;
    let numbers = land.range(dice, count);
    let pump = Pump {
        numbers,
        calls: dice.between(60, 160),
        at_once: dice.between(2, 8),
        talk_s: (300, 2_000),
        ..Pump::default()
    };
    stage.pump(dice, &who, attack, at_ms + 900_000, &pump);
}
