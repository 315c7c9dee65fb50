//! The story of the hijacked extension as one account lives it, with the real guard.

use billing::{CallId, Money};
use guard::Action;
use proptest::prelude::*;

use crate::fixture::{ABROAD, Firm, HOME, cdrs, hung_up, line_id, settings, verdict};
use crate::*;

/// Weeks of ordinary calls from the office; nobody uses 107.
fn weeks_of_work(firm: &mut Firm) {
    for day in 0..28 {
        firm.bind("101");
        for _ in 0..6 {
            let (call, _, _) = firm.call("101", HOME);
            firm.answer(call);
            firm.after_s(90).end(call);
        }
        let weekend = if day % 7 == 4 { 3 } else { 1 };
        firm.after_s(weekend * 24 * 3600 - 540);
    }
}

fn break_in(firm: &mut Firm) {
    let place = geo::Place { country: Some(*b"PS"), city: Some("Khan Yunis".into()), ..geo::Place::default() };
    let via = Via {
        place,
        user_agent: "friendly-scanner".into(),
        failures_before: crate::Failures { here: 240, ..crate::Failures::NONE },
        ..crate::fixture::via(ABROAD)
    };
    firm.handle(&Input::Register(Box::new(Registration {
        token: 1,
        line: line_id("107"),
        change: RegistrationChange::Put(vec![("sip:107@198.51.100.9".into(), 3600)]),
        call_id: "attack".into(),
        cseq: 1,
        via,
        secret_version: None,
    })));
}

/// Talks for `talk_s` or as long as the leases allow, asking again when they say so; then hangs up.
fn talk(firm: &mut Firm, call: CallId, talk_s: u64) {
    let mut left_s = talk_s;
    firm.answer(call);
    loop {
        let running = &firm.account.running()[&call];
        let at_s = (firm.now_ms - running.answer_ms.unwrap()) / 1000;
        let next_s = running.lease.check_at_s.or(running.lease.paid_until_s).map_or(u64::MAX, u64::from);
        let step_s = left_s.min(next_s.saturating_sub(at_s));
        let ends = step_s == left_s || running.lease.check_at_s.is_none();
        firm.after_s(step_s);
        left_s -= step_s;
        if ends || !hung_up(&firm.extend(call)).is_empty() {
            firm.end(call);
            return;
        }
    }
}

/// One call of the attack; the thief hangs up what is answered and not cut after `talk_s`.
fn pump(firm: &mut Firm, number: &str, talk_s: u64) -> (Answer, Option<CallId>) {
    let mut attempt = firm.attempt(Party::Line(line_id("107")), number, ABROAD);
    attempt.via.place = geo::Place { country: Some(*b"PS"), ..geo::Place::default() };
    attempt.via.failures_before.here = 240;
    let call = attempt.call;
    let answer = firm.handle(&Input::Screen(attempt.into()));
    if matches!(verdict(&answer), Verdict::Refused(_)) {
        return (answer, None);
    }
    talk(firm, call, talk_s);
    (answer, Some(call))
}

#[test]
fn the_hijacked_extension_is_cut_before_the_money_is_gone() {
    let mut firm = Firm::with(&settings(), "200");
    weeks_of_work(&mut firm);
    let before = firm.account.balance();
    break_in(&mut firm);
    let mut carried = 0;
    for number in ["011355691234567", "011355697654321"].into_iter().cycle().take(10) {
        carried += usize::from(pump(&mut firm, number, 20).1.is_some());
    }
    assert!(carried <= 2, "{carried} calls went through");
    let lost = before.saturating_sub(firm.account.balance());
    assert!(lost <= Money::from_cents(40), "{lost} lost");
    let incident = firm.account.incidents().next().expect("an incident").clone();
    assert_eq!((incident.line.as_str(), incident.action), ("107", Action::CutLine));
    assert_eq!(incident.calls.len(), 10);
    assert!(!incident.evidence.is_empty());
    // What must go on, does; and what was cut comes back when the owner says so.
    firm.call("107", HOME);
    firm.call("107", "911");
    let secret = Change::SetSecret { line: line_id("107"), secrets: crate::fixture::secrets(7) };
    assert_eq!(hung_up(&firm.change(secret)).len(), 1, "the call home of 107");
    firm.change(Change::LiftCut { line: Some(line_id("107")) });
    let (call, answer) = firm.dial("101", "011355691111111");
    assert!(matches!(verdict(&answer), Verdict::Allowed { .. }), "{answer:?}");
    assert_eq!(cdrs(&firm.end(call)).len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Invariant 5: were the guard asleep, the ceiling would still hold.
    #[test]
    fn a_sleeping_guard_costs_no_more_than_the_ceiling(
        // All within two days: on the third the destination would be the account's own.
        cents in 50_i64..500, calls in proptest::collection::vec((0_u64..10_000_000, 1_u64..2000), 1..40),
    ) {
        let exposure_ceiling = Money::from_cents(cents);
        let settings = Settings { guard: GuardMode::Shadow, exposure_ceiling, ..settings() };
        let mut firm = Firm::with(&settings, "1000");
        let mut charged = Vec::new();
        for (number, talk_s) in calls {
            let before = firm.account.balance();
            pump(&mut firm, &format!("+35569{number:07}"), talk_s);
            charged.push((firm.now_ms, before.saturating_sub(firm.account.balance())));
            let day_ago_ms = firm.now_ms.saturating_sub(24 * 3600 * 1000);
            let in_a_day = charged.iter().filter(|(at_ms, _)| *at_ms > day_ago_ms);
            let sum = in_a_day.fold(Money::ZERO, |sum, (_, amount)| sum.saturating_add(*amount));
            prop_assert!(sum <= exposure_ceiling, "{sum} in a day");
        }
    }
}
