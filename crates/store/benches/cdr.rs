//! Ten million call records in SQLite: how fast further ones go in, a month's report, the last hundred calls by each filter,
//! a page of the portal's; and the look-up of a price among 200,000 prefixes.
//!
//! They are written through the projector, and further calls then are measured: more than fill a block, so that what filing
//! costs is in it. `CDR_ROWS` says how many records. The database lies under the build's folder and is removed at the end,
//! unless `CDR_KEEP` is set: then it stays, and serves the next run.

#![allow(clippy::unwrap_used, reason = "a bench that cannot go on fails where it stands")]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use account::{Effect, Input};
use billing::{
    AccountId, CallId, Cdr, CdrFrom, CdrMoney, CdrNumber, CdrPlace, CdrRate, CdrResult, CdrTimes, CdrVerdict, CdrWho,
    Country, Decision, Deck, Direction, E164, HungUpBy, Money, NumberClass, Prefix, Rate, RateSource, Route,
};
use node::{Body, Record};
use rusqlite::Connection;
use store::{CdrFilter, Projector, Reader, UsageBy};

const ROWS: u64 = 10_000_000;
const ACCOUNTS: u64 = 500;
const LINES: u64 = 40;
const DAYS: u64 = 365;
const START_MS: u64 = 1_735_689_600_000; // 2025-01-01
const DAY_MS: u64 = 86_400_000;
/// Records in one transaction while the tables are filled: about those of a day.
const BATCH: u64 = 27_000;
/// Records in one transaction, and all of them, when writing is measured.
const MEASURED_BATCH: u64 = 64;
const MEASURED: u64 = 16_384;
const PREFIXES: u64 = 200_000;
/// In one round of some milliseconds.
const LOOK_UPS: u64 = 20_000;
const REPORT_MS: u128 = 300;
const LAST_MS: u128 = 10;
const PAGE_MS: u128 = 300;
const LOOK_UP_NS: u128 = 500;
/// How often each question is asked.
const TIMES: usize = 9;

struct Mix(u64);

