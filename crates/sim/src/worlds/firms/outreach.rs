//! A call centre that sells abroad: a new number with every second call.

use super::OFFICE;
use crate::worlds::firm::Profile;

pub(super) fn profile() -> Profile {
    Profile {
        family: "outreach",
        people: (8, 14),
        calls: 250,
        abroad: 800,
        lands: (4, &["GB", "DE", "AU", "IE", "FR", "ES", "MX", "SE"]),
        new: 550,
        stray: 3,
        day: OFFICE,
        weekend: 5,
        mobile: false,
    }
}
