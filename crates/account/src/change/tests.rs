//! Changes by people: what is done, said and audited.

use super::*;
use crate::fixture::*;
use crate::{Input, Secrets};

fn audit(answer: &Answer) -> Vec<&str> {
    fn text(effect: &Effect) -> Option<&str> {
        match effect {
            Effect::Audit { text, .. } => Some(text),
            _ => None,
        }
    }
    answer.effects.iter().filter_map(text).collect()
}

#[test]
fn nothing_changes_before_the_account_exists() {
    let mut firm = Firm::new();
    firm.account = Account::new("new".parse().unwrap());
    assert_eq!(firm.not_done(Change::PutLine(line("101"))), ChangeError::NoAccount);
    assert_eq!(firm.done(Change::Settings(settings())), "Account new was created for Law firm.");
}

#[test]
fn changes_are_told_in_words_and_audited() {
    let mut firm = Firm::new();
    let mut new = settings();
    (new.exposure_ceiling, new.max_calls) = (money("50"), 4);
    let answer = firm.change(Change::Settings(new.clone()));
    let text = "Changed exposure ceiling from $100.00 to $50.00; calls at once from 10 to 4.";
    assert_eq!(audit(&answer), [text]);
    assert!(answer.spends);
    assert_eq!(firm.done(Change::Settings(new.clone())), "Nothing changed.");
    new.currency = "EUR".parse().unwrap();
    assert_eq!(firm.not_done(Change::Settings(new)), ChangeError::CurrencyFixed);
    let text = firm.done(Change::Guard(GuardMode::Shadow));
    assert!(text.contains("only watches"));
    assert_eq!(firm.account.settings().unwrap().guard, GuardMode::Shadow);
}

#[test]
fn money_comes_in_once_and_never_leaves_what_calls_hold() {
    let mut firm = Firm::new();
    let top_up =
        |cents, reference: &str| Change::TopUp { amount: Money::from_cents(cents), reference: reference.into() };
    assert_eq!(firm.done(top_up(250, "p1")), "$2.50 was paid in; the balance is $12.50.");
    let answer = firm.change(top_up(250, "p1"));
    assert!(answer.effects.is_empty());
    assert_eq!(firm.not_done(top_up(250, "p1")), ChangeError::DuplicatePayment("p1".into()));
    assert_eq!(firm.not_done(top_up(0, "p2")), ChangeError::BadAmount);
    assert_eq!(firm.not_done(top_up(-5, "p2")), ChangeError::BadAmount);
    firm.call("107", ALBANIA);
    let adjust = |text| Change::Adjust { amount: money(text), note: "refund".into(), reference: text.into() };
    assert_eq!(firm.not_done(adjust("-12.15")), ChangeError::BadAmount);
    assert_eq!(firm.done(adjust("-12.14")), "The balance was adjusted by -$12.14 (refund); it is $0.36.");
}

#[test]
fn numbers_ring_lines_that_exist() {
    let mut firm = Firm::new();
    let did = |lines: &[&str]| Did { number: did(), lines: lines.iter().map(|id| line_id(id)).collect() };
    assert_eq!(firm.not_done(Change::PutDid(did(&["101", "999"]))), ChangeError::NoLine(line_id("999")));
    assert_eq!(firm.done(Change::PutDid(did(&["101", "107"]))), "+13035550100 rings 101, 107.");
    firm.change(Change::RemoveLine(line_id("101")));
    assert_eq!(firm.account.dids().values().next().unwrap().lines, [line_id("107")]);
    let number = crate::fixture::did();
    firm.done(Change::RemoveDid(number));
    assert_eq!(firm.not_done(Change::RemoveDid(number)), ChangeError::NoDid(number));
}

