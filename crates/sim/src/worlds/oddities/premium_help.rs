//! A helpline at a premium number, tried twice within an hour.

use crate::Dice;
use crate::worlds::chance::{honest, talk};
use crate::worlds::clock::working_day;
use crate::worlds::firm::Firm;
use crate::worlds::numbering::Land;
use crate::worlds::script::Script;

pub(super) fn play(dice: &mut Dice, firm: &mut Firm, day: u64, script: &mut Script) {
    let person = firm.anybody(dice);
    let number = Land::named("US premium").mobile(dice);
    let at_ms = firm.at(working_day(day), 560 + dice.below(400));
    let (first, then) = (honest(dice), talk(dice, 240.0));
    script.call(at_ms, &firm.who(person, at_ms), firm.dial(&number), first);
    let again_ms = at_ms + (first.ring_s + first.talk_s) as u64 * 1000 + dice.between(60_000, 1_800_000);
    script.call(again_ms, &firm.who(person, again_ms), firm.dial(&number), then);
}
