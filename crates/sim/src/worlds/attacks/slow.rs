//! Slow and low: one call at a time, twenty minutes each, with pauses, over two days, from a rented server.

use super::pump::Pump;
use super::{Stage, thief};
use crate::Dice;

pub(super) fn play(dice: &mut Dice, stage: &mut Stage<'_>, firm: usize, day: u64) {
    let at_ms = stage.firms[firm].at(day, dice.below(1_440));
    let seat = thief::forged_seat(dice);
    let who = thief::outsider(dice, &stage.firms[firm], at_ms, seat);
    let attack = stage.open("slow", &who);
    let tries = dice.between(0, 6);
    stage.guess(at_ms, &who, tries, 60_000);
    let numbers = (0..3).map(|_| thief::pumped(dice).mobile(dice)).collect();
    let pump = Pump { numbers, calls: 40, talk_s: (600, 1_700), gap_s: (900, 4_500), answered: 820, ..Pump::default() };
    stage.pump(dice, &who, attack, at_ms + 3_600_000, &pump);
}
