//! Owner: the owner said "that was us" about calls to this destination from this line.
//!
//! An owner who looked at an incident and owned to it is wrong once in thirty (a colleague's word, a hasty click): -15
//! dB, fading with a half-life of thirty days as the word grows old and the calls themselves become habit.

use crate::Decibans;
use crate::math::faded_db;
use crate::scene::Scene;

const HALF_LIFE_MS: u64 = 30 * 24 * 3_600_000;
const OURS: Decibans = Decibans::whole(-15);

pub(super) fn weigh(scene: &Scene<'_>) -> Decibans {
    let said = scene.line.ours.iter().find(|(place, _)| *place == scene.call.place);
    said.map_or(Decibans::default(), |(_, since_ms)| {
        faded_db(OURS, scene.now_ms.saturating_sub(*since_ms), HALF_LIFE_MS)
    })
}

pub(super) fn tell(scene: &Scene<'_>) -> String {
    format!("the owner said of calls to {}: that was us", scene.call.destination_name())
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
