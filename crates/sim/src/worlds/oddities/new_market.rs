//! A new market: three calls a day to a new country that grow to sixty over the weeks.

use crate::Dice;
use crate::worlds::clock::{DAYS, is_weekend};
use crate::worlds::firm::Firm;
use crate::worlds::life::redial;
use crate::worlds::numbering::Land;
use crate::worlds::script::Script;

pub(super) fn play(dice: &mut Dice, firm: &mut Firm, day: u64, script: &mut Script) {
    let name = dice.pick(&["MX", "BR", "IN", "PL", "VN", "TR", "CO", "ZA", "KE", "DO"]).copied().unwrap_or("MX");
    let land = Land::named(name);
    let mut customers: Vec<String> = (0..3).map(|_| land.number(dice)).collect();
    let span = DAYS.saturating_sub(day).max(1);
    for today in (day..DAYS).filter(|day| !is_weekend(*day)) {
        for _ in 0..3 + 57 * (today - day) / span {
            if dice.chance(300) {
                customers.push(land.number(dice));
            }
            let number = dice.pick(&customers).cloned().unwrap_or_default();
            let (person, at_ms) = (dice.below(2) as usize, firm.at(today, 530 + dice.below(480)));
            redial(dice, firm, person, at_ms, &number, script);
        }
    }
}
