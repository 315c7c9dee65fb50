//! Screening: the order of its questions, each refusal, who is shown.

use billing::{CarrierId, Direction};

use super::*;
use crate::fixture::*;
use crate::{Change, Cut, Did, GuardMode, Lease, Line, LineKind, Settings};

fn codes(firm: &mut Firm, from: &str, dialled: &str) -> RefusalCode {
    firm.refused(from, dialled).code
}

#[test]
fn an_outside_call_goes_to_the_carriers_with_a_lease_and_a_hold() {
    let mut firm = Firm::new();
    let (call, answer) = firm.dial("107", ALBANIA);
    let Verdict::Allowed { permit, lease } = verdict(&answer) else { panic!("{answer:?}") };
    assert_eq!(
        permit,
        Permit::Carrier {
            carriers: vec!["wholesale".parse().unwrap()],
            number: "+355691234567".into(),
            caller: Caller { user: "+13035550100".into(), ..Caller::default() },
            emergency: false,
        }
    );
    assert_eq!(lease, Lease { check_at_s: Some(20), paid_until_s: Some(30) });
    // 36 s of a dollar's 60 cents a minute: 30 s, the time to hang up, rounded to steps of 6 s.
    assert_eq!(firm.account.ledger().hold(call), Some(money("0.36")));
    assert!(answer.effects.contains(&Effect::Balance { balance: money("10"), held: money("0.36") }));
    assert!(answer.spends);
}

#[test]
fn an_emergency_call_goes_through_whatever_stands_against_it() {
    let mut settings = settings();
    settings.max_calls = 0;
    settings.exposure_ceiling = Money::ZERO;
    let mut firm = Firm::with(&settings, "0");
    firm.account.cut = Some(Cut { incident: billing::IncidentId(1), since_ms: 0 });
    let mut line = line("107");
    line.international = false;
    firm.change(Change::PutLine(line));
    for dialled in ["911", "9911"] {
        let (call, answer) = firm.dial("107", dialled);
        let Verdict::Allowed { permit: Permit::Carrier { number, emergency, .. }, lease } = verdict(&answer) else {
            panic!("{answer:?}")
        };
        assert_eq!((number.as_str(), emergency, lease), ("911", true, FREE));
        assert!(!answer.spends, "it waits for no disk");
        let told = answer
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::Notice(Notice::Emergency { line, .. }) if line.as_str() == "107"));
        assert!(told, "{answer:?}");
        firm.answer(call);
        let end = firm.end(call);
        assert_eq!(cdrs(&end)[0].money.charge, Money::ZERO);
    }
}

#[test]
fn extensions_ring_each_other_for_nothing() {
    let mut firm = Firm::with(&settings(), "0");
    assert_eq!(codes(&mut firm, "107", "101"), RefusalCode::NotRegistered);
    assert_eq!(codes(&mut firm, "107", "105"), RefusalCode::NoSuchLine);
    firm.bind("101");
    for dialled in ["101", "+13035550100", "5550100"] {
        let (call, permit, lease) = firm.call("107", dialled);
        let Permit::Lines { bindings, caller, .. } = permit else { panic!("{permit:?}") };
        assert_eq!(bindings.len(), 1);
        assert_eq!((caller.user.as_str(), caller.name.as_str()), ("107", "Phone 107"));
        assert_eq!(lease, FREE);
        assert_eq!(cdrs(&firm.end(call))[0].who.direction, Direction::Internal);
    }
    firm.after_s(3600);
    let lapsed = firm.account.due(firm.now_ms).unwrap();
    firm.handle(&lapsed);
    assert_eq!(codes(&mut firm, "107", "101"), RefusalCode::NotRegistered, "the binding has lapsed");
}

#[test]
fn a_carrier_reaches_the_accounts_numbers_alone() {
    let mut firm = Firm::with(&settings(), "0");
    firm.bind("101");
    let carrier = || Party::Carrier(CarrierId::new("wholesale").unwrap());
    let mut attempt = firm.attempt(carrier(), "+13035550100", ABROAD);
    attempt.caller = Caller { user: "+49301234567".into(), name: "Client".into(), ..Caller::default() };
    let shown = attempt.caller.clone();
    let call = attempt.call;
    let answer = firm.handle(&crate::Input::Screen(attempt.into()));
    let Verdict::Allowed { permit: Permit::Lines { caller, called, .. }, .. } = verdict(&answer) else {
        panic!("{answer:?}")
    };
    assert_eq!((caller, called.as_str()), (shown, "+13035550100"));
    let end = firm.end(call);
    assert_eq!((cdrs(&end)[0].who.direction, &cdrs(&end)[0].who.line), (Direction::Inbound, &None));
    for dialled in [ALBANIA, "101", "911"] {
        let attempt = firm.attempt(carrier(), dialled, ABROAD);
        let answer = firm.handle(&crate::Input::Screen(attempt.into()));
        assert!(matches!(verdict(&answer), Verdict::Refused(refusal) if refusal.code == RefusalCode::NoSuchLine));
    }
}

