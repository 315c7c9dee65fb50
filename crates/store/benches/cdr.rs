//! Ten million call records in SQLite, written as the node writes them: how fast they go in, a month's report, the last
//! hundred calls; and the look-up of a price among 200,000 prefixes.
//!
//! `CDR_ROWS` says how many records. The database lies under the build's folder and is removed at the end.

#![allow(clippy::unwrap_used, reason = "a bench that cannot go on fails where it stands")]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use account::{Effect, Input};
use billing::{
    CallId, Cdr, CdrFrom, CdrMoney, CdrNumber, CdrPlace, CdrRate, CdrResult, CdrTimes, CdrVerdict, CdrWho, Country,
    Decision, Deck, Direction, E164, HungUpBy, Money, NumberClass, Prefix, Rate, RateSource, Route,
};
use node::{Body, Record};
use store::{CdrFilter, Projector, Reader, UsageBy};

const ROWS: u64 = 10_000_000;
const ACCOUNTS: u64 = 500;
const LINES: u64 = 40;
const DAYS: u64 = 365;
const START_MS: u64 = 1_735_689_600_000; // 2025-01-01
const DAY_MS: u64 = 86_400_000;
/// Records in one transaction.
const BATCH: u64 = 8_192;
const PREFIXES: u64 = 200_000;
const LOOK_UPS: u64 = 2_000_000;
const REPORT_MS: u128 = 300;
const LAST_MS: u128 = 10;
const LOOK_UP_NS: u128 = 500;
/// How often each question is asked; the slowest counts.
const TIMES: usize = 5;

struct Mix(u64);

