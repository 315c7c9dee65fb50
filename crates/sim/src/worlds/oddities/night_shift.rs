//! A crisis keeps one colleague in the office at night, with customers abroad whom the firm knows and new ones.

use crate::Dice;
use crate::worlds::clock::{MINUTE_MS, working_day};
use crate::worlds::firm::Firm;
use crate::worlds::life::redial;
use crate::worlds::script::Script;

pub(super) fn play(dice: &mut Dice, firm: &mut Firm, day: u64, script: &mut Script) {
    let person = firm.anybody(dice);
    for night in 0..dice.between(1, 3) {
        let mut at_ms = firm.at(working_day(day) + night, 1_380);
        for _ in 0..dice.between(6, 14) {
            let number = match dice.chance(350) {
                true => firm.new_number(dice),
                false => firm.book_number(dice),
            };
            redial(dice, firm, person, at_ms, &number, script);
            at_ms += dice.between(5, 40) * MINUTE_MS;
        }
    }
}
