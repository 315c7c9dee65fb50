//! A call centre for customers at home: thousands of calls, hardly any abroad.

use super::OFFICE;
use crate::worlds::firm::Profile;

pub(super) fn profile() -> Profile {
    Profile {
        family: "callcentre",
        people: (25, 34),
        calls: 450,
        abroad: 1,
        lands: (1, &["MX", "PH"]),
        new: 500,
        stray: 150,
        day: OFFICE,
        weekend: 40,
        mobile: false,
    }
}
