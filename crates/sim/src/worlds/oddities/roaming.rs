//! One colleague of an ordinary office takes a softphone out: mobile networks all day for two weeks.

use crate::Dice;
use crate::worlds::firm::Firm;
use crate::worlds::life::{redial, roam};
use crate::worlds::script::Script;

pub(super) fn play(dice: &mut Dice, firm: &mut Firm, day: u64, script: &mut Script) {
    let person = firm.anybody(dice);
    roam(dice, firm, person, day..day + 14);
    for day in day..day + 14 {
        let at_ms = firm.at(day, 600 + dice.below(400));
        let number = firm.contact(dice);
        redial(dice, firm, person, at_ms, &number, script);
    }
}
