//! A busy number is dialled again and again: a consulate, a ticket office.

use crate::Dice;
use crate::worlds::chance::{course, talk};
use crate::worlds::clock::working_day;
use crate::worlds::firm::Firm;
use crate::worlds::numbering::{Fame, lands};
use crate::worlds::script::{Outcome, Script};

pub(super) fn play(dice: &mut Dice, firm: &mut Firm, day: u64, script: &mut Script) {
    let person = firm.anybody(dice);
    let number = dice.pick(&lands(Fame::Market)).map_or_else(String::new, |land| land.fixed(dice));
    let mut at_ms = firm.at(working_day(day), 540 + dice.below(360));
    for _ in 0..dice.between(6, 15) {
        let course = course(dice, Outcome::Busy, 1.0, 1.0, 1.0);
        script.call(at_ms, &firm.who(person, at_ms), firm.dial(&number), course);
        at_ms += dice.between(15_000, 120_000);
    }
    let course = talk(dice, 500.0);
    script.call(at_ms, &firm.who(person, at_ms), firm.dial(&number), course);
}