impl Mix {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

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

fn cdr(n: u64, rows: u64, mix: &mut Mix) -> Cdr {
    // One call in 50,000 goes to Cuba from an address and over a carrier that hardly anybody uses.
    let is_rare = mix.below(50_000) == 0;
    let (code, name, first) = match is_rare {
        true => ("CU", "Cuba", 5_352_860_000),
        false => COUNTRIES[usize::try_from(mix.below(8)).unwrap()],
    };
    let number = E164::from_value(first + mix.below(10_000)).unwrap();
    // A fifth of all calls is one account's, which therefore has two million.
    let account = if mix.below(5) == 0 { 7 } else { mix.below(ACCOUNTS) };
    let is_refused = mix.below(50) == 0;
    let start_ms = START_MS + n * (DAYS * DAY_MS / rows);
    let answered = !is_refused && mix.below(10) < 7;
    let talk_ms = if answered { 1_000 + mix.below(600_000) } else { 0 };
    let billed_s = u32::try_from(talk_ms.div_ceil(6_000) * 6).unwrap();
    Cdr {
        call: CallId(1 << 40 | n),
        who: CdrWho {
            account: format!("account-{account:03}").parse().unwrap(),
            line: Some(format!("{}", 100 + mix.below(LINES)).parse().unwrap()),
            direction: Direction::Outbound,
            caller: "+13035550100".into(),
            told_by_pbx: None,
        },
        from: CdrFrom {
            ip: if is_rare { [198, 18, 0, 9] } else { [192, 0, 2, u8::try_from(mix.below(250)).unwrap()] }.into(),
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
        route: answered
            .then(|| Route::Carrier(format!("carrier-{}", if is_rare { 9 } else { mix.below(3) }).parse().unwrap())),
        times: CdrTimes {
            start_ms,
            ring_ms: Some(start_ms + 800),
            answer_ms: answered.then_some(start_ms + 6_000),
            end_ms: start_ms + 6_000 + talk_ms,
            heard_ms: None,
            utc_offset_min: -420,
        },
        result: CdrResult {
            sip_status: if answered { 200 } else { 486 },
            reason: "OK".into(),
            hung_up_by: HungUpBy::Caller,
            recovered: false,
        },
        money: money(billed_s),
        verdict: CdrVerdict {
            decision: if is_refused { Decision::Refused } else { Decision::Allowed },
            score_tenth_db: -120,
            reasons: Vec::new(),
            incident: None,
        },
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

/// Calls from number `first` on, as the projector gets them.
fn records(numbers: std::ops::RangeInclusive<u64>, rows: u64, mix: &mut Mix) -> Vec<Record> {
    let record = |lsn| {
        let cdr = cdr(lsn, rows, mix);
        let account = cdr.who.account.clone();
        let body = Body::Account { account, seq: lsn, input: Input::Tick, effects: vec![Effect::Cdr(cdr)] };
        Record { lsn, at_ms: START_MS, body }
    };
    numbers.map(record).collect()
}

/// Writes the records through the projector.
fn fill(path: &Path, rows: u64) {
    let mut projector = Projector::open(path).unwrap();
    let connection = Connection::open(path).unwrap();
    for account in 0..ACCOUNTS {
        let sql = "INSERT INTO accounts (account, name, settings) VALUES (?1, ?1, '')";
        connection.execute(sql, [format!("account-{account:03}")]).unwrap();
    }
    drop(connection);
    let begun = Instant::now();
    // Made on one processor, written on the other.
    let (sender, batches) = std::sync::mpsc::sync_channel(2);
    std::thread::spawn(move || {
        let mut mix = Mix(0x5eed_cd15);
        for first in (1..=rows).step_by(usize::try_from(BATCH).unwrap()) {
            let batch = records(first..=(first + BATCH - 1).min(rows), rows, &mut mix);
            // Whoever writes them has ended.
            let Ok(()) = sender.send(batch) else { return };
        }
    });
    for batch in batches {
        let lsn = projector.apply(&batch).unwrap();
        if lsn.is_multiple_of(BATCH * 40) {
            eprintln!("{lsn} records, {} s", begun.elapsed().as_secs());
        }
    }
}

/// Writes further calls with everything in place; how many a second, and the processor time of one, microseconds.
fn write_more(path: &Path, rows: u64) -> (u64, u64) {
    let mut projector = Projector::open(path).unwrap();
    let first = projector.applied_lsn().unwrap();
    let mut mix = Mix(0x00de_c0de ^ first);
    let more = records(first + 1..=first + MEASURED, rows, &mut mix);
    let (begun, busy) = (Instant::now(), processor());
    for batch in more.chunks(usize::try_from(MEASURED_BATCH).unwrap()) {
        projector.apply(batch).unwrap();
    }
    let (spent, busy) = (begun.elapsed(), processor().saturating_sub(busy));
    let us = |time: Duration| u64::try_from(time.as_micros()).unwrap();
    (MEASURED * 1_000_000 / us(spent).max(1), us(busy) / MEASURED)
}

/// Processor time of this thread so far.
fn processor() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(told.split_whitespace().next().and_then(|ns| ns.parse().ok()).unwrap_or(0))
}

/// Asks so often; the median counts.
fn median<T>(mut ask: impl FnMut() -> T) -> (T, Duration) {
    let mut asked = || {
        let begun = Instant::now();
        let answer = ask();
        (answer, begun.elapsed())
    };
    let mut all: Vec<(T, Duration)> = (0..TIMES).map(|_| asked()).collect();
    all.sort_by_key(|(_, time)| *time);
    all.swap_remove(TIMES / 2)
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
    let ((), time) = median(|| {
        for n in 0..LOOK_UPS {
            black_box(deck.rate_for(black_box(numbers[usize::try_from(n % 4_096).unwrap()])));
        }
    });
    time.as_nanos() / u128::from(LOOK_UPS)
}

/// What people look for, each by itself and within an account: with what is common, and with what is rare.
fn questions() -> Vec<(String, CdrFilter)> {
    let all = CdrFilter::default;
    let day = START_MS + 200 * DAY_MS;
    let each = [
        ("", all()),
        ("a whole number", CdrFilter { number_prefix: Some("+355691234567".into()), ..all() }),
        ("a number begins +1", CdrFilter { number_prefix: Some("+1".into()), ..all() }),
        ("a number begins +35569", CdrFilter { number_prefix: Some("+35569".into()), ..all() }),
        ("a number begins +535", CdrFilter { number_prefix: Some("+535".into()), ..all() }),
        ("a country", CdrFilter { country: "AL".parse().ok(), ..all() }),
        ("a rare country", CdrFilter { country: "CU".parse().ok(), ..all() }),
        ("an address", CdrFilter { ip: Some([192, 0, 2, 77].into()), ..all() }),
        ("a rare address", CdrFilter { ip: Some([198, 18, 0, 9].into()), ..all() }),
        ("a carrier", CdrFilter { carrier: "carrier-1".parse().ok(), ..all() }),
        ("a rare carrier", CdrFilter { carrier: "carrier-9".parse().ok(), ..all() }),
        ("refused", CdrFilter { verdict: Some(Decision::Refused), ..all() }),
        ("allowed", CdrFilter { verdict: Some(Decision::Allowed), ..all() }),
        ("a day", CdrFilter { since_ms: Some(day), until_ms: Some(day + DAY_MS), ..all() }),
        (
            "a country on a day",
            CdrFilter { country: "AL".parse().ok(), since_ms: Some(day), until_ms: Some(day + DAY_MS), ..all() },
        ),
    ];
    let mut questions = Vec::new();
    for (of, account) in
        [("the node", None), ("the largest account", Some("account-007")), ("an account", Some("account-008"))]
    {
        let account = account.map(|account| account.parse().unwrap());
        for (name, filter) in &each {
            questions.push((format!("{of}: {name}"), CdrFilter { account: account.clone(), ..filter.clone() }));
        }
        if account.is_some() {
            let line = "117".parse().ok();
            questions.push((format!("{of}: a line"), CdrFilter { account, line, ..all() }));
        }
    }
    questions
}

/// The worst month's report, last hundred and portal's page, in microseconds.
#[derive(Default)]
struct Worst {
    report_us: u128,
    last_us: u128,
    page_us: u128,
}

fn ask(reader: &Reader) -> Worst {
    let mut worst = Worst::default();
    let account: AccountId = "account-007".parse().unwrap();
    let first = u32::try_from(START_MS / DAY_MS).unwrap() + 59;
    for by in [UsageBy::Account, UsageBy::Day, UsageBy::Line, UsageBy::Country, UsageBy::Carrier] {
        let (one, of_one) = median(|| reader.usage(Some(&account), first..first + 31, by).unwrap().len());
        println!("a month of an account by {by:?}: {of_one:?} ({one} rows)");
        worst.report_us = worst.report_us.max(of_one.as_micros());
        if by == UsageBy::Line {
            // Lines of different accounts have nothing in common.
            continue;
        }
        let (all, of_all) = median(|| reader.usage(None, first..first + 31, by).unwrap().len());
        println!("a month of the node by {by:?}: {of_all:?} ({all} rows)");
        worst.report_us = worst.report_us.max(of_all.as_micros());
    }
    for (name, filter) in questions() {
        let (count, time) = median(|| reader.cdrs(&filter).unwrap().len());
        worst.last_us = worst.last_us.max(time.as_micros());
        println!("the last hundred of {name}: {time:?} ({count} rows)");
        let Some(account) = &filter.account else { continue };
        // What a page of the portal asks: fifty calls and one, and the sums of all.
        let page = CdrFilter { limit: 51, ..filter.clone() };
        let is_of_days =
            filter == CdrFilter { account: Some(account.clone()), line: filter.line.clone(), ..CdrFilter::default() };
        let ((), time) = median(|| {
            black_box(reader.cdrs(&page).unwrap());
            black_box(reader.spread(&filter).unwrap());
            if is_of_days {
                black_box(reader.totals_of_days(account, filter.line.as_ref(), 0..u32::MAX).unwrap());
            }
            black_box(reader.lines(account).unwrap());
        });
        worst.page_us = worst.page_us.max(time.as_micros());
        println!("a page of {name}: {time:?}");
    }
    worst
}

fn main() {
    let rows = std::env::var("CDR_ROWS").map_or(ROWS, |rows| rows.parse().unwrap());
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"), PathBuf::from);
    let look_up_ns = look_up_ns();
    println!("a price among {PREFIXES} prefixes: {look_up_ns} ns");
    let folder = target.join("bench-cdr");
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("tollguard.db");
    if !path.exists() || Projector::open(&path).and_then(|kept| kept.applied_lsn()).unwrap() < rows {
        std::fs::remove_dir_all(&folder).unwrap();
        std::fs::create_dir_all(&folder).unwrap();
        fill(&path, rows);
    }
    let (writes_a_s, write_us) = write_more(&path, rows);
    println!(
        "{writes_a_s} further records a second, {MEASURED_BATCH} in a transaction; {write_us} us of processor time each"
    );
    let bytes: u64 = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum();
    println!("{} MB", bytes >> 20);
    let worst = ask(&Reader::open(&path).unwrap());
    if std::env::var_os("CDR_KEEP").is_none() {
        std::fs::remove_dir_all(&folder).unwrap();
    }
    let Worst { report_us, last_us, page_us } = worst;
    let met = report_us <= REPORT_MS * 1000
        && last_us <= LAST_MS * 1000
        && page_us <= PAGE_MS * 1000
        && look_up_ns <= LOOK_UP_NS;
    let json = std::env::var_os("BENCH_JSON").map_or_else(|| target.join("bench/cdr.json"), PathBuf::from);
    let result = format!(
        "{{\"rows\":{rows},\"writes_a_s\":{writes_a_s},\"write_us\":{write_us},\"look_up_ns\":{look_up_ns},\"bytes\":{bytes},\"report_us\":{report_us},\"last_us\":{last_us},\
         \"page_us\":{page_us},\"met\":{met}}}\n"
    );
    std::fs::create_dir_all(json.parent().unwrap()).unwrap();
    std::fs::write(json, result).unwrap();
    assert!(
        met,
        "a target is missed: {REPORT_MS} ms a report, {LAST_MS} ms the last hundred, {PAGE_MS} ms a page, {LOOK_UP_NS} ns a price"
    );
}
