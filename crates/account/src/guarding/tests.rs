//! The guard's word carried out, and incidents from opening to the owner's answer.

use billing::{Direction, Money, NumberClass};
use guard::{Incident, IncidentState};

use super::*;
use crate::exposure::day;
use crate::fixture::*;
use crate::message::{Change, ChangeError, HungUpBy, Notice, Party};
use crate::{Input, RefusalCode, Told};

/// Lets the guard say `screening` of an attempt of 107 from abroad.
fn heed(firm: &mut Firm, screening: &Screening) -> (Facts, Answer, bool) {
    heed_on(firm, "107", screening)
}

fn heed_on(firm: &mut Firm, line: &str, screening: &Screening) -> (Facts, Answer, bool) {
    let mut attempt = firm.attempt(Party::Line(line_id(line)), ALBANIA, ABROAD);
    attempt.told = Some(Told {
        extension: "107".into(),
        address: "198.51.100.9 Khan Yunis, Palestine".into(),
        place: geo::Place::default(),
    });
    let mut facts = Facts::new(&attempt.into(), firm.now_ms, Direction::Outbound);
    let mut out = Answer::default();
    let settings = firm.account.settings.clone().unwrap();
    let number = "+355691234567".parse().unwrap();
    facts.number = Some(firm.account.priced(firm.now_ms, &settings, number, &facts));
    let stopped = firm.account.heed(firm.now_ms, screening, &mut facts, false, &mut out);
    (facts, out, stopped)
}

fn notices(answer: &Answer) -> Vec<Incident> {
    let notice = |effect: &Effect| match effect {
        Effect::Notice(Notice::Incident(incident)) => Some((**incident).clone()),
        _ => None,
    };
    answer.effects.iter().filter_map(notice).collect()
}

fn only(firm: &Firm) -> Incident {
    let all: Vec<_> = firm.account.incidents().cloned().collect();
    assert_eq!(all.len(), 1, "{all:?}");
    all[0].clone()
}

#[test]
fn a_cut_stops_the_line_and_hangs_up_what_is_suspect() {
    let mut firm = Firm::new();
    let (call, _, _) = firm.call("107", ALBANIA);
    let (honest, _, _) = firm.call("101", ALBANIA);
    firm.answer(call);
    firm.after_s(12);
    let (facts, out, stopped) = heed(&mut firm, &screening(false, Some(Action::CutLine), &[call]));
    assert!(stopped && out.spends);
    assert_eq!(hung_up(&out), [(call, CallEnd::Cut)]);
    let incident = only(&firm);
    assert_eq!(facts.verdict.incident, Some(incident.id));
    assert_eq!(incident.id.0, facts.attempt.call.0);
    assert_eq!((incident.action, incident.shadow, incident.state), (Action::CutLine, false, IncidentState::Open));
    let results: Vec<_> = incident.calls.iter().map(|call| call.result.as_str()).collect();
    assert_eq!(results, ["running", "refused"]);
    assert_eq!(incident.told, ["extension 107 from 198.51.100.9 Khan Yunis, Palestine"]);
    assert_eq!(firm.refused("107", ALBANIA).code, RefusalCode::Cut);
    firm.call("107", HOME);
    firm.call("101", ALBANIA);
    assert!(firm.account.running()[&honest].hanging_up.is_none());
    // The owner is told once the call is settled, and only then.
    assert_eq!(firm.account.next_wake_ms(), Some(firm.now_ms + crate::REPORT_WITHIN_MS));
    let answer_ms = Some(firm.now_ms - 12_000);
    let settled = firm.settle(call, answer_ms, HungUpBy::Node, CallEnd::Cut);
    let told = notices(&settled);
    assert_eq!(told.len(), 1);
    let listed = told[0].calls.iter().find(|listed| listed.call == call).unwrap();
    assert_eq!((listed.result.as_str(), listed.charge), ("hung up by the guard after 12 s", Some(money("0.12"))));
    assert_eq!(cdrs(&settled)[0].verdict.incident, Some(incident.id));
    assert_eq!(firm.account.next_wake_ms(), None);
    firm.after_s(60);
    assert!(notices(&firm.handle(&Input::Tick)).is_empty());
}

