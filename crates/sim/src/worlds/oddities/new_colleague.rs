//! A spare extension is given to a new colleague, with family abroad whom no one in the firm ever called.

use crate::Dice;
use crate::worlds::chance::{honest, talk};
use crate::worlds::clock::{DAYS, is_weekend, working_day};
use crate::worlds::firm::Firm;
use crate::worlds::numbering::{Land, home};
use crate::worlds::script::{Script, Who};

pub(super) fn play(dice: &mut Dice, firm: &mut Firm, day: u64, script: &mut Script) {
    let day = working_day(day);
    let Some(line) = firm.spare.first().cloned() else { return };
    let desk = firm.who(0, firm.at(day, 540));
    let who = Who { line, ..desk };
    let name = dice.pick(&["PH", "UA", "NG", "BA", "ET", "PK", "HT", "AL", "VN", "TN"]).copied().unwrap_or("PH");
    let family: Vec<String> = (0..2).map(|_| Land::named(name).mobile(dice)).collect();
    script.register(firm.at(day, 530), &who, true);
    for day in (day..DAYS).filter(|day| !is_weekend(*day)) {
        for _ in 0..dice.between(2, 6) {
            let at_ms = firm.at(day, 545 + dice.below(460));
            let course = honest(dice);
            let number =
                if dice.chance(850) { firm.dial_home(&home(dice)) } else { firm.dial(&firm.book_number(dice)) };
            script.call(at_ms, &who, number, course);
        }
        if dice.chance(550) {
            let number = dice.pick(&family).map_or("", String::as_str);
            let at_ms = firm.at(day, 720 + dice.below(60) + if dice.chance(500) { 300 } else { 0 });
            let course = if dice.chance(700) { talk(dice, 600.0) } else { honest(dice) };
            script.call(at_ms, &who, firm.dial(number), course);
        }
    }
}
