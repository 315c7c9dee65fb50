//! The checks themselves: each must be able to fail.

use std::net::SocketAddr;
use std::sync::Arc;

use account::{Account, Effect, Input};
use billing::{Book, CallId, EntryKind, LedgerEntry, Money};

use super::Violation;
use super::account::AccountCheck;
use super::wire::Wire;
use crate::world::HostId;

fn entry(seq: u64, kind: EntryKind, amount: i64, balance: i64, call: Option<u64>) -> Effect {
    let (from, to) = if amount < 0 { (Book::Held, Book::Earned) } else { (Book::Paid, Book::Free) };
    Effect::Ledger(LedgerEntry {
        seq,
        at_ms: 1,
        kind,
        amount: Money::from_cents(amount.abs()),
        from,
        to,
        balance: Money::from_cents(balance),
        call: call.map(CallId),
        note: String::new(),
        by: "node".into(),
    })
}

fn books(effects: &[Effect]) -> Result<(), Violation> {
    let mut check = AccountCheck::new(&Account::new("law".parse().unwrap()));
    check.record(1, &Input::Tick, effects, &mut 0)
}

#[test]
fn books_that_add_up_pass_and_others_do_not() {
    let paid = entry(1, EntryKind::TopUp, 1_000, 1_000, None);
    let charged = entry(2, EntryKind::Capture, -300, 700, Some(7));
    assert_eq!(books(&[paid.clone(), charged.clone()]), Ok(()));
    let held = |cents| Effect::Balance { balance: Money::from_cents(700), held: Money::from_cents(cents) };
    assert_eq!(books(&[paid.clone(), charged.clone(), held(700)]), Ok(()));
    let wrong = [
        vec![paid.clone(), charged.clone(), held(701)],
        vec![paid.clone(), charged.clone(), entry(3, EntryKind::Capture, -300, 400, Some(7))],
        vec![paid.clone(), entry(2, EntryKind::Capture, -300, 800, Some(7))],
        vec![paid.clone(), entry(3, EntryKind::Capture, -300, 700, Some(7))],
        vec![charged, held(0)],
    ];
    for effects in wrong {
        assert!(books(&effects).is_err(), "{effects:?}");
    }
}

/// What the check says of a message that the node at 192.0.2.10 sends to 198.51.100.1, its carrier.
fn sent(headers: &str) -> Result<(), Violation> {
    let [node, carrier]: [SocketAddr; 2] = ["192.0.2.10:5060", "198.51.100.1:5060"].map(|text| text.parse().unwrap());
    let id = HostId::default();
    let mut wire = Wire::default();
    wire.add_node(id, node);
    wire.may_show(id, carrier.ip(), ["13035550100".to_owned()].into());
    let message = format!(
        "INVITE sip:+4420@198.51.100.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKa\r\n{headers}\
         To: <sip:+4420@198.51.100.1>\r\nCall-ID: a\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
    );
    let bytes: Arc<[u8]> = message.into_bytes().into();
    wire.leaves(id, &node, &carrier, &bytes, 1)
}

#[test]
fn foreign_addresses_and_numbers_are_noticed() {
    assert_eq!(sent("From: <sip:+13035550100@192.0.2.10>;tag=1\r\n"), Ok(()));
    let wrong = [
        "From: <sip:+12125550100@192.0.2.10>;tag=1\r\n",
        "From: <sip:+13035550100@192.0.2.10>;tag=1\r\nP-Asserted-Identity: <sip:+12125550100@192.0.2.10>\r\n",
        "From: <sip:+13035550100@10.0.0.5>;tag=1\r\n",
        "From: <sip:+13035550100@192.0.2.10>;tag=1\r\nSubject: from 203.0.113.7\r\n",
        "From: <sip:+13035550100@192.0.2.10>;tag=1\r\nP-Tollguard-Origin: extension=1;address=203.0.113.7\r\n",
    ];
    for headers in wrong {
        assert!(sent(headers).is_err(), "{headers}");
    }
}
