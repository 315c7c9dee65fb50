//! Registration by RFC 3261 section 10.3: order, limits, lapses.

use super::*;
use crate::fixture::*;
use crate::{Input, Via};

fn put(contacts: &[(&str, u32)]) -> RegistrationChange {
    RegistrationChange::Put(contacts.iter().map(|(contact, s)| ((*contact).to_owned(), *s)).collect())
}

fn contacts(answer: &Answer) -> Vec<String> {
    match answer.replies.as_slice() {
        [Reply::Registered { token: 7, contacts }] => contacts.iter().map(|(contact, _)| contact.clone()).collect(),
        other => panic!("{other:?}"),
    }
}

fn status(answer: &Answer) -> u16 {
    match answer.replies.as_slice() {
        [Reply::RegisterRefused { token: 7, status }] => *status,
        other => panic!("{other:?}"),
    }
}

fn rows(answer: &Answer) -> usize {
    answer.effects.iter().filter(|effect| matches!(effect, Effect::Line(_))).count()
}

#[test]
fn bindings_are_added_refreshed_listed_and_removed() {
    let mut firm = Firm::new();
    let answer = firm.register("107", "a", 1, put(&[("sip:a@x", 60)]));
    assert_eq!((contacts(&answer), rows(&answer)), (vec!["sip:a@x".into()], 1));
    let answer = firm.register("107", "b", 1, put(&[("sip:b@x", 60)]));
    assert_eq!(contacts(&answer), ["sip:a@x", "sip:b@x"]);
    let answer = firm.after_s(30).register("107", "a", 2, put(&[("sip:a@x", 60)]));
    assert_eq!((contacts(&answer).len(), rows(&answer)), (2, 0), "a pure refresh writes no row");
    let answer = firm.register("107", "q", 1, RegistrationChange::Query);
    assert_eq!(contacts(&answer).len(), 2);
    // b has lapsed, a was refreshed.
    let answer = firm.after_s(30).register("107", "q", 2, RegistrationChange::Query);
    assert_eq!((contacts(&answer), rows(&answer)), (vec!["sip:a@x".into()], 0));
    let lapsed = firm.account.due(firm.now_ms).unwrap();
    assert_eq!(lapsed, Input::Lapse(vec![(line_id("107"), "sip:b@x".into())]));
    assert_eq!(rows(&firm.handle(&lapsed)), 1);
    let answer = firm.register("107", "a", 3, put(&[("sip:a@x", 0)]));
    assert_eq!((contacts(&answer).len(), rows(&answer)), (0, 1));
    assert_eq!(status(&firm.register("999", "a", 1, put(&[("sip:a@x", 60)]))), 404);
}

#[test]
fn what_comes_late_or_twice_changes_nothing() {
    let mut firm = Firm::new();
    firm.register("107", "a", 5, put(&[("sip:a@x", 60)]));
    for cseq in [4, 5] {
        // All or nothing: the new contact is not added either.
        assert_eq!(status(&firm.register("107", "a", cseq, put(&[("sip:n@x", 60), ("sip:a@x", 0)]))), 500);
        assert_eq!(status(&firm.register("107", "a", cseq, RegistrationChange::RemoveAll)), 500);
    }
    assert_eq!(firm.account.lines()["107"].bindings.len(), 1);
    // Another Call-ID is another registration (a phone that was restarted).
    assert_eq!(contacts(&firm.register("107", "b", 1, put(&[("sip:a@x", 60)]))).len(), 1);
    assert_eq!(contacts(&firm.register("107", "b", 2, RegistrationChange::RemoveAll)).len(), 0);
}

#[test]
fn a_line_has_eight_bindings_and_the_stalest_goes() {
    let mut firm = Firm::new();
    for n in 0..8 {
        firm.after_s(1).register("107", &format!("c{n}"), 1, put(&[(&format!("sip:{n}@x"), 3600)]));
    }
    firm.after_s(600).register("107", "c0", 2, put(&[("sip:0@x", 3600)]));
    let answer = firm.register("107", "c8", 1, put(&[("sip:8@x", 60)]));
    let left = contacts(&answer);
    assert_eq!(left.len(), MAX_BINDINGS);
    assert!(!left.contains(&"sip:1@x".to_owned()) && left.contains(&"sip:0@x".to_owned()));
    assert!(left.contains(&"sip:8@x".to_owned()), "not the one just put, though it lapses first");
    let many: Vec<(String, u32)> = (0..9).map(|n| (format!("sip:m{n}@x"), 60)).collect();
    assert_eq!(status(&firm.register("107", "m", 1, RegistrationChange::Put(many))), 400);
    assert_eq!(status(&firm.register("107", "m", 2, put(&[(&"x".repeat(513), 60)]))), 400);
}

