//! A ship, a mine or an expedition: a handful of short calls to one satellite phone over a few days.

use crate::Dice;
use crate::worlds::chance::{honest, talk};
use crate::worlds::clock::working_day;
use crate::worlds::firm::Firm;
use crate::worlds::numbering::Land;
use crate::worlds::script::Script;

pub(super) fn play(dice: &mut Dice, firm: &mut Firm, day: u64, script: &mut Script) {
    let person = firm.anybody(dice);
    let number = Land::named("Iridium").mobile(dice);
    for call in 0..dice.between(2, 5) {
        let at_ms = firm.at(working_day(day + call), 560 + dice.below(400));
        let course = if dice.chance(500) { talk(dice, 100.0) } else { honest(dice) };
        script.call(at_ms, &firm.who(person, at_ms), firm.dial(&number), course);
    }
}
