//! A week abroad: the phone travels, the hotel's password is fumbled, calls go to the country one is in, to known
//! partners and home.

use crate::Dice;
use crate::worlds::chance::honest;
use crate::worlds::clock::{DAY_MS, HOUR_MS};
use crate::worlds::firm::{Firm, SOFT};
use crate::worlds::networks::{self, NETWORKS, Use};
use crate::worlds::numbering::{LANDS, home};
use crate::worlds::script::{Script, Seat};

pub(super) fn play(dice: &mut Dice, firm: &mut Firm, day: u64, script: &mut Script) {
    let person = firm.anybody(dice);
    let there = networks::pick_at(dice, |network| {
        network.usage != Use::Hosting
            && network.usage != Use::Vpn
            && LANDS.iter().any(|land| land.name == network.country)
    });
    let agent = match dice.chance(500) {
        true => dice.pick(SOFT).copied().unwrap_or_default(),
        false => firm.who(person, firm.at(day, 0)).seat.agent,
    };
    let from_ms = firm.at(day, 600);
    let seat = Seat { ip: networks::address(dice, there), agent };
    firm.stay(person, from_ms, from_ms + 7 * DAY_MS, seat);
    let who = firm.who(person, from_ms);
    for n in 0..dice.between(1, 4) {
        script.register((from_ms + n * 20_000).saturating_sub(100_000), &who, false);
    }
    let land = LANDS.iter().find(|land| land.name == NETWORKS[there].country).unwrap_or(&LANDS[0]);
    let local: Vec<String> = (0..4).map(|_| land.number(dice)).collect();
    for call in 0..dice.between(14, 30) {
        let at_ms = from_ms + call * 5 * HOUR_MS + dice.below(5 * HOUR_MS);
        let number = match dice.below(10) {
            0..4 => firm.dial(dice.pick(&local).map_or("", String::as_str)),
            4..7 => {
                let known = firm.contact(dice);
                firm.dial(&known)
            }
            _ => firm.dial_home(&home(dice)),
        };
        let course = honest(dice);
        script.call(at_ms, &firm.who(person, at_ms), number, course);
    }
}
