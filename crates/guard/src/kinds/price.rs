//! Price: the price a minute against the prices the line is used to.
//!
//! Thief: the prices of the published destinations, from 0.11 (Caribbean codes) over 0.3 to 0.9 (most countries) to 8
//! (satellite). Owner: the line's histogram, smoothed towards that of the account's other lines, that towards firms in general,
//! each with the weight of ten calls. Weighed twice, as "so dear or dearer" and as "so cheap or cheaper": a price below the habit
//! speaks for the owner. Where the destination is new as well, half of the smaller of both weights is taken off: dear
//! and new are one fact in part. A number the deck does not price is weighed by
//! `allocation.rs`.

use crate::habit::{Prices, bucket};
use crate::math::ratio_db;
use crate::scene::Scene;
use crate::{Decibans, habit};
use billing::Money;

const LEAST_DB: i32 = -10;
const MOST_DB: i32 = 14;
/// Calls after which own habits weigh as much as the wider ones.
const SMOOTHING: u64 = 10;
const THOUSAND: u64 = 1000;

/// Of a thousand calls, how many fall into each doubling of the price or a cheaper one: the thief's, and those of firms in
/// general.
const THIEF: [u64; habit::BUCKETS] = sums([20, 20, 10, 20, 80, 300, 250, 150, 50, 50, 40, 10]);
const FIRMS: [u64; habit::BUCKETS] = sums([80, 300, 250, 120, 130, 60, 32, 16, 7, 3, 1, 1]);

/// The sums of a table up to each bucket.
const fn sums(table: [u64; habit::BUCKETS]) -> [u64; habit::BUCKETS] {
    let mut sums = table;
    let mut at = 1;
    while at < sums.len() {
        sums[at] += sums[at - 1];
        at += 1;
    }
    sums
}

/// How many of the thousand cost at most what the bucket says, and how many at least.
fn at_most_and_least(table: &[u64; habit::BUCKETS], bucket: u8) -> (u64, u64) {
    let up_to = |bucket: usize| table.get(bucket).copied().unwrap_or(THOUSAND);
    let bucket = usize::from(bucket);
    (up_to(bucket), THOUSAND - bucket.checked_sub(1).map_or(0, up_to))
}

/// A share of calls by line, account and firms in general, in billionths: `own` and `all` of so many calls each.
fn owner(firms: u64, (own, own_total): (u64, u64), (all, all_total): (u64, u64)) -> u64 {
    let unit = THOUSAND * THOUSAND;
    let smoothed = |calls: u64, total: u64, wider: u64| {
        (calls.saturating_mul(THOUSAND * unit) + SMOOTHING * wider) / (total + SMOOTHING)
    };
    // The account's other lines: the line's own calls must not count twice.
    let beside = (all.saturating_sub(own), all_total.saturating_sub(own_total));
    smoothed(own, own_total, smoothed(beside.0, beside.1, firms * unit))
}

/// What the price alone says.
fn price_db(scene: &Scene<'_>) -> Decibans {
    let bucket = bucket(scene.call.per_minute);
    let unit = THOUSAND * THOUSAND;
    let (own, all) = (&scene.line.habit.prices, &scene.account.prices);
    let (own_total, all_total) = (own.total(), all.total());
    let dear = |prices: &Prices, total| (prices.at_least(bucket), total);
    let cheap = |prices: &Prices, total| (prices.at_most(bucket), total);
    let (firms_cheap, firms_dear) = at_most_and_least(&FIRMS, bucket);
    let (thief_cheap, thief_dear) = at_most_and_least(&THIEF, bucket);
    let dear = owner(firms_dear, dear(own, own_total), dear(all, all_total));
    let cheap = owner(firms_cheap, cheap(own, own_total), cheap(all, all_total));
    ratio_db(thief_dear * unit, dear).plus(ratio_db(thief_cheap * unit, cheap)).within(LEAST_DB, MOST_DB)
}

/// What is kept in [`Scene::price`].
pub(crate) fn of(scene: &Scene<'_>) -> Decibans {
    if !scene.call.priced {
        return Decibans::default();
    }
    let alone = price_db(scene);
    let shared = scene.place.min(alone).max(Decibans::default());
    alone.plus(shared.part(-1, 2))
}

pub(super) fn weigh(scene: &Scene<'_>) -> Decibans {
    scene.price
}

pub(super) fn tell(scene: &Scene<'_>) -> String {
    let money = |price: Money| price.format(&scene.currency);
    let price = money(scene.call.per_minute);
    match scene.line.habit.prices.usual().or_else(|| scene.account.prices.usual()) {
        Some(usual) => format!("{price} a minute; half of its calls abroad cost less than {}", money(usual)),
        None => format!("{price} a minute; no calls abroad to compare with"),
    }
}

#[cfg(test)]
mod tests {
    use crate::EvidenceKind;
    use crate::story::{PARTNERS, Story, office, tenths};

    fn price(story: &mut Story, number: &str, cents: Option<i64>) -> i32 {
        let (call, said) = story.dial_at("101", &office(), number, cents);
        story.end(call, 0);
        tenths(&said, EvidenceKind::Price)
    }

    #[test]
    fn against_the_habit_of_the_line() {
        let mut story = Story::default();
        story.office_weeks(&["101", "102"], &office(), 6).at(42, 10, 0);
        assert!(price(&mut story, PARTNERS[0], Some(2)) < 0);
        assert_eq!(price(&mut story, PARTNERS[0], Some(60)), 140, "thirty times the habit, bounded");
        assert!(price(&mut story, "355691234567", Some(60)) < 140, "new and dear are one fact in part");
        assert_eq!(price(&mut story, "355691234567", None), 0, "no price, nothing to compare");
    }

    #[test]
    fn against_firms_in_general_where_there_is_no_habit() {
        let mut story = Story::default();
        let cheap = price(story.at(0, 10, 0), "442071838750", Some(2));
        let dear = price(&mut story, "442071838750", Some(60));
        assert!(cheap < -50 && dear > 60, "{cheap} {dear}");
    }
}
