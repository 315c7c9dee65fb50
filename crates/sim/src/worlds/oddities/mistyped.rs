//! Somebody mistypes: numbers that nobody has, without a price, tried twice and then written correctly.

use crate::Dice;
use crate::worlds::chance::course;
use crate::worlds::clock::working_day;
use crate::worlds::firm::Firm;
use crate::worlds::life::redial;
use crate::worlds::script::{Outcome, Script};

pub(super) fn play(dice: &mut Dice, firm: &mut Firm, day: u64, script: &mut Script) {
    let person = firm.anybody(dice);
    let right = firm.book_number(dice);
    let at_ms = firm.at(working_day(day), 560 + dice.below(400));
    for n in 0..dice.between(1, 3) {
        // A digit slips in after the prefix, or one is left out.
        let wrong = match dice.chance(500) {
            true => format!("{}{}", dice.pick(&["21", "69", "80", "99", "28"]).copied().unwrap_or("21"), right),
            false => right.chars().skip(1).collect(),
        };
        let wrong: String = wrong.chars().take(14).collect();
        let course = course(dice, Outcome::Failed, 1.0, 1.0, 1.0);
        script.call(at_ms + n * 30_000, &firm.who(person, at_ms), format!("011{wrong}"), course);
    }
    redial(dice, firm, person, at_ms + 150_000, &right, script);
}
