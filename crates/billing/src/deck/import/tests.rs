//! Tables as people have them: spellings, mapped headers, dates, VOIP.MS's own answers.

use super::*;
use crate::{DeckVersions, E164};

const NOW_MS: u64 = 1_772_323_200_000; // 2026-03-01
const DAY_MS: u64 = 86_400_000;

fn read(text: &str) -> Imported {
    DeckVersions::read(text.as_bytes(), &ColumnNames::default(), NOW_MS).unwrap()
}

fn faults(text: &str) -> String {
    DeckVersions::read(text.as_bytes(), &ColumnNames::default(), NOW_MS).unwrap_err().to_string()
}

fn rate(imported: &Imported, version: usize, number: &str) -> Rate {
    imported.versions[version].deck.rate_for(number.parse::<E164>().unwrap()).unwrap().clone()
}

#[test]
fn increments_are_read_as_they_are_written() {
    let table = "code,rate,connect fee,billing increment,free seconds\n\
        1,0.01,,30/6,\n355,0.2,0.05,6,5\n52,0.1,,60 / 60,\n44,0.1,,1/1,\n";
    let read = read(table);
    assert!(read.unread.is_empty());
    let steps = |number: &str| {
        let rate = rate(&read, 0, number);
        (rate.minimum_s, rate.increment_s, rate.free_s)
    };
    assert_eq!(steps("+13035550100"), (30, 6, 0));
    assert_eq!(steps("+355691234567"), (6, 6, 5));
    assert_eq!(steps("+525512345678"), (60, 60, 0));
    assert_eq!(steps("+442012345678"), (1, 1, 0));
}

#[test]
fn names_nobody_could_guess_are_told() {
    let mut names = ColumnNames::default();
    names.name("prefix".parse().unwrap(), "Vorwahl");
    names.name("rate".parse().unwrap(), "Preis");
    let read = DeckVersions::read(b"Vorwahl;Preis;Bemerkung\n355;0.2;neu\n", &names, NOW_MS).unwrap();
    assert_eq!(read.unread, ["Bemerkung"]);
    assert_eq!(rate(&read, 0, "+355691234567").per_minute, "0.2".parse().unwrap());
    let text = DeckVersions::read(b"prefix,rate\n1,1\n", &names, NOW_MS).unwrap_err().to_string();
    assert!(text.contains("there is no `Vorwahl` column") && text.contains("`Preis`"), "{text}");
    assert!("colour".parse::<Column>().is_err());
}

#[test]
fn dates_make_versions() {
    let table = "prefix,rate,effective date\n1,0.01,\n355,0.20,2025-01-01\n355,0.25,2026-02-01\n\
        355,0.30,2026-03-15\n49,0.02,2026-03-15 06:00\n";
    let read = read(table);
    let from: Vec<u64> = read.versions.iter().map(|version| version.from_ms).collect();
    assert_eq!(from, [NOW_MS, NOW_MS + 14 * DAY_MS, NOW_MS + 14 * DAY_MS + 6 * 3_600_000]);
    let price = |version, number| rate(&read, version, number).per_minute.to_string();
    assert_eq!(price(0, "+355691234567"), "0.25");
    assert_eq!(price(1, "+355691234567"), "0.30");
    assert_eq!(price(2, "+355691234567"), "0.30");
    assert_eq!(price(2, "+13035550100"), "0.01");
    assert!(read.versions[1].deck.rate_for("+4930123456".parse().unwrap()).is_none());
    // The same prefix twice on one date is a mistake; on two it is a change.
    assert!(
        faults("prefix,rate,effective\n1,1,2026-05-01\n1,2,2026-05-01\n")
            .contains("line 3: the prefix 1 is there twice")
    );
    let text = faults("prefix,rate,effective\n1,1,01/02/2026\n2,1,2026-02-30\n");
    assert!(text.contains("line 2: `01/02/2026` is not a date") && text.contains("line 3: `2026-02-30`"), "{text}");
    let mut many = "prefix,rate,effective\n".to_owned();
    for day in 1..=20 {
        many.push_str(&format!("1,1,2026-06-{day:02}\n"));
    }
    assert!(faults(&many).contains("more than 16 effective dates"));
}

#[test]
fn answers_of_voipms_are_decks() {
    let rates = r#" {"status":"success","rates":[
        {"destination":"Albania - Mobile","prefix":"35569","client_increment":"6","client_rate":"0.45000000",
         "real_increment":"6","real_rate":"0.41000000"},
        {"destination":"Mexico","prefix":"52","client_increment":"60","client_rate":"0.0100","real_increment":"60","real_rate":"0.0079"}]}"#;
    let read_rates = read(rates);
    let albania = rate(&read_rates, 0, "+355692012345");
    assert_eq!((albania.per_minute.to_string(), albania.minimum_s, albania.increment_s), ("0.45".into(), 6, 6));
    assert_eq!(rate(&read_rates, 0, "+525512345678").minimum_s, 60);
    let terminations = r#"{"status":"success","route":[{"value":"2","description":"Premium"}],
        "rates":[{"destination":"Albania","prefix":"355","increment":"6","rate":"0.2200"}]}"#;
    assert_eq!(rate(&read(terminations), 0, "+35542234567").per_minute.to_string(), "0.22");
    assert!(faults(r#"{"status":"no_rate"}"#).contains("without the `rates`"));
    assert!(faults(r#"{"rates":[{"prefix":"x","rate":"1","increment":"6"}]}"#).contains("line 1: `x` is not a prefix"));
}
