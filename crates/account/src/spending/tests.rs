//! The limit of a month, the warning of a low balance, automatic payments, mark-up, cost and margin.

use billing::{Deck, LedgerEntry};

use super::*;
use crate::fixture::*;
use crate::message::{Change, Permit, RefusalCode};
use crate::{Input, Settings, Terms};

const HOUR_S: u64 = 3_600;

fn firm(terms: Terms, paid_in: &str) -> Firm {
    Firm::with(&Settings { terms, ..settings() }, paid_in)
}

fn low_balances(answer: &Answer) -> Vec<(String, String)> {
    let told = answer.effects.iter().filter_map(|effect| match effect {
        Effect::Notice(Notice::LowBalance { balance, threshold }) => Some((balance.to_string(), threshold.to_string())),
        _ => None,
    });
    told.collect()
}

/// A call abroad of so many seconds; 0.60 a minute in steps of 6 s.
fn talk(firm: &mut Firm, seconds: u64) -> Answer {
    let (call, _, _) = firm.call("101", ALBANIA);
    firm.answer(call);
    for checked_s in (20..seconds).step_by(30) {
        let begun_ms = firm.account.running()[&call].answer_ms.unwrap();
        firm.now_ms = begun_ms + checked_s * 1000;
        firm.extend(call);
    }
    let begun_ms = firm.account.running()[&call].answer_ms.unwrap();
    firm.now_ms = begun_ms + seconds * 1000;
    firm.end(call)
}

#[test]
fn a_months_limit_lasts_to_its_end() {
    let mut firm = firm(Terms { monthly_limit: Some(money("0.60")), ..Terms::default() }, "10");
    firm.now_ms += 8 * HOUR_S * 1000;
    talk(&mut firm, 60);
    for _ in 0..30 {
        firm.after_s(24 * HOUR_S);
        assert_eq!(firm.refused("101", ALBANIA).code, RefusalCode::Limit);
    }
    firm.after_s(24 * HOUR_S);
    firm.call("101", ALBANIA);
}

/// The night on which the clocks of Denver go back, at 08:00 UTC; a minute before the midnight before it.
const BEFORE_MIDNIGHT_MS: u64 = 1_793_512_740_000;

#[test]
fn a_call_over_midnight_and_a_changed_clock_costs_the_time_that_passes() {
    let mut firm = firm(Terms::default(), "1000");
    firm.now_ms = BEFORE_MIDNIGHT_MS;
    let (call, _, _) = firm.call("101", HOME);
    firm.answer(call);
    // Three hours, of which the clock on the wall shows two.
    for _ in 0..3 * HOUR_S / 20 - 1 {
        firm.after_s(20);
        firm.extend(call);
    }
    firm.after_s(20);
    let answer = firm.end(call);
    let cdr = answer.effects.iter().find_map(|effect| match effect {
        Effect::Cdr(cdr) => Some(cdr),
        _ => None,
    });
    let cdr = cdr.unwrap();
    assert_eq!(u64::from(cdr.money.billed_s), 3 * HOUR_S);
    assert_eq!(cdr.money.charge.micros(), cdr.money.per_minute.micros() * 180);
    let begun = cdr.times.start_ms.saturating_add_signed(i64::from(cdr.times.utc_offset_min) * 60_000);
    assert_eq!(u64::from(cdr.times.local_day()), begun / 86_400_000, "it counts on the day it began");
}

#[test]
fn running_calls_count_towards_a_limit() {
    let mut firm = firm(Terms { monthly_limit: Some(money("0.75")), ..Terms::default() }, "10");
    // Each holds 36 s.
    firm.call("101", ALBANIA);
    firm.call("107", ALBANIA);
    let (_, _, lease) = firm.call("101", HOME);
    assert!(lease.paid_until_s.is_some());
    assert_eq!(firm.refused("107", ALBANIA).code, RefusalCode::Limit);
}

#[test]
fn a_low_balance_is_told_once() {
    let mut firm = firm(Terms { low_balance: Some(money("5")), ..Terms::default() }, "6");
    assert_eq!(low_balances(&talk(&mut firm, 60)), []);
    assert_eq!(low_balances(&talk(&mut firm, 60)), [("4.80".to_owned(), "5.00".to_owned())]);
    assert_eq!(low_balances(&talk(&mut firm, 60)), []);
    firm.change(Change::TopUp { amount: money("1"), reference: "second".into() });
    assert_eq!(low_balances(&talk(&mut firm, 60)).len(), 1);
}

#[test]
fn automatic_payments_have_a_limit_and_stand_still_in_an_incident() {
    let pay = |amount, reference: &str| Change::AutoTopUp { amount: money(amount), reference: reference.into() };
    let mut off = Firm::new();
    assert_eq!(off.not_done(pay("10", "a")), ChangeError::NoAutoTopUp);
    let mut firm = firm(Terms { auto_top_up_max: Some(money("25")), ..Terms::default() }, "10");
    firm.done(pay("20", "a"));
    assert_eq!(firm.not_done(pay("5", "a")), ChangeError::DuplicatePayment("a".into()));
    assert_eq!(firm.not_done(pay("6", "b")), ChangeError::AutoTopUpMax { left: money("5") });
    firm.done(pay("5", "b"));
    assert_eq!(firm.account.balance(), money("35"));
    firm.after_s(24 * HOUR_S);
    firm.done(pay("25", "c"));
    firm.after_s(24 * HOUR_S);
    let (call, _, _) = firm.call("101", ALBANIA);
    let mut facts = firm.account.running()[&call].facts.clone();
    let screening = screening(false, Some(guard::Action::CutLine), &[]);
    firm.account.heed(firm.now_ms, &screening, &mut facts, true, &mut Answer::default());
    assert!(matches!(firm.not_done(pay("5", "d")), ChangeError::IncidentOpen(_)));
    assert_eq!(firm.not_done(pay("25", "c")), ChangeError::DuplicatePayment("c".into()), "booked is booked");
    firm.done(Change::LiftCut { line: None });
    firm.done(pay("5", "d"));
}

