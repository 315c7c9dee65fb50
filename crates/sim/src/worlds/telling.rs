//! PBXs that tell their provider from which address each phone behind them calls: most phones are in the office, some at
//! home, and now and then somebody calls through the PBX from a journey.

use super::clock::{DAY_MS, begin_ms, end_ms};
use super::firm::Firm;
use super::networks::{self, Use};
use crate::Dice;

/// Of a thousand trunks, how many have such a PBX.
const TELLS: u64 = 400;
/// Of a thousand people behind one, how many work at home.
const AT_HOME: u64 = 250;
/// Of a thousand such firms, in how many somebody travels.
const TRAVELS: u64 = 400;

/// Makes some firms tell.
pub(super) fn tell(dice: &mut Dice, firms: &mut [Firm]) {
    for firm in firms.iter_mut().filter(|firm| firm.trunk) {
        if !dice.chance(TELLS) {
            continue;
        }
        firm.tells = true;
        for person in &mut firm.people {
            if dice.chance(AT_HOME) {
                let home = networks::pick_at(dice, |network| network.country == "US" && network.usage == Use::Access);
                person.phones.push((begin_ms(), end_ms(), networks::address(dice, home)));
            }
        }
        if dice.chance(TRAVELS) {
            let there = networks::pick_at(dice, |network| network.country != "US" && network.usage != Use::Hosting);
            let (person, day) = (firm.anybody(dice), dice.between(10, 34));
            let from_ms = firm.at(day, 0);
            let address = networks::address(dice, there);
            firm.people[person].phones.push((from_ms, from_ms + dice.between(3, 9) * DAY_MS, address));
        }
    }
}
