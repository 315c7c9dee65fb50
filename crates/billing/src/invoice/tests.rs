//! Invoices as carriers write them, against calls as we know them.

use super::*;
use proptest::prelude::*;

const START_MS: u64 = 1_772_323_200_000; // 2026-03-01 00:00:00 UTC

fn call(n: u64, number: &str, at_s: u64, talk_s: u64) -> CarriedCall {
    let start_ms = START_MS + at_s * 1000;
    CarriedCall {
        call: CallId(n),
        number: number.parse().unwrap(),
        start_ms,
        answer_ms: start_ms + 8_000,
        talk_ms: talk_s * 1000,
        cost: Some(Money::from_micros(i64::try_from(talk_s).unwrap() * 100)),
        destination: "Albania mobile".into(),
    }
}

fn row(line: u64, number: &str, at_s: u64, billed_s: u32) -> InvoiceRow {
    let start_ms = START_MS + at_s * 1000;
    InvoiceRow {
        line,
        number: number.parse().unwrap(),
        start_ms: (start_ms, start_ms),
        billed_s,
        cost: Money::from_micros(i64::from(billed_s) * 100),
        destination: String::new(),
    }
}

const EXACT: Tolerance = Tolerance { clock_ms: 120_000, step_s: 1, duration_s: 1, cost: Money::from_micros(100) };
const TIRANA: &str = "+355691234567";

fn pairs(found: &Reconciled) -> Vec<(usize, usize)> {
    found.pairs.iter().map(|pair| (pair.row, pair.call)).collect()
}

#[test]
fn what_is_on_both_is_matched_and_the_rest_told() {
    let rows = [row(2, TIRANA, 3, 60), row(3, TIRANA, 400, 75), row(4, "+442071234567", 5, 60)];
    let calls = [call(1, TIRANA, 0, 60), call(2, TIRANA, 390, 60), call(3, "+13035550123", 9, 30)];
    let found = reconcile(&rows, &calls, &EXACT);
    assert_eq!(pairs(&found), [(0, 0), (1, 1)]);
    assert!(!found.pairs[0].other_duration && !found.pairs[0].other_cost);
    assert!(found.pairs[1].other_duration && found.pairs[1].other_cost);
    assert_eq!((found.rows_only, found.calls_only), (vec![2], vec![2]));
}

#[test]
fn a_clock_that_is_a_call_behind_moves_all_rows_and_not_the_pairs() {
    // Ten calls a minute apart, a carrier's clock that is a minute fast: the nearest call of each row is the wrong one.
    let talks = [31, 12, 44, 5, 20, 51, 8, 17, 39, 26];
    let calls: Vec<CarriedCall> = (0..10).zip(talks).map(|(n, talk_s)| call(n, TIRANA, n * 60, talk_s)).collect();
    let rows: Vec<InvoiceRow> =
        (0..10).zip(talks).map(|(n, talk_s)| row(n + 2, TIRANA, n * 60 + 68, u32::try_from(talk_s).unwrap())).collect();
    let found = reconcile(&rows, &calls, &EXACT);
    assert_eq!(pairs(&found), (0..10).map(|n| (n, n)).collect::<Vec<_>>());
    assert!(found.pairs.iter().all(|pair| !pair.other_duration && !pair.other_cost));
}

#[test]
fn calls_at_once_are_told_apart_by_their_length() {
    let calls = [call(1, TIRANA, 0, 100), call(2, TIRANA, 4, 30)];
    let rows = [row(2, TIRANA, 0, 30), row(3, TIRANA, 0, 100)];
    assert_eq!(pairs(&reconcile(&rows, &calls, &EXACT)), [(0, 1), (1, 0)]);
}

#[test]
fn steps_and_country_codes_are_the_carriers() {
    let minutes = Tolerance { step_s: 60, duration_s: 0, ..EXACT };
    let found = reconcile(&[row(2, "+3035550123", 8, 120)], &[call(1, "+13035550123", 0, 61)], &minutes);
    assert_eq!(pairs(&found), [(0, 0)]);
    assert!(!found.pairs[0].other_duration);
    let found = reconcile(&[row(2, TIRANA, 0, 120)], &[call(1, TIRANA, 0, 59)], &minutes);
    assert!(found.pairs[0].other_duration);
}

#[test]
fn a_long_ring_is_no_difference_and_a_far_time_is_one() {
    let mut ringing = call(1, TIRANA, 0, 60);
    ringing.answer_ms += 300_000;
    assert_eq!(pairs(&reconcile(&[row(2, TIRANA, 200, 60)], &[ringing], &EXACT)), [(0, 0)]);
    let found = reconcile(&[row(2, TIRANA, 129, 60)], &[call(1, TIRANA, 0, 60)], &EXACT);
    assert_eq!((found.pairs, found.rows_only, found.calls_only), (vec![], vec![0], vec![0]));
}

