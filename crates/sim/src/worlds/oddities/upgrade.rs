//! An upgrade: the PBX, or every phone, gives itself another name from one day on.

use crate::Dice;
use crate::worlds::clock::{DAYS, working_day};
use crate::worlds::firm::{DESK, Firm, PBX};
use crate::worlds::life::redial;
use crate::worlds::script::{Script, Seat};

pub(super) fn play(dice: &mut Dice, firm: &mut Firm, day: u64, script: &mut Script) {
    let day = working_day(day);
    let (from_ms, to_ms) = (firm.at(day, 180), firm.at(DAYS, 0));
    let agent = dice.pick(if firm.trunk { PBX } else { DESK }).copied().unwrap_or_default();
    for person in 0..firm.people.len() {
        let ip = firm.who(person, from_ms).seat.ip;
        firm.stay(person, from_ms, to_ms, Seat { ip, agent });
    }
    for call in 0..6 {
        let (person, number) = (firm.anybody(dice), firm.contact(dice));
        let at_ms = firm.at(day, 520 + call * 70);
        redial(dice, firm, person, at_ms, &number, script);
    }
}
