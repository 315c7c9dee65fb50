//! What the owner's answers teach, and that taking one back unteaches it.

use billing::{AccountId, CallId, IncidentId};

use crate::story::{Story, khan_yunis, line, office, tenths};
use crate::{Action, Decibans, EvidenceKind, Incident, IncidentCall, IncidentState, Origin, Screening};

const NUMBER: &str = "355691234567";

fn office_weeks() -> Story {
    let mut story = Story::default();
    story.office_weeks(&["101", "102"], &office(), 3).at(21, 10, 0).register("101", &khan_yunis(), 50);
    story
}

fn incident(story: &Story, call: CallId, said: &Screening, origin: &Origin) -> Incident {
    Incident {
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
        origins: vec![(origin.ip, origin.place.clone())],
        told: Vec::new(),
        calls: vec![IncidentCall {
            call,
            start_ms: story.now_ms,
            number: NUMBER.parse().unwrap(),
            destination: "Albania".into(),
            result: "refused".into(),
            charge: None,
        }],
        report: said.report.clone(),
    }
}

/// What is said of one more call, in tenths: of its destination, of its origin, of the owner's word.
fn ask(story: &Story, origin: &Origin) -> (i32, i32, i32) {
    let said = story.clone().wait_s(60).dial("101", origin, NUMBER, 28).1;
    let of = |kind| tenths(&said, kind);
    (of(EvidenceKind::Destination), of(EvidenceKind::Origin), of(EvidenceKind::Owner))
}

#[test]
fn that_was_us_makes_it_normal_and_taking_it_back_makes_it_strange_again() {
    let mut story = office_weeks();
    let (call, said) = story.dial("101", &khan_yunis(), NUMBER, 28);
    assert!(!said.allowed);
    let before = ask(&story, &khan_yunis());
    assert!(before.0 > 150 && before.1 > 100 && before.2 == 0, "{before:?}");
    let incident = incident(&story, call, &said, &khan_yunis());
    let learnt = story.guard.that_was_us(story.now_ms, &incident);
    assert_eq!((learnt.numbers, learnt.destinations, learnt.places), (1, 1, 1));
    let after = ask(&story, &khan_yunis());
    assert!(after.0 < 50 && after.1 <= 0 && after.2 == -150, "{after:?}");
    assert!(story.guard.take_back(story.now_ms, incident.id));
    let undone = ask(&story, &khan_yunis());
    assert_eq!((undone.0, undone.2), (before.0, 0));
    assert!(undone.1 > 100, "{undone:?}");
    assert!(!story.guard.take_back(story.now_ms, incident.id), "once");
}

#[test]
fn a_second_answer_takes_the_first_one_back() {
    let mut story = office_weeks();
    let (call, said) = story.dial("101", &khan_yunis(), NUMBER, 28);
    let incident = incident(&story, call, &said, &khan_yunis());
    let before = ask(&story, &khan_yunis());
    story.guard.that_was_us(story.now_ms, &incident);
    let learnt = story.guard.that_was_not_us(story.now_ms, &incident);
    assert_eq!((learnt.numbers, learnt.places), (1, 1));
    let after = ask(&story, &khan_yunis());
    assert_eq!((after.0, after.2), (before.0, 250), "number and place");
    assert_eq!(ask(&story, &office()).2, 150, "the number, from the usual place");
    let colleague = story.clone().dial("102", &office(), NUMBER, 28).1;
    assert_eq!(tenths(&colleague, EvidenceKind::Owner), 150, "on every line of the account");
    story.guard.take_back(story.now_ms, incident.id);
    assert_eq!(ask(&story, &office()).2, 0);
}

#[test]
fn what_was_learnt_before_is_unlearnt_with_that_was_not_us() {
    let mut story = office_weeks();
    let said = story.talk("101", &office(), NUMBER, 2, 60);
    assert!(said.allowed);
    story.at(22, 10, 0).dial("101", &office(), "13035550100", 1);
    assert!(ask(&story, &office()).0 < 0, "by now a habit");
    let (call, said) = story.dial("101", &khan_yunis(), NUMBER, 28);
    let mut report = said.report.clone();
    report.add_number(crate::attempt::Suffix::from(NUMBER.parse::<billing::E164>().unwrap()));
    let incident = Incident { report, ..incident(&story, call, &said, &khan_yunis()) };
    story.guard.that_was_not_us(story.now_ms, &incident);
    assert!(ask(&story, &office()).0 > 0);
}
