//! A haulier: starts early, calls Mexico.

use super::EARLY;
use crate::worlds::firm::Profile;

pub(super) fn profile() -> Profile {
    Profile {
        family: "trucking",
        people: (5, 10),
        calls: 160,
        abroad: 25,
        lands: (1, &["MX"]),
        new: 350,
        stray: 50,
        day: EARLY,
        weekend: 30,
        mobile: false,
    }
}
