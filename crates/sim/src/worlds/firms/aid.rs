//! An aid agency: offices in dear and difficult countries.

use super::LATE;
use crate::worlds::firm::Profile;

pub(super) fn profile() -> Profile {
    Profile {
        family: "aid",
        people: (6, 14),
        calls: 60,
        abroad: 320,
        lands: (5, &["HT", "KE", "ET", "NG", "PK", "UA", "HN", "SO", "ML", "SL"]),
        new: 260,
        stray: 30,
        day: LATE,
        weekend: 30,
        mobile: false,
    }
}
