//! Owner: the owner said "that was us" about calls to this destination from this line, or "that was not us" about this
//! number, or about a place new to the line.
//!
//! An owner who looked at an incident is wrong once in thirty (a colleague's word, a hasty click): -15 dB for calls that
//! are his, 15 dB for a number that is not, 10 dB for a place that is not, as long as it is news (addresses change hands). All
//! of it fades with a half-life of thirty days as the word grows old; the calls that are his become habit meanwhile.

use crate::Decibans;
use crate::math::faded_db;
use crate::scene::Scene;

const HALF_LIFE_MS: u64 = 30 * 24 * 3_600_000;
const OURS: Decibans = Decibans::whole(-15);
const THEIRS: Decibans = Decibans::whole(15);

/// What "that was not us" says so long after.
pub(crate) fn theirs_db(age_ms: u64) -> Decibans {
    faded_db(THEIRS, age_ms, HALF_LIFE_MS)
}

fn ours_db(scene: &Scene<'_>) -> Decibans {
    let said = scene.line.ours.iter().find(|(place, _)| *place == scene.call.place);
    said.map_or(Decibans::default(), |(_, since_ms)| {
        faded_db(OURS, scene.now_ms.saturating_sub(*since_ms), HALF_LIFE_MS)
    })
}

/// What is held against the number, and against the place.
fn theirs(scene: &Scene<'_>) -> (Decibans, Decibans) {
    let (number, place) = scene.theirs;
    let news = |weight: Decibans| if scene.origin.is_news() { weight.part(2, 3) } else { Decibans::default() };
    (if scene.is_fresh() { number } else { Decibans::default() }, news(place))
}

pub(super) fn weigh(scene: &Scene<'_>) -> Decibans {
    let (number, place) = theirs(scene);
    // A number that was not his is not his because the country is.
    let ours = if number.tenths() > 0 { Decibans::default() } else { ours_db(scene) };
    ours.plus(number).plus(place)
}

pub(super) fn tell(scene: &Scene<'_>) -> String {
    let (number, place) = theirs(scene);
    match (number.tenths() > 0, place.tenths() > 0) {
        (true, false) => "the owner said of this number: that was not us".into(),
        (true, true) => "the owner said of this number and this place: that was not us".into(),
        (false, true) => "the owner said of calls from this place: that was not us".into(),
        (false, false) => format!("the owner said of calls to {}: that was us", scene.call.destination_name()),
    }
}

#[cfg(test)]
mod tests {
    use crate::EvidenceKind;
    use crate::story::{Story, line, office, tenths};

    use crate::{Action, Decibans, Incident, IncidentCall, IncidentState};
    use billing::{AccountId, IncidentId};

    #[test]
    fn the_word_of_the_owner_fades_with_a_month() {
        let mut story = Story::default();
        let (call, _) = story.at(0, 10, 0).dial("101", &office(), "6857212345", 90);
        story.end(call, 60);
        let incident = Incident {
            id: IncidentId(1),
            account: AccountId::new("law-000").unwrap(),
            line: line("101"),
            opened_ms: story.now_ms,
            acted_ms: story.now_ms,
            closed_ms: None,
            action: Action::Alert,
            shadow: false,
            state: IncidentState::Open,
            score: Decibans::whole(40),
            evidence: Vec::new(),
            origins: Vec::new(),
            told: Vec::new(),
            calls: vec![IncidentCall {
                call,
                start_ms: story.now_ms,
                number: "6857212345".parse().unwrap(),
                destination: "Samoa".into(),
                result: "refused".into(),
                charge: None,
            }],
            report: crate::Report::default(),
        };
        story.guard.that_was_us(story.now_ms, &incident);
        let owner =
            |story: &mut Story, id, number| tenths(&story.dial(id, &office(), number, 90).1, EvidenceKind::Owner);
        assert_eq!(owner(&mut story, "101", "6857299999"), -150);
        assert_eq!(owner(&mut story, "101", "355691234567"), 0, "another country");
        assert_eq!(owner(&mut story, "102", "6857299999"), 0, "another line");
        assert_eq!(owner(story.at(30, 10, 0), "101", "6857299999"), -75);
    }
}
