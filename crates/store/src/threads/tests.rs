//! The three threads together, from a fresh directory to a crash and on.

use std::sync::mpsc::{Receiver, channel, sync_channel};

use account::Effect;
use billing::Money;
use node::Body;
use serde::Deserialize;

use super::*;
use crate::{Home, MemoryDisk, Reader, recover_state, recover_tables};

/// A state that counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Count {
    lsn: u64,
    records: u64,
}

impl Numbered for Count {
    fn lsn(&self) -> u64 {
        self.lsn
    }
}

impl Count {
    fn apply(&mut self, record: &Record) -> Result<(), Error> {
        self.lsn = record.lsn;
        self.records += 1;
        Ok(())
    }
}

fn record(lsn: u64) -> Record {
    let held = Money::from_micros(i64::try_from(lsn).unwrap());
    let effects = vec![Effect::Balance { balance: Money::ZERO, held }];
    Record {
        lsn,
        at_ms: lsn,
        body: Body::Account { account: "law-000".parse().unwrap(), seq: lsn, input: account::Input::Tick, effects },
    }
}

/// A node's disks, which outlive it.
struct Disks {
    journal: MemoryDisk,
    snapshots: MemoryDisk,
    home: Home,
    _directory: tempfile::TempDir,
}

impl Disks {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let home = Home::open(&directory.path().join("data")).unwrap();
        Self { journal: MemoryDisk::new(), snapshots: MemoryDisk::new(), home, _directory: directory }
    }

    /// Recovers and opens, as a starting node does.
    fn open(&self) -> (Parts<MemoryDisk>, Count) {
        let (journal, _) = Journal::open_with(self.journal.clone(), 1 << 10).unwrap();
        let snapshots = Snapshots::new(self.snapshots.clone());
        let mut projector = Projector::open(&self.home.database()).unwrap();
        let state = recover_state(&journal, &snapshots, Count::apply).unwrap();
        recover_tables(&journal, &mut projector).unwrap();
        let desk = Arc::new(Desk::open(&self.home.database()).unwrap());
        (Parts { journal, projector, snapshots, desk }, state)
    }
}

fn events() -> (OnEvent, Receiver<StoreEvent>) {
    let (sender, events) = channel();
    (Arc::new(move |event| drop(sender.send(event))), events)
}

#[test]
fn snapshots_follow_and_the_journal_is_cut() {
    let disks = Disks::new();
    let (parts, mut state) = disks.open();
    let (on_event, events) = events();
    let (states, inbox) = sync_channel(1);
    let threads = Threads::start(parts, 1, inbox, &on_event).unwrap();
    let handle = threads.handle(0);
    for lsn in 1..=300 {
        handle.submit(record(lsn)).unwrap();
        state.apply(&record(lsn)).unwrap();
        // One batch each, so that segments end between them.
        while !matches!(events.recv().unwrap(), StoreEvent::Durable { lsn: durable, .. } if durable == lsn) {}
        if lsn % 100 == 0 {
            states.send(state.clone()).unwrap();
            while !matches!(events.recv().unwrap(), StoreEvent::Saved(saved) if saved == lsn) {}
        }
    }
    drop(states);
    threads.stop(Some(&state)).unwrap();

    let (parts, recovered) = disks.open();
    assert_eq!(recovered, state);
    assert_eq!(parts.projector.applied_lsn().unwrap(), 300);
    let first = parts.journal.first_lsn();
    assert!(first > 100 && first <= 201, "cut up to the older snapshot of 200 and 300: {first}");
}

#[test]
fn after_a_crash_state_and_tables_are_those_of_the_durable_records() {
    let disks = Disks::new();
    let (parts, _) = disks.open();
    let (on_event, events) = events();
    let (states, inbox) = sync_channel(1);
    let threads = Threads::start(parts, 1, inbox, &on_event).unwrap();
    let handle = threads.handle(0);
    for lsn in 1..=10 {
        handle.submit(record(lsn)).unwrap();
    }
    while !matches!(events.recv().unwrap(), StoreEvent::Durable { lsn: 10, .. }) {}
    // The state runs ahead of the journal, whose next sync fails: neither snapshot may be kept.
    disks.journal.fail_next_sync();
    states.send(Count { lsn: 11, records: 11 }).unwrap();
    handle.submit(record(11)).unwrap();
    while !matches!(events.recv().unwrap(), StoreEvent::Failed(_)) {}
    drop(states);
    threads.stop(Some(&Count { lsn: 11, records: 11 })).unwrap();
    disks.journal.crash(|_, _| Vec::new());

    let (parts, recovered) = disks.open();
    assert_eq!(recovered, Count { lsn: 10, records: 10 });
    assert_eq!(parts.projector.applied_lsn().unwrap(), 10);
    Reader::open(&disks.home.database()).unwrap();
}
