//! A hotel: guests call home from it at all hours, from anywhere to anywhere.

use super::ALWAYS;
use crate::worlds::firm::Profile;

pub(super) fn profile() -> Profile {
    Profile {
        family: "hotel",
        people: (10, 26),
        calls: 40,
        abroad: 140,
        lands: (7, &["GB", "DE", "MX", "JP", "BR", "IN", "SA", "NG", "FR", "AU", "PL", "GH", "CO"]),
        new: 260,
        stray: 90,
        day: ALWAYS,
        weekend: 30,
        mobile: false,
    }
}
