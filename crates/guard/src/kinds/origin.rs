//! Origin: the address, network or country a call comes from is new to the line.
//!
//! Thief: three in four call from outside: 45 % from a new country, 27 % from a new network of a known country (rented
//! servers, proxies), 3 % from the firm's own provider; one in four from the firm's own address (a PBX taken over from
//! inside, a proxy beside it). Owner: how often sightings of the line were that new, smoothed with the weight of six
//! towards the account's, those towards firms in general. So a phone that changes mobile networks all day teaches that
//! itself. What a first sighting said fades with a half-life of two days as the place is used without an incident. A
//! place known before speaks for the owner (0.25 / 1 = -6 dB); for a line that always called from one place, as a trunk
//! does, it says nothing, since everything comes from there. A new place of which the databases know nothing counts as
//! a new network at most.

use super::Fact;
use crate::habit::{Familiarity, OriginKey, Origins};
use crate::line::{Line, YOUNG_MS};
use crate::math::{faded_db, ratio_db};
use crate::scene::Scene;
use crate::{Decibans, habit::Habit};

const HALF_LIFE_MS: u64 = 2 * 24 * 3_600_000;
const USUAL: Decibans = Decibans::whole(-6);
const SMOOTHING: u64 = 6;
const MILLION: u64 = 1_000_000;
/// An attack tool's name in User-Agent; nearly all who use one are thieves, and they can leave it out: +15 dB.
const TOOL: Decibans = Decibans::whole(15);
/// New place, same make of phone: 0.2 of thieves forge or match it, 0.6 of owners take it along. And the reverse.
const SAME_AGENT: Decibans = Decibans::whole(-5);
const NEW_AGENT: Decibans = Decibans::whole(3);
/// Rented servers: 0.3 of thieves from outside, 0.15 of owners (VPNs, hosted PBXs).
const HOSTING: Decibans = Decibans::whole(3);
const WHOLE_DB: (i32, i32) = (-6, 22);

/// Thief's share, share in firms in general (in millionths) and upper bound in decibans.
const fn row(familiarity: Familiarity) -> (u64, u64, i32) {
    match familiarity {
        Familiarity::Known => (MILLION, MILLION, 0),
        Familiarity::NewPrefix => (30_000, 50_000, 6),
        Familiarity::NewNetwork => (270_000, 17_000, 12),
        Familiarity::NewCountry => (450_000, 3_000, 15),
    }
}

/// What a first sighting of `key` says to the line.
fn first_sight(now_ms: u64, key: &OriginKey, line: &Origins, account: &Origins) -> Decibans {
    // The first place of an account is no news; the first of a line is held against the account's.
    let familiarity = if line.is_empty() { account.familiarity(key) } else { line.familiarity(key) };
    if account.is_empty() || familiarity == Familiarity::Known {
        return Decibans::default();
    }
    let (thief, firms, most_db) = row(familiarity);
    let (new, seen) = account.novelty(familiarity);
    let wider = (new * MILLION + SMOOTHING * firms) / (seen + SMOOTHING);
    let (new, seen) = line.novelty(familiarity);
    let owner = (new * MILLION + SMOOTHING * wider) / (seen + SMOOTHING);
    let weight = ratio_db(thief, owner).within(0, most_db);
    // Colleagues have called from there for days: most of the news is gone.
    let (_, news, since_ms) = account.first_sight(key).unwrap_or((familiarity, weight, now_ms));
    if is_trusted(now_ms, news, since_ms) { weight.part(1, 3) } else { weight }
}

/// Whether what a first sighting said has faded below a deciban.
fn is_trusted(now_ms: u64, news: Decibans, since_ms: u64) -> bool {
    faded_db(news, now_ms.saturating_sub(since_ms), HALF_LIFE_MS) < Decibans::whole(1)
}

