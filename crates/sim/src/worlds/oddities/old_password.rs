//! A phone hammers with its old password from its own desk for an hour, until somebody types in the new one.

use crate::Dice;
use crate::worlds::clock::working_day;
use crate::worlds::firm::Firm;
use crate::worlds::life::redial;
use crate::worlds::script::Script;

pub(super) fn play(dice: &mut Dice, firm: &mut Firm, day: u64, script: &mut Script) {
    let person = firm.anybody(dice);
    let from_ms = firm.at(working_day(day), 520 + dice.below(200));
    let tries = dice.between(40, 200);
    for n in 0..tries {
        script.register(from_ms + n * 20_000, &firm.who(person, from_ms), false);
    }
    let mended_ms = from_ms + tries * 20_000;
    script.register(mended_ms, &firm.who(person, mended_ms), true);
    for call in 1..4 {
        let number = firm.contact(dice);
        redial(dice, firm, person, mended_ms + call * 600_000, &number, script);
    }
}
