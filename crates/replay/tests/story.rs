//! A small labelled world, replayed: golden verdicts and incidents, and what has to hold whatever the guard weighs.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod world;

use guard::{Action, Decibans, IncidentState};
use replay::{Outcome, Replay, Verdict};
use world::{Dial, HOUR_MS, MINUTE_MS, NIGHT_MS, World, replay, story};

/// Compares with a file in `tests/golden`; `UPDATE_GOLDEN=1` writes it anew.
fn golden(name: &str, text: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let reviewed = std::fs::read_to_string(&path).unwrap_or_default();
    let difference = text.lines().zip(reviewed.lines()).find(|(new, old)| new != old);
    assert_eq!(difference, None, "run with UPDATE_GOLDEN=1 and review the difference");
    assert_eq!(text.lines().count(), reviewed.lines().count(), "run with UPDATE_GOLDEN=1 and review the difference");
}

fn verdict_rows<'a>(verdicts: impl IntoIterator<Item = &'a Verdict>) -> String {
    let mut rows = String::new();
    verdicts.into_iter().for_each(|verdict| verdict.write_row(&mut rows));
    rows
}

fn incident_rows(replay: &Replay) -> String {
    let mut rows = String::new();
    replay.incidents().into_iter().for_each(|incident| incident.write_row(&mut rows));
    rows
}

fn verdict<'a>(verdicts: &'a [Verdict], id: &str) -> &'a Verdict {
    verdicts.iter().find(|verdict| &*verdict.id == id).unwrap()
}

