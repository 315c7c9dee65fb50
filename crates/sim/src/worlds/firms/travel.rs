//! A travel agency: hotels and islands, many of them dear.

use super::OFFICE;
use crate::worlds::firm::Profile;

pub(super) fn profile() -> Profile {
    Profile {
        family: "travel",
        people: (5, 12),
        calls: 80,
        abroad: 220,
        lands: (4, &["DO", "JM", "TC", "MX", "TH", "KE", "IT", "GD", "PT", "MV", "TR"]),
        new: 250,
        stray: 40,
        day: OFFICE,
        weekend: 30,
        mobile: false,
    }
}