/// Notes a sighting with the line and the account.
pub(crate) fn see(now_ms: u64, key: OriginKey, line: &mut Line, account: &mut Habit) {
    let weight = first_sight(now_ms, &key, &line.habit.origins, &account.origins);
    line.habit.origins.see(now_ms, key, weight, crate::habit::LINE.origins);
    account.origins.see(now_ms, key, weight, crate::habit::ACCOUNT.origins);
}

/// The owner owns to this origin.
pub(crate) fn trust(now_ms: u64, key: OriginKey, line: &mut Line, account: &mut Habit) {
    see(now_ms, key, line, account);
    line.habit.origins.trust(&key);
    account.origins.trust(&key);
}

/// What the place says now, without the user agent.
fn place_db(scene: &Scene<'_>) -> (Familiarity, Decibans) {
    let origins = &scene.line.habit.origins;
    let Some((first, weight, since_ms)) = origins.first_sight(&scene.call.origin) else {
        let weight = first_sight(scene.now_ms, &scene.call.origin, origins, &scene.account.origins);
        return (origins.familiarity(&scene.call.origin), weight);
    };
    let left = faded_db(weight, scene.now_ms.saturating_sub(since_ms), HALF_LIFE_MS);
    if left.tenths() >= 10 {
        return (first.max(Familiarity::NewPrefix), left);
    }
    let usual = !origins.is_steady() && scene.now_ms.saturating_sub(since_ms) > YOUNG_MS;
    (Familiarity::Known, if usual { USUAL } else { Decibans::default() })
}

pub(super) fn weigh(scene: &Scene<'_>) -> Option<Fact> {
    let key = &scene.call.origin;
    let (familiarity, mut weight) = place_db(scene);
    let mut text = String::from(match familiarity {
        Familiarity::Known => "from a place the line is used to",
        Familiarity::NewPrefix => "from an address new to the line, in a network it knows",
        Familiarity::NewNetwork => "from a network new to the line",
        Familiarity::NewCountry => "from a country new to the line",
    });
    if familiarity != Familiarity::Known {
        if let Some(country) = key.country.as_ref().and_then(|code| std::str::from_utf8(code).ok()) {
            text.push_str(&format!(" ({country}"));
            key.asn.into_iter().for_each(|asn| text.push_str(&format!(", AS{asn}")));
            text.push(')');
        }
        let settled_ms = scene.now_ms.saturating_sub(YOUNG_MS);
        match scene.line.habit.origins.knows_agent(key, settled_ms) {
            Some(true) => weight = weight.plus(SAME_AGENT).max(Decibans::default()),
            Some(false) => weight = weight.plus(NEW_AGENT),
            None => {}
        }
        if key.hosting {
            weight = weight.plus(HOSTING);
            text.push_str(", a hosting business");
        }
    }
    if key.tool {
        weight = weight.plus(TOOL);
        text.push_str(", with a known tool of attack");
    }
    Some(Fact { weight: weight.within(WHOLE_DB.0, WHOLE_DB.1), text })
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
        assert_eq!(origin(&mut story, "101", &from("198.51.100.1", 7922, b"US", agent)), 10);
        assert_eq!(origin(&mut story, "101", &from("198.51.101.1", 3356, b"US", agent)), 70);
        let gaza = from("203.0.113.1", 12975, b"PS", agent);
        assert_eq!(origin(&mut story, "101", &gaza), 100);
        assert_eq!(origin(story.at(30, 10, 0), "101", &gaza), 25, "15 dB less half a life, less the phone it knows");
        assert_eq!(origin(story.at(40, 10, 0), "101", &gaza), -60, "a place it is used to");
    }

    #[test]
    fn a_scanner_names_itself_and_a_new_phone_counts() {
        let mut story = Story::default();
        story.office_weeks(&["101", "102"], &office(), 4).at(28, 10, 0);
        assert_eq!(origin(&mut story, "101", &from("203.0.113.1", 12975, b"PS", "Zoiper rev.1116")), 180);
        assert_eq!(origin(&mut story, "102", &from("203.0.113.1", 12975, b"PS", "friendly-scanner")), 220);
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
