//! A shipping agent: ports everywhere, and now and then a ship by satellite.

use super::LATE;
use crate::worlds::firm::Profile;

pub(super) fn profile() -> Profile {
    Profile {
        family: "shipping",
        people: (5, 9),
        calls: 60,
        abroad: 380,
        lands: (5, &["SG", "GB", "NL", "KR", "Inmarsat", "TR", "PH", "CN"]),
        new: 260,
        stray: 40,
        day: LATE,
        weekend: 40,
        mobile: false,
    }
}
