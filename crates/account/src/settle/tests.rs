//! Money of a call from its hold to its charge.

use billing::{HungUpBy as Who, Route};

use super::*;
use crate::fixture::*;
use crate::{Change, Input, Lease, RefusalCode, Settings};

#[test]
fn a_call_is_charged_for_its_talk_and_the_rest_released() {
    let mut firm = Firm::new();
    let (call, _, _) = firm.call("107", ALBANIA);
    firm.after_s(8).answer(call);
    firm.after_s(13);
    let answer = firm.end(call);
    let cdr = cdrs(&answer)[0];
    // 13 s are three steps of 6 s at 60 cents a minute.
    assert_eq!((cdr.money.charge, cdr.money.billed_s, cdr.money.held_peak), (money("0.18"), 18, money("0.36")));
    assert_eq!((cdr.number.destination.as_str(), cdr.times.talk_ms()), ("Albania mobile", 13_000));
    assert_eq!((cdr.from.port, cdr.from.transport.as_str()), (5060, "UDP"));
    assert_eq!((cdr.from.place.city.as_deref(), cdr.from.user_agent.as_str()), (Some("Denver"), "Yealink T46"));
    assert_eq!((firm.account.balance(), firm.account.ledger().held()), (money("9.82"), Money::ZERO));
    assert!(answer.effects.contains(&Effect::Balance { balance: money("9.82"), held: Money::ZERO }));
    assert!(matches!(&answer.effects[0], Effect::Ledger(entry) if entry.change() == money("-0.18")));
    let again = firm.settle(call, Some(firm.now_ms), HungUpBy::Caller, CallEnd::Normal);
    assert_eq!(again, Answer::default(), "never billed twice");
}

#[test]
fn a_call_nobody_answers_costs_nothing() {
    let mut firm = Firm::new();
    let (call, _, _) = firm.call("107", ALBANIA);
    firm.after_s(30);
    let answer = firm.end(call);
    assert_eq!(cdrs(&answer)[0].money.charge, Money::ZERO);
    assert_eq!(firm.account.ledger().available(), money("10"));
}

#[test]
fn the_carrier_and_the_reason_are_on_record() {
    let mut firm = Firm::new();
    let (call, _, _) = firm.call("107", HOME);
    let settlement = Settlement {
        call,
        ring_ms: Some(firm.now_ms),
        answer_ms: None,
        status: 503,
        reason: "Service Unavailable".into(),
        hung_up_by: HungUpBy::Node,
        end: CallEnd::Shutdown,
        carrier: Some("wholesale".parse().unwrap()),
        callee: None,
    };
    let answer = firm.handle(&Input::Settle(settlement));
    let cdr = cdrs(&answer)[0];
    assert_eq!(cdr.route, Some(Route::Carrier("wholesale".parse().unwrap())));
    assert_eq!((cdr.result.sip_status, cdr.result.reason.as_str()), (503, "Service Unavailable"));
    assert_eq!(cdr.result.hung_up_by, Who::Node { why: "the node was shut down".into() });
}

#[test]
fn a_recovered_call_is_charged_up_to_its_hold() {
    let mut firm = Firm::new();
    let (call, _, _) = firm.call("107", ALBANIA);
    firm.answer(call);
    // The node was down for an hour.
    firm.after_s(3600);
    let answer = firm.settle(call, None, HungUpBy::Node, CallEnd::Recovered);
    let cdr = cdrs(&answer)[0];
    assert_eq!((cdr.money.charge, cdr.result.recovered), (money("0.36"), true));
    assert_eq!(firm.account.balance(), money("9.64"));
}

#[test]
fn the_silence_that_ends_a_call_is_not_billed_but_counts_towards_the_ceiling() {
    let mut firm = Firm::new();
    let (call, _, _) = firm.call("107", ALBANIA);
    firm.answer(call);
    let heard_ms = firm.now_ms + 13_000;
    let answer_ms = Some(firm.now_ms);
    firm.after_s(33);
    let answer = firm.settle(call, answer_ms, HungUpBy::Node, CallEnd::Silence { heard_ms });
    let cdr = cdrs(&answer)[0];
    assert_eq!((cdr.money.charge, cdr.money.billed_s), (money("0.18"), 18));
    assert_eq!((cdr.times.talk_ms(), cdr.times.billed_ms(), cdr.times.heard_ms), (33_000, 13_000, Some(heard_ms)));
    assert_eq!(firm.account.balance(), money("9.82"));
    // What the carrier asks for the silence must not be had for nothing again and again.
    assert_eq!(firm.account.exposure_bound(firm.now_ms).charged, money("0.36"));
}

#[test]
fn a_call_talks_on_in_intervals_from_its_answer() {
    let mut firm = Firm::new();
    let (call, _, _) = firm.call("107", ALBANIA);
    let answer = firm.after_s(8).answer(call);
    assert_eq!(lease(&answer), Lease { check_at_s: Some(20), paid_until_s: Some(30) });
    assert!(answer.spends);
    let answer = firm.after_s(20).extend(call);
    assert_eq!(lease(&answer), Lease { check_at_s: Some(50), paid_until_s: Some(60) });
    assert_eq!(firm.account.ledger().hold(call), Some(money("0.66")));
    let again = firm.extend(call);
    assert_eq!(lease(&again), lease(&answer), "asking twice changes nothing");
    assert_eq!(firm.account.ledger().hold(call), Some(money("0.66")));
}

