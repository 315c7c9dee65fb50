//! Told: the customer's PBX says that a call comes from a phone in a country where none of its phones was.
//!
//! A provider sees one trunk at one address, whoever uses the PBX behind it. Where the PBX tells with each call from which
//! address its extension calls, a guessed extension stands out as it does at the PBX: 45 % of thieves call from a country
//! new to the firm, of firms' calls in general 0.3 %, smoothed towards this firm's own share with the weight of six; at
//! most 15 dB, fading with a half-life of two days. The country the trunk itself is in is none that is new. Nothing that
//! is told speaks for the owner, since whoever owns the PBX can tell anything.

use crate::Decibans;
use crate::scene::Scene;

pub(super) fn weigh(scene: &Scene<'_>) -> Decibans {
    scene.line.behind.as_ref().map_or_else(Decibans::default, |behind| behind.weight(scene.now_ms, scene.call.call))
}

pub(super) fn tell(scene: &Scene<'_>) -> String {
    let country = scene.line.behind.as_ref().and_then(|behind| behind.country_of(scene.call.call));
    let country = country.unwrap_or_default();
    let country = geo::country_name(&country);
    format!("your PBX says it comes from a phone in a country new to the firm ({country})")
}

#[cfg(test)]
mod tests {
    use crate::EvidenceKind;
    use crate::story::{PARTNERS, Story, from, khan_yunis, office, tenths};

    fn told(story: &mut Story, phone: &crate::Origin, number: &str) -> i32 {
        story.told = Some(phone.place.clone());
        let (call, said) = story.dial("trunk", &office(), number, 2);
        story.end(call, 0);
        tenths(&said, EvidenceKind::Told)
    }

    fn trunk() -> Story {
        let mut story = Story::default();
        for day in 0..20 {
            story.at(day, 10, 0).told = Some(office().place);
            story.talk("trunk", &office(), "13035550100", 1, 60);
        }
        story
    }

    #[test]
    fn a_phone_in_a_country_new_to_the_firm() {
        let mut story = trunk();
        assert_eq!(told(story.at(21, 10, 0), &office(), PARTNERS[0]), 0);
        let neighbour = from("198.51.101.1", 3356, b"US", "");
        assert_eq!(told(&mut story, &neighbour, PARTNERS[0]), 0, "the trunk's own country");
        assert_eq!(told(&mut story, &khan_yunis(), PARTNERS[0]), 150);
        assert_eq!(told(story.at(23, 10, 0), &khan_yunis(), PARTNERS[0]), 75, "a half-life of two days");
        story.told = None;
        let (_, said) = story.dial("trunk", &office(), PARTNERS[0], 2);
        assert_eq!(tenths(&said, EvidenceKind::Told), 0, "a PBX that tells nothing");
    }

    #[test]
    fn a_firm_with_phones_everywhere_teaches_that() {
        let mut story = trunk();
        for (day, country) in [(20, b"GB"), (22, b"DE"), (24, b"FR"), (26, b"IN")] {
            told(story.at(day, 10, 0), &from("203.0.113.9", 1, country, ""), PARTNERS[0]);
        }
        let said = told(story.at(30, 10, 0), &from("203.0.113.9", 1, b"ES", ""), PARTNERS[0]);
        assert!((1..100).contains(&said), "{said}");
    }
}
