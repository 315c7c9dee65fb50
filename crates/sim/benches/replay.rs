//! `cargo xtask bench replay`: events a second on one core, from the bytes of their rows to the bytes of the verdicts.
//!
//! The rows are those of generated worlds, kept in memory: the disk is not measured, nor is gzip. Time is the processor's,
//! so that what else the machine does counts as little as it can.
#![allow(clippy::unwrap_used, reason = "a bench that cannot go on stops")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use billing::Deck;
use geo::{PlaceSources, Places};
use replay::{Event, Replay};
use serde_json::json;
use sim::worlds::{Mix, TRAIN, World};

/// Worlds of each mix, and how often each is replayed.
const WORLDS: u64 = 3;
const PASSES: usize = 3;
/// What has to be reached.
const TARGET: f64 = 500_000.0;

/// What a world is to a replay.
struct Recorded {
    events: String,
    deck: Deck,
}

impl Recorded {
    fn new(seed: u64, mix: Mix) -> Self {
        let world = World::new(seed, mix);
        Self { events: world.events_jsonl(), deck: Deck::from_csv(world.rates_csv().as_bytes()).unwrap() }
    }

    /// Replays it: how many events, how many verdicts' bytes, and the time.
    fn replay(&self) -> (u64, usize, Duration) {
        let (start, mut events, mut bytes) = (busy(), 0, 0);
        let (city, asn) = World::geo();
        let sources = PlaceSources { city: Some(city.into()), asn: Some(asn.into()), ..PlaceSources::default() };
        let mut replay = Replay::new(self.deck.clone(), Places::new(sources).unwrap(), None);
        let mut row = String::new();
        let mut drain = |replay: &mut Replay| {
            while let Some(verdict) = replay.next_verdict() {
                row.clear();
                verdict.write_row(&mut row);
                bytes += row.len();
            }
        };
        for line in self.events.lines() {
            replay.event(&Event::parse(line.as_bytes()).unwrap()).unwrap();
            events += 1;
            drain(&mut replay);
        }
        replay.finish();
        drain(&mut replay);
        (events, bytes, busy().saturating_sub(start))
    }
}

/// The processor time of this thread; where the system does not tell, the time since the first call.
fn busy() -> Duration {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    let start = START.get_or_init(Instant::now);
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|text| text.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| start.elapsed(), Duration::from_nanos)
}

fn main() {
    let mut rates = Vec::new();
    for mix in [Mix::Published, Mix::Hard] {
        for seed in (*TRAIN.start()..).take(WORLDS as usize) {
            let recorded = Recorded::new(seed, mix);
            let passes = (0..PASSES).map(|_| recorded.replay());
            let (events, bytes, time) = passes.min_by_key(|(_, _, time)| *time).unwrap();
            let rate = events as f64 / time.as_secs_f64();
            println!(
                "{mix:?} {seed}: {events} events ({} MB), {} MB of verdicts, {:.3} s: {rate:.0} events a second",
                recorded.events.len() / 1_000_000,
                bytes / 1_000_000,
                time.as_secs_f64()
            );
            rates.push(rate);
        }
    }
    rates.sort_by(f64::total_cmp);
    let (slowest, median) = (rates[0], rates[rates.len() / 2]);
    println!("median {median:.0}, slowest {slowest:.0} events a second on one core; wanted: {TARGET:.0}");
    let report = json!({
        "bench": "replay",
        "events_per_s_median": median.round(),
        "events_per_s_slowest": slowest.round(),
        "wanted_events_per_s": TARGET,
        "met": median >= TARGET,
    });
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target"), PathBuf::from);
    let folder = target.join("bench");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("replay.json"), format!("{report:#}\n")).unwrap();
}
