//! Slow guessing over many addresses, none of which tries often: the secret fits at one that never failed, and from there
//! the line is pumped.

use super::pump::Pump;
use super::{Stage, thief};
use crate::Dice;
use crate::worlds::clock::HOUR_MS;
use crate::worlds::networks;
use crate::worlds::script::{Seat, Who};

pub(super) fn play(dice: &mut Dice, stage: &mut Stage<'_>, firm: usize, day: u64) {
    let at_ms = stage.firms[firm].at(day, dice.below(1_440));
    let victim = thief::victim(dice, &stage.firms[firm], at_ms);
    let thief = Who { seat: thief::forged_seat(dice), ..victim.clone() };
    let attack = stage.open("sprayed", &thief);
    for _ in 0..dice.between(15, 50) {
        let network = networks::pick_at(dice, |network| network.usage != networks::Use::Mobile);
        let seat = Seat { ip: networks::address(dice, network), ..thief.seat };
        let guesser = Who { seat, ..victim.clone() };
        for _ in 0..dice.between(1, 4) {
            stage.script.register(at_ms - dice.below(20 * HOUR_MS), &guesser, false);
        }
    }
    stage.script.register(at_ms, &thief, true);
    let count = dice.between(1, 4) as usize;
    let numbers = thief::pumped(dice).range(dice, count);
    let pump = Pump { numbers, calls: dice.between(30, 90), at_once: dice.between(1, 4), ..Pump::default() };
    let from_ms = at_ms + dice.between(10, 240) * 60_000;
    stage.pump(dice, &thief, attack, from_ms, &pump);
}