#[test]
fn a_trunk_that_does_not_register_is_rung_at_its_address() {
    let mut firm = Firm::new();
    let trunk = Line {
        kind: LineKind::Trunk,
        auth_name: None,
        secrets: None,
        addresses: vec!["198.51.100.20".parse().unwrap()],
        certificates: Vec::new(),
        ..line("pbx")
    };
    firm.change(Change::PutLine(trunk));
    firm.change(Change::PutDid(Did { number: did(), lines: vec![line_id("pbx")] }));
    let attempt = firm.attempt(Party::Carrier(CarrierId::new("wholesale").unwrap()), "+13035550100", ABROAD);
    let answer = firm.handle(&crate::Input::Screen(attempt.into()));
    let Verdict::Allowed { permit: Permit::Lines { bindings, .. }, .. } = verdict(&answer) else {
        panic!("{answer:?}")
    };
    assert_eq!(bindings.len(), 1);
    assert_eq!(bindings[0].1.contact, "sip:198.51.100.20:5060");
    assert_eq!(bindings[0].1.flow.remote, "198.51.100.20:5060".parse().unwrap());
}

#[test]
fn the_owners_settings_and_the_cut_stop_the_cut_class_alone() {
    let mut firm = Firm::new();
    let mut home_only = line("107");
    home_only.international = false;
    firm.change(Change::PutLine(home_only));
    assert_eq!(codes(&mut firm, "107", ALBANIA), RefusalCode::NotPermitted);
    firm.call("107", HOME);
    firm.account.lines.get_mut("101").unwrap().cut = Some(Cut { incident: billing::IncidentId(1), since_ms: 0 });
    let refusal = firm.refused("101", ALBANIA);
    assert_eq!(refusal.code, RefusalCode::Cut);
    assert_eq!(refusal.text, "international calls are cut by incident i0000000000001");
    firm.call("101", HOME);
}

#[test]
fn each_kind_of_refusal_has_its_record() {
    let mut firm = Firm::new();
    assert_eq!(codes(&mut firm, "999", HOME), RefusalCode::NoSuchLine);
    assert_eq!(codes(&mut firm, "107", "*97"), RefusalCode::BadNumber);
    assert_eq!(codes(&mut firm, "107", "hello"), RefusalCode::BadNumber);
    let few = Settings { max_calls: 1, ..settings() };
    firm.change(Change::Settings(few));
    firm.call("107", HOME);
    assert_eq!(codes(&mut firm, "101", HOME), RefusalCode::TooManyCalls);
    firm.bind("101");
    firm.call("107", "101");
    assert_eq!(codes(&mut firm, "107", "101"), RefusalCode::TooManyCalls);
    firm.change(Change::Settings(Settings { carriers: Vec::new(), ..settings() }));
    assert_eq!(codes(&mut firm, "107", HOME), RefusalCode::NoCarrier);
    assert_eq!(codes(&mut firm, "107", "911"), RefusalCode::NoCarrier);
}

#[test]
fn an_account_that_does_not_exist_lets_nothing_through() {
    let mut firm = Firm::new();
    firm.account = Account::new("nobody".parse().unwrap());
    assert_eq!(codes(&mut firm, "107", HOME), RefusalCode::NoSuchLine);
}

#[test]
fn the_same_attempt_twice_is_one_call() {
    let mut firm = Firm::new();
    let attempt = firm.attempt(Party::Line(line_id("107")), HOME, OFFICE);
    firm.handle(&crate::Input::Screen(attempt.clone().into()));
    let again = firm.handle(&crate::Input::Screen(attempt.into()));
    assert_eq!(again, Answer::default());
    assert_eq!(firm.account.running().len(), 1);
}