#[test]
fn the_report_waits_ten_seconds_at_most() {
    let mut firm = Firm::new();
    let (call, _, _) = firm.call("107", ALBANIA);
    heed(&mut firm, &screening(false, Some(Action::CutLine), &[call]));
    firm.after_s(9);
    assert!(notices(&firm.handle(&Input::Tick)).is_empty());
    firm.after_s(1);
    assert_eq!(notices(&firm.handle(&Input::Tick)).len(), 1);
}

#[test]
fn an_alert_that_becomes_a_cut_within_a_minute_is_told_once() {
    let mut firm = Firm::new();
    heed(&mut firm, &screening(false, Some(Action::Alert), &[]));
    firm.after_s(2);
    assert!(notices(&firm.handle(&Input::Tick)).is_empty());
    heed(&mut firm, &screening(false, Some(Action::CutLine), &[]));
    let told = notices(&firm.handle(&Input::Tick));
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].action, told[0].calls.len()), (Action::CutLine, 2));
    assert_eq!(told[0].acted_ms, told[0].opened_ms + 2_000);
    firm.after_s(60);
    assert!(notices(&firm.handle(&Input::Tick)).is_empty());
}

#[test]
fn an_incident_lists_what_went_before_and_what_comes_after() {
    let mut firm = Firm::new();
    for source in [ABROAD, OFFICE] {
        let attempt = firm.attempt(Party::Line(line_id("107")), ALBANIA, source);
        let call = attempt.call;
        firm.handle(&Input::Screen(attempt.into()));
        firm.answer(call);
        firm.after_s(6).end(call);
    }
    heed(&mut firm, &screening(false, Some(Action::CutLine), &[]));
    firm.refused("107", ALBANIA);
    let incident = only(&firm);
    let results: Vec<_> = incident.calls.iter().map(|call| call.result.as_str()).collect();
    assert_eq!(results, ["answered 6 s", "refused", "refused"], "the call from the office is not one of them");
    assert_eq!(incident.calls[0].charge, Some(money("0.06")));
    for _ in 0..2 * crate::MAX_INCIDENT_CALLS {
        firm.refused("107", ALBANIA);
    }
    assert_eq!(only(&firm).calls.len(), crate::MAX_INCIDENT_CALLS);
    let (_, answer) = firm.dial("107", ALBANIA);
    assert!(!answer.effects.iter().any(|effect| matches!(effect, Effect::Incident(_))), "a full list is no news");
}

#[test]
fn evidence_that_spreads_cuts_the_account_and_is_told_anew() {
    let mut firm = Firm::new();
    heed(&mut firm, &screening(false, Some(Action::Alert), &[]));
    firm.after_s(60);
    assert_eq!(notices(&firm.handle(&Input::Tick))[0].action, Action::Alert);
    assert_eq!(firm.account.cut_on(&line_id("107")), None);
    heed(&mut firm, &screening(false, Some(Action::CutLine), &[]));
    assert_eq!(notices(&firm.handle(&Input::Tick))[0].action, Action::CutLine);
    assert_eq!(firm.account.cut_on(&line_id("101")), None);
    let (_, out, _) = heed_on(&mut firm, "101", &screening(false, Some(Action::CutInternational), &[]));
    assert!(out.effects.iter().any(|effect| matches!(effect, Effect::AccountCut(Some(_)))));
    assert_eq!(firm.account.incidents().count(), 2);
    assert_eq!(firm.refused("101", ALBANIA).code, RefusalCode::Cut);
    let lifted = firm.change(Change::LiftCut { line: None });
    assert!(lifted.effects.contains(&Effect::AccountCut(None)));
    assert!(firm.account.incidents().all(|incident| incident.state == IncidentState::Lifted));
    firm.call("101", ALBANIA);
    firm.call("107", ALBANIA);
    assert_eq!(firm.not_done(Change::LiftCut { line: None }), ChangeError::NotCut);
}

#[test]
fn a_line_lifted_alone_leaves_the_account_cut() {
    let mut firm = Firm::new();
    heed(&mut firm, &screening(false, Some(Action::CutInternational), &[]));
    let text = firm.done(Change::LiftCut { line: Some(line_id("107")) });
    assert!(text.contains("still cuts the account"), "{text}");
    assert_eq!(only(&firm).state, IncidentState::Open);
    assert_eq!(firm.refused("107", ALBANIA).code, RefusalCode::Cut);
    assert_eq!(firm.not_done(Change::LiftCut { line: Some(line_id("107")) }), ChangeError::NotCut);
}

