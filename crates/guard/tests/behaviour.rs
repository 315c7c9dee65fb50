//! What holds of the guard whatever comes: answers of the owner, spread, bounds, snapshots, replay.

mod story;

use billing::{AccountId, CallId, IncidentId};
use guard::{Action, Decibans, EvidenceKind, Guard, Incident, IncidentCall, IncidentState, MAX_OPEN_CALLS, Screening};
use proptest::prelude::*;
use story::{PARTNERS, Story, cuts, khan_yunis, line, office, tell, tenths};

fn office_of_four() -> Story {
    let mut story = Story::default();
    story.office_weeks(&["101", "102", "103", "104"], &office(), 6);
    story
}

/// A cut by mistake: the night shift begins to call Samoa.
fn night_shift(story: &mut Story, day: u64) -> (CallId, Screening) {
    story.at(day, 2, 0);
    for number in ["6857212345", "6857254321"].repeat(3) {
        let (call, said) = story.dial("101", &office(), number, 90);
        if cuts(&said) {
            return (call, said);
        }
    }
    panic!("the night shift was not taken for thieves");
}

fn incident(call: CallId, id: &str) -> Incident {
    Incident {
        id: IncidentId(1),
        account: AccountId::new("law-000").expect("a name"),
        line: line(id),
        opened_ms: 0,
        acted_ms: 0,
        closed_ms: None,
        action: Action::CutLine,
        shadow: false,
        state: IncidentState::Open,
        score: Decibans::whole(50),
        evidence: Vec::new(),
        origins: vec![(office().ip, office().place)],
        told: Vec::new(),
        calls: vec![IncidentCall {
            call,
            start_ms: 0,
            number: "6857212345".parse().expect("a number"),
            destination: "Samoa".into(),
            result: "refused".into(),
            charge: None,
        }],
        report: guard::Report::default(),
    }
}

#[test]
fn that_was_us_makes_it_normal_and_says_so() {
    let mut story = office_of_four();
    let (call, _) = night_shift(&mut story, 43);
    story.at(43, 9, 0);
    story.guard.that_was_us(story.now_ms, &incident(call, "101"));
    story.guard.cut_lifted(story.now_ms, Some(&line("101")));
    for number in ["6857212345", "6857299999"] {
        let said = story.at(44, 2, 0).talk("101", &office(), number, 90, 1200);
        assert!(said.allowed, "{number}: {}", tell(&said));
        assert!(tenths(&said, EvidenceKind::Owner) < -140, "{}", tell(&said));
        story.now_ms -= 1205 * 1000;
    }
}

#[test]
fn a_lifted_cut_starts_afresh_and_a_thief_is_caught_again() {
    let mut story = office_of_four();
    story.at(48, 7, 0).register("102", &khan_yunis(), 12);
    let (_, said) = story.dial("102", &khan_yunis(), "355691234567", 28);
    assert!(cuts(&said), "{}", tell(&said));
    story.at(48, 9, 0);
    story.guard.secret_changed(story.now_ms, &line("102"));
    story.guard.cut_lifted(story.now_ms, None);
    let said = story.at(49, 10, 0).talk("102", &office(), PARTNERS[2], 2, 300);
    assert!(said.allowed, "{}", tell(&said));
    let (_, said) = story.at(49, 20, 0).dial("102", &khan_yunis(), "355691234567", 28);
    assert!(!said.allowed, "the thief's place was not learnt: {}", tell(&said));
}

#[test]
fn evidence_on_a_second_line_cuts_the_account() {
    let mut story = office_of_four();
    for (id, action) in [("113", Action::CutLine), ("114", Action::CutInternational)] {
        story.at(48, 7, 0).register(id, &khan_yunis(), 12);
        let (_, said) = story.dial(id, &khan_yunis(), "355691234567", 28);
        assert_eq!(said.action, Some(action), "{id}: {}", tell(&said));
    }
    assert!(tenths(&story.dial("104", &office(), "355691111111", 28).1, EvidenceKind::Spread) > 70);
}

#[test]
fn what_was_refused_is_never_learnt() {
    let mut story = office_of_four();
    let said: Vec<bool> =
        (42..56).map(|day| story.at(day, 23, 0).dial("103", &khan_yunis(), "2203013278", 72).1.allowed).collect();
    assert!(said.iter().all(|allowed| !allowed), "{said:?}");
}

#[test]
fn calls_become_habit_hours_after_their_end() {
    let mut story = office_of_four();
    let new = |said: &Screening| tenths(said, EvidenceKind::Destination);
    let first = story.at(42, 9, 0).talk("101", &office(), "41442345678", 3, 60);
    let second = story.at(42, 12, 0).talk("101", &office(), "41442345678", 3, 60);
    let third = story.at(42, 16, 0).talk("101", &office(), "41442345678", 3, 60);
    assert_eq!(new(&first), new(&second));
    assert!(new(&third) < new(&first) - 80, "{} against {}", new(&third), new(&first));
}

