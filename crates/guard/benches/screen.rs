//! `cargo xtask bench screen`: how long the guard takes for one call among 10,000 lines with a history, and how much it
//! remembers of a line after a year.
#![allow(clippy::unwrap_used, reason = "a bench that cannot go on stops")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use billing::{CallId, Country, Destination, E164, LineId, Money};
use geo::Place;
use guard::{Elsewhere, Ended, Failures, Guard, Observed, Origin, Registered};

const DAY_MS: u64 = 24 * 3_600_000;
/// Accounts and lines of each, for the time of a screening: 10,000 lines.
const ACCOUNTS: usize = 100;
const LINES: usize = 100;
/// Days of history they have, and days that are measured.
const HISTORY_DAYS: u64 = 20;
const MEASURED_DAYS: u64 = 2;
/// Calls of a line on a working day; one in so many goes abroad.
const CALLS_A_DAY: u64 = 10;
const ABROAD_ONE_IN: u64 = 5;
/// Days of the year after which memory is measured, on the lines of one account.
const YEAR_DAYS: u64 = 365;

/// The system's allocator, counting what is held.
struct Counting;

static HELD_BYTES: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator with the very same arguments; counting touches no memory of theirs.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD_BYTES.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        HELD_BYTES.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `dealloc`, which is the same.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Seeded numbers (xorshift64*, Vigna 2016): the same work on every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) % sides
    }
}

/// What numbers the firms call, looked up once: the guard is measured, not the numbering plan.
struct Numbers {
    home: (E164, Destination),
    abroad: Vec<(E164, Destination, Money)>,
}

impl Numbers {
    fn new() -> Self {
        let looked = |value| {
            let number = E164::from_value(value).unwrap();
            (number, Destination::of(number))
        };
        let ranges = [(442_079_460_000, 2), (493_012_345_000, 2), (525_555_550_000, 4), (919_811_110_000, 3)];
        let abroad = ranges.into_iter().flat_map(|(first, cents)| {
            (0..1000).map(move |at| {
                let (number, destination) = looked(first + at);
                (number, destination, Money::from_cents(cents))
            })
        });
        Self { home: looked(13_035_550_100), abroad: abroad.collect() }
    }
}

/// One firm at work.
struct Firm {
    guard: Guard,
    lines: Vec<(LineId, Origin)>,
    dice: Dice,
    calls: u64,
}

/// How long things took.
#[derive(Default)]
struct Times {
    screened: Vec<Duration>,
    looked_again: Vec<Duration>,
}

impl Firm {
    fn new(number: usize, lines: usize) -> Self {
        let lines = (0..lines).map(|line| {
            let ip = IpAddr::from([10, (number % 256) as u8, (line / 256) as u8, (line % 256) as u8]);
            let place = Place { country: Some(*b"US"), asn: Some(64_500 + number as u32), ..Place::default() };
            let origin = Origin { ip, place, user_agent: "Yealink SIP-T46U 108.86".into() };
            (format!("{number}-{line}").parse().unwrap(), origin)
        });
        let (guard, calls) = (Guard::new(), 0);
        Self { guard, lines: lines.collect(), dice: Dice(number as u64 + 1), calls }
    }

    /// A day: every line registers, calls home and abroad, and all calls end.
    fn day(&mut self, day: u64, numbers: &Numbers, mut times: Option<&mut Times>) {
        if day % 7 >= 5 {
            return;
        }
        for (line, origin) in &self.lines {
            let registered = Registered { line: line.clone(), origin: origin.clone(), failures_before: Failures::NONE };
            self.guard.registered(day * DAY_MS + 7 * 3_600_000, &registered);
        }
        for slot in 0..CALLS_A_DAY {
            for at in 0..self.lines.len() {
                let now_ms = day * DAY_MS + 8 * 3_600_000 + slot * 3_000_000 + at as u64 * 10_000;
                self.call(now_ms, at, numbers, times.as_deref_mut());
            }
        }
    }

    fn call(&mut self, now_ms: u64, at: usize, numbers: &Numbers, times: Option<&mut Times>) {
        self.calls += 1;
        let call = CallId(self.calls);
        let abroad = self.dice.below(ABROAD_ONE_IN) == 0;
        // A line has thirty numbers of its own abroad, and tries another one in ten times.
        let own = if self.dice.below(10) == 0 { self.dice.below(4000) } else { self.dice.below(30) + at as u64 * 37 };
        let (number, destination, per_minute) = match numbers.abroad.get(own as usize % numbers.abroad.len()) {
            Some(abroad_number) if abroad => *abroad_number,
            _ => (numbers.home.0, numbers.home.1, Money::from_cents(1)),
        };
        let (line, origin) = &self.lines[at];
        let observed = Observed {
            call,
            line: line.clone(),
            origin: origin.clone(),
            number,
            destination,
            cut_class: destination.in_cut_class(number, Country::US),
            per_minute,
            priced: true,
            cause: None,
            told: None,
            failures_before: Failures::NONE,
            elsewhere: Elsewhere::NOTHING,
            utc_offset_min: 0,
        };
        let start = Instant::now();
        let screening = self.guard.screen(now_ms, &observed);
        let screened = start.elapsed();
        self.guard.answered(now_ms + 8_000, call);
        let start = Instant::now();
        self.guard.rescreen(now_ms + 28_000, call);
        let looked_again = start.elapsed();
        if let Some(times) = times.filter(|_| abroad) {
            times.screened.push(screened);
            times.looked_again.push(looked_again);
        }
        if screening.allowed {
            self.guard.ended(now_ms + 68_000, &Ended { call, talk_ms: 60_000, status: 200 });
        }
    }
}

fn told(what: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let at = |part: usize| times.get(times.len() * part / 1000).copied().unwrap_or_default().as_nanos() as f64 / 1000.0;
    let (median, p99, most) = (at(500), at(990), at(999));
    println!("{what}: p50 {median:.1} us, p99 {p99:.1} us, p99.9 {most:.1} us ({} calls)", times.len());
}

fn main() {
    let numbers = Numbers::new();
    let mut firms: Vec<Firm> = (0..ACCOUNTS).map(|number| Firm::new(number, LINES)).collect();
    let mut times = Times::default();
    for day in 0..HISTORY_DAYS {
        firms.iter_mut().for_each(|firm| firm.day(day, &numbers, None));
    }
    for day in HISTORY_DAYS..HISTORY_DAYS + MEASURED_DAYS {
        firms.iter_mut().for_each(|firm| firm.day(day, &numbers, Some(&mut times)));
    }
    println!("{} lines in {ACCOUNTS} accounts with {HISTORY_DAYS} days of history; calls abroad:", ACCOUNTS * LINES);
    told("  screened, with what is learnt then", &mut times.screened);
    told("  looked at again", &mut times.looked_again);
    drop(firms);

    let mut firm = Firm::new(0, LINES);
    // The lines themselves are the firm's, not the guard's.
    let before = HELD_BYTES.load(Ordering::Relaxed);
    for day in 0..YEAR_DAYS {
        firm.day(day, &numbers, None);
    }
    let resident = HELD_BYTES.load(Ordering::Relaxed).saturating_sub(before);
    let serialised = postcard::to_stdvec(&firm.guard).unwrap().len();
    println!("after a year of {} calls on {LINES} lines of one account, for each line:", firm.calls);
    println!("  serialised {} bytes, resident {} bytes", serialised / LINES, resident / LINES);
}
