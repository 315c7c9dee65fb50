//! A parish with a mission abroad; calls after Sunday service.

use super::LATE;
use crate::worlds::firm::Profile;

pub(super) fn profile() -> Profile {
    Profile {
        family: "parish",
        people: (3, 6),
        calls: 25,
        abroad: 110,
        lands: (3, &["HT", "HN", "GH", "KE", "PH", "ET", "UA"]),
        new: 200,
        stray: 110,
        day: LATE,
        weekend: 30,
        mobile: false,
    }
}
