//! From records to rows: once each, all or none, whatever the batches and wherever the process ends.

use proptest::prelude::*;

use super::*;
use crate::{Journal, MemoryDisk, recover_tables};

#[test]
fn records_are_applied_once() {
    let place = Place::filled();
    let once = place.dump();
    assert!(once.len() > 30, "{} rows", once.len());
    let last = records().len() as u64;
    let mut projector = place.projector();
    assert_eq!(projector.applied_lsn().unwrap(), last);
    assert_eq!(projector.apply(&records()).unwrap(), last);
    assert_eq!(projector.apply(&[]).unwrap(), last);
    assert_eq!(place.dump(), once);
}

#[test]
fn a_gap_is_refused_whole() {
    let place = Place::new();
    let mut records = records();
    records.remove(3);
    let error = place.projector().apply(&records).unwrap_err();
    assert!(matches!(error, Error::Gap { expected: 4, found: 5 }), "{error}");
    assert_eq!(place.dump(), Place::at(&[]).dump());
}

impl Place {
    /// With these records applied.
    fn at(records: &[node::Record]) -> Self {
        let place = Self::new();
        place.projector().apply(records).unwrap();
        place
    }
}

#[test]
fn killed_in_the_middle_the_tables_are_as_before() {
    let records = records();
    let whole = Place::filled().dump();
    for killed_at in 0..records.len() {
        let place = Place::at(&records[..killed_at]);
        let before = place.dump();
        let mut projector = place.projector();
        let transaction = projector.connection().transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
        apply_in(&transaction, &records[killed_at..], BLOCK_CALLS, &mut Default::default()).unwrap();
        drop(transaction);
        drop(projector);
        assert_eq!(place.dump(), before);
        place.projector().apply(&records).unwrap();
        assert_eq!(place.dump(), whole);
    }
}

#[test]
fn the_tables_catch_up_from_the_journal() {
    let records = records();
    let (mut journal, _) = Journal::open_with(MemoryDisk::new(), 512).unwrap();
    for record in &records {
        journal.append(std::slice::from_ref(record)).unwrap();
        journal.sync().unwrap();
    }
    let whole = Place::filled().dump();
    for applied in [0, 1, 10, records.len()] {
        let place = Place::at(&records[..applied]);
        assert_eq!(recover_tables(&journal, &mut place.projector()).unwrap(), records.len() as u64);
        assert_eq!(place.dump(), whole);
    }
    let (empty, _) = Journal::open(MemoryDisk::new()).unwrap();
    let error = recover_tables(&empty, &mut Place::filled().projector()).unwrap_err();
    assert!(matches!(error, Error::Behind { journal: 0, what: "the database", .. }), "{error}");
}

#[test]
fn no_table_holds_a_secret() {
    let dump = Place::filled().dump().join("\n");
    assert!(dump.contains("Wholesale Ltd") && dump.contains("law-107"));
    assert!(!dump.contains(CARRIER_SECRET));
    assert!(!dump.contains("211,211") && !dump.contains("212,212"), "a digest");
}

#[test]
fn a_second_cdr_of_one_call_changes_nothing() {
    let place = Place::filled();
    let before = place.reader().cdr(None, cdr(4).call).unwrap();
    let mut second = cdr(4);
    second.money.charge = billing::Money::from_cents(999);
    let next = records().len() as u64 + 1;
    place.projector().apply(&numbered(next, vec![fixture::account(vec![account::Effect::Cdr(second)])])).unwrap();
    assert_eq!(place.reader().cdr(None, cdr(4).call).unwrap(), before);
}

#[test]
fn a_database_of_another_format_is_left_alone() {
    let place = Place::filled();
    Connection::open(&place.path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(Projector::open(&place.path), Err(Error::DatabaseFormat { found: 99, .. })));
    assert!(matches!(Desk::open(&place.path), Err(Error::DatabaseFormat { found: 99, .. })));
    assert!(matches!(Reader::open(&place.path), Err(Error::DatabaseFormat { found: 99, .. })));
}

#[test]
fn durable_up_to_what_is_applied() {
    let place = Place::filled();
    assert_eq!(place.desk().durable_lsn().unwrap(), records().len() as u64);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// However the records fall into batches, and however often the process starts again and reads some of them a
    /// second time, the tables are the same.
    #[test]
    fn batches_do_not_matter(cuts in prop::collection::vec((any::<prop::sample::Index>(), 0..4usize, any::<bool>()), 0..6)) {
        let records = records();
        let place = Place::new();
        let mut projector = place.projector();
        let mut done = 0;
        for (cut, again, restart) in cuts {
            let end = cut.index(records.len() + 1).max(done);
            projector.apply(&records[done.saturating_sub(again)..end]).unwrap();
            done = end;
            if restart {
                projector = place.projector();
            }
        }
        projector.apply(&records[done..]).unwrap();
        prop_assert_eq!(place.dump(), Place::filled().dump());
    }
}