fn id_of(row: &str) -> &str {
    row.split(r#""id":""#).nth(1).unwrap().split('"').next().unwrap()
}

#[test]
fn the_story_is_told_as_it_was_reviewed() {
    let world = story();
    let (replay, verdicts, unread) = replay(&world.rows(), Some(&world.labels));
    assert_eq!(unread, Vec::<String>::new());
    let telling = |verdict: &&Verdict| verdict.outcome != Outcome::Allowed || verdict.score > Decibans::default();
    let telling: Vec<&Verdict> = verdicts.iter().filter(telling).collect();
    golden("verdicts.jsonl", &verdict_rows(telling));
    golden("incidents.jsonl", &incident_rows(&replay));
}

#[test]
fn every_call_has_its_verdict_in_order_and_a_second_replay_gives_the_same_bytes() {
    let world = story();
    let rows = world.rows();
    let (first, verdicts, _) = replay(&rows, Some(&world.labels));
    let calls: Vec<&str> = rows.iter().filter(|row| row.contains(r#""type":"call""#)).map(|row| id_of(row)).collect();
    assert_eq!(verdicts.iter().map(|verdict| &*verdict.id).collect::<Vec<_>>(), calls);
    let (second, again, _) = replay(&rows, Some(&world.labels));
    assert_eq!(verdict_rows(&verdicts), verdict_rows(&again));
    assert_eq!(incident_rows(&first), incident_rows(&second));
}

#[test]
fn a_cut_stops_the_line_but_neither_home_nor_emergency_nor_colleagues() {
    let world = story();
    let (replay, verdicts, _) = replay(&world.rows(), Some(&world.labels));
    let incidents = replay.incidents();
    let law = incidents.iter().find(|incident| incident.facts.account.as_str() == "law").unwrap();
    assert_eq!((law.facts.action, law.facts.line.as_str()), (Action::CutLine, "103"));
    let rows = world.rows();
    let by_others = |row: &&String| {
        row.contains(r#""account":"law""#) && ["T10:40", "T10:41", "T10:42"].iter().any(|minute| row.contains(minute))
    };
    let meanwhile: Vec<&Verdict> = rows.iter().filter(by_others).map(|row| verdict(&verdicts, id_of(row))).collect();
    assert_eq!(meanwhile.len(), 3);
    assert!(meanwhile.iter().all(|verdict| verdict.outcome == Outcome::Allowed && verdict.carried_ms == 60_000));
}

#[test]
fn the_owner_answers_after_two_hours_and_shuts_the_attack_out() {
    let world = story();
    let (replay, verdicts, _) = replay(&world.rows(), Some(&world.labels));
    let fraud = |outcome| {
        let of = |label: &&String| {
            let id = label.split('"').nth(3).unwrap();
            verdict(&verdicts, id).outcome == outcome
        };
        world.labels.iter().filter(of).count()
    };
    assert_eq!(fraud(Outcome::Skipped), 20, "all that came later than two hours after the cut");
    let incidents = replay.incidents();
    let law = incidents.iter().find(|incident| incident.facts.account.as_str() == "law").unwrap();
    assert_eq!(law.facts.state, IncidentState::Lifted);
    assert_eq!(law.facts.closed_ms, law.cut_ms.map(|cut_ms| cut_ms + 2 * HOUR_MS));
    let trade = incidents.iter().find(|incident| incident.facts.account.as_str() == "trade").unwrap();
    assert_eq!(trade.facts.state, IncidentState::Ours, "no labelled call was near");
}

#[test]
fn a_call_that_a_cut_ends_is_carried_to_that_moment() {
    let mut world = story();
    // At noon on Monday, from the usual desk, one after the other to numbers that are new and dear.
    let noon_ms = NIGHT_MS + 33 * HOUR_MS;
    let numbers: Vec<String> = (0..20).map(|at| format!("0113556922{at:05}")).collect();
    for (at, dialled) in (0..).zip(&numbers) {
        let dial = Dial { account: "trade", line: "101", ip: "192.0.2.77", dialled, talk_s: 3600 };
        world.call(noon_ms + at * 20_000, &dial);
    }
    let (replay, verdicts, _) = replay(&world.rows(), Some(&world.labels));
    let incidents = replay.incidents();
    let incident = incidents.iter().find(|incident| incident.at_ms() >= noon_ms).unwrap();
    let hung_up: Vec<_> = incident.calls.iter().filter(|call| call.hung_up).collect();
    assert!(!hung_up.is_empty(), "the guard let the first calls through and cut then");
    for call in hung_up {
        let carried_ms = verdict(&verdicts, &call.id).carried_ms;
        let by_the_cut = carried_ms == incident.at_ms().saturating_sub(call.at_ms + 8_000);
        let by_its_own_check = carried_ms % 30_000 == 20_000;
        assert!(by_the_cut || by_its_own_check, "{} was carried for {carried_ms} ms", call.id);
        assert!(call.saved > call.cost);
    }
    let cost = incident.calls.iter().fold(billing::Money::ZERO, |sum, call| sum.saturating_add(call.cost));
    assert_eq!(incident.cost, cost, "no call of a short list is counted twice or left out");
}

#[test]
fn without_labels_a_cut_stands() {
    let world = story();
    let (replay, verdicts, _) = replay(&world.rows(), None);
    assert!(verdicts.iter().all(|verdict| verdict.outcome != Outcome::Skipped));
    assert!(replay.incidents().iter().all(|incident| incident.facts.state == IncidentState::Open));
}

#[test]
fn rows_that_are_no_events_change_nothing_and_say_what_is_wrong() {
    let mut rows = story().rows();
    let (_, expected, _) = replay(&rows, None);
    for (at, row) in [
        (900, "not json"),
        (
            800,
            r#"{"t":"2026-03-01T00:00:00Z","type":"call","id":"x","account":"law","line":"101","dialled":"1","result":"busy"}"#,
        ),
        (700, r#"{"t":"2026-03-09","type":"register"}"#),
        (5, r#"{"t":"2026-03-30T00:00:00Z","type":"call","account":"law","line":"101","result":"busy"}"#),
        (4, r#"{"t":"2026-03-02T00:00:00Z","type":"poem"}"#),
        (2, r#"{"t":"2026-03-02T00:00:00Z","type":"call","id":"x","account":"nobody","line":"1","result":"busy"}"#),
    ] {
        rows.insert(at, row.to_owned());
    }
    let (_, verdicts, unread) = replay(&rows, None);
    assert_eq!(verdict_rows(&verdicts), verdict_rows(&expected));
    golden("unread.txt", &(unread.join("\n") + "\n"));
}

#[test]
fn a_cheap_world_of_one_call_needs_no_history() {
    let mut world = World::default();
    world.account("new");
    let dial = Dial { account: "new", line: "1", ip: "192.0.2.1", dialled: "102", talk_s: 3 };
    let inside = world.call(NIGHT_MS, &dial);
    let nowhere = world.call(NIGHT_MS + MINUTE_MS, &Dial { dialled: "call me", ..dial });
    let (_, verdicts, _) = replay(&world.rows(), None);
    assert_eq!(verdict(&verdicts, &inside).carried_ms, 3_000);
    assert_eq!(verdict(&verdicts, &nowhere).reasons, ["there is no such number"]);
}
