//! A line with a common name that the whole network guesses at for days, a few tries from each address, and never gets.

use crate::Dice;
use crate::worlds::clock::DAY_MS;
use crate::worlds::firm::Firm;
use crate::worlds::networks::{self, Use};
use crate::worlds::script::{Script, Seat, Who};

pub(super) fn play(dice: &mut Dice, firm: &mut Firm, day: u64, script: &mut Script) {
    let person = firm.anybody(dice);
    let from_ms = firm.at(day.saturating_sub(8), 0);
    let who = firm.who(person, from_ms);
    for _ in 0..dice.between(150, 500) {
        let network = networks::pick_at(dice, |network| network.usage == Use::Hosting || network.country != "US");
        let seat = Seat { ip: networks::address(dice, network), agent: "eyeBeam release 1011b" };
        let guesser = Who { seat, ..who.clone() };
        let at_ms = from_ms + dice.below(16 * DAY_MS);
        for n in 0..dice.between(1, 3) {
            script.register(at_ms + n * 4_000, &guesser, false);
        }
    }
    // In the middle of it the phone is taken home.
    let home = networks::pick_at(dice, |network| network.country == "US" && network.usage == Use::Access);
    let seat = Seat { ip: networks::address(dice, home), agent: who.seat.agent };
    firm.stay(person, from_ms + 8 * DAY_MS, from_ms + 12 * DAY_MS, seat);
}
