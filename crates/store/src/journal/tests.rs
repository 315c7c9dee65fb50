//! The contract on both disks, and what only a disk in memory can do: fill up, fail to sync, crash in the middle.

use proptest::prelude::*;

use super::*;
use crate::contract::{self, Backend, Entries, entries};
use crate::{FileDisk, MemoryDisk};

struct InMemory(MemoryDisk);

impl Backend for InMemory {
    type Disk = MemoryDisk;
    fn fresh() -> Self {
        Self(MemoryDisk::new())
    }
    fn open(&self) -> MemoryDisk {
        self.0.clone()
    }
}

struct InFiles(tempfile::TempDir);

impl Backend for InFiles {
    type Disk = FileDisk;
    fn fresh() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
    fn open(&self) -> FileDisk {
        FileDisk::open(self.0.path()).unwrap()
    }
}

#[test]
fn the_memory_disk_keeps_the_contract() {
    contract::all::<InMemory>();
}

#[test]
fn the_file_disk_keeps_the_contract() {
    contract::all::<InFiles>();
}

#[test]
fn a_full_disk_loses_nothing() {
    let disk = MemoryDisk::new();
    let (mut journal, _) = Entries::open(disk.clone()).unwrap();
    for room in [0, 3, 6, 10, 20] {
        disk.set_capacity(Some(room));
        if journal.last_lsn() == 0 {
            journal.append(&entries(1..=3)).unwrap();
        }
        assert!(matches!(journal.sync(), Err(Error::DiskFull { .. })), "{room} bytes");
        assert_eq!(journal.durable_lsn(), 0);
    }
    journal.append(&entries(4..=4)).unwrap();
    disk.set_capacity(None);
    assert_eq!(journal.sync().unwrap(), 4);
    disk.crash(|_, _| Vec::new());
    let (journal, recovery) = Entries::open(disk).unwrap();
    assert_eq!((recovery.last_lsn, recovery.torn_bytes), (4, 0));
    assert_eq!(journal.records_after(0).map(Result::unwrap).collect::<Vec<_>>(), entries(1..=4));
}

#[test]
fn after_a_failed_sync_nothing_more_is_promised() {
    let disk = MemoryDisk::new();
    let (mut journal, _) = Entries::open(disk.clone()).unwrap();
    journal.append(&entries(1..=2)).unwrap();
    journal.sync().unwrap();
    journal.append(&entries(3..=3)).unwrap();
    disk.fail_next_sync();
    assert!(matches!(journal.sync(), Err(Error::File { what: "sync", .. })));
    assert!(matches!(journal.sync(), Err(Error::Poisoned)));
    assert!(matches!(journal.append(&entries(4..=4)), Err(Error::Poisoned)));
    assert_eq!(journal.durable_lsn(), 2);
}

#[test]
fn what_a_killed_process_left_to_the_kernel_is_synced_before_it_counts() {
    let disk = MemoryDisk::new();
    let (mut journal, _) = Entries::open(disk.clone()).unwrap();
    journal.append(&entries(1..=3)).unwrap();
    disk.fail_next_sync();
    journal.sync().unwrap_err();
    drop(journal);
    let (journal, recovery) = Entries::open(disk.clone()).unwrap();
    assert_eq!((recovery.last_lsn, journal.durable_lsn()), (3, 3));
    disk.crash(|_, _| Vec::new());
    assert_eq!(Entries::open(disk).unwrap().1.last_lsn, 3);
}

/// What a crash in the middle of a sync leaves of the bytes written.
#[derive(Clone, Debug)]
enum Torn {
    Prefix(prop::sample::Index),
    ZerosAfter(prop::sample::Index),
    ZerosAt(prop::sample::Index),
}

fn torn() -> impl Strategy<Value = Torn> {
    prop_oneof![
        any::<prop::sample::Index>().prop_map(Torn::Prefix),
        any::<prop::sample::Index>().prop_map(Torn::ZerosAfter),
        any::<prop::sample::Index>().prop_map(Torn::ZerosAt),
    ]
}

impl Torn {
    fn of(&self, tail: &[u8]) -> Vec<u8> {
        let mut left = tail.to_vec();
        match self {
            Self::Prefix(at) => left.truncate(at.index(tail.len() + 1)),
            Self::ZerosAfter(at) => left[at.index(tail.len())..].fill(0),
            Self::ZerosAt(at) => {
                let at = at.index(tail.len());
                left[at..].iter_mut().take(16).for_each(|byte| *byte = 0);
            }
        }
        left
    }
}

proptest! {
    /// Rounds of: a few synced batches, then a crash in the middle of a sync. What was durable is always there; what
    /// is there besides is a beginning of what was being written.
    #[test]
    fn crashes_lose_only_what_was_not_durable(
        rounds in prop::collection::vec((prop::collection::vec(1..6u64, 0..5), 1..6u64, torn()), 1..6),
        segment_bytes in 1..200u64,
    ) {
        let disk = MemoryDisk::new();
        for (batches, last_batch, torn) in rounds {
            let (mut journal, recovery) = Entries::open_with(disk.clone(), segment_bytes).unwrap();
            let mut next = recovery.last_lsn + 1;
            for size in batches {
                journal.append(&entries(next..=next + size - 1)).unwrap();
                next += size;
                prop_assert_eq!(journal.sync().unwrap(), next - 1);
            }
            let durable = journal.durable_lsn();
            journal.append(&entries(next..=next + last_batch - 1)).unwrap();
            disk.fail_next_sync();
            prop_assert!(journal.sync().is_err());
            disk.crash(|_, tail| torn.of(tail));

            let (journal, recovery) = Entries::open_with(disk.clone(), segment_bytes).unwrap();
            prop_assert!(recovery.last_lsn >= durable && recovery.last_lsn <= durable + last_batch);
            let found: Vec<_> = journal.records_after(0).map(Result::unwrap).collect();
            prop_assert_eq!(found, entries(1..=recovery.last_lsn));
        }
    }

    /// No bytes whatever make opening or reading panic.
    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200), ours in any::<bool>()) {
        let mut disk = MemoryDisk::new();
        let name = frame::segment_name(1);
        if ours {
            disk.append(&name, &frame::header(None)).unwrap();
        }
        disk.append(&name, &bytes).unwrap();
        if let Ok((journal, _)) = Entries::open(disk) {
            journal.records_after(0).for_each(drop);
        }
    }
}
