//! A first call to Cuba: busy or unanswered once or twice, then twenty minutes with a cousin or a customer.

use crate::Dice;
use crate::worlds::chance::{course, talk};
use crate::worlds::clock::working_day;
use crate::worlds::firm::Firm;
use crate::worlds::numbering::Land;
use crate::worlds::script::{Outcome, Script};

pub(super) fn play(dice: &mut Dice, firm: &mut Firm, day: u64, script: &mut Script) {
    let person = firm.anybody(dice);
    let name = dice.pick(&["CU", "CU", "TN", "BA", "SO", "AL"]).copied().unwrap_or("CU");
    let number = Land::named(name).number(dice);
    let mut at_ms = firm.at(working_day(day), 540 + dice.below(480));
    for _ in 0..dice.below(3) {
        let course = course(dice, Outcome::NoAnswer, 1.0, 1.0, 1.0);
        script.call(at_ms, &firm.who(person, at_ms), firm.dial(&number), course);
        at_ms += dice.between(40_000, 900_000);
    }
    let course = talk(dice, 700.0);
    script.call(at_ms, &firm.who(person, at_ms), firm.dial(&number), course);
}