#[test]
fn corrections_are_made_once() {
    let mut firm = Firm::new();
    let refund = || Change::Adjust { amount: money("-1"), note: "refund".into(), reference: "r-1".into() };
    firm.done(refund());
    assert_eq!(firm.not_done(refund()), ChangeError::DuplicatePayment("r-1".into()));
    assert_eq!(firm.account.balance(), money("9"));
}

#[test]
fn the_mark_up_and_the_price_are_those_of_the_beginning() {
    let mut firm = firm(Terms { markup_bp: 5_000, ..Terms::default() }, "10");
    let (call, _, _) = firm.call("101", ALBANIA);
    firm.answer(call);
    // A dearer deck comes into force and the mark-up goes while the call runs.
    firm.prices.deck = Deck::from_csv(b"prefix,rate,increment\n355,9.00,60\n").unwrap();
    firm.change(Change::Settings(settings()));
    firm.after_s(20);
    firm.extend(call);
    firm.after_s(30);
    firm.extend(call);
    firm.after_s(10);
    let answer = firm.end(call);
    let cdr = cdrs(&answer)[0];
    assert_eq!((cdr.money.per_minute, cdr.money.charge), (money("0.90"), money("0.90")));
    let rate = cdr.money.rate.as_ref().unwrap();
    assert_eq!((rate.source.markup_bp, rate.source.deck.as_str(), rate.increment_s), (5_000, "standard", 6));
    firm.call("101", ALBANIA);
    assert_eq!(firm.account.ledger().held(), money("9.00"), "the next call has the new price");
}

#[test]
fn carriers_are_tried_by_cost_and_the_margin_is_known() {
    let carrier = |id: &str| id.parse::<billing::CarrierId>().unwrap();
    let carriers: Vec<_> = ["first", "dear", "cheap", "unknown"].map(carrier).into();
    let mut firm = Firm::with(&Settings { carriers, ..settings() }, "10");
    let deck = |price: &str| Deck::from_csv(format!("prefix,rate,increment\n355,{price},1\n").as_bytes()).unwrap();
    firm.prices.carriers = vec![(carrier("dear"), deck("0.50")), (carrier("cheap"), deck("0.30"))];
    let (call, permit, _) = firm.call("101", ALBANIA);
    let Permit::Carrier { carriers, .. } = permit else { panic!("{permit:?}") };
    assert_eq!(carriers, ["cheap", "dear", "first", "unknown"].map(carrier));
    firm.answer(call);
    firm.after_s(10);
    let mut settlement = settlement(&firm, call);
    settlement.carrier = Some(carrier("dear"));
    let answer = firm.handle(&Input::Settle(settlement));
    let money_of = &cdrs(&answer)[0].money;
    // 12 s at 0.60 for the customer, 10 s at 0.50 to the carrier.
    assert_eq!((money_of.charge, money_of.cost), (money("0.12"), Some(money("0.083334"))));
    assert_eq!(money_of.margin(), Some(money("0.036666")));
    // Home is in no carrier's deck: the account's own order.
    let Permit::Carrier { carriers, .. } = firm.call("101", HOME).1 else { panic!() };
    assert_eq!(carriers[0], carrier("first"));
}

fn settlement(firm: &Firm, call: billing::CallId) -> crate::Settlement {
    crate::Settlement {
        call,
        ring_ms: None,
        answer_ms: firm.account.running()[&call].answer_ms,
        status: 200,
        reason: String::new(),
        hung_up_by: crate::HungUpBy::Caller,
        end: crate::CallEnd::Normal,
        carrier: None,
        callee: None,
    }
}

#[test]
fn a_full_disk_refuses_what_costs_money_at_once() {
    let mut firm = Firm::new();
    let mut screen = |dialled: &str| {
        let mut attempt = firm.attempt(crate::Party::Line(line_id("101")), dialled, OFFICE);
        attempt.look_ups.disk_full = true;
        firm.handle(&Input::Screen(attempt.into()))
    };
    let answer = screen(ALBANIA);
    let crate::Verdict::Refused(refusal) = verdict(&answer) else { panic!("{answer:?}") };
    assert_eq!((refusal.code, refusal.code.sip_status(), answer.spends), (RefusalCode::DiskFull, 503, false));
    assert_eq!(cdrs(&answer).len(), 1);
    assert!(matches!(verdict(&screen("911")), crate::Verdict::Allowed { .. }));
}

#[test]
fn every_hold_and_release_is_an_entry_and_they_sum_to_the_books() {
    let mut firm = Firm::new();
    let mut answers = vec![talk(&mut firm, 45)];
    answers.push(firm.dial("101", ALBANIA).1);
    let entries = |answer: &Answer| -> Vec<LedgerEntry> {
        let entry = |effect: &Effect| if let Effect::Ledger(entry) = effect { Some(entry.clone()) } else { None };
        answer.effects.iter().filter_map(entry).collect()
    };
    let settled = entries(&answers[0]);
    // 48 s were billed of 61 held for.
    assert_eq!(settled.iter().map(|entry| entry.kind.as_str()).collect::<Vec<_>>(), ["call", "release"]);
    assert_eq!((settled[0].amount, settled[1].amount), (money("0.48"), money("0.18")));
    assert_eq!(entries(&answers[1])[0].kind.as_str(), "hold");
    assert_eq!(firm.account.ledger().held(), money("0.36"));
}
