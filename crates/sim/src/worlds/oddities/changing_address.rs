//! The office's line has no fixed address: a new one of the same provider every few days.

use crate::Dice;
use crate::worlds::clock::{DAYS, working_day};
use crate::worlds::firm::Firm;
use crate::worlds::life::redial;
use crate::worlds::networks;
use crate::worlds::script::{Script, Seat};

pub(super) fn play(dice: &mut Dice, firm: &mut Firm, _: u64, script: &mut Script) {
    let mut day = firm.since_day;
    while day < DAYS {
        let next = day + dice.between(1, 5);
        let (from_ms, to_ms) = (firm.at(day, 240), firm.at(next, 240));
        let ip = networks::address(dice, firm.network);
        for person in 0..firm.people.len() {
            let agent = firm.who(person, from_ms).seat.agent;
            firm.stay(person, from_ms, to_ms, Seat { ip, agent });
        }
        let (person, number) = (firm.anybody(dice), firm.contact(dice));
        let at_ms = firm.at(working_day(day), 540 + dice.below(480));
        redial(dice, firm, person, at_ms, &number, script);
        day = next;
    }
}
