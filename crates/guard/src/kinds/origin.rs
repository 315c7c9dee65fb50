//! Origin: the address, network or country a call comes from is new to the line.
//!
//! Thief: three in four call from outside: 45 % from a new country, 27 % from a new network of a known country (rented
//! servers, proxies), 3 % from the firm's own provider; one in four from the firm's own address (a PBX taken over from
//! inside, a proxy beside it). Owner: how often sightings of the line were that new, smoothed with the weight of six
//! towards the account's, those towards firms in general. So a phone that changes mobile networks all day teaches that
//! itself. What a first sighting said fades with a half-life of two days as the place is used without an incident. A
//! place known before speaks for the owner (0.25 / 1 = -6 dB); for a line that always called from one place, as a trunk
//! does, it says nothing, since everything comes from there, and half where there were two or three. A new place of which the databases know nothing counts as
//! a new network at most.

use crate::habit::{Familiarity, FirstSight, OriginKey, Origins, Reach};
use crate::line::{Line, YOUNG_MS};
use crate::math::{faded_db, ratio_db};
use crate::scene::Scene;
use crate::{Decibans, habit::Habit};

pub(crate) const HALF_LIFE_MS: u64 = 2 * 24 * 3_600_000;
const USUAL: Decibans = Decibans::whole(-6);
/// The same where there are few places: two or three, as a trunk has that has moved.
const FEW: usize = 3;
pub(crate) const SMOOTHING: u64 = 6;
pub(crate) const MILLION: u64 = 1_000_000;

/// Thief's share, share in firms in general (in millionths) and upper bound in decibans.
pub(crate) const fn row(familiarity: Familiarity) -> (u64, u64, i32) {
    match familiarity {
        Familiarity::Known => (MILLION, MILLION, 0),
        Familiarity::NewPrefix => (30_000, 50_000, 6),
        Familiarity::NewNetwork => (270_000, 17_000, 12),
        Familiarity::NewCountry => (450_000, 3_000, 15),
    }
}

/// What a place says when it is called from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sight {
    /// How new it is, as long as it is news.
    pub(crate) familiarity: Familiarity,
    /// What that says by now.
    pub(crate) weight: Decibans,
    /// How it lies to the places before it.
    pub(crate) reach: Reach,
    /// When it was first seen.
    pub(crate) since_ms: u64,
}

impl Sight {
    /// Whether the place is still new.
    pub(crate) fn is_news(&self) -> bool {
        self.familiarity != Familiarity::Known
    }
}

/// What a first sighting of `key` is to the line.
fn first_sight(now_ms: u64, key: &OriginKey, line: &Origins, account: &Origins) -> FirstSight {
    // The first place of an account is no news; the first of a line is held against the account's.
    let familiarity = if line.is_empty() { account.familiarity(key) } else { line.familiarity(key) };
    let nothing =
        FirstSight { first: familiarity, weight: Decibans::default(), reach: Reach::Elsewhere, since_ms: now_ms };
    if account.is_empty() || familiarity == Familiarity::Known {
        return nothing;
    }
    let (thief, firms, most_db) = row(familiarity);
    let (new, seen) = account.novelty(familiarity);
    let wider = (new * MILLION + SMOOTHING * firms) / (seen + SMOOTHING);
    let (new, seen) = line.novelty(familiarity);
    let owner = (new * MILLION + SMOOTHING * wider) / (seen + SMOOTHING);
    let weight = ratio_db(thief, owner).within(0, most_db);
    // Colleagues have called from there for days: most of the news is gone.
    let beside = account.first_sight(key);
    let trusted = beside.is_some_and(|beside| is_trusted(now_ms, &beside));
    let settled_ms = now_ms.saturating_sub(YOUNG_MS);
    let reach = if line.is_near(key, settled_ms) || account.is_near(key, settled_ms) {
        Reach::Near
    } else if line.is_out_of_reach(now_ms, key) {
        Reach::Beyond
    } else {
        Reach::Elsewhere
    };
    FirstSight { weight: if trusted { weight.part(1, 3) } else { weight }, reach, ..nothing }
}

/// Whether what a first sighting said has faded below a deciban.
fn is_trusted(now_ms: u64, sight: &FirstSight) -> bool {
    faded_db(sight.weight, now_ms.saturating_sub(sight.since_ms), HALF_LIFE_MS) < Decibans::whole(1)
}

