//! A colleague with a softphone at home calls family in a dear country at night, long and several times.

use crate::Dice;
use crate::worlds::chance::{honest, talk};
use crate::worlds::clock::{DAY_MS, working_day};
use crate::worlds::firm::{Firm, SOFT};
use crate::worlds::networks::{self, NETWORKS, Use};
use crate::worlds::numbering::Land;
use crate::worlds::script::{Script, Seat};

pub(super) fn play(dice: &mut Dice, firm: &mut Firm, day: u64, script: &mut Script) {
    let person = firm.anybody(dice);
    let name = dice.pick(&["PH", "HT", "GH", "UA", "ET", "NG", "KE"]).copied().unwrap_or("PH");
    let number = Land::named(name).mobile(dice);
    let city = NETWORKS[firm.network].city;
    let home = networks::pick_at(dice, |n| n.usage == Use::Access && n.city == city);
    let seat = Seat { ip: networks::address(dice, home), agent: dice.pick(SOFT).copied().unwrap_or_default() };
    for night in 0..4 {
        let from_ms = firm.at(working_day(day) + night * 3, 1_200);
        firm.stay(person, from_ms, from_ms + DAY_MS / 2, seat);
        let first = honest(dice);
        script.call(from_ms + 5_400_000, &firm.who(person, from_ms), firm.dial(&number), first);
        let then = talk(dice, 1_500.0);
        script.call(from_ms + 9_000_000, &firm.who(person, from_ms), firm.dial(&number), then);
    }
}