#[test]
fn a_new_secret_drops_bindings_and_calls_in_one_step() {
    let mut firm = Firm::new();
    firm.bind("107");
    firm.bind("101");
    let (call, _, _) = firm.call("107", ALBANIA);
    let (rung, _, _) = firm.call("101", "107");
    let (other, _, _) = firm.call("101", HOME);
    let (emergency, _, _) = firm.call("107", "911");
    let answer = firm.change(Change::SetSecret { line: line_id("107"), secrets: secrets(2) });
    assert_eq!(hung_up(&answer), [(call, CallEnd::SecretChanged), (rung, CallEnd::SecretChanged)]);
    assert_eq!(audit(&answer), ["Extension 107 has a new secret; 1 binding dropped, 2 calls hung up."]);
    assert!(answer.spends);
    let line = &firm.account.lines()["107"];
    assert!(line.bindings.is_empty());
    assert_eq!(line.shut_out_ms, firm.now_ms);
    assert_eq!(line.secrets, Some(Secrets { version: 2, ..secrets(2) }));
    assert_eq!(hung_up(&firm.answer(call)), [(call, CallEnd::SecretChanged)], "answered in the meantime");
    assert!(firm.account.running()[&other].hanging_up.is_none());
    assert!(firm.account.running()[&emergency].hanging_up.is_none());
    let nobody = Change::SetSecret { line: line_id("999"), secrets: secrets(2) };
    assert_eq!(firm.not_done(nobody), ChangeError::NoLine(line_id("999")));
}

#[test]
fn a_line_put_again_keeps_what_is_its_own() {
    let mut firm = Firm::new();
    firm.bind("107");
    let mut again = line("107");
    (again.name, again.secrets) = ("Library".into(), None);
    assert_eq!(firm.done(Change::PutLine(again.clone())), "Extension 107 was changed.");
    let kept = firm.account.lines()["107"].clone();
    assert_eq!((kept.name.as_str(), kept.bindings.len(), kept.secrets.unwrap().version), ("Library", 1, 1));
    again.secrets = Some(secrets(1));
    firm.change(Change::PutLine(again.clone()));
    assert_eq!(firm.account.lines()["107"].bindings.len(), 1, "the same secret is no new one");
    again.auth_name = Some("library".into());
    again.secrets = None;
    assert_eq!(firm.not_done(Change::PutLine(again.clone())), ChangeError::SecretNeeded);
    again.secrets = Some(secrets(4));
    assert!(firm.done(Change::PutLine(again)).contains("new secret; 1 binding dropped"));
    assert_eq!(firm.account.lines()["107"].secrets.as_ref().unwrap().version, 2);
}

#[test]
fn a_removed_line_is_gone_with_its_calls() {
    let mut firm = Firm::new();
    let (call, _, _) = firm.call("107", ALBANIA);
    let answer = firm.change(Change::RemoveLine(line_id("107")));
    assert_eq!(hung_up(&answer), [(call, CallEnd::Operator)]);
    assert!(answer.effects.contains(&Effect::LineRemoved(line_id("107"))));
    assert_eq!(firm.refused("107", HOME).code, crate::RefusalCode::NoSuchLine);
    assert_eq!(cdrs(&firm.end(call)).len(), 1);
    assert_eq!(firm.not_done(Change::RemoveLine(line_id("107"))), ChangeError::NoLine(line_id("107")));
}

#[test]
fn calls_and_bindings_are_ended_by_hand() {
    let mut firm = Firm::new();
    firm.bind("107");
    let (call, _, _) = firm.call("107", "911");
    assert_eq!(hung_up(&firm.change(Change::HangUp { call })), [(call, CallEnd::Operator)]);
    firm.end(call);
    assert_eq!(firm.not_done(Change::HangUp { call }), ChangeError::NoCall(call));
    let contact = "sip:107@192.0.2.10".to_owned();
    let drop = Change::DropBinding { line: line_id("107"), contact };
    assert_eq!(firm.done(drop.clone()), "sip:107@192.0.2.10 is no longer registered on Extension 107.");
    assert!(firm.done(drop).contains("was not registered"));
}

#[test]
fn calls_that_are_not_known_may_not_talk() {
    let mut firm = Firm::new();
    let call = CallId(999);
    assert_eq!(hung_up(&firm.answer(call)), [(call, CallEnd::Recovered)]);
    assert_eq!(hung_up(&firm.handle(&Input::Extend { call })), [(call, CallEnd::Recovered)]);
}
