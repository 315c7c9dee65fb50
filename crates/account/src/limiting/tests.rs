//! The owner's limits, each with its sentence, and those of a day with calls at once.

use billing::Money;

use crate::fixture::{ALBANIA, Firm, cdrs, money, settings, verdict};
use crate::message::{Change, RefusalCode};
use crate::{Limits, Line, Settings, Verdict};

const LONDON: &str = "011442071838750";
const HOME: &str = "3035550123";

/// A firm with limits on the account.
fn firm(limits: Limits) -> Firm {
    Firm::with(&Settings { limits, ..settings() }, "100")
}

/// The same on line 107.
fn on_line(limits: Limits, max_calls: Option<u32>) -> Firm {
    let mut firm = Firm::new();
    let line = Line { limits, max_calls, secrets: None, ..firm.account.lines()["107"].clone() };
    firm.done(Change::PutLine(line));
    firm
}

fn allowed(firm: &mut Firm, line: &str, dialled: &str) -> bool {
    let (call, answer) = firm.dial(line, dialled);
    let allowed = matches!(verdict(&answer), Verdict::Allowed { .. });
    if allowed {
        firm.end(call);
    }
    allowed
}

fn told(firm: &mut Firm, line: &str, dialled: &str) -> String {
    let refusal = firm.refused(line, dialled);
    assert_eq!(refusal.code, RefusalCode::NotPermitted, "{}", refusal.text);
    refusal.text
}

fn countries(codes: &[&str]) -> std::collections::BTreeSet<billing::Country> {
    codes.iter().map(|code| code.parse().unwrap()).collect()
}

#[test]
fn countries_allowed_and_denied() {
    let mut only = firm(Limits { allowed: countries(&["GB"]), ..Limits::default() });
    assert!(allowed(&mut only, "107", LONDON) && allowed(&mut only, "107", HOME));
    assert!(told(&mut only, "107", ALBANIA).starts_with("the settings of the account do not allow calls to Albania"));
    assert!(told(&mut only, "107", "011881612345678").contains("do not allow"), "satellites are in no country");
    let mut but = on_line(Limits { denied: countries(&["AL"]), ..Limits::default() }, None);
    assert!(told(&mut but, "107", ALBANIA).starts_with("the settings of line 107 do not allow calls to Albania"));
    assert!(allowed(&mut but, "101", ALBANIA) && allowed(&mut but, "107", LONDON));
}

#[test]
fn international_off_for_all_lines() {
    let mut firm = Firm::with(&Settings { international: false, ..settings() }, "100");
    assert!(told(&mut firm, "107", LONDON).starts_with("the account's settings do not allow calls abroad"));
    assert!(allowed(&mut firm, "107", HOME));
}

#[test]
fn the_dearest_rate() {
    let mut firm = firm(Limits { max_rate: Some(money("0.50")), ..Limits::default() });
    assert!(allowed(&mut firm, "107", LONDON));
    let text = told(&mut firm, "107", ALBANIA);
    assert!(text.contains("a minute, and the settings of the account allow at most $0.50"), "{text}");
}

#[test]
fn hours_by_the_accounts_clock() {
    let never = "Mon 00:00-00:01".parse().unwrap();
    let mut firm = on_line(Limits { hours: Some(never), ..Limits::default() }, None);
    assert_eq!(told(&mut firm, "107", HOME), "the settings of line 107 allow outside calls Mon 00:00-00:01 only");
    assert!(allowed(&mut firm, "101", HOME));
    let (_, answer) = firm.dial("107", "911");
    assert!(matches!(verdict(&answer), Verdict::Allowed { .. }), "emergency calls know no hours");
}

#[test]
fn calls_at_once_of_a_line() {
    let mut firm = on_line(Limits::default(), Some(1));
    let (call, _) = firm.dial("107", HOME);
    let refusal = firm.refused("107", HOME);
    assert_eq!(refusal.code, RefusalCode::TooManyCalls);
    assert_eq!(refusal.text, "line 107 has 1 outside calls already, the most its settings allow");
    assert!(allowed(&mut firm, "101", HOME));
    firm.end(call);
    assert!(allowed(&mut firm, "107", HOME));
}

/// Talks until the node would hang up; what was charged, and for how long it talked.
fn talk_out(firm: &mut Firm, line: &str, dialled: &str) -> (Money, u64) {
    let (call, answer) = firm.dial(line, dialled);
    assert!(matches!(verdict(&answer), Verdict::Allowed { .. }));
    firm.answer(call);
    let mut talked_s = 0;
    while let Some(check_s) = firm.account.running()[&call].lease.check_at_s {
        firm.after_s(u64::from(check_s) - talked_s);
        talked_s = u64::from(check_s);
        firm.extend(call);
    }
    let end_s = u64::from(firm.account.running()[&call].lease.paid_until_s.unwrap());
    firm.after_s(end_s - talked_s);
    (cdrs(&firm.end(call))[0].money.charge, end_s)
}

#[test]
fn minutes_and_money_a_day_end_the_call_and_refuse_the_next_until_a_day_is_over() {
    let mut firm = on_line(Limits { minutes_a_day: Some(2), ..Limits::default() }, None);
    let (_, talked_s) = talk_out(&mut firm, "107", HOME);
    assert_eq!(talked_s, 119, "the second it takes to hang up is within");
    assert_eq!(told(&mut firm, "107", HOME), "the 2 minutes that line 107 may talk in a day are used up");
    assert!(allowed(&mut firm, "101", HOME), "another line");
    firm.after_s(24 * 3600 + 15 * 60);
    assert!(allowed(&mut firm, "107", HOME));

    let mut firm = self::firm(Limits { money_a_day: Some(money("0.50")), ..Limits::default() });
    let (charged, _) = talk_out(&mut firm, "107", LONDON);
    assert!(charged <= money("0.50") && charged > money("0.45"), "{charged}");
    assert_eq!(told(&mut firm, "101", ALBANIA), "the $0.50 that the account may spend on calls in a day are used up");
}

#[test]
fn calls_at_once_share_what_a_day_may_cost() {
    let mut firm = firm(Limits { money_a_day: Some(money("0.40")), ..Limits::default() });
    let mut running = Vec::new();
    for _ in 0..8 {
        let (call, answer) = firm.dial("107", ALBANIA);
        if matches!(verdict(&answer), Verdict::Allowed { .. }) {
            firm.answer(call);
            running.push(call);
        }
    }
    firm.after_s(600);
    let paid: Vec<_> = running.iter().map(|call| cdrs(&firm.end(*call))[0].money.charge).collect();
    let sum = paid.into_iter().fold(Money::ZERO, Money::saturating_add);
    assert!(sum <= money("0.40") && sum > Money::ZERO, "{sum}");
}