impl Mix {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

fn cdr(n: u64, rows: u64, mix: &mut Mix) -> Cdr {
    const COUNTRIES: [(&str, &str, u64); 8] = [
        ("US", "United States", 13_035_550_000),
        ("US", "United States", 12_125_550_000),
        ("CA", "Canada", 14_165_550_000),
        ("GB", "United Kingdom", 442_079_460_000),
        ("DE", "Germany", 493_012_340_000),
        ("MX", "Mexico", 525_512_340_000),
        ("AL", "Albania mobile", 355_691_230_000),
        ("IN", "India", 912_212_340_000),
    ];
    let (code, name, first) = COUNTRIES[usize::try_from(mix.below(8)).unwrap()];
    let number = E164::from_value(first + mix.below(10_000)).unwrap();
    let start_ms = START_MS + n * (DAYS * DAY_MS / rows);
    let answered = mix.below(10) < 7;
    let talk_ms = if answered { 1_000 + mix.below(600_000) } else { 0 };
    let billed_s = u32::try_from(talk_ms.div_ceil(6_000) * 6).unwrap();
    Cdr {
        call: CallId(1 << 40 | n),
        who: CdrWho {
            account: format!("account-{:03}", mix.below(ACCOUNTS)).parse().unwrap(),
            line: Some(format!("{}", 100 + mix.below(LINES)).parse().unwrap()),
            direction: Direction::Outbound,
            caller: "+13035550100".into(),
            told_by_pbx: None,
        },
        from: CdrFrom {
            ip: [192, 0, 2, u8::try_from(mix.below(250)).unwrap()].into(),
            port: 5060,
            transport: "UDP".into(),
            user_agent: "Desk phone 5.6".into(),
            place: CdrPlace { city: Some("Denver".into()), country: Some(Country::US), network: None },
        },
        number: CdrNumber {
            dialled: number.to_string(),
            e164: Some(number),
            destination: name.into(),
            country: code.parse().ok(),
            class: Some(NumberClass::Mobile),
        },
        route: answered.then(|| Route::Carrier(format!("carrier-{}", mix.below(3)).parse().unwrap())),
        times: CdrTimes {
            start_ms,
            ring_ms: Some(start_ms + 800),
            answer_ms: answered.then_some(start_ms + 6_000),
            end_ms: start_ms + 6_000 + talk_ms,
            utc_offset_min: -420,
        },
        result: CdrResult {
            sip_status: if answered { 200 } else { 486 },
            reason: "OK".into(),
            hung_up_by: HungUpBy::Caller,
            recovered: false,
        },
        money: money(billed_s),
        verdict: CdrVerdict { decision: Decision::Allowed, score_tenth_db: -120, reasons: Vec::new(), incident: None },
    }
}

fn money(billed_s: u32) -> CdrMoney {
    let charge = Money::from_micros(i64::from(billed_s) * 170);
    CdrMoney {
        per_minute: Money::from_micros(10_200),
        connect_fee: Money::ZERO,
        billed_s,
        charge,
        held_peak: charge,
        cost: Some(Money::from_micros(charge.micros() * 7 / 10)),
        rate: Some(CdrRate {
            source: RateSource { deck: "standard".parse().unwrap(), from_ms: 0, markup_bp: 0 },
            prefix: Prefix::from_value(1).unwrap(),
            minimum_s: 6,
            increment_s: 6,
            free_s: 0,
        }),
    }
}

/// Writes the records as the projector does, and says how long it took.
fn fill(path: &Path, rows: u64) -> Duration {
    let mut projector = Projector::open(path).unwrap();
    let (mut mix, mut spent) = (Mix(0x5eed_cd15), Duration::ZERO);
    let mut lsn = 0;
    while lsn < rows {
        let last = (lsn + BATCH).min(rows);
        let records: Vec<Record> = (lsn + 1..=last)
            .map(|lsn| {
                let cdr = cdr(lsn, rows, &mut mix);
                let account = cdr.who.account.clone();
                let body = Body::Account { account, seq: lsn, input: Input::Tick, effects: vec![Effect::Cdr(cdr)] };
                Record { lsn, at_ms: START_MS, body }
            })
            .collect();
        let begun = Instant::now();
        lsn = projector.apply(&records).unwrap();
        spent += begun.elapsed();
        if lsn % (BATCH * 128) == 0 {
            eprintln!("{lsn} records");
        }
    }
    spent
}

fn slowest<T>(mut ask: impl FnMut() -> T) -> (T, Duration) {
    let mut asked = || {
        let begun = Instant::now();
        let answer = ask();
        (answer, begun.elapsed())
    };
    let first = asked();
    (1..TIMES).map(|_| asked()).fold(first, |slowest, now| if now.1 > slowest.1 { now } else { slowest })
}

/// Nanoseconds of a look-up among so many prefixes of two to nine digits.
fn look_up_ns() -> u128 {
    let mut mix = Mix(0x00de_c000_0001);
    let mut prefixes = std::collections::BTreeSet::new();
    while prefixes.len() < usize::try_from(PREFIXES).unwrap() {
        let digits = u32::try_from(mix.below(8)).unwrap() + 2;
        prefixes.insert(10_u64.pow(digits - 1) + mix.below(9 * 10_u64.pow(digits - 1)));
    }
    let rate = |prefix: u64| Rate {
        prefix: Prefix::from_value(prefix).unwrap(),
        destination: "somewhere".into(),
        per_minute: Money::from_cents(1),
        connect_fee: Money::ZERO,
        minimum_s: 6,
        increment_s: 6,
        free_s: 0,
    };
    let deck = Deck::new(prefixes.into_iter().map(rate).collect()).unwrap();
    let numbers: Vec<E164> =
        (0..4_096).map(|_| E164::from_value(10_000_000_000 + mix.below(989_999_999_999)).unwrap()).collect();
    let begun = Instant::now();
    for n in 0..LOOK_UPS {
        black_box(deck.rate_for(black_box(numbers[usize::try_from(n % 4_096).unwrap()])));
    }
    begun.elapsed().as_nanos() / u128::from(LOOK_UPS)
}

fn main() {
    let rows = std::env::var("CDR_ROWS").map_or(ROWS, |rows| rows.parse().unwrap());
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"), PathBuf::from);
    let ns = look_up_ns();
    println!("a price among {PREFIXES} prefixes: {ns} ns");
    let folder = target.join("bench-cdr");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("tollguard.db");
    let spent = fill(&path, rows);
    let bytes: u64 = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum();
    let per_s = rows * 1_000 / u64::try_from(spent.as_millis()).unwrap().max(1);
    println!("{rows} records written, {per_s} a second, {} MB", bytes >> 20);
    let reader = Reader::open(&path).unwrap();
    let account = "account-007".parse().unwrap();
    let first = u32::try_from(START_MS / DAY_MS).unwrap() + 59;
    let mut worst = (0, 0);
    for by in [UsageBy::Account, UsageBy::Day, UsageBy::Line, UsageBy::Country, UsageBy::Carrier] {
        let (one, of_one) = slowest(|| reader.usage(Some(&account), first..first + 31, by).unwrap().len());
        let (all, of_all) = slowest(|| reader.usage(None, first..first + 31, by).unwrap().len());
        worst.0 = worst.0.max(of_one.as_millis()).max(of_all.as_millis());
        println!("a month by {by:?}: an account {of_one:?} ({one} rows), the node {of_all:?} ({all} rows)");
    }
    let of_account = CdrFilter { account: Some(account), ..CdrFilter::default() };
    for (name, filter) in [("an account's", of_account), ("the node's", CdrFilter::default())] {
        let (count, time) = slowest(|| reader.cdrs(&filter).unwrap().len());
        worst.1 = worst.1.max(time.as_millis());
        println!("{name} last {count}: {time:?}");
    }
    drop(reader);
    std::fs::remove_dir_all(&folder).unwrap();
    let missed = worst.0 > REPORT_MS || worst.1 > LAST_MS || ns > LOOK_UP_NS;
    let result = format!(
        "{{\"rows\":{rows},\"look_up_ns\":{ns},\"rows_a_second\":{per_s},\"bytes\":{bytes},\"report_ms\":{},\"last_ms\":{},\"met\":{}}}\n",
        worst.0, worst.1, !missed
    );
    std::fs::create_dir_all(target.join("bench")).unwrap();
    std::fs::write(target.join("bench/cdr.json"), result).unwrap();
    assert!(
        !missed,
        "a target is missed: {REPORT_MS} ms a report, {LAST_MS} ms the last hundred, {LOOK_UP_NS} ns a price"
    );
}
