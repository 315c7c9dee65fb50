//! A dentist or a clinic: hardly a call abroad, and each is a surprise.

use super::OFFICE;
use crate::worlds::firm::Profile;

pub(super) fn profile() -> Profile {
    Profile {
        family: "clinic",
        people: (3, 9),
        calls: 120,
        abroad: 2,
        lands: (1, &["MX", "DO", "PH", "GB"]),
        new: 400,
        stray: 400,
        day: OFFICE,
        weekend: 2,
        mobile: false,
    }
}