#[test]
fn an_hour_that_comes_twice_is_looked_for_twice() {
    let mut twice = row(2, TIRANA, 0, 60);
    twice.start_ms.1 += 3_600_000;
    assert_eq!(pairs(&reconcile(&[twice.clone()], &[call(1, TIRANA, 3_600, 60)], &EXACT)), [(0, 0)]);
    assert_eq!(pairs(&reconcile(&[twice], &[call(1, TIRANA, 0, 60)], &EXACT)), [(0, 0)]);
}

#[test]
fn an_invoice_is_read_and_its_faulty_lines_are_kept() {
    let text = "Date;Called Number;Description;Billed Duration;Amount\n\
                100;00355 69 123-4567;Albania mobile;1:05;$0.25\n\
                101;anonymous;;10;0.1\n\
                x;+355691234567;;10;0.1\n\
                102;+355691234567;;1:75;0.1\n\
                103;011355691234567;;59.2;free\n\
                104;3035550123;;59.2;0.012345\n";
    let when = |text: &str| text.parse::<u64>().ok().map(|s| (s * 1000, s * 1000));
    let table = read_invoice(text.as_bytes(), &[], when).unwrap();
    let faults: Vec<String> = table.unread.iter().map(|(line, fault)| format!("{line}: {fault}")).collect();
    assert_eq!(
        faults,
        [
            "3: `anonymous` is not an international number",
            "4: `x` is not a time in the format of this invoice",
            "5: `1:75` is not a duration: seconds, or 1:05, or 1:02:05",
            "6: `free` is not an amount",
        ]
    );
    let seen: Vec<_> = table.rows.iter().map(|r| (r.line, r.number.to_string(), r.billed_s, r.cost.micros())).collect();
    assert_eq!(seen, [(2, TIRANA.to_owned(), 65, 250_000), (7, "+3035550123".to_owned(), 60, 12_345)]);
    assert_eq!(table.rows[0].destination, "Albania mobile");
    let lacking = read_invoice(b"when,what\n1,2\n", &[], when).unwrap_err();
    assert_eq!(lacking.to_string(), "the invoice has no column `number`: say which of its columns it is");
    let told = [(InvoiceColumn::Number, "what".to_owned()), (InvoiceColumn::Start, "gone".to_owned())];
    assert!(read_invoice(b"when,what\n1,2\n", &told, when).unwrap_err().to_string().contains("`gone`"));
}

proptest! {
    /// However rows and calls are ordered, the same belong together, each at most once, and none that is too far.
    #[test]
    fn the_order_does_not_matter(
        starts in prop::collection::vec((0..900_u64, 1..90_u32), 0..24),
        talks in prop::collection::vec((0..900_u64, 1..90_u64), 0..24),
        swaps in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..20),
    ) {
        let mut rows: Vec<InvoiceRow> =
            (2..).zip(&starts).map(|(line, (at_s, billed_s))| row(line, TIRANA, *at_s, *billed_s)).collect();
        let mut calls: Vec<CarriedCall> =
            (1..).zip(&talks).map(|(n, (at_s, talk_s))| call(n, TIRANA, *at_s, *talk_s)).collect();
        let named = |found: Reconciled, rows: &[InvoiceRow], calls: &[CarriedCall]| -> Vec<(u64, CallId)> {
            found.pairs.iter().map(|pair| (rows[pair.row].line, calls[pair.call].call)).collect()
        };
        let found = reconcile(&rows, &calls, &EXACT);
        prop_assert_eq!(found.pairs.len() + found.rows_only.len(), rows.len());
        prop_assert_eq!(found.pairs.len() + found.calls_only.len(), calls.len());
        for pair in &found.pairs {
            prop_assert!(rows[pair.row].apart_ms(&calls[pair.call]) <= EXACT.clock_ms);
        }
        let before = named(found, &rows, &calls);
        for (a, b) in swaps {
            if !rows.is_empty() {
                let (a, b) = (a.index(rows.len()), b.index(rows.len()));
                rows.swap(a, b);
            }
            if !calls.is_empty() {
                let (a, b) = (a.index(calls.len()), b.index(calls.len()));
                calls.swap(a, b);
            }
        }
        let after = reconcile(&rows, &calls, &EXACT);
        prop_assert_eq!(named(after, &rows, &calls), before);
    }
}
