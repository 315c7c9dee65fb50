//! Each reader on a small file of its system: calls that left, calls that did not, rows that cannot be read.

use super::*;

const ALBANIA: &str = "011355691234567";

fn home() -> Home {
    Home { country: Country::US, zone: TimeZone::get("America/Denver").unwrap() }
}

fn records(system: System, file: &str) -> Records {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/replay/records/fixtures").join(file);
    Records::read(system, &[path], &home()).unwrap()
}

/// Line, digits, ring and talk in seconds, result.
fn told(records: &Records) -> Vec<(&str, &str, u64, u64, CallResult)> {
    let calls = records.calls.iter();
    calls
        .map(|Record { line, dialled, fate, .. }| {
            (line.as_str(), dialled.as_str(), fate.ring_ms / 1000, fate.talk_ms / 1000, fate.result)
        })
        .collect()
}

/// 09:58:01 in Denver on 1 June 2026, summer time.
const MORNING_MS: u64 = 1_780_329_481_000;

#[test]
fn asterisk() {
    let records = records(System::Asterisk, "asterisk.csv");
    let expected = [("204", ALBANIA, 8, 31, CallResult::Answered), ("205", "3035550100", 30, 0, CallResult::NoAnswer)];
    assert_eq!(told(&records), expected);
    let first = &records.calls[0];
    assert_eq!((first.at_ms, first.ip, first.id.as_str()), (MORNING_MS, "192.0.2.14".parse().ok(), "1"));
    assert_eq!((records.others, records.rows), (2, 6));
    let unread: Vec<&str> = records.unread.iter().map(|text| text.split(", ").nth(1).unwrap()).collect();
    assert_eq!(unread[0], "row 5: \"soon\" is no date and time");
    assert!(unread[1].starts_with("row 6: dst is missing"), "{unread:?}");
}

#[test]
fn freepbx() {
    let records = records(System::Freepbx, "freepbx.csv");
    assert_eq!(told(&records), [("204", "00442079460123", 9, 61, CallResult::Answered)]);
    assert_eq!((records.others, records.unread.len()), (1, 1));
    assert!(records.unread[0].ends_with("row 4: disposition is \"LOST\""), "{:?}", records.unread);
}

#[test]
fn freeswitch() {
    let records = records(System::Freeswitch, "freeswitch.csv");
    let expected = [("204", ALBANIA, 8, 31, CallResult::Answered), ("205", "3035550100", 11, 0, CallResult::Busy)];
    assert_eq!(told(&records), expected);
    assert_eq!(records.calls[0].ip, "192.0.2.14".parse().ok());
    assert_eq!((records.others, records.unread.len()), (2, 1));
}

#[test]
fn voipms() {
    let records = records(System::Voipms, "voipms.json");
    let expected = [
        ("100000_pbx", "355691234567", 0, 31, CallResult::Answered),
        ("100000_pbx", "4930123456", 0, 0, CallResult::NoAnswer),
    ];
    assert_eq!(told(&records), expected);
    assert_eq!(records.calls[0].user_agent, "Asterisk PBX");
    assert_eq!((records.others, records.unread.len()), (1, 2));
    assert!(records.unread[1].contains("invalid_credentials"));
}

#[test]
fn kamailio() {
    let records = records(System::Kamailio, "kamailio.log");
    let expected = [
        ("204", ALBANIA, 0, 31, CallResult::Answered),
        ("205", "3035550100", 0, 0, CallResult::Busy),
        ("204", "00442079460123", 0, 30, CallResult::Answered),
    ];
    assert_eq!(told(&records), expected);
    assert_eq!(records.calls[2].user_agent, "Desk/1.0");
    assert_eq!((records.others, records.unread.len()), (1, 1));
}

#[test]
fn records_become_events_and_the_clock_follows_summer_time() {
    let mut records = records(System::Asterisk, "asterisk.csv");
    let mut winter = records.calls[0].clone();
    winter.at_ms += 180 * 24 * 3_600_000;
    records.calls.push(winter);
    let home = home();
    let offsets: Vec<i16> = events(&records, &home)
        .filter_map(|event| match event.kind {
            Kind::Account(row) => Some(row.utc_offset_min),
            _ => None,
        })
        .collect();
    assert_eq!(offsets, [-360, -420]);
    assert_eq!(events(&records, &home).count(), 5);
}

#[test]
fn settings_are_what_the_calls_say() {
    let records = records(System::Freeswitch, "freeswitch.csv");
    let deck = billing::Deck::from_csv(b"prefix,rate,minimum,increment\n355,0.60,6,6\n1,0.01,6,6\n").unwrap();
    let suggestion = Suggestion::of(&records, &Default::default(), &deck, &home());
    let cost = billing::Money::from_cents(36);
    assert_eq!(suggestion.abroad.into_iter().collect::<Vec<_>>(), [("Albania mobile".to_owned(), (1, cost))]);
    assert_eq!((suggestion.at_once, suggestion.dearest_day.0), (1, cost));
    assert_eq!((suggestion.hours[0][9], suggestion.hours[0][10], suggestion.hours[1].iter().sum()), (1, 1, 0_u64));
    let without = Suggestion::of(&records, &["1", "2"].into(), &deck, &home());
    assert_eq!(without, Suggestion::default());
}
