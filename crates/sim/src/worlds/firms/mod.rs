//! The families of firms: small offices, traders, travel agents, call centres and others, a file each.
//!
//! Sizes, hours and shares of calls abroad are those of small American firms as trade statistics and the example worlds
//! show them; names, places, numbers and address plans are invented.

use super::firm::{Day, Profile};

mod aid;
mod call_centre;
mod clinic;
mod export;
mod hotel;
mod law;
mod outreach;
mod parish;
mod remote;
mod shipping;
mod shop;
mod travel;
mod trucking;

/// Nine to five, lunch lighter.
const OFFICE: Day = [0, 0, 0, 0, 0, 0, 1, 4, 20, 60, 80, 80, 50, 60, 80, 70, 60, 25, 8, 3, 1, 1, 0, 0];
/// Before sunrise to the early afternoon.
const EARLY: Day = [0, 0, 1, 4, 20, 50, 70, 80, 70, 60, 50, 40, 40, 30, 25, 20, 10, 5, 2, 1, 0, 0, 0, 0];
/// Office hours, and the evening when Asia wakes.
const LATE: Day = [2, 1, 0, 0, 0, 0, 2, 8, 30, 60, 70, 60, 40, 50, 60, 60, 50, 35, 30, 35, 35, 25, 10, 4];
/// Round the clock.
const ALWAYS: Day = [8, 6, 5, 5, 6, 12, 30, 45, 60, 60, 55, 50, 50, 50, 55, 60, 60, 55, 50, 45, 40, 30, 20, 12];

/// Every family with how many of thirty-four firms are of it.
pub fn families() -> Vec<(u64, Profile)> {
    vec![
        (6, law::profile()),
        (5, clinic::profile()),
        (4, shop::profile()),
        (3, travel::profile()),
        (4, export::profile()),
        (2, trucking::profile()),
        (2, hotel::profile()),
        (2, parish::profile()),
        (1, aid::profile()),
        (3, remote::profile()),
        (1, call_centre::profile()),
        (1, outreach::profile()),
        (1, shipping::profile()),
    ]
}
