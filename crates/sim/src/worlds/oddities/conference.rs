//! Five conference legs at once, three quarters of an hour, to people the firm knows and to new ones.

use crate::Dice;
use crate::worlds::chance::talk;
use crate::worlds::clock::working_day;
use crate::worlds::firm::Firm;
use crate::worlds::numbering::{Fame, lands};
use crate::worlds::script::Script;

pub(super) fn play(dice: &mut Dice, firm: &mut Firm, day: u64, script: &mut Script) {
    let person = firm.anybody(dice);
    let mut at_ms = firm.at(working_day(day), 540 + dice.below(420));
    for _ in 0..5 {
        let number = match dice.chance(400) {
            true => firm.contact(dice),
            false => dice.pick(&lands(Fame::Market)).map_or_else(String::new, |land| land.number(dice)),
        };
        let course = talk(dice, 2_400.0);
        script.call(at_ms, &firm.who(person, at_ms), firm.dial(&number), course);
        at_ms += dice.between(2_000, 40_000);
    }
}
