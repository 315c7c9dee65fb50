//! API accesses, payments that were told, and questions of programs.

use billing::{AccountId, DeckId, EntryKind, Money};

use super::*;

fn access(account: AccountId, username: &str) -> ApiAccess {
    ApiAccess {
        account,
        username: username.into(),
        password_hash: ApiAccess::hash("secret"),
        allowed: vec!["192.0.2.0/24".parse().unwrap(), "2001:db8::7/128".parse().unwrap()],
        is_on: true,
        created_ms: 7,
    }
}

#[test]
fn an_access_is_found_by_its_name_and_is_one_accounts() {
    let place = Place::filled();
    let desk = place.desk();
    let law_access = access(law(), "dana@law.example");
    desk.put_api_access(&law_access).unwrap();
    assert_eq!(desk.api_access("Dana@LAW.example").unwrap(), Some(law_access.clone()));
    assert_eq!(desk.api_access("nobody").unwrap(), None);
    let taken = desk.put_api_access(&access("other".parse().unwrap(), "DANA@law.example"));
    assert!(matches!(taken, Err(Error::UserExists(_))), "{taken:?}");
    let changed = ApiAccess { username: "jo@law.example".into(), is_on: false, ..law_access };
    desk.put_api_access(&changed).unwrap();
    assert_eq!(desk.api_accesses().unwrap(), std::slice::from_ref(&changed));
    for (ip, allowed) in [("192.0.2.9", true), ("::ffff:192.0.2.9", true), ("2001:db8::7", true), ("192.0.3.1", false)]
    {
        assert_eq!(changed.allows(ip.parse().unwrap()), allowed, "{ip}");
    }
    assert!(!format!("{changed:?}").contains("hash"));
}

fn payment(reference: &str, at_ms: u64) -> Payment {
    Payment {
        account: law(),
        reference: reference.into(),
        amount: Money::from_cents(2_500),
        received_ms: at_ms,
        booked_ms: None,
        why: String::new(),
        attempts: 0,
    }
}

#[test]
fn a_payment_is_kept_until_it_is_booked_and_known_for_good() {
    let place = Place::filled();
    let desk = place.desk();
    assert_eq!(desk.take_payment(&payment("a", 100)).unwrap(), Some(payment("a", 100)));
    assert_eq!(desk.take_payment(&payment("b", 200)).unwrap(), Some(payment("b", 200)));
    let again = Payment { amount: Money::from_cents(1), ..payment("a", 900) };
    assert_eq!(desk.take_payment(&again).unwrap(), Some(payment("a", 100)), "what was told first counts");
    assert_eq!(desk.next_payment(99).unwrap(), None);
    assert_eq!(desk.next_payment(300).unwrap(), Some(payment("a", 100)));
    desk.payment_waits(&law(), "a", "an incident is open", 1_000).unwrap();
    assert_eq!(desk.next_payment(300).unwrap(), Some(payment("b", 200)));
    desk.payment_booked(&law(), "b", 301).unwrap();
    assert_eq!(desk.next_payment(999).unwrap(), None);
    let waiting = Payment { why: "an incident is open".into(), attempts: 1, ..payment("a", 100) };
    assert_eq!(desk.next_payment(1_000).unwrap(), Some(waiting.clone()));
    assert_eq!(desk.payments(true, 10).unwrap(), [waiting]);
    desk.payment_booked(&law(), "a", 1_001).unwrap();
    desk.payment_waits(&law(), "a", "too late", 2_000).unwrap();
    let booked: Vec<_> = desk.payments(false, 10).unwrap().into_iter().map(|payment| payment.booked_ms).collect();
    assert_eq!(booked, [Some(301), Some(1_001)], "booked stays booked");
    assert_eq!(desk.payments(true, 10).unwrap(), []);
}

#[test]
fn payments_charges_and_rates_are_found_by_time_and_name() {
    let place = Place::filled();
    let reader = place.reader();
    let all = reader.ledger(&law(), 0, 1_000).unwrap();
    let sum = |kind: EntryKind| all.iter().filter(|entry| entry.kind == kind).map(|entry| entry.amount.micros()).sum();
    let charged: i64 = sum(EntryKind::Capture);
    assert_eq!(reader.charged_in(&law(), 0..u64::MAX).unwrap(), Money::from_micros(charged));
    let paid = reader.payments_in(&law(), 0..u64::MAX).unwrap();
    let expected = all.iter().filter(|entry| matches!(entry.kind, EntryKind::TopUp | EntryKind::Adjustment)).count();
    assert_eq!(paid.len(), expected);
    let first_ms = paid.last().unwrap().at_ms;
    assert_eq!(reader.payments_in(&law(), 0..first_ms).unwrap(), []);
    for deck in reader.decks().unwrap() {
        let id: &DeckId = &deck.id;
        let rates = reader.rates(id, u64::MAX >> 1, "", 1_000).unwrap();
        let Some(rate) = rates.first() else { continue };
        let named = reader.rates_named(id, u64::MAX >> 1, &rate.destination.to_uppercase(), 1_000).unwrap();
        assert!(named.contains(rate), "{} is not among {named:?}", rate.destination);
        assert_eq!(reader.rates_named(id, u64::MAX >> 1, "%", 1_000).unwrap(), [], "a sign is a sign");
    }
}
