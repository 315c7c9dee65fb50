//! A colleague turns on a commercial VPN: another exit every day, in two countries.

use crate::Dice;
use crate::worlds::clock::DAY_MS;
use crate::worlds::firm::Firm;
use crate::worlds::life::redial;
use crate::worlds::networks::{self, Use};
use crate::worlds::script::{Script, Seat};

pub(super) fn play(dice: &mut Dice, firm: &mut Firm, day: u64, script: &mut Script) {
    let person = firm.anybody(dice);
    for day in day..day + 18 {
        let exit = networks::pick_at(dice, |network| network.usage == Use::Vpn);
        let from_ms = firm.at(day, 420);
        let agent = firm.who(person, from_ms).seat.agent;
        let seat = Seat { ip: networks::address(dice, exit), agent };
        firm.stay(person, from_ms, from_ms + DAY_MS, seat);
        if dice.chance(600) {
            let number = firm.contact(dice);
            let at_ms = firm.at(day, 560 + dice.below(400));
            redial(dice, firm, person, at_ms, &number, script);
        }
    }
}
