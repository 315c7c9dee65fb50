//! Ledger entries over many parts, found by number and by time.

use billing::{EntryKind, LedgerEntry, Money};

use super::*;

const KINDS: [EntryKind; 5] =
    [EntryKind::Hold, EntryKind::Capture, EntryKind::Release, EntryKind::TopUp, EntryKind::Adjustment];

/// Three hundred entries, a second apart, but for a clock that is set back once.
fn many() -> Vec<LedgerEntry> {
    let made = |seq: u64| LedgerEntry {
        kind: if seq.is_multiple_of(90) { KINDS[3 + (seq / 90 % 2) as usize] } else { KINDS[(seq % 3) as usize] },
        at_ms: START_MS + seq * 1_000 - if seq > 150 { 20_000 } else { 0 },
        note: format!("entry {seq}"),
        ..entry(seq)
    };
    (1..=300).map(made).collect()
}

fn place(entries: &[LedgerEntry], batch: usize) -> Place {
    let place = Place::new();
    for (lsn, entries) in (1..).zip(entries.chunks(batch)) {
        let effects = entries.iter().cloned().map(account::Effect::Ledger).collect();
        place.projector().apply(&numbered(lsn, vec![fixture::account(effects)])).unwrap();
    }
    place
}

#[test]
fn entries_are_found_by_number() {
    let all = many();
    let reader = place(&all, 7).reader();
    for after in [0, 1, 63, 64, 65, 299, 300] {
        let wanted: Vec<_> = all.iter().filter(|entry| entry.seq > after).take(100).cloned().collect();
        assert_eq!(reader.ledger(&law(), after, 100).unwrap(), wanted, "{after}");
    }
    for (before, with_holds) in [(301, true), (u64::MAX, false), (129, true), (129, false), (2, false), (1, true)] {
        let mut wanted: Vec<_> = all.iter().filter(|entry| entry.seq < before).rev().cloned().collect();
        wanted.retain(|entry| with_holds || entry.kind.changes_balance());
        wanted.truncate(100);
        assert_eq!(reader.ledger_before(&law(), before, with_holds, 100).unwrap(), wanted, "{before} {with_holds}");
    }
    assert_eq!(reader.ledger(&id("law-001"), 0, 100).unwrap(), []);
}

#[test]
fn entries_are_found_by_time() {
    let all = many();
    let reader = place(&all, 50).reader();
    for (from_s, to_s) in [(0, 1_000), (10, 20), (100, 155), (131, 132), (60, 250), (400, 500)] {
        let time_ms = START_MS + from_s * 1_000..START_MS + to_s * 1_000;
        let within = |entry: &&LedgerEntry| time_ms.contains(&entry.at_ms);
        let charged = all.iter().filter(within).filter(|entry| entry.kind == EntryKind::Capture);
        let charged: i64 = charged.map(|entry| entry.amount.micros()).sum();
        assert_eq!(reader.charged_in(&law(), time_ms.clone()).unwrap(), Money::from_micros(charged), "{time_ms:?}");
        let by_people = |entry: &&LedgerEntry| matches!(entry.kind, EntryKind::TopUp | EntryKind::Adjustment);
        let mut paid: Vec<_> = all.iter().filter(within).filter(by_people).cloned().collect();
        paid.sort_by_key(|entry| std::cmp::Reverse((entry.at_ms, entry.seq)));
        assert_eq!(reader.payments_in(&law(), time_ms).unwrap(), paid);
    }
}

#[test]
fn parts_are_the_same_however_they_are_filled_and_no_number_comes_twice() {
    let all = many();
    let whole = |place: &Place| -> Vec<String> {
        place.dump().into_iter().filter(|row| !row.starts_with("applied ")).collect()
    };
    let at_once = place(&all, 300);
    assert_eq!(whole(&place(&all, 11)), whole(&at_once));
    let before = whole(&at_once);
    let again = LedgerEntry { note: "again".into(), ..all[299].clone() };
    at_once.projector().apply(&numbered(2, vec![fixture::account(vec![account::Effect::Ledger(again)])])).unwrap();
    assert_eq!(whole(&at_once), before);
}
