//! A deadline day: dozens of calls to a dozen numbers in one new country, into the evening.

use crate::Dice;
use crate::worlds::clock::{MINUTE_MS, working_day};
use crate::worlds::firm::Firm;
use crate::worlds::life::redial;
use crate::worlds::numbering::{Fame, lands};
use crate::worlds::script::Script;

pub(super) fn play(dice: &mut Dice, firm: &mut Firm, day: u64, script: &mut Script) {
    let Some(land) = dice.pick(&lands(Fame::Market)).copied() else { return };
    let numbers: Vec<String> = (0..dice.between(6, 14)).map(|_| land.number(dice)).collect();
    let mut at_ms = firm.at(working_day(day), 520);
    for _ in 0..dice.between(18, 36) {
        let number = dice.pick(&numbers).map_or("", String::as_str);
        redial(dice, firm, 0, at_ms, number, script);
        at_ms += dice.between(4, 30) * MINUTE_MS;
    }
}
