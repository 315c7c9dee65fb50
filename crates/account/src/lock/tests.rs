//! A stranger with the secret is locked out of the line; its owner, and emergency calls, are not.

use guard::Action;

use super::*;
use crate::fixture::{ABROAD, Firm, OFFICE, line_id, screening, secrets, verdict};
use crate::message::{Change, Input, Party, Verdict};

const HOME: &str = "3035550123";

/// What becomes of a call of line 107 from an address.
fn call(firm: &mut Firm, source: &str, dialled: &str) -> Result<(), Refusal> {
    let attempt = firm.attempt(Party::Line(line_id("107")), dialled, source);
    let call = attempt.call;
    match verdict(&firm.handle(&Input::Screen(attempt.into()))) {
        Verdict::Allowed { .. } => {
            firm.end(call);
            Ok(())
        }
        Verdict::Refused(refusal) => Err(refusal.clone()),
    }
}

/// With which status a REGISTER of line 107 from an address is refused, if it is.
fn registers(firm: &mut Firm, source: &str) -> Option<u16> {
    let registration = crate::Registration {
        line: line_id("107"),
        via: crate::fixture::via(source),
        call_id: "r1".into(),
        cseq: 1,
        change: crate::RegistrationChange::Query,
        secret_version: None,
        token: 1,
    };
    match &firm.handle(&Input::Register(Box::new(registration))).replies[0] {
        crate::Reply::RegisterRefused { status, .. } => Some(*status),
        _ => None,
    }
}

/// A firm whose guard has just found a stranger at line 107.
fn struck() -> Firm {
    let mut firm = Firm::new();
    let attempt = firm.attempt(Party::Line(line_id("107")), crate::fixture::ALBANIA, ABROAD);
    let mut facts = crate::call::Facts::new(&attempt.into(), firm.now_ms, billing::Direction::Outbound);
    let says = guard::Screening { stranger: true, ..screening(false, Some(Action::CutLine), &[]) };
    firm.account.heed(firm.now_ms, &says, &mut facts, false, &mut Answer::default());
    firm
}

#[test]
fn the_stranger_is_locked_out_and_nobody_else() {
    let mut firm = struck();
    let locks: Vec<LockView> = firm.account.locks().collect();
    assert!(locks.len() == 1 && locks[0].line == line_id("107"), "{locks:?}");
    let refused = call(&mut firm, ABROAD, HOME).unwrap_err();
    assert_eq!(refused.code, RefusalCode::Cut);
    assert!(
        refused.text.starts_with("line 107 is locked for ") && refused.text.contains("until it has a new secret: ")
    );
    assert!(call(&mut firm, ABROAD, "101").is_err(), "not even inside");
    assert!(call(&mut firm, ABROAD, "911").is_ok(), "emergency calls go through");
    assert!(call(&mut firm, OFFICE, HOME).is_ok(), "the owner's phone goes on");
    assert_eq!(registers(&mut firm, ABROAD), Some(403));
    assert_eq!(registers(&mut firm, OFFICE), None);
}

#[test]
fn a_new_secret_or_that_was_us_unlocks() {
    let mut firm = struck();
    firm.change(Change::SetSecret { line: line_id("107"), secrets: secrets(9) });
    assert!(call(&mut firm, ABROAD, HOME).is_ok());
    let mut firm = struck();
    let incident = firm.account.incidents().next().unwrap().id;
    firm.done(Change::ThatWasUs { incident });
    assert!(call(&mut firm, ABROAD, HOME).is_ok());
}
