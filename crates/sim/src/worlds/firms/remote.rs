//! A firm without an office: softphones at home and on mobile networks.

use super::LATE;
use crate::worlds::firm::Profile;

pub(super) fn profile() -> Profile {
    Profile {
        family: "remote",
        people: (6, 14),
        calls: 60,
        abroad: 130,
        lands: (4, &["IN", "GB", "PH", "UA", "AR", "PL", "BR"]),
        new: 230,
        stray: 20,
        day: LATE,
        weekend: 15,
        mobile: true,
    }
}