#[test]
fn a_call_ends_where_its_credit_ends() {
    let mut firm = Firm::with(&settings(), "0.50");
    let (call, _, _) = firm.call("107", ALBANIA);
    firm.answer(call);
    let answer = firm.after_s(20).extend(call);
    // 50 cents buy 48 s in steps of 6 s (50 s would be 54), less the second it takes to hang up.
    assert_eq!(lease(&answer), Lease { check_at_s: None, paid_until_s: Some(47) });
    assert_eq!(firm.refused("101", ALBANIA).code, RefusalCode::NoCredit);
    firm.after_s(28);
    let answer = firm.settle(call, Some(firm.now_ms - 48_000), HungUpBy::Node, CallEnd::CreditEnded);
    assert_eq!(cdrs(&answer)[0].money.charge, money("0.48"));
    assert_eq!(firm.account.balance(), money("0.02"));
}

#[test]
fn money_that_comes_in_time_lets_the_call_go_on() {
    let mut firm = Firm::with(&settings(), "0.50");
    let (call, _, _) = firm.call("107", ALBANIA);
    firm.answer(call);
    firm.after_s(20).extend(call);
    let answer = firm.after_s(5).change(Change::TopUp { amount: money("5"), reference: "late".into() });
    assert_eq!(lease(&answer), Lease { check_at_s: Some(50), paid_until_s: Some(60) });
}

#[test]
fn parallel_calls_share_the_balance_and_never_overdraw_it() {
    let mut firm = Firm::with(&settings(), "1");
    let calls: Vec<_> = (0..3).map(|_| firm.call("107", ALBANIA).0).collect();
    assert_eq!(firm.account.running()[&calls[2]].lease, Lease { check_at_s: None, paid_until_s: Some(23) });
    assert_eq!(firm.refused("101", ALBANIA).code, RefusalCode::NoCredit);
    for call in &calls {
        firm.answer(*call);
    }
    firm.after_s(3600);
    for call in calls {
        firm.end(call);
    }
    assert_eq!(firm.account.ledger().captured(), money("0.96"));
}

#[test]
fn a_number_without_a_price_costs_forty_cents_a_minute() {
    let mut firm = Firm::new();
    let (call, _, _) = firm.call("107", "011447911123456");
    firm.answer(call);
    firm.after_s(7);
    let answer = firm.end(call);
    assert_eq!(cdrs(&answer)[0].money.per_minute, money("0.40"));
    assert_eq!(cdrs(&answer)[0].money.charge, money("0.08"));
}

#[test]
fn calls_to_new_destinations_never_cost_more_than_the_ceiling() {
    let settings = Settings { exposure_ceiling: money("0.50"), ..settings() };
    let mut firm = Firm::with(&settings, "10");
    let (call, _, _) = firm.call("107", ALBANIA);
    assert_eq!(firm.account.exposure_bound(firm.now_ms).left, money("0.14"));
    let (second, _, second_lease) = firm.call("107", ALBANIA);
    assert_eq!(second_lease, Lease { check_at_s: None, paid_until_s: Some(11) });
    assert_eq!(firm.refused("101", ALBANIA).code, RefusalCode::Exposure);
    firm.call("101", HOME);
    firm.answer(call);
    let extended = firm.after_s(20).extend(call);
    // No further step of 6 s fits under the ceiling; the last second of the one paid for is for hanging up.
    assert_eq!(lease(&extended), Lease { check_at_s: None, paid_until_s: Some(35) });
    firm.end(second);
    firm.after_s(11);
    firm.end(call);
    assert_eq!(firm.account.exposure_bound(firm.now_ms).used, money("0.36"));
    // Less than a day later it still counts; after a day and a quarter of an hour no more.
    firm.after_s(23 * 3600);
    assert_eq!(firm.account.exposure_bound(firm.now_ms).used, money("0.36"));
    firm.after_s(3600 + 900);
    assert_eq!(firm.account.exposure_bound(firm.now_ms).used, Money::ZERO);
}

#[test]
fn a_destination_becomes_the_accounts_own_on_the_third_day() {
    let settings = Settings { exposure_ceiling: money("0.40"), ..settings() };
    let mut firm = Firm::with(&settings, "10");
    for _ in 0..3 {
        let (call, _, _) = firm.call("107", ALBANIA);
        firm.answer(call);
        firm.after_s(30).end(call);
        firm.after_s(25 * 3600);
    }
    for _ in 0..5 {
        firm.call("107", ALBANIA);
    }
    assert_eq!(firm.account.exposure_bound(firm.now_ms).used, Money::ZERO);
    firm.after_s(70 * 24 * 3600);
    firm.call("107", ALBANIA);
    assert!(firm.account.exposure_bound(firm.now_ms).used.is_positive(), "its own no longer");
}