#[test]
fn a_new_address_is_a_row_and_the_way_back() {
    let mut firm = Firm::new();
    firm.bind("107");
    let contact = put(&[("sip:107@192.0.2.10", 3600)]);
    let answer = firm.register_from("107", "reg-107", 2, contact, ABROAD);
    assert_eq!(rows(&answer), 1);
    let line = &firm.account.lines()["107"];
    assert_eq!(line.bindings[0].flow, flow(ABROAD));
    assert_eq!(line.last_seen.as_ref().map(|seen| seen.1), Some("198.51.100.9".parse().unwrap()));
}

#[test]
fn the_guard_hears_of_what_is_new_and_of_guesses() {
    let mut firm = Firm::new();
    firm.bind("107");
    let taught = firm.account.guard.clone();
    let again = |cseq, here| {
        let failures_before = crate::Failures { here, ..crate::Failures::NONE };
        Registration {
            token: 7,
            line: line_id("107"),
            change: put(&[("sip:107@192.0.2.10", 3600)]),
            call_id: "reg-107".into(),
            cseq,
            via: Via { failures_before, ..via(OFFICE) },
            secret_version: None,
        }
    };
    firm.after_s(60).take(again(2, 0));
    assert_eq!(firm.account.guard, taught);
    firm.after_s(60).take(again(3, 12));
    assert_ne!(firm.account.guard, taught);
}

#[test]
fn lapsed_bindings_go_by_the_tick_that_was_asked_for() {
    let mut firm = Firm::new();
    assert_eq!(firm.account.next_wake_ms(), None);
    firm.register("107", "a", 1, put(&[("sip:a@x", 60)]));
    let wake_ms = firm.account.next_wake_ms().unwrap();
    assert_eq!(wake_ms, firm.now_ms + 60_000);
    assert_eq!(firm.account.due(wake_ms - 1), None);
    firm.now_ms = wake_ms;
    let lapsed = firm.account.due(wake_ms).unwrap();
    assert_eq!(rows(&firm.handle(&lapsed)), 1);
    assert_eq!((firm.account.next_wake_ms(), firm.account.due(wake_ms)), (None, None));
}

#[test]
fn a_phone_that_stays_where_it_is_is_written_once_in_ten_minutes() {
    let mut firm = Firm::new();
    let mut written = 0;
    for cseq in 1..=60 {
        let seq = firm.account.seq();
        let answer = firm.after_s(30).register("107", "a", cseq, put(&[("sip:a@x", 60)]));
        assert_eq!(contacts(&answer), ["sip:a@x"]);
        written += firm.account.seq() - seq;
        assert_eq!(firm.account.next_wake_ms(), Some(firm.now_ms + 60_000));
    }
    assert_eq!(written, 3, "in half an hour");
    // What would be gone earlier, has another way or is new is written at once.
    for (cseq, seconds, source) in [(61, 59, OFFICE), (62, 60, ABROAD), (63, 0, ABROAD)] {
        let seq = firm.account.seq();
        firm.register_from("107", "a", cseq, put(&[("sip:a@x", seconds)]), source);
        assert_eq!(firm.account.seq(), seq + 1);
    }
}

#[test]
fn after_a_restart_what_is_written_counts() {
    let mut firm = Firm::new();
    firm.register("107", "a", 1, put(&[("sip:a@x", 60)]));
    let (written, written_ms) = (postcard::to_stdvec(&firm.account).unwrap(), firm.now_ms);
    firm.after_s(30).register("107", "a", 2, put(&[("sip:a@x", 60)]));
    let mut again: Account = postcard::from_bytes(&written).unwrap();
    again.forget_latest();
    assert_eq!(again, firm.account, "what is in memory alone makes no difference");
    assert_eq!(again.next_wake_ms(), Some(written_ms + 60_000 + VOUCHED_MS));
    // The phone goes on where it was, whatever its count, and from then on its own time counts.
    firm.account = again;
    let answer = firm.register("107", "a", 1, put(&[("sip:a@x", 60)]));
    assert_eq!((contacts(&answer).len(), rows(&answer)), (1, 1));
    assert_eq!(firm.account.next_wake_ms(), Some(firm.now_ms + 60_000));
}
