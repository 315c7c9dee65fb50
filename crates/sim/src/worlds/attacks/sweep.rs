//! One crew sweeps several firms in one night: the same seat, the same numbers.

use super::pump::Pump;
use super::{Stage, thief};
use crate::Dice;
use crate::worlds::script::Who;

pub(super) fn play(dice: &mut Dice, stage: &mut Stage<'_>, firm: usize, day: u64) {
    let seat = thief::forged_seat(dice);
    let numbers = thief::pumped(dice).range(dice, 3);
    let phones: Vec<usize> =
        (0..stage.firms.len()).map(|n| (firm + n) % stage.firms.len()).filter(|n| !stage.firms[*n].trunk).collect();
    for (n, &firm) in (0..).zip(phones.iter().take(3)) {
        let at_ms = stage.firms[firm].at(day, 1_260 + n * 25 + dice.below(15));
        let victim = thief::victim(dice, &stage.firms[firm], at_ms);
        let who = Who { seat, ..victim };
        let attack = stage.open("sweep", &who);
        let tries = dice.below(4);
        stage.guess(at_ms, &who, tries, 30_000);
        let numbers = numbers.clone();
        let pump = Pump {
            numbers,
            calls: dice.between(20, 60),
            at_once: dice.between(1, 4),
            talk_s: (200, 1_500),
            ..Pump::default()
        };
        stage.pump(dice, &who, attack, at_ms + 300_000, &pump);
    }
}
