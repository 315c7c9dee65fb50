//! An exporter: a third of its calls go abroad, many in the evening when Asia is awake.

use super::LATE;
use crate::worlds::firm::Profile;

pub(super) fn profile() -> Profile {
    Profile {
        family: "export",
        people: (5, 15),
        calls: 60,
        abroad: 350,
        lands: (5, &["CN", "VN", "IN", "TR", "MX", "BR", "AE", "TW", "DE", "SA", "EG", "CO"]),
        new: 240,
        stray: 25,
        day: LATE,
        weekend: 12,
        mobile: false,
    }
}
