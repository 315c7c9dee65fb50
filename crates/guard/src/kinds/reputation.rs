//! Reputation: a destination new to the account that the published cases name.
//!
//! DESIGN section 6 lists where pumped calls went. Half of all thieves still call there (the other half go where price and
//! rarity must tell); of the first calls of a firm to a new country one in eight goes to one of these small countries: 6
//! dB, half once the account has called there, nothing from its third call on. Cuba is listed as well, but is where many
//! honest Americans have family: of it this kind says nothing.

use crate::Decibans;
use crate::scene::Scene;

const LISTED: Decibans = Decibans::whole(6);
/// ISO codes of the countries.
const COUNTRIES: [&str; 11] = ["AL", "BA", "GM", "GN", "LT", "LV", "MV", "SL", "SO", "TN", "XK"];

pub(super) fn weigh(scene: &Scene<'_>) -> Decibans {
    let country = scene.call.destination.country.filter(|_| scene.is_fresh());
    if !country.is_some_and(|country| COUNTRIES.contains(&country.code())) {
        return Decibans::default();
    }
    match scene.account.places.count(scene.call.place) {
        0 => LISTED,
        1 | 2 => LISTED.part(1, 2),
        _ => Decibans::default(),
    }
}

pub(super) fn tell(_: &Scene<'_>) -> String {
    "a destination known for pumped calls".into()
}

#[cfg(test)]
mod tests {
    use crate::EvidenceKind;
    use crate::story::{Story, office, tenths};

    #[test]
    fn named_and_new_to_the_account() {
        let mut story = Story::default();
        story.at(0, 10, 0);
        let mut ask = |story: &mut Story, number| {
            let (call, said) = story.dial("101", &office(), number, 2);
            story.end(call, 60);
            tenths(&said, EvidenceKind::Reputation)
        };
        assert_eq!(ask(&mut story, "355691234567"), 60);
        assert_eq!(ask(&mut story, "5351234567"), 0, "Cuba");
        assert_eq!(ask(&mut story, "41442345678"), 0);
        assert_eq!(ask(story.at(3, 10, 0), "355691234599"), 30, "called before");
        assert_eq!(ask(story.at(6, 10, 0), "355691234567"), 0, "a number the line knows");
    }
}