#[test]
fn a_call_the_guard_does_not_know_goes_on() {
    let mut story = Story::default();
    assert!(story.look(CallId(7)).allowed);
    story.end(CallId(7), 10);
    story.answer(CallId(7));
    story.guard.line_removed(&line("999"));
}

#[test]
fn a_removed_line_is_gone() {
    let mut story = office_of_four();
    let size = postcard::to_stdvec(&story.guard).unwrap().len();
    story.guard.line_removed(&line("101"));
    assert!(postcard::to_stdvec(&story.guard).unwrap().len() < size);
}

#[test]
fn a_year_of_a_busy_trunk_stays_within_bounds() {
    let mut story = Story::default();
    for call in 0..10_000_u64 {
        story.wait_s(3_100);
        let number = format!("{}{:07}", 30 + call % 69, call * 7919 % 10_000_000);
        let (id, said) = story.dial("trunk", &office(), &number, (call % 40) as i64);
        if said.allowed && call % 3 > 0 {
            story.end(id, 10);
        }
    }
    let size = postcard::to_stdvec(&story.guard).unwrap().len();
    // Habits of a line and an account, 64 attempts, 256 that wait, and the calls that never ended.
    assert!(size < 40_000 + MAX_OPEN_CALLS * 16, "{size} bytes");
}

#[derive(Clone, Debug)]
enum Step {
    Dial(u8, u8, u8),
    Answer(u8),
    Look(u8),
    End(u8),
    Register(u8, u8, u32),
    Wait(u32),
    Lift(u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..4_u8, 0..3_u8, 0..12_u8).prop_map(|(line, from, to)| Step::Dial(line, from, to)),
        2 => (0..8_u8).prop_map(Step::Answer),
        1 => (0..8_u8).prop_map(Step::Look),
        2 => (0..8_u8).prop_map(Step::End),
        1 => (0..4_u8, 0..3_u8, 0..200_u32).prop_map(|(line, from, failures)| Step::Register(line, from, failures)),
        2 => (0..200_000_u32).prop_map(Step::Wait),
        1 => (0..5_u8).prop_map(Step::Lift),
    ]
}

/// Takes one step; the screening, if it was one, and whether the call was a home call.
fn take(story: &mut Story, calls: &mut Vec<CallId>, step: &Step) -> Option<(Screening, bool)> {
    const TO: [&str; 12] = [
        "13035550100",
        "14165550123",
        "442071838750",
        "355691234567",
        "881631234567",
        "19002305888",
        "5372048500",
        "999999999999999",
        "1",
        "18765222075",
        "33142685300",
        "7",
    ];
    let origins = [office(), khan_yunis(), story::from("2001:db8::1", 1, b"DE", "")];
    let back = |calls: &[CallId], n: u8| calls.iter().rev().nth(usize::from(n)).copied();
    match *step {
        Step::Dial(id, from, to) => {
            let cents = (to != 7).then_some(i64::from(to) * 11);
            let dialled = TO[usize::from(to)];
            let (call, said) = story.dial_at(&format!("10{id}"), &origins[usize::from(from)], dialled, cents);
            calls.push(call);
            return Some((said, to < 2));
        }
        Step::Answer(n) => back(calls, n).into_iter().for_each(|call| story.answer(call)),
        Step::Look(n) => return back(calls, n).map(|call| (story.look(call), false)),
        Step::End(n) => back(calls, n).into_iter().for_each(|call| story.end(call, 30)),
        Step::Register(id, from, failures) => {
            story.register(&format!("10{id}"), &origins[usize::from(from)], failures);
        }
        Step::Wait(seconds) => {
            story.wait_s(u64::from(seconds));
        }
        Step::Lift(4) => story.guard.cut_lifted(story.now_ms, None),
        Step::Lift(id) => story.guard.cut_lifted(story.now_ms, Some(&line(&format!("10{id}")))),
    }
    None
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Replaying gives the same state and answers; a snapshot goes on where it was taken; home calls always pass; the
    /// score is the sum of its evidence; a refusal names its reasons; an allowed call asks for nothing.
    #[test]
    fn the_same_events_give_the_same_verdicts(steps in prop::collection::vec(step(), 1..100)) {
        let (mut live, mut replay) = (Story::default(), Story::default());
        let (mut live_calls, mut replay_calls) = (Vec::new(), Vec::new());
        for step in &steps {
            let said = take(&mut live, &mut live_calls, step);
            let again = take(&mut replay, &mut replay_calls, step);
            prop_assert_eq!(&said, &again);
            let bytes = postcard::to_stdvec(&replay.guard).unwrap();
            replay.guard = postcard::from_bytes::<Guard>(&bytes).unwrap();
            prop_assert_eq!(&live.guard, &replay.guard);
            let Some((said, home)) = said else { continue };
            prop_assert!(said.allowed || !home);
            prop_assert_eq!(said.score, said.evidence.iter().map(|evidence| evidence.weight).sum());
            prop_assert_eq!(said.allowed, said.action.is_none());
            prop_assert!(said.allowed || said.evidence.iter().all(|evidence| !evidence.text.is_empty()));
            prop_assert!(!said.allowed || said.suspects.is_empty());
        }
    }
}
