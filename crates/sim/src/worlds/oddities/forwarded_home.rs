//! A colleague on leave forwards the desk phone to a mobile abroad; customers' calls follow.

use crate::Dice;
use crate::worlds::chance::honest;
use crate::worlds::clock::is_weekend;
use crate::worlds::firm::Firm;
use crate::worlds::numbering::{Fame, lands};
use crate::worlds::script::Script;

pub(super) fn play(dice: &mut Dice, firm: &mut Firm, day: u64, script: &mut Script) {
    let person = firm.anybody(dice);
    let number = dice.pick(&lands(Fame::Market)).map_or_else(String::new, |land| land.mobile(dice));
    for day in (day..day + 9).filter(|day| !is_weekend(*day)) {
        for _ in 0..dice.between(2, 6) {
            let at_ms = firm.at(day, 530 + dice.below(480));
            let course = honest(dice);
            script.moved_call(at_ms, &firm.who(person, at_ms), firm.dial(&number), course, "forward");
        }
    }
}
