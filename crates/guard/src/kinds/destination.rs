//! Destination: a country, premium or satellite range, or number new to line and account.
//!
//! Thief: any of about 60 published destinations alike (1/60), one of twelve premium and satellite ranges (1/12); the
//! number is one of his own in 95 % of his calls. Owner: destinations called before by their share; how often calls open
//! a new one by the line's own record; and then where the account's calls go, or, where that is new to the account as
//! well, one of 32 plausible ones (64 premium and satellite ones, which firms call rarely). Each further new destination
//! within a day adds 3 dB, twice: an owner opens one at a time. Calling the country one is in speaks for a traveller:
//! 0.03 / 0.3 = -10 dB, of which -8 count since networks are misplaced.

use crate::Decibans;
use crate::attempt::{Attempt, PlaceKey};
use crate::habit::{Habit, Places};
use crate::math::ratio_db;
use crate::scene::Scene;

/// Probabilities are counted in millionths.
const MILLION: u64 = 1_000_000;
/// Bounds of the parts and of the whole.
const PLACE_DB: (i32, i32) = (-10, 14);
const NUMBER_DB: (i32, i32) = (-12, 6);
const WHOLE_DB: (i32, i32) = (-16, 22);
/// Each further new destination of the day, at most two: an owner opens one at a time.
const ANOTHER: Decibans = Decibans::whole(3);
const TRAVELLER: Decibans = Decibans::whole(-8);

/// How likely the next call opens a new destination: new ones against calls and new ones, as in text compression (PPM,
/// method C); certain where nothing is known.
fn escape(places: &Places) -> u64 {
    match places.total() {
        0 => MILLION,
        calls => places.first_calls() * MILLION / (calls + places.first_calls()),
    }
}

/// The share of the account's calls that go there, in millionths; unknown destinations share what escapes.
fn of_account(account: &Places, place: PlaceKey) -> u64 {
    let escape = escape(account);
    match account.count(place) {
        0 => escape / if place.is_special() { 64 } else { 32 },
        count => count * (MILLION - escape) / account.total().max(1),
    }
}

/// What the destination alone says; kept in [`Scene::place`], for other kinds take off what they see alike.
pub(crate) fn place_db(call: &Attempt, line: &Habit, account: &Habit) -> Decibans {
    let place = call.place;
    let thief = if place.is_special() { MILLION / 12 } else { MILLION / 60 };
    let (own, account) = (&line.places, &account.places);
    let escape = escape(own);
    let wider = of_account(account, place);
    let owner = match own.count(place) {
        // What escapes the line's habits goes where its account's calls go, except where it would not be new.
        0 => {
            let known: u64 = own.known().map(|known| of_account(account, known)).sum();
            escape * wider / MILLION.saturating_sub(known).max(wider).max(1)
        }
        count => count * (MILLION - escape) / own.total().max(1) + escape * wider / MILLION,
    };
    ratio_db(thief, owner).within(PLACE_DB.0, PLACE_DB.1)
}

/// What the number alone says, by the line's habit of calling numbers again.
fn number_db(scene: &Scene<'_>) -> Decibans {
    let habit = &scene.line.habit;
    let again = (habit.repeats + 1) * MILLION / (habit.calls + 3);
    let weight = if !scene.is_fresh() {
        ratio_db(MILLION / 20, again)
    } else if scene.account.numbers.knows(scene.call.suffix()) {
        // Known to a colleague: half of what one's own would say.
        ratio_db(MILLION / 20, again).part(1, 2)
    } else {
        ratio_db(MILLION * 19 / 20, MILLION.saturating_sub(again))
    };
    weight.within(NUMBER_DB.0, NUMBER_DB.1)
}

fn is_new(scene: &Scene<'_>) -> bool {
    scene.account.places.count(scene.call.place) == 0
}

/// Other destinations new to the account that the line called in the last day, but for the legs of one conference.
fn others(scene: &Scene<'_>) -> usize {
    let mut places: Vec<_> = scene
        .other_fresh_but_legs()
        .map(|other| other.place)
        .filter(|&place| place != scene.call.place && scene.account.places.count(place) == 0)
        .collect();
    places.sort_unstable();
    places.dedup();
    places.len()
}

/// Whether the call goes to the country it comes from.
fn is_called_from_there(scene: &Scene<'_>) -> bool {
    let here = scene.call.origin.country.filter(|_| !scene.call.place.is_special());
    let there = scene.call.destination.country;
    here.is_some_and(|here| there.is_some_and(|there| there.code().as_bytes() == here))
}

pub(super) fn weigh(scene: &Scene<'_>) -> Decibans {
    let mut weight = scene.place.plus(number_db(scene));
    if scene.is_fresh() && is_new(scene) {
        weight = weight.plus(ANOTHER.part(others(scene).min(2) as i32, 1));
        if is_called_from_there(scene) {
            weight = weight.plus(TRAVELLER);
        }
    }
    weight.within(WHOLE_DB.0, WHOLE_DB.1)
}

pub(super) fn tell(scene: &Scene<'_>) -> String {
    let mut text = scene.call.destination_name();
    let calls = scene.account.calls;
    match scene.account.places.count(scene.call.place) {
        0 => text.push_str(&format!(", never called before by this account in {calls} calls abroad")),
        count => text.push_str(&format!(", called {count} times before in {calls} calls abroad")),
    }
    text.push_str(if scene.is_fresh() { "; a number new to the line" } else { "; a number the line knows" });
    if scene.is_fresh() && is_new(scene) {
        let others = others(scene);
        if others > 0 {
            text.push_str(&format!("; {} new destinations within a day", others + 1));
        }
        if is_called_from_there(scene) {
            text.push_str("; called from that very country");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use crate::EvidenceKind;
    use crate::story::{PARTNERS, Story, from, office, tenths};

    fn destination(story: &mut Story, number: &str) -> i32 {
        let (call, said) = story.dial("101", &office(), number, 3);
        story.end(call, 0);
        tenths(&said, EvidenceKind::Destination)
    }

    #[test]
    fn the_known_speaks_for_the_owner_and_the_new_against() {
        let mut story = Story::default();
        story.office_weeks(&["101", "102"], &office(), 6).at(42, 10, 0);
        let known = destination(&mut story, PARTNERS[0]);
        let known_country = destination(&mut story, "442079460000");
        let new_country = destination(&mut story, "355691234567");
        let second_new_country = destination(&mut story, "22090123456");
        assert!(known < -100, "{known}");
        assert!(known < known_country && known_country < 0, "{known_country}");
        assert!((50..220).contains(&new_country), "{new_country}");
        assert_eq!(second_new_country, (new_country + 30).min(220));
    }

    #[test]
    fn calling_the_country_one_is_in_speaks_for_a_traveller() {
        let mut story = Story::default();
        story.office_weeks(&["101", "102"], &office(), 6).at(42, 10, 0);
        let home = destination(&mut story.clone(), "351213101234");
        let hotel = from("198.51.100.20", 3209, b"PT", "");
        let (_, said) = story.dial("101", &hotel, "351213101234", 3);
        assert_eq!(tenths(&said, EvidenceKind::Destination), home - 80);
    }

    #[test]
    fn where_nothing_is_known_nothing_is_new() {
        let new = destination(Story::default().at(0, 10, 0), "355691234567");
        assert!(new < 20, "{new}");
    }
}
