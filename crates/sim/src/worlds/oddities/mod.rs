//! Honest oddities: what honest firms do that looks like an attack, a file each (DESIGN section 6, and some more).
//!
//! An oddity changes a firm before its ordinary life is written (seats, people, first day), or writes events of its own,
//! marked with its name so that refusals are counted by oddity.

use super::firm::Firm;
use super::script::Script;
use crate::Dice;

mod abroad;
mod besieged;
mod busy_number;
mod changing_address;
mod conference;
mod cuba;
mod deadline;
mod family_night;
mod forwarded_home;
mod mistyped;
mod moved_office;
mod new_colleague;
mod new_market;
mod night_shift;
mod old_password;
mod premium_help;
mod roaming;
mod satellite;
mod second_office;
mod upgrade;
mod vpn;
mod weekend_work;

/// What writes an oddity into a firm, from a day on.
type Play = fn(&mut Dice, &mut Firm, u64, &mut Script);

/// One oddity.
#[derive(Clone, Copy, Debug)]
pub struct Oddity {
    /// Its name in tables.
    pub name: &'static str,
    /// Whether it needs phones of their own, not a trunk.
    pub phones: bool,
    /// Whether easy worlds have it, too.
    pub common: bool,
    /// Writes it.
    pub play: Play,
}

const fn oddity(name: &'static str, phones: bool, common: bool, play: Play) -> Oddity {
    Oddity { name, phones, common, play }
}

/// A firm that is a customer only from some day on, with nothing known of it.
pub const NEW_CUSTOMER: &str = "new-customer";
/// A PBX that lives in a data centre.
pub const DATA_CENTRE: &str = "data-centre";

/// Every oddity that happens within a firm. Call centres, hosted PBXs and new customers are firms as a whole.
pub const ODDITIES: &[Oddity] = &[
    oddity("first-call-to-cuba", false, true, cuba::play),
    oddity("conference", false, true, conference::play),
    oddity("week-abroad", true, true, abroad::play),
    oddity("roaming-softphone", true, true, roaming::play),
    oddity("vpn", true, true, vpn::play),
    oddity("moved-office", false, true, moved_office::play),
    oddity("upgrade", false, true, upgrade::play),
    oddity("new-colleague", true, true, new_colleague::play),
    oddity("new-market", false, true, new_market::play),
    oddity("busy-number", false, true, busy_number::play),
    oddity("deadline-day", false, true, deadline::play),
    oddity("old-password", true, true, old_password::play),
    oddity("night-shift", false, false, night_shift::play),
    oddity("forwarded-home", false, false, forwarded_home::play),
    oddity("second-office", true, false, second_office::play),
    oddity("satellite", false, false, satellite::play),
    oddity("mistyped", false, false, mistyped::play),
    oddity("changing-address", false, false, changing_address::play),
    oddity("weekend-work", false, false, weekend_work::play),
    oddity("family-night", true, false, family_night::play),
    oddity("premium-help", false, false, premium_help::play),
    oddity("besieged", true, false, besieged::play),
];