/// Notes a sighting with the line and the account.
pub(crate) fn see(now_ms: u64, key: OriginKey, line: &mut Line, account: &mut Habit) {
    let known = line.habit.origins.first_sight(&key).filter(|_| account.origins.first_sight(&key).is_some());
    let sight = known.unwrap_or_else(|| first_sight(now_ms, &key, &line.habit.origins, &account.origins));
    line.habit.origins.see(now_ms, key, sight, crate::habit::LINE.origins);
    account.origins.see(now_ms, key, sight, crate::habit::ACCOUNT.origins);
}

/// The owner owns to this origin.
pub(crate) fn trust(now_ms: u64, key: OriginKey, line: &mut Line, account: &mut Habit) {
    see(now_ms, key, line, account);
    line.habit.origins.trust(&key);
    account.origins.trust(&key);
}

/// What the place says now; kept in [`Scene::origin`].
pub(crate) fn sight(now_ms: u64, key: &OriginKey, line: &Origins, account: &Origins) -> Sight {
    let Some(FirstSight { first, weight, reach, since_ms }) = line.first_sight(key) else {
        let FirstSight { weight, reach, since_ms, .. } = first_sight(now_ms, key, line, account);
        return Sight { familiarity: line.familiarity(key), weight, reach, since_ms };
    };
    let left = faded_db(weight, now_ms.saturating_sub(since_ms), HALF_LIFE_MS);
    if left.tenths() >= 10 {
        return Sight { familiarity: first.max(Familiarity::NewPrefix), weight: left, reach, since_ms };
    }
    let settled = now_ms.saturating_sub(since_ms) > YOUNG_MS;
    let weight = match line.places() {
        0 | 1 => Decibans::default(),
        _ if !settled => Decibans::default(),
        2..=FEW => USUAL.part(1, 2),
        _ => USUAL,
    };
    Sight { familiarity: Familiarity::Known, weight, reach, since_ms }
}

pub(super) fn weigh(scene: &Scene<'_>) -> Decibans {
    scene.origin.weight
}

pub(super) fn tell(scene: &Scene<'_>) -> String {
    let text = match scene.origin.familiarity {
        Familiarity::Known => return "from a place the line is used to".into(),
        Familiarity::NewPrefix => "from an address new to the line, in a network it knows",
        Familiarity::NewNetwork => "from a network new to the line",
        Familiarity::NewCountry => "from a country new to the line",
    };
    let key = &scene.call.origin;
    match (key.country.as_ref().map(geo::country_name), key.asn) {
        (Some(country), Some(asn)) => format!("{text} ({country}, AS{asn})"),
        (Some(country), None) => format!("{text} ({country})"),
        (None, _) => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use crate::EvidenceKind;
    use crate::story::{PARTNERS, Story, from, khan_yunis, office, tenths};

    fn origin(story: &mut Story, id: &str, from: &crate::Origin) -> i32 {
        let (call, said) = story.dial(id, from, PARTNERS[0], 2);
        story.end(call, 0);
        tenths(&said, EvidenceKind::Origin)
    }

    #[test]
    fn new_by_the_widest_circle_and_fading() {
        let mut story = Story::default();
        story.office_weeks(&["101", "102"], &office(), 4).at(28, 10, 0);
        assert_eq!(origin(&mut story, "101", &office()), 0, "a steady address says nothing");
        let agent = "Yealink SIP-T54W 96.86.0.70";
        assert_eq!(origin(&mut story, "101", &from("198.51.100.1", 7922, b"US", agent)), 60);
        assert_eq!(origin(&mut story, "101", &from("198.51.101.1", 3356, b"US", agent)), 120);
        let gaza = from("203.0.113.1", 12975, b"PS", agent);
        assert_eq!(origin(&mut story, "101", &gaza), 150);
        assert_eq!(origin(story.at(30, 10, 0), "101", &gaza), 75, "a half-life of two days");
        assert_eq!(origin(story.at(40, 10, 0), "101", &gaza), -60, "a place it is used to");
    }

    #[test]
    fn a_phone_that_moves_all_day_teaches_that() {
        let mut story = Story::default();
        story.office_weeks(&["102"], &office(), 2);
        for day in 14..35 {
            for hour in 8..18 {
                let mobile = from(&format!("198.18.{}.9", (day * 10 + hour) % 250), 21928, b"US", "Linphone");
                story.at(day, hour, 0).register("101", &mobile, 0);
            }
        }
        let said = origin(story.at(35, 10, 0), "101", &from("198.18.251.9", 21928, b"US", "Linphone"));
        assert_eq!(said, 0, "one more address of its network");
    }

    #[test]
    fn the_first_place_of_an_account_is_no_news() {
        let mut story = Story::default();
        assert_eq!(origin(story.at(0, 10, 0), "101", &khan_yunis()), 0);
    }
}
