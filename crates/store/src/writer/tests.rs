//! The writer thread: order, group commit, events, a clean stop, a disk that fails.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel, sync_channel};

use super::*;
use crate::MemoryDisk;
use crate::contract::{Entries, Entry, entries};

struct Running {
    disk: MemoryDisk,
    writer: Writer<Entry>,
    events: Receiver<StoreEvent>,
    batches: Receiver<Vec<Entry>>,
}

fn start() -> Running {
    start_with(1 << 16)
}

/// With a projector's queue of so many places.
fn start_with(places: usize) -> Running {
    let disk = MemoryDisk::new();
    let (journal, _) = Entries::open_with(disk.clone(), 1 << 10).unwrap();
    let (projector, batches) = sync_channel(places);
    let (sender, events) = channel();
    let on_event = Arc::new(move |event| drop(sender.send(event)));
    let writer = Writer::spawn(journal, 2, projector, on_event).unwrap();
    Running { disk, writer, events, batches }
}

#[test]
fn a_clean_stop_flushes_in_order() {
    let running = start();
    let handle = running.writer.handle(0);
    for entry in entries(1..=5000) {
        handle.submit(entry).unwrap();
    }
    assert_eq!(running.writer.stop().unwrap(), 5000);
    assert!(matches!(handle.submit(entries(5001..=5001).remove(0)), Err(Error::WriterStopped)));
    let mut told = 0;
    for event in running.events {
        let StoreEvent::Durable { lsn, .. } = event else { panic!("{event:?}") };
        assert!(lsn > told);
        told = lsn;
    }
    assert_eq!(told, 5000);
    let batches: Vec<_> = running.batches.iter().collect();
    assert!(batches.iter().all(|batch| batch.len() <= MAX_BATCH));
    assert_eq!(batches.concat(), entries(1..=5000));
    running.disk.crash(|_, _| Vec::new());
    assert_eq!(Entries::open(running.disk).unwrap().1.last_lsn, 5000);
}

#[test]
fn a_projector_that_is_busy_holds_up_nobody_and_gets_the_rest_at_once() {
    let running = start_with(1);
    let handle = running.writer.handle(0);
    for entry in entries(1..=20) {
        handle.submit(entry).unwrap();
        assert!(matches!(running.events.recv().unwrap(), StoreEvent::Durable { .. }));
    }
    let sizes: Vec<_> = [running.batches.recv().unwrap(), running.batches.recv().unwrap()].map(|b| b.len()).into();
    assert_eq!(sizes, [1, 19]);
    running.writer.stop().unwrap();
}

#[test]
fn durable_means_durable() {
    let running = start();
    let handle = running.writer.handle(0);
    for entry in entries(1..=20) {
        let lsn = entry.lsn;
        handle.submit(entry).unwrap();
        let event = running.events.recv().unwrap();
        assert!(matches!(event, StoreEvent::Durable { lsn: durable, .. } if durable == lsn), "{event:?}");
        let copy = running.disk.synced();
        assert_eq!(Entries::open(copy).unwrap().1.last_lsn, lsn);
    }
    running.writer.stop().unwrap();
}

#[test]
fn a_failed_sync_stops_it() {
    let running = start();
    let handle = running.writer.handle(0);
    handle.submit(entries(1..=1).remove(0)).unwrap();
    assert!(matches!(running.events.recv().unwrap(), StoreEvent::Durable { lsn: 1, .. }));
    running.disk.fail_next_sync();
    handle.submit(entries(2..=2).remove(0)).unwrap();
    assert!(matches!(running.events.recv().unwrap(), StoreEvent::Failed(Error::File { .. })));
    assert_eq!(running.writer.stop().unwrap(), 1);
}

#[test]
fn sources_are_numbered_together_and_counted_apart() {
    let running = start();
    let (one, other) = (running.writer.handle(0), running.writer.handle(1));
    let mut durable = (0, Vec::new());
    for (handle, text) in [(&one, "a"), (&other, "b"), (&one, "c")] {
        handle.submit(Entry { lsn: 0, text: text.into() }).unwrap();
        let StoreEvent::Durable { lsn, of_source } = running.events.recv().unwrap() else { panic!("not durable") };
        durable = (lsn, of_source);
    }
    assert_eq!(durable, (3, vec![2, 1]));
    running.writer.stop().unwrap();
    let found: Vec<_> = running.batches.iter().flatten().map(|entry| (entry.lsn, entry.text)).collect();
    assert_eq!(found, [(1, "a".into()), (2, "b".into()), (3, "c".into())]);
}

#[test]
fn a_full_disk_is_waited_for_until_the_stop() {
    let running = start();
    let handle = running.writer.handle(0);
    running.disk.set_capacity(Some(10));
    handle.submit(entries(1..=1).remove(0)).unwrap();
    handle.submit(entries(2..=2).remove(0)).unwrap();
    assert!(matches!(running.events.recv().unwrap(), StoreEvent::DiskFull(Error::DiskFull { .. })));
    running.disk.set_capacity(None);
    // The park ends early when the thread is unparked; a person with a full disk waits a second.
    running.writer.thread.thread().unpark();
    assert!(running.events.iter().any(|event| matches!(event, StoreEvent::Durable { lsn: 2, .. })));
    running.disk.set_capacity(Some(10));
    // More than was written ahead.
    handle.submit(Entry { lsn: 3, text: "x".repeat(1 << 12) }).unwrap();
    assert!(running.events.iter().any(|event| matches!(event, StoreEvent::DiskFull(_))));
    assert_eq!(running.writer.stop().unwrap(), 2);
}

#[test]
fn old_segments_are_removed_on_request() {
    let running = start();
    let handle = running.writer.handle(0);
    // One at a time: each is a batch, so that segments end between them.
    for entry in entries(1..=500) {
        let lsn = entry.lsn;
        handle.submit(entry).unwrap();
        assert!(matches!(running.events.recv().unwrap(), StoreEvent::Durable { lsn: durable, .. } if durable == lsn));
    }
    handle.remove_before(400).unwrap();
    running.writer.stop().unwrap();
    let first = Entries::open(running.disk).unwrap().1.first_lsn;
    assert!(first > 1 && first <= 400, "{first}");
}
