//! What the book promises, by example and under random operations.

use proptest::prelude::*;

use super::*;

const NODE: Posting<'static> = Posting { at_ms: 1_000, by: "node", note: "" };
const CALL: CallId = CallId(1);

fn cents(cents: i64) -> Money {
    Money::from_cents(cents)
}

fn book(paid_in: i64) -> Ledger {
    let mut ledger = Ledger::new();
    ledger.top_up(cents(paid_in), NODE).unwrap();
    ledger
}

#[test]
fn a_call_is_held_extended_and_captured() {
    let mut ledger = book(500);
    let held = ledger.place_hold(CALL, cents(100), NODE).unwrap().unwrap();
    assert_eq!((held.from, held.to, held.amount, held.change()), (Book::Free, Book::Held, cents(100), Money::ZERO));
    ledger.extend_hold(CALL, cents(50), NODE).unwrap();
    assert_eq!(ledger.hold(CALL), Some(cents(150)));
    assert_eq!(ledger.available(), cents(350));
    assert_eq!(ledger.balance(), cents(500));

    let captured = ledger.capture(CALL, cents(120), NODE).unwrap();
    let [entry, rest] = captured.entries.as_slice() else { panic!("{captured:?}") };
    assert_eq!((entry.seq, entry.kind, entry.change()), (4, EntryKind::Capture, cents(-120)));
    assert_eq!((entry.balance, entry.call, entry.to), (cents(380), Some(CALL), Book::Earned));
    assert_eq!((rest.kind, rest.amount, rest.balance), (EntryKind::Release, cents(30), cents(380)));
    assert_eq!((captured.charged, captured.uncovered), (cents(120), Money::ZERO));
    assert_eq!((ledger.held(), ledger.available()), (Money::ZERO, cents(380)));
}

#[test]
fn a_call_is_never_charged_twice() {
    let mut ledger = book(500);
    ledger.place_hold(CALL, cents(100), NODE).unwrap();
    assert_eq!(ledger.place_hold(CALL, cents(1), NODE), Err(Error::AlreadyHeld { call: CALL }));
    ledger.capture(CALL, cents(100), NODE).unwrap();
    assert_eq!(ledger.capture(CALL, cents(100), NODE), Err(Error::NoHold { call: CALL }));
    assert_eq!(ledger.release(CALL, NODE), Err(Error::NoHold { call: CALL }));
    assert_eq!(ledger.captured(), cents(100));
}

#[test]
fn a_hold_stops_at_the_balance() {
    let mut ledger = book(100);
    ledger.place_hold(CALL, cents(80), NODE).unwrap();
    let short = Error::NotEnough { need: cents(30), available: cents(20) };
    assert_eq!(ledger.place_hold(CallId(2), cents(30), NODE), Err(short.clone()));
    assert_eq!(ledger.extend_hold(CALL, cents(30), NODE), Err(short.clone()));
    assert_eq!(ledger.adjust(cents(-30), NODE), Err(short));
    assert_eq!(ledger.hold(CALL), Some(cents(80)));
}

#[test]
fn a_charge_beyond_its_hold_takes_free_credit_and_no_more() {
    let mut ledger = book(100);
    ledger.place_hold(CALL, cents(50), NODE).unwrap();
    ledger.place_hold(CallId(2), cents(40), NODE).unwrap();
    let captured = ledger.capture(CALL, cents(75), NODE).unwrap();
    assert_eq!(
        captured.entries.iter().map(|entry| entry.kind).collect::<Vec<_>>(),
        [EntryKind::Hold, EntryKind::Capture]
    );
    assert_eq!((captured.charged, captured.uncovered), (cents(60), cents(15)));
    assert_eq!(ledger.hold(CallId(2)), Some(cents(40)));
    assert!(ledger.is_sound());
}

#[test]
fn a_free_call_leaves_no_entry() {
    let mut ledger = Ledger::new();
    ledger.place_hold(CALL, Money::ZERO, NODE).unwrap();
    let captured = ledger.capture(CALL, Money::ZERO, NODE).unwrap();
    assert_eq!(captured, Captured { entries: Vec::new(), charged: Money::ZERO, uncovered: Money::ZERO });
    assert_eq!(ledger.entries(), 0);
}

#[test]
fn amounts_must_make_sense() {
    let mut ledger = book(100);
    assert_eq!(ledger.top_up(Money::ZERO, NODE), Err(Error::NotPositive));
    assert_eq!(ledger.top_up(Money::MAX, NODE), Err(Error::TooLarge));
    assert_eq!(ledger.place_hold(CALL, cents(-1), NODE), Err(Error::NotPositive));
    assert!(ledger.adjust(Money::from_micros(i64::MIN), NODE).is_err());
    assert_eq!(ledger.balance(), cents(100));
}

#[derive(Debug, Clone)]
enum Operation {
    TopUp(i64),
    Adjust(i64),
    Place(u64, i64),
    Extend(u64, i64),
    Capture(u64, i64),
    Release(u64),
}

fn operation() -> impl Strategy<Value = Operation> {
    let call = 0_u64..6;
    let amount = -10_i64..2_000;
    prop_oneof![
        amount.clone().prop_map(Operation::TopUp),
        (-2_000_i64..2_000).prop_map(Operation::Adjust),
        (call.clone(), amount.clone()).prop_map(|(c, a)| Operation::Place(c, a)),
        (call.clone(), amount.clone()).prop_map(|(c, a)| Operation::Extend(c, a)),
        (call.clone(), amount).prop_map(|(c, a)| Operation::Capture(c, a)),
        call.prop_map(Operation::Release),
    ]
}

/// Does one operation, and gives the entries it wrote.
fn apply(ledger: &mut Ledger, operation: Operation) -> Vec<LedgerEntry> {
    let entry = match operation {
        Operation::TopUp(amount) => ledger.top_up(cents(amount), NODE).ok(),
        Operation::Adjust(amount) => ledger.adjust(cents(amount), NODE).ok(),
        Operation::Place(call, amount) => ledger.place_hold(CallId(call), cents(amount), NODE).ok().flatten(),
        Operation::Extend(call, amount) => ledger.extend_hold(CallId(call), cents(amount), NODE).ok().flatten(),
        Operation::Capture(call, amount) => {
            let captured = ledger.capture(CallId(call), cents(amount), NODE);
            return captured.map(|captured| captured.entries).unwrap_or_default();
        }
        Operation::Release(call) => ledger.release(CallId(call), NODE).ok().flatten(),
    };
    entry.into_iter().collect()
}

proptest! {
    #[test]
    fn the_book_never_overspends(operations in prop::collection::vec(operation(), 0..200)) {
        let mut ledger = Ledger::new();
        let mut books = [0_i64; Book::ALL.len()];
        let mut seq = 0;
        for operation in operations {
            for entry in apply(&mut ledger, operation) {
                seq += 1;
                prop_assert!(entry.amount.is_positive() && entry.seq == seq, "{:?}", entry);
                books[entry.from as usize] -= entry.amount.micros();
                books[entry.to as usize] += entry.amount.micros();
            }
            prop_assert!(ledger.is_sound(), "{:?}", ledger);
            prop_assert!(!ledger.available().is_negative());
            let spent = ledger.captured().checked_add(ledger.held()).unwrap();
            prop_assert!(spent <= ledger.paid_in());
            prop_assert_eq!(Book::ALL.map(|book| ledger.book(book).micros()), books);
        }
        let bytes = postcard::to_stdvec(&ledger).unwrap();
        prop_assert_eq!(postcard::from_bytes::<Ledger>(&bytes).unwrap(), ledger);
    }
}
