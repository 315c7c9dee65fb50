//! A thief: where from, with what phone's name, over which line, and how the secret was found.

use super::{Attack, Stage};
use crate::Dice;
use crate::worlds::firm::{DESK, Firm, SOFT};
use crate::worlds::networks::{self, NETWORKS, Use};
use crate::worlds::numbering::{self, Fame, Land};
use crate::worlds::script::{Seat, Who};

/// Names that tools of attack give themselves (DESIGN section 6).
const TOOLS: &[&str] =
    &["friendly-scanner", "sipvicious", "sipcli/v1.8", "sundayddr", "VaxSIPUserAgent/3.5", "pplsip", "smap 0.6.0"];
/// Names that thieves forge, or phones that they really use.
const FORGED: &[&str] = &["Zoiper rev.1120", "eyeBeam release 1011b", "Cisco-CP7960G/8.0", "FreePBX 1.8", "Avaya J179"];

/// Somewhere thieves sit.
pub(super) fn far_seat(dice: &mut Dice) -> Seat {
    let foreign = |network: &networks::Network| network.usage == Use::Access && network.country != "US";
    let rented = |network: &networks::Network| network.usage == Use::Hosting || network.usage == Use::Vpn;
    let network = if dice.chance(550) { networks::pick_at(dice, foreign) } else { networks::pick_at(dice, rented) };
    Seat { ip: networks::address(dice, network), agent: dice.pick(FORGED).copied().unwrap_or_default() }
}

/// The same with a tool's name, half of the time.
pub(super) fn scanner_seat(dice: &mut Dice) -> Seat {
    let seat = far_seat(dice);
    let names = if dice.chance(500) { TOOLS } else { FORGED };
    Seat { agent: dice.pick(names).copied().unwrap_or_default(), ..seat }
}

/// A seat behind a residential proxy: the victim's town and provider, with the victim's own phone's name.
pub(super) fn next_door(dice: &mut Dice, firm: &Firm, victim: &Who) -> Seat {
    let hosted = NETWORKS[firm.network].usage == Use::Hosting;
    let network = if hosted { networks::pick_at(dice, |n| n.usage == Use::Access) } else { firm.network };
    Seat { ip: networks::address(dice, network), agent: victim.seat.agent }
}

/// A rented or foreign seat with the name of some real phone.
pub(super) fn forged_seat(dice: &mut Dice) -> Seat {
    let phones = if dice.chance(500) { DESK } else { SOFT };
    Seat { agent: dice.pick(phones).copied().unwrap_or_default(), ..far_seat(dice) }
}

/// The line that is lost: a spare one half of the time, where there is one.
pub(super) fn victim(dice: &mut Dice, firm: &Firm, at_ms: u64) -> Who {
    let person = firm.anybody(dice);
    let who = firm.who(person, at_ms);
    match dice.pick(&firm.spare).filter(|_| dice.below(2) == 0) {
        Some(spare) => Who { line: spare.clone(), ..who },
        None => who,
    }
}

/// Who calls: over a trunk the firm's own PBX half of the time, as the provider sees an extension's hijack.
pub(super) fn outsider(dice: &mut Dice, firm: &Firm, at_ms: u64, seat: Seat) -> Who {
    let who = victim(dice, firm, at_ms);
    match firm.trunk && dice.chance(500) {
        // The PBX tells what it sees.
        true => Who { told: who.told.map(|_| seat.ip), ..who },
        false => Who { seat, told: None, ..who },
    }
}

impl Stage<'_> {
    /// Opens an attack; gives its number.
    pub(super) fn open(&mut self, kind: &'static str, who: &Who) -> usize {
        self.attacks.push(Attack { kind, firm: who.firm, line: who.line.clone() });
        self.attacks.len() - 1
    }

    /// A guessed secret: failures, then a success. Nothing is seen of it where the guess went to the firm's own PBX.
    pub(super) fn guess(&mut self, at_ms: u64, thief: &Who, tries: u64, gap_ms: u64) {
        if self.firms[thief.firm].trunk {
            return;
        }
        for n in 0..tries {
            self.script.register(at_ms + n * gap_ms, thief, false);
        }
        self.script.register(at_ms + tries * gap_ms, thief, true);
    }
}

/// A land that is pumped.
pub(super) fn pumped(dice: &mut Dice) -> &'static Land {
    dice.pick(&numbering::lands(Fame::Pumped)).copied().unwrap_or(Land::named("AL"))
}