#[test]
fn only_the_accounts_own_numbers_are_shown_outside() {
    let mut firm = Firm::new();
    let mut shown = |claimed: &str| {
        let mut attempt = firm.attempt(Party::Line(line_id("107")), HOME, OFFICE);
        attempt.caller = Caller { user: claimed.into(), name: "The Bank".into(), private: true, ..Caller::default() };
        let call = attempt.call;
        let answer = firm.handle(&crate::Input::Screen(attempt.into()));
        firm.end(call);
        match verdict(&answer) {
            Verdict::Allowed { permit: Permit::Carrier { caller, .. }, .. } => caller,
            other => panic!("{other:?}"),
        }
    };
    let ours = shown("303-555-0100");
    assert_eq!((ours.user.as_str(), ours.name.as_str(), ours.private), ("+13035550100", "The Bank", true));
    for foreign in ["+18005551234", "107", "911", "", "anonymous"] {
        let replaced = shown(foreign);
        assert_eq!((replaced.user.as_str(), replaced.name.as_str()), ("+13035550100", ""), "{foreign}");
    }
}

/// Invariant 12: who is calling in right now may be shown by the line he is ringing, and by nobody else, and not after.
#[test]
fn a_caller_who_is_being_forwarded_is_shown_with_the_number_he_came_by() {
    let mut firm = Firm::new();
    firm.bind("101");
    let client = Caller { user: "+493012345678".into(), name: "Client".into(), ..Caller::default() };
    let mut inbound = firm.attempt(Party::Carrier(CarrierId::new("wholesale").unwrap()), "+13035550100", ABROAD);
    inbound.caller = client.clone();
    let ringing = inbound.call;
    firm.handle(&crate::Input::Screen(inbound.into()));
    let shown = |firm: &mut Firm, line: &str, user: &str, diverted| {
        let mut attempt = firm.attempt(Party::Line(line_id(line)), HOME, OFFICE);
        attempt.caller = Caller { user: user.into(), diverted, ..client.clone() };
        let call = attempt.call;
        let answer = firm.handle(&crate::Input::Screen(attempt.into()));
        let cause = firm.account.running()[&call].facts.attempt.cause;
        firm.end(call);
        match verdict(&answer) {
            Verdict::Allowed { permit: Permit::Carrier { caller, .. }, .. } => (caller.user, caller.diverted, cause),
            other => panic!("{other:?}"),
        }
    };
    let ours = ("+13035550100".to_owned(), None, None);
    let forwarded = ("+493012345678".to_owned(), Some(did()), Some(guard::Cause::Forward));
    assert_eq!(shown(&mut firm, "101", "+493012345678", None), forwarded);
    assert_eq!(shown(&mut firm, "101", "011493012345678", None), forwarded, "as the country dials it");
    assert_eq!(shown(&mut firm, "101", "+493012345679", None), ours, "somebody else");
    assert_eq!(shown(&mut firm, "107", "+493012345678", None), ours, "another line");
    firm.end(ringing);
    assert_eq!(shown(&mut firm, "101", "+493012345678", None), ours, "nobody calls any more");
    // The call machine follows a redirection itself: it says so.
    assert_eq!(shown(&mut firm, "101", "+493012345678", Some(did())), forwarded);
    assert_eq!(shown(&mut firm, "101", "+493012345678", Some("+13035559999".parse().unwrap())), ours);
}

#[test]
fn a_watching_guard_stops_nothing() {
    let mut firm = Firm::with(&Settings { guard: GuardMode::Shadow, ..settings() }, "10");
    let mut facts = {
        let attempt = firm.attempt(Party::Line(line_id("107")), ALBANIA, ABROAD);
        Facts::new(&attempt.into(), firm.now_ms, Direction::Outbound)
    };
    let mut out = Answer::default();
    let verdict = screening(false, Some(guard::Action::CutInternational), &[]);
    let now_ms = firm.now_ms;
    assert!(!firm.account.heed(now_ms, &verdict, &mut facts, false, &mut out));
    assert!(facts.verdict.reasons[0].contains("only watches"));
    assert!(out.effects.is_empty() && out.replies.is_empty());
    assert!(firm.account.incidents().all(|incident| incident.shadow));
    assert_eq!((firm.account.cut(), firm.account.lines()["107"].cut), (None, None));
}

#[test]
fn a_trunk_shows_its_phones_number_to_other_lines() {
    let mut firm = Firm::new();
    let trunk = crate::Line { kind: crate::LineKind::Trunk, ..line("hq") };
    firm.change(Change::PutLine(crate::Line { caller_id: Some("+13035550199".parse().unwrap()), ..trunk }));
    firm.bind("101");
    let (_, permit, _) = firm.call("hq", "+13035550100");
    assert!(matches!(permit, Permit::Lines { caller, .. } if caller.user == "+13035550199"));
}
