//! A law firm: a tenth of its calls go abroad, to a few cheap markets.

use super::OFFICE;
use crate::worlds::firm::Profile;

pub(super) fn profile() -> Profile {
    Profile {
        family: "law",
        people: (5, 16),
        calls: 55,
        abroad: 100,
        lands: (4, &["GB", "DE", "FR", "JP", "KR", "CN", "CH", "IL", "HK", "NL"]),
        new: 200,
        stray: 25,
        day: OFFICE,
        weekend: 3,
        mobile: false,
    }
}
