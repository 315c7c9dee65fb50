//! Snapshots: newest first, the older one when it has decayed, never an invented beginning.

use super::*;
use crate::MemoryDisk;

type State = Vec<String>;

fn state(text: &str) -> State {
    vec![text.to_owned(); 3]
}

#[test]
fn the_newest_of_the_last_two_is_loaded() {
    let disk = MemoryDisk::new();
    let mut snapshots = Snapshots::new(disk.clone());
    assert_eq!(snapshots.load_latest::<State>().unwrap(), None);
    for (lsn, fallback) in [(5, None), (50, Some(5)), (500, Some(50))] {
        snapshots.save(lsn, &state(&lsn.to_string())).unwrap();
        assert_eq!(snapshots.fallback().unwrap(), fallback);
    }
    disk.crash(|_, _| Vec::new());
    assert_eq!(snapshots.load_latest().unwrap(), Some((500, state("500"))));
    assert_eq!(snapshots.load_oldest().unwrap(), Some((50, state("50"))));
    assert_eq!(disk.list().unwrap(), [file_name(50), file_name(500)]);
}

#[test]
fn a_crash_while_saving_leaves_the_one_before() {
    let disk = MemoryDisk::new();
    let mut snapshots = Snapshots::new(disk.clone());
    snapshots.save(1, &state("one")).unwrap();
    disk.fail_next_sync();
    assert!(matches!(snapshots.save(2, &state("two")), Err(Error::File { .. })));
    disk.crash(|_, tail| tail[..tail.len() / 2].to_vec());
    assert_eq!(snapshots.load_latest().unwrap(), Some((1, state("one"))));
    snapshots.save(3, &state("three")).unwrap();
    assert_eq!(snapshots.load_latest().unwrap(), Some((3, state("three"))));
    assert_eq!(disk.list().unwrap(), [file_name(1), file_name(3)]);
}

#[test]
fn any_decayed_byte_is_noticed_and_the_older_snapshot_serves() {
    let disk = MemoryDisk::new();
    let mut snapshots = Snapshots::new(disk.clone());
    snapshots.save(1, &state("one")).unwrap();
    snapshots.save(2, &state("two")).unwrap();
    let size = disk.read(&file_name(2)).unwrap().len();
    // Bytes 4 and 5 are the format version, which is checked after the checksum that does not cover it.
    for offset in (0..size).filter(|offset| !(4..6).contains(offset)) {
        disk.flip_byte(&file_name(2), offset);
        assert_eq!(snapshots.load_latest().unwrap(), Some((1, state("one"))), "byte {offset}");
        disk.flip_byte(&file_name(2), offset);
    }
    disk.flip_byte(&file_name(2), 4);
    assert!(matches!(snapshots.load_latest::<State>(), Err(Error::Format { found: 0xfe, .. })));
}

#[test]
fn without_a_readable_snapshot_nothing_is_invented() {
    let disk = MemoryDisk::new();
    let mut snapshots = Snapshots::new(disk.clone());
    snapshots.save(7, &state("seven")).unwrap();
    disk.flip_byte(&file_name(7), 20);
    assert!(matches!(snapshots.load_latest::<State>(), Err(Error::NoSnapshot { count: 1, .. })));
}
