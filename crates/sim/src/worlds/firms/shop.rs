//! A shop: a supplier abroad, a wrong number now and then.

use super::OFFICE;
use crate::worlds::firm::Profile;

pub(super) fn profile() -> Profile {
    Profile {
        family: "shop",
        people: (4, 10),
        calls: 50,
        abroad: 8,
        lands: (2, &["MX", "CN", "IN", "IT", "BR", "TW"]),
        new: 300,
        stray: 150,
        day: OFFICE,
        weekend: 60,
        mobile: false,
    }
}
