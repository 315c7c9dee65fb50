//! What is removed by age, what stays, and what a rebuild from the journal does not bring back.

use billing::Cdr;

use super::*;
use crate::{Journal, MemoryDisk, recover_tables};

const DAY_MS: u64 = 86_400_000;

/// Does all that is due; how many steps it took.
fn expire(place: &Place, rules: &Retention, now_ms: u64) -> usize {
    let desk = place.desk();
    let steps = std::iter::repeat_with(|| desk.expire(rules, now_ms).unwrap()).take_while(|changed| *changed > 0);
    steps.take(100).count()
}

fn everything() -> Retention {
    Retention {
        numbers_days: Some(5),
        calls_days: Some(30),
        incidents_days: Some(30),
        mails_days: Some(30),
        audit_days: Some(30),
    }
}

fn rows(place: &Place, table: &str) -> Vec<String> {
    place.dump().into_iter().filter(|row| row.starts_with(&format!("{table} "))).collect()
}

#[test]
fn what_is_young_stays() {
    let place = Place::filled();
    let before = place.dump();
    assert_eq!(expire(&place, &everything(), START_MS + 3 * DAY_MS), 0);
    assert_eq!(expire(&place, &Retention::default(), START_MS + 9_999 * DAY_MS), 0);
    assert_eq!(place.dump(), before);
}

#[test]
fn old_calls_lose_the_last_digits_of_their_numbers() {
    let place = Place::filled();
    assert_eq!(expire(&place, &everything(), cdr(6).times.start_ms + 5 * DAY_MS), 1);
    let reader = place.reader();
    let old = reader.cdr(None, cdr(2).call).unwrap().unwrap();
    assert_eq!((old.number.e164, old.number.dialled.as_str()), (None, "+35569123xxxx"));
    assert_eq!(Cdr { number: cdr(2).number, ..old }, cdr(2), "all else is as it was");
    assert_eq!(reader.cdr(None, cdr(6).call).unwrap(), Some(cdr(6)));
    let by = |prefix: &str| reader.cdrs(&CdrFilter { number_prefix: Some(prefix.into()), ..CdrFilter::default() });
    assert_eq!(by("+35569123").unwrap().len(), 8, "the fifth is no number");
    assert_eq!(by("+355691234562").unwrap(), []);
    let text = rows(&place, "cdrs").join("\n");
    assert!(!text.contains("+355691234562") && text.contains("+355691234566"));
}

#[test]
fn a_record_that_comes_late_is_masked_too() {
    let place = Place::filled();
    let now_ms = START_MS + 20 * DAY_MS;
    expire(&place, &everything(), now_ms);
    let late = vec![fixture::account(vec![account::Effect::Cdr(Cdr { call: billing::CallId(77), ..cdr(1) })])];
    place.projector().apply(&numbered(records().len() as u64 + 1, late)).unwrap();
    expire(&place, &everything(), now_ms);
    let late = place.reader().cdr(None, billing::CallId(77)).unwrap().unwrap();
    assert_eq!(late.number.dialled, "+35569123xxxx");
}

#[test]
fn old_calls_go_and_their_sums_and_entries_stay() {
    let place = Place::filled();
    let (usage, ledger) = (rows(&place, "usage"), rows(&place, "ledger"));
    assert!(!usage.is_empty() && ledger.len() == 1);
    let now_ms = cdr(9).times.start_ms + 30 * DAY_MS + 1;
    expire(&place, &everything(), now_ms);
    assert_eq!(place.reader().cdrs(&CdrFilter::default()).unwrap(), []);
    assert_eq!(rows(&place, "call_ids"), [""; 0]);
    assert_eq!((rows(&place, "outbox"), rows(&place, "audit")), (vec![], vec![]));
    assert_eq!((rows(&place, "usage"), rows(&place, "ledger")), (usage, ledger));
    assert_eq!(place.reader().incidents(None, true, 9).unwrap(), [incident(None)], "what is open stays");
    let closed = account::Effect::Incident(incident(Some(START_MS + 5)));
    let next = records().len() as u64 + 1;
    place.projector().apply(&numbered(next, vec![fixture::account(vec![closed])])).unwrap();
    expire(&place, &everything(), now_ms);
    assert_eq!(place.reader().incidents(None, false, 9).unwrap(), []);
}

#[test]
fn many_are_removed_in_small_steps() {
    let place = Place::new();
    let call = |n: u64| fixture::account(vec![account::Effect::Cdr(Cdr { call: billing::CallId(n), ..cdr(n % 900) })]);
    place.projector().apply(&numbered(1, (1..=1_800).map(call).collect())).unwrap();
    let rules = Retention { calls_days: None, ..everything() };
    let now_ms = START_MS + 10 * DAY_MS;
    assert_eq!(expire(&place, &rules, now_ms), 4, "500 at once, and those of the same millisecond");
    let unmasked = CdrFilter { number_prefix: Some("+355691234".into()), ..CdrFilter::default() };
    assert_eq!(place.reader().cdrs(&unmasked).unwrap(), []);
    assert_eq!(expire(&place, &everything(), START_MS + 99 * DAY_MS), 4);
}

#[test]
fn a_rebuild_does_not_bring_back_what_was_removed() {
    let records = records();
    let (mut journal, _) = Journal::open_with(MemoryDisk::new(), 512).unwrap();
    journal.append(&records).unwrap();
    journal.sync().unwrap();
    let now_ms = START_MS + 40 * DAY_MS;
    let place = Place::new();
    recover_tables(&journal, &mut place.projector()).unwrap();
    expire(&place, &everything(), now_ms);
    let after = place.dump();
    let again = Place::new();
    recover_tables(&journal, &mut again.projector()).unwrap();
    expire(&again, &everything(), now_ms);
    assert_eq!(again.dump(), after);
    // And once the journal is cut it holds them no longer, however small it is.
    journal.begin_segment();
    let more = numbered(records.len() as u64 + 1, vec![fixture::account(Vec::new())]);
    journal.append(&more).unwrap();
    journal.sync().unwrap();
    journal.remove_before(more[0].lsn).unwrap();
    assert_eq!(journal.first_lsn(), more[0].lsn);
    assert_eq!(journal.records_after(journal.first_lsn() - 1).count(), 1);
}
