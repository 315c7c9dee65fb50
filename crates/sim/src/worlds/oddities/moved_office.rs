//! The office moves to another provider: another network and address for everybody, from a Monday on.

use crate::Dice;
use crate::worlds::clock::DAYS;
use crate::worlds::firm::Firm;
use crate::worlds::life::redial;
use crate::worlds::networks::{self, Use};
use crate::worlds::script::{Script, Seat};

pub(super) fn play(dice: &mut Dice, firm: &mut Firm, day: u64, script: &mut Script) {
    let day = day / 7 * 7;
    let old = firm.network;
    let new = networks::pick_at(dice, |n| n.usage == Use::Access && n.country == "US");
    let ip = networks::address(dice, if new == old { (new + 1) % 12 } else { new });
    let (from_ms, to_ms) = (firm.at(day, 0), firm.at(DAYS, 0));
    for person in 0..firm.people.len() {
        let agent = firm.who(person, from_ms).seat.agent;
        firm.stay(person, from_ms, to_ms, Seat { ip, agent });
    }
    for call in 0..6 {
        let (person, number) = (firm.anybody(dice), firm.contact(dice));
        let at_ms = firm.at(day, 520 + call * 70);
        redial(dice, firm, person, at_ms, &number, script);
    }
}