#[test]
fn that_was_us_lifts_and_teaches() {
    let mut firm = Firm::new();
    heed(&mut firm, &screening(false, Some(Action::CutInternational), &[]));
    heed_on(&mut firm, "101", &screening(false, Some(Action::CutInternational), &[]));
    let ids: Vec<_> = firm.account.incidents().map(|incident| incident.id).collect();
    firm.done(Change::ThatWasUs { incident: ids[0] });
    assert_eq!(firm.account.lines()["107"].cut, None);
    assert_eq!(firm.account.cut().map(|cut| cut.incident), Some(ids[1]), "the other incident still wants it");
    firm.done(Change::ThatWasUs { incident: ids[1] });
    assert_eq!(firm.account.cut(), None);
    assert!(firm.account.incidents().all(|incident| incident.state == IncidentState::Ours));
    let unknown = billing::IncidentId(1 << 60);
    assert_eq!(firm.not_done(Change::ThatWasUs { incident: unknown }), ChangeError::NoIncident(unknown));
}

#[test]
fn an_answer_is_seen_and_taken_back() {
    let mut firm = Firm::new();
    heed(&mut firm, &screening(false, Some(Action::CutLine), &[]));
    let id = only(&firm).id;
    let says = firm.done(Change::ThatWasUs { incident: id });
    assert!(says.contains("normal for line 107") && says.contains("You can take this back."), "{says}");
    assert_eq!((firm.account.lines()["107"].cut, only(&firm).is_open()), (None, false));
    let says = firm.done(Change::TakeBack { incident: id });
    assert!(says.contains("open again, and what it cut is cut"), "{says}");
    assert_eq!((only(&firm).state, only(&firm).closed_ms), (IncidentState::Open, None));
    assert_eq!(firm.refused("107", ALBANIA).code, RefusalCode::Cut);
    assert_eq!(firm.not_done(Change::TakeBack { incident: id }), ChangeError::NoAnswer(id));
}

#[test]
fn that_was_not_us_cuts_what_was_only_alerted_of_and_stays_with_the_incident() {
    let mut firm = Firm::new();
    heed(&mut firm, &screening(false, Some(Action::Alert), &[]));
    assert_eq!(firm.account.lines()["107"].cut, None);
    let id = only(&firm).id;
    let says = firm.done(Change::ThatWasNotUs { incident: id });
    assert!(says.contains("line 107 is cut"), "{says}");
    assert_eq!((only(&firm).state, only(&firm).action), (IncidentState::Theirs, Action::CutLine));
    assert_eq!(firm.account.lines()["107"].cut.map(|cut| cut.incident), Some(id));
    firm.change(Change::LiftCut { line: Some(line_id("107")) });
    assert_eq!((only(&firm).state, only(&firm).is_open()), (IncidentState::Theirs, false));
    firm.change(Change::TakeBack { incident: id });
    assert_eq!((only(&firm).state, only(&firm).is_open()), (IncidentState::Lifted, false));
}

#[test]
fn what_the_owner_tried_during_the_cut_is_not_held_against_them() {
    let mut firm = Firm::new();
    heed(&mut firm, &screening(false, Some(Action::CutLine), &[]));
    let id = only(&firm).id;
    assert_eq!(firm.refused("107", "011442079460000").code, RefusalCode::Cut);
    let incident = only(&firm);
    assert_eq!(
        (incident.calls.len(), incident.calls[1].result.as_str()),
        (2, "refused"),
        "it is told with the incident"
    );
    assert!(incident.report.is_empty(), "the guard was not asked, so that it has nothing to report of it");
    let says = firm.done(Change::ThatWasNotUs { incident: id });
    assert!(says.contains("From now on 0 numbers"), "{says}");
}

