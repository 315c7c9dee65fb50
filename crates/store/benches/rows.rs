//! What a call costs behind the worker: the journal's thread and the projector's, each by itself, in batches as they have
//! them at 4,000 calls a second; processor time, and bytes on the disk. The records are those of a worker that carries calls.

#![allow(clippy::unwrap_used, reason = "a bench that cannot go on fails where it stands")]
#![allow(dead_code, reason = "other benches use more of the wire")]

#[path = "../../node/benches/wire/mod.rs"]
mod wire;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::Duration;

use node::{Body, Record};
use store::{Home, Journal, Projector};
use wire::{Wire, firms};

/// Calls: two blocks are filed and some are not.
const CALLS: usize = 20_000;
/// Calls that are under way at once.
const AT_ONCE: usize = 300;
/// Firms, and phones of each.
const FIRMS: (usize, usize) = (10, 100);
/// Records that one sync makes durable, and that one transaction turns into rows: those of 8 ms and of a second.
const SYNCED: usize = 96;
const PROJECTED: usize = 12_000;

fn main() {
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"), PathBuf::from);
    let folder = target.join("bench-rows");
    drop(std::fs::remove_dir_all(&folder));
    let records = records();
    let inputs = records.iter().filter(|record| matches!(record.body, Body::Account { .. })).count();
    let rows = on_a_thread("projector", || project(&folder.join("tollguard.db"), &records));
    let (journal, bytes) = on_a_thread("journal", || write(&folder.join("data"), &records));
    let us = |time: Duration| time.as_secs_f64() * 1e6 / CALLS as f64;
    println!("{CALLS} calls, {:.2} records each", inputs as f64 / CALLS as f64);
    println!("the journal: {:.1} us of processor time a call, {} bytes", us(journal), bytes / CALLS);
    println!("the projector: {:.1} us of processor time a call", us(rows));
    let json = std::env::var_os("BENCH_JSON").map_or_else(|| target.join("bench/rows.json"), PathBuf::from);
    let result = format!(
        "{{\"calls\":{CALLS},\"journal_us\":{:.1},\"journal_bytes\":{},\"projector_us\":{:.1}}}\n",
        us(journal),
        bytes / CALLS,
        us(rows)
    );
    std::fs::create_dir_all(json.parent().unwrap()).unwrap();
    std::fs::write(json, result).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
}

/// On a thread of the name that it has in a node, so that a profile tells them apart.
fn on_a_thread<T: Send>(name: &str, work: impl FnOnce() -> T + Send) -> T {
    let builder = std::thread::Builder::new().name(name.to_owned());
    std::thread::scope(|scope| builder.spawn_scoped(scope, work).unwrap().join().unwrap())
}

/// What a worker that carries calls hands to the journal.
fn records() -> Vec<Record> {
    let mut wire = Wire::start(firms(FIRMS.0, FIRMS.1), 1);
    wire.records = Some(Vec::new());
    let mut held = VecDeque::new();
    for call in 0..CALLS {
        held.push_back(wire.call(call % (FIRMS.0 * FIRMS.1), call));
        if held.len() > AT_ONCE {
            wire.hang_up(&held.pop_front().unwrap());
        }
        wire.tick();
    }
    held.iter().for_each(|held| wire.hang_up(held));
    let mut records = wire.records.unwrap();
    for (lsn, record) in (1..).zip(&mut records) {
        record.lsn = lsn;
    }
    records
}

/// The projector's work.
fn project(path: &Path, records: &[Record]) -> Duration {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut projector = Projector::open(path).unwrap();
    let begun = processor();
    for batch in records.chunks(PROJECTED) {
        projector.apply(batch).unwrap();
    }
    processor() - begun
}

/// The journal's work, and the bytes it wrote.
fn write(path: &Path, records: &[Record]) -> (Duration, usize) {
    let home = Home::open(path).unwrap();
    let (mut journal, _) = Journal::<_, Record>::open(home.journal_disk().unwrap()).unwrap();
    let begun = processor();
    for batch in records.chunks(SYNCED) {
        journal.append(batch).unwrap();
        journal.sync().unwrap();
    }
    let spent = processor() - begun;
    let files = std::fs::read_dir(path.join("journal")).unwrap();
    (spent, files.map(|file| usize::try_from(file.unwrap().metadata().unwrap().len()).unwrap()).sum())
}

/// Processor time of this thread so far.
fn processor() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(told.split_whitespace().next().and_then(|ns| ns.parse().ok()).unwrap_or(0))
}
