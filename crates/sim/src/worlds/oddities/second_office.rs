//! A second office opens in another city: half of the phones move there on one day.

use crate::Dice;
use crate::worlds::clock::{DAYS, working_day};
use crate::worlds::firm::{DESK, Firm};
use crate::worlds::life::redial;
use crate::worlds::networks::{self, Use};
use crate::worlds::script::{Script, Seat};

pub(super) fn play(dice: &mut Dice, firm: &mut Firm, day: u64, script: &mut Script) {
    let day = working_day(day);
    let there = networks::pick_at(dice, |n| n.usage == Use::Access && (n.country == "US" || n.country == "CA"));
    let ip = networks::address(dice, there);
    let agent = dice.pick(DESK).copied().unwrap_or_default();
    let from_ms = firm.at(day, 420);
    let half = firm.people.len() / 2;
    for person in 0..half {
        firm.stay(person, from_ms, firm.at(DAYS, 0), Seat { ip, agent });
        let number = firm.contact(dice);
        redial(dice, firm, person, firm.at(day, 560 + 20 * person as u64), &number, script);
    }
}
