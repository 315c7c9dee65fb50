//! Reputation: more than one call within a day to a destination new to the account that the published cases name.
//!
//! DESIGN section 6 lists where pumped calls went. Half of all thieves still call there (the other half go where price and
//! rarity must tell); of the days on which a firm calls a new country more than once, one in eight is about one of these
//! small countries: 6 dB, half once the account has called there, nothing from its third settled call on. The first call
//! of a day says nothing, for honest people do have one cousin there; nor does dialling the same number again until
//! somebody answers. Cuba is listed as well, but is where many honest Americans have family: of it this kind says nothing.

use crate::Decibans;
use crate::scene::Scene;

const LISTED: Decibans = Decibans::whole(6);
/// ISO codes of the countries.
const COUNTRIES: [&str; 11] = ["AL", "BA", "GM", "GN", "LT", "LV", "MV", "SL", "SO", "TN", "XK"];

/// Whether somebody there was reached before within the day, or another number was tried.
fn is_again(scene: &Scene<'_>) -> bool {
    let mut there = scene.other_fresh().filter(|other| other.place == scene.call.place && !other.refused);
    let suffix = scene.call.suffix();
    there.any(|other| other.suffix() != suffix || other.talk_ms(scene.now_ms) > 0)
}

pub(super) fn weigh(scene: &Scene<'_>) -> Decibans {
    let country = scene.call.destination.country.filter(|_| scene.is_fresh());
    if !country.is_some_and(|country| COUNTRIES.contains(&country.code())) || !is_again(scene) {
        return Decibans::default();
    }
    match scene.account.places.count(scene.call.place) {
        0 => LISTED,
        1 | 2 => LISTED.part(1, 2),
        _ => Decibans::default(),
    }
}

pub(super) fn tell(_: &Scene<'_>) -> String {
    "called again within a day: a destination known for pumped calls".into()
}

#[cfg(test)]
mod tests {
    use crate::EvidenceKind;
    use crate::story::{Story, office, tenths};

    #[test]
    fn named_new_to_the_account_and_called_again() {
        let mut story = Story::default();
        let ask = |story: &mut Story, number: &str, talk_s| {
            let (call, said) = story.dial("101", &office(), number, 2);
            story.end(call, talk_s);
            tenths(&said, EvidenceKind::Reputation)
        };
        story.at(0, 10, 0);
        assert_eq!(ask(&mut story, "355691234567", 0), 0, "the first");
        assert_eq!(ask(&mut story, "355691234567", 60), 0, "nobody had answered");
        assert_eq!(ask(&mut story, "355691234567", 60), 60, "answered, and again");
        assert_eq!(ask(&mut story, "355697654321", 60), 60, "another number");
        assert_eq!([0, 1].map(|n| ask(&mut story, &format!("535123456{n}"), 60)), [0, 0], "Cuba");
        assert_eq!([0, 1].map(|n| ask(&mut story, &format!("4144234567{n}"), 60)), [0, 0]);
        assert_eq!(ask(story.at(6, 10, 0), "355691234567", 60), 0, "a number the line knows");
    }
}