#[test]
fn calls_of_an_incident_make_no_destination_ones_own_unless_they_were_ours() {
    let mut firm = Firm::new();
    let is_own = |firm: &Firm, day_ms: u64| {
        let today = day(day_ms, -420);
        firm.account.exposure.is_own(today, (Some("AL".parse().unwrap()), NumberClass::Mobile))
    };
    // Answered on three days, the last time by what turns out to be a hijacker.
    for source in [OFFICE, OFFICE, ABROAD] {
        let attempt = firm.attempt(Party::Line(line_id("107")), ALBANIA, source);
        let call = attempt.call;
        firm.handle(&Input::Screen(attempt.into()));
        firm.answer(call);
        firm.after_s(6).end(call);
        firm.after_s(24 * 3600 - 60);
    }
    assert!(is_own(&firm, firm.now_ms));
    heed(&mut firm, &screening(false, Some(Action::CutLine), &[]));
    assert!(!is_own(&firm, firm.now_ms));
    let id = only(&firm).id;
    firm.done(Change::ThatWasUs { incident: id });
    assert!(is_own(&firm, firm.now_ms));
}

#[test]
fn a_new_secret_closes_what_only_watched() {
    let mut firm = Firm::new();
    firm.change(Change::Guard(GuardMode::Shadow));
    let (_, _, stopped) = heed(&mut firm, &screening(false, Some(Action::CutLine), &[]));
    assert!(!stopped);
    assert_eq!(only(&firm).calls[0].result, "running");
    firm.change(Change::SetSecret { line: line_id("107"), secrets: secrets(3) });
    assert_eq!(only(&firm).state, IncidentState::Lifted);
    heed(&mut firm, &screening(false, Some(Action::CutLine), &[]));
    assert_eq!(firm.account.incidents().count(), 2);
    firm.after_s(25 * 3600);
    heed(&mut firm, &screening(false, Some(Action::CutLine), &[]));
    assert_eq!(firm.account.incidents().count(), 3, "one that cuts nothing lapses after a day");
}

#[test]
fn a_call_the_guard_stops_in_mid_talk_pays_for_its_talk() {
    let mut firm = Firm::new();
    let (call, _, _) = firm.call("107", ALBANIA);
    firm.answer(call);
    let mut out = Answer::default();
    firm.after_s(20);
    firm.account.hang_up(call, CallEnd::Cut, &mut out);
    assert_eq!(hung_up(&firm.extend(call)), [(call, CallEnd::Cut)], "no further lease");
    let settled = firm.settle(call, Some(firm.now_ms - 20_000), HungUpBy::Node, CallEnd::Cut);
    assert_eq!(cdrs(&settled)[0].money.charge, money("0.24"));
    assert_eq!(firm.account.ledger().held(), Money::ZERO);
}

#[test]
fn what_the_owner_has_answered_is_not_opened_again_by_the_same_call() {
    let mut firm = Firm::new();
    firm.change(Change::Guard(GuardMode::Shadow));
    let says = screening(false, Some(Action::CutLine), &[]);
    let (mut facts, _, _) = heed(&mut firm, &says);
    let id = only(&firm).id;
    firm.done(Change::ThatWasUs { incident: id });
    let mut out = Answer::default();
    firm.account.heed(firm.now_ms + 30_000, &says, &mut facts, true, &mut out);
    assert_eq!(only(&firm).state, IncidentState::Ours);
}

#[test]
fn a_suspect_hung_up_on_anothers_evidence_says_so() {
    let mut firm = Firm::new();
    let (call, _, _) = firm.call("107", ALBANIA);
    firm.answer(call);
    let (facts, _, _) = heed(&mut firm, &screening(false, Some(Action::CutLine), &[call]));
    let settled = firm.end(call);
    let reason = &cdrs(&settled)[0].verdict.reasons[0];
    assert!(reason.contains(&facts.attempt.call.to_string()), "{reason}");
}

#[test]
fn a_guard_that_stops_watching_and_acts_is_news() {
    let mut firm = Firm::new();
    firm.change(Change::Guard(GuardMode::Shadow));
    heed(&mut firm, &screening(false, Some(Action::CutLine), &[]));
    firm.after_s(10);
    assert!(notices(&firm.handle(&Input::Tick))[0].shadow);
    firm.change(Change::Guard(GuardMode::Active));
    heed(&mut firm, &screening(false, Some(Action::CutLine), &[]));
    firm.after_s(10);
    assert!(!notices(&firm.handle(&Input::Tick))[0].shadow);
    assert!(firm.account.cut_on(&line_id("107")).is_some());
}
