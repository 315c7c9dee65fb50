//! The owner works through a weekend and calls partners in the firm's lands, known and new, from the desk.

use crate::Dice;
use crate::worlds::clock::{MINUTE_MS, saturday};
use crate::worlds::firm::Firm;
use crate::worlds::life::redial;
use crate::worlds::script::Script;

pub(super) fn play(dice: &mut Dice, firm: &mut Firm, day: u64, script: &mut Script) {
    for day in [saturday(day), saturday(day) + 1] {
        let mut at_ms = firm.at(day, 540 + dice.below(120));
        for _ in 0..dice.between(4, 9) {
            let number = match dice.chance(400) {
                true => firm.new_number(dice),
                false => firm.book_number(dice),
            };
            redial(dice, firm, 0, at_ms, &number, script);
            at_ms += dice.between(10, 60) * MINUTE_MS;
        }
    }
}
