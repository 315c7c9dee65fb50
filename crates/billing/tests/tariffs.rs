//! What calls cost by published tariffs: every row of `tariffs/examples.csv`, through the import, the look-up of the
//! number, and the charge.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

use billing::{Deck, E164, Money, affordable_talk_s, billed_s, charge};

#[derive(serde::Deserialize)]
struct Example {
    tariff: String,
    number: E164,
    per_minute: Written,
    connect_fee: Written,
    increment: String,
    free_s: u32,
    talk_ms: u64,
    billed_s: u32,
    charge: Written,
    working: String,
}

/// An amount as it is written: the deck reads the same text.
#[derive(serde::Deserialize)]
#[serde(transparent)]
struct Written(String);

impl Written {
    fn money(&self) -> Money {
        self.0.parse().unwrap()
    }
}

fn examples() -> Vec<Example> {
    let table = include_bytes!("tariffs/examples.csv");
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(&table[..]);
    reader.deserialize().map(Result::unwrap).collect()
}

#[test]
fn every_example_costs_what_was_computed_by_hand() {
    let examples = examples();
    assert!(examples.len() >= 45, "rows are missing");
    for example in examples {
        let digits = example.number.to_string();
        let table = format!(
            "prefix,rate,connect fee,increment,free seconds\n{},{},{},{},{}\n",
            &digits[..4],
            example.per_minute.0,
            example.connect_fee.0,
            example.increment,
            example.free_s,
        );
        let deck = Deck::from_csv(table.as_bytes()).unwrap();
        let rate = deck.rate_for(example.number).unwrap();
        let told = format!("{} ({})", example.tariff, example.working);
        assert_eq!(billed_s(rate, example.talk_ms), example.billed_s, "{told}");
        assert_eq!(charge(rate, example.talk_ms), example.charge.money(), "{told}");
        // So much money buys so much talk: a hold of the charge covers the call.
        let covered_s = u64::from(affordable_talk_s(rate, example.charge.money()));
        assert!(covered_s * 1000 >= example.talk_ms, "{told}");
    }
}

#[test]
fn a_discount_and_a_mark_up_are_taken_of_both_prices() {
    let deck = Deck::from_csv(b"prefix,rate,connect fee,increment\n355,0.45,0.079,6/6\n1,0.0052,0,6/6\n").unwrap();
    let rate = |number: &str, bp| deck.rate_for(number.parse().unwrap()).unwrap().marked_up(bp);
    let price = |number, bp| (rate(number, bp).per_minute.to_string(), rate(number, bp).connect_fee.to_string());
    // 0.45 x 1.125 = 0.50625; 0.079 x 1.125 = 0.088875.
    assert_eq!(price("+355692012345", 1_250), ("0.50625".into(), "0.088875".into()));
    // 0.45 x 0.9 = 0.405; 0.079 x 0.9 = 0.0711.
    assert_eq!(price("+355692012345", -1_000), ("0.405".into(), "0.0711".into()));
    // 0.0052 x 1.0333 = 0.00537316, rounded up to 0.005374.
    assert_eq!(price("+14165550100", 333).0, "0.005374");
    assert_eq!(price("+355692012345", -10_000), ("0.00".into(), "0.00".into()));
    assert_eq!(price("+355692012345", -20_000), price("+355692012345", -10_000));
}
