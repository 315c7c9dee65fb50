//! The contract every back end of the journal must keep, as tests that any [`Disk`] can be put through.

#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "these functions are tests: they fail by panicking")]

use serde::{Deserialize, Serialize};

use crate::{Disk, Error, Journal, Numbered, Numerable, Recovery};

/// A place for files that can be opened again and again.
pub trait Backend {
    /// Its disk.
    type Disk: Disk;

    /// An empty place.
    fn fresh() -> Self;

    /// The disk, as a process finds it that has just been started.
    fn open(&self) -> Self::Disk;
}

/// A small record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number.
    pub lsn: u64,
    /// Some text.
    pub text: String,
}

impl Numbered for Entry {
    fn lsn(&self) -> u64 {
        self.lsn
    }
}

impl Numerable for Entry {
    fn set_lsn(&mut self, lsn: u64) {
        self.lsn = lsn;
    }
}

/// Entries with the numbers of `range`, of different lengths.
pub fn entries(range: std::ops::RangeInclusive<u64>) -> Vec<Entry> {
    range.map(|lsn| Entry { lsn, text: "x".repeat(usize::try_from(lsn % 7).unwrap()) }).collect()
}

/// A journal of [`Entry`]s.
pub type Entries<D> = Journal<D, Entry>;

/// Every test of the contract, one after the other.
pub fn all<B: Backend>() {
    what_was_synced_is_there_again::<B>();
    what_was_not_synced_is_not::<B>();
    a_tail_torn_at_any_byte_is_cut::<B>();
    zeros_and_garbage_are_no_records::<B>();
    segments_follow_one_another::<B>();
    old_segments_go_and_the_last_one_stays::<B>();
    damage_before_the_end_is_an_error::<B>();
    a_missing_segment_is_an_error::<B>();
    another_format_is_left_alone::<B>();
    numbers_have_no_gaps::<B>();
    a_sync_makes_no_file_longer::<B>();
}

const SMALL_SEGMENT_BYTES: u64 = 100;

fn reopen<B: Backend>(backend: &B) -> (Entries<B::Disk>, Recovery) {
    Journal::open_with(backend.open(), SMALL_SEGMENT_BYTES).unwrap()
}

fn written<B: Backend>(batches: &[std::ops::RangeInclusive<u64>]) -> B {
    let backend = B::fresh();
    let (mut journal, _) = reopen(&backend);
    for batch in batches {
        journal.append(&entries(batch.clone())).unwrap();
        assert_eq!(journal.sync().unwrap(), *batch.end());
    }
    backend
}

fn read<D: Disk>(journal: &Entries<D>, after: u64) -> Vec<Entry> {
    journal.records_after(after).map(Result::unwrap).collect()
}

fn segments<B: Backend>(backend: &B) -> Vec<String> {
    backend.open().list().unwrap()
}

fn overwrite<B: Backend>(backend: &B, name: &str, bytes: &[u8]) {
    let mut disk = backend.open();
    disk.append(name, &[]).unwrap();
    disk.truncate(name, 0).unwrap();
    disk.append(name, bytes).unwrap();
    disk.sync(name).unwrap();
}

/// But for those at the end: they were written ahead.
fn without_zeros(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1));
    bytes
}

fn what_was_synced_is_there_again<B: Backend>() {
    let backend = written::<B>(&[1..=1, 2..=4]);
    let (mut journal, recovery) = reopen(&backend);
    assert_eq!(recovery, Recovery { first_lsn: 1, last_lsn: 4, torn_bytes: 0 });
    assert_eq!(read(&journal, 0), entries(1..=4));
    assert_eq!(read(&journal, 3), entries(4..=4));
    assert_eq!(read(&journal, 4), []);
    assert_eq!(journal.sync().unwrap(), 4, "nothing waits, nothing is written");
    journal.append(&entries(5..=5)).unwrap();
    assert_eq!(journal.sync().unwrap(), 5);
    assert_eq!(read(&reopen(&backend).0, 0), entries(1..=5));
}

fn what_was_not_synced_is_not<B: Backend>() {
    let backend = written::<B>(&[1..=2]);
    let (mut journal, _) = reopen(&backend);
    journal.append(&entries(3..=9)).unwrap();
    assert_eq!((journal.last_lsn(), journal.durable_lsn()), (9, 2));
    assert_eq!(read(&journal, 0), entries(1..=2));
    drop(journal);
    assert_eq!(reopen(&backend).1.last_lsn, 2);
}

fn a_tail_torn_at_any_byte_is_cut<B: Backend>() {
    let source = written::<B>(&[1..=2, 3..=4]);
    let name = segments(&source).pop().unwrap();
    let bytes = source.open().read(&name).unwrap();
    let mut whole_before = 0;
    for cut in 0..=bytes.len() {
        let backend = B::fresh();
        overwrite(&backend, &name, &bytes[..cut]);
        let (mut journal, recovery) = reopen(&backend);
        let whole = recovery.last_lsn;
        // The records of one write are there together or not at all.
        assert!(whole == whole_before || whole == whole_before + 2, "cut at {cut}: {whole} after {whole_before}");
        whole_before = whole;
        assert_eq!(read(&journal, 0), entries(1..=whole), "cut at {cut}");
        journal.append(&entries(whole + 1..=whole + 3)).unwrap();
        journal.sync().unwrap();
        let (journal, recovery) = reopen(&backend);
        assert_eq!((recovery.last_lsn, recovery.torn_bytes), (whole + 3, 0), "cut at {cut}");
        assert_eq!(read(&journal, 0), entries(1..=whole + 3), "cut at {cut}");
    }
    assert_eq!(whole_before, 4, "uncut, all are there");
}

fn zeros_and_garbage_are_no_records<B: Backend>() {
    // Zeros at the end are what was written ahead.
    let tails = [(&[0; 64][..], 0), (&[0xff; 64], 64), (&[1, 0, 0, 0, 0, 0, 0, 0, 7], 9), (&[8, 0, 0, 0], 1)];
    for (tail, torn_bytes) in tails {
        let backend = written::<B>(&[1..=3]);
        let name = segments(&backend).pop().unwrap();
        let mut disk = backend.open();
        let whole = without_zeros(disk.read(&name).unwrap());
        disk.truncate(&name, whole.len() as u64).unwrap();
        disk.append(&name, tail).unwrap();
        disk.sync(&name).unwrap();
        let (mut journal, recovery) = reopen(&backend);
        assert_eq!((recovery.last_lsn, recovery.torn_bytes), (3, torn_bytes));
        journal.append(&entries(4..=4)).unwrap();
        journal.sync().unwrap();
        assert_eq!(read(&reopen(&backend).0, 0), entries(1..=4));
    }
    let backend = B::fresh();
    overwrite(&backend, "journal-00000000000000000001.log", &[0; 64]);
    assert_eq!(reopen(&backend).1, Recovery { first_lsn: 1, last_lsn: 0, torn_bytes: 0 });
}

fn segments_follow_one_another<B: Backend>() {
    let batches: Vec<_> = (1..=40).map(|lsn| lsn..=lsn).collect();
    let backend = written::<B>(&batches);
    assert!(segments(&backend).len() > 3, "{:?}", segments(&backend));
    let (journal, recovery) = reopen(&backend);
    assert_eq!(recovery, Recovery { first_lsn: 1, last_lsn: 40, torn_bytes: 0 });
    for after in 0..=41 {
        assert_eq!(read(&journal, after), entries(after + 1..=40), "after {after}");
    }
}

fn old_segments_go_and_the_last_one_stays<B: Backend>() {
    let batches: Vec<_> = (1..=40).map(|lsn| lsn..=lsn).collect();
    let backend = written::<B>(&batches);
    for before in [1, 2, 20, 40, 41, u64::MAX] {
        let (mut journal, _) = reopen(&backend);
        journal.remove_before(before).unwrap();
        let first = journal.first_lsn();
        assert!(first <= before.min(40), "{first} was needed from {before}");
        let (journal, recovery) = reopen(&backend);
        assert_eq!((recovery.first_lsn, recovery.last_lsn), (first, 40));
        assert_eq!(read(&journal, first - 1), entries(first..=40));
    }
    assert_eq!(segments(&backend).len(), 1);
}

fn damage_before_the_end_is_an_error<B: Backend>() {
    let batches: Vec<_> = (1..=40).map(|lsn| lsn..=lsn).collect();
    let backend = written::<B>(&batches);
    let name = segments(&backend).remove(1);
    let whole = without_zeros(backend.open().read(&name).unwrap());
    for offset in [0, 5, 7, whole.len() - 1] {
        let mut bytes = whole.clone();
        bytes[offset] ^= 0xff;
        overwrite(&backend, &name, &bytes);
        let (journal, _) = reopen(&backend);
        let found: Vec<_> = journal.records_after(0).collect();
        assert!(found.len() < 40, "the records end at the damage");
        assert!(matches!(found.last(), Some(Err(Error::Damaged { .. } | Error::Format { .. }))), "byte {offset}");
    }
    overwrite(&backend, &name, &whole[..whole.len() - 1]);
    assert!(reopen(&backend).0.records_after(0).any(|record| matches!(record, Err(Error::Damaged { .. }))));
}

fn a_missing_segment_is_an_error<B: Backend>() {
    let batches: Vec<_> = (1..=40).map(|lsn| lsn..=lsn).collect();
    let backend = written::<B>(&batches);
    let name = segments(&backend).remove(1);
    backend.open().remove(&name).unwrap();
    assert!(reopen(&backend).0.records_after(0).any(|record| matches!(record, Err(Error::Gap { .. }))));
}

fn another_format_is_left_alone<B: Backend>() {
    for (bytes, format) in [(&b"TGJL\x09\x00and more"[..], 9), (b"not a journal", 0)] {
        let backend = B::fresh();
        let name = "journal-00000000000000000001.log";
        overwrite(&backend, name, bytes);
        let error = Entries::open(backend.open()).map(|_| ()).unwrap_err();
        assert!(matches!(error, Error::Format { found, .. } if found == format), "{error}");
        assert_eq!(backend.open().read(name).unwrap(), bytes);
    }
}

fn a_sync_makes_no_file_longer<B: Backend>() {
    let backend = B::fresh();
    let (mut journal, _) = Entries::open(backend.open()).unwrap();
    let mut lengths = Vec::new();
    for lsn in 1..=20 {
        journal.append(&entries(lsn..=lsn)).unwrap();
        journal.sync().unwrap();
        lengths.push(backend.open().read(&segments(&backend)[0]).unwrap().len());
    }
    assert!(lengths.iter().all(|length| *length == lengths[0]), "{lengths:?}");
    drop(journal);
    let (mut journal, recovery) = Entries::open(backend.open()).unwrap();
    assert_eq!((recovery.last_lsn, recovery.torn_bytes), (20, 0));
    journal.append(&entries(21..=30)).unwrap();
    journal.sync().unwrap();
    journal.begin_segment();
    journal.append(&entries(31..=31)).unwrap();
    journal.sync().unwrap();
    assert_eq!(read(&Entries::open(backend.open()).unwrap().0, 0), entries(1..=31));
}

fn numbers_have_no_gaps<B: Backend>() {
    let backend = written::<B>(&[1..=3]);
    let (mut journal, _) = reopen(&backend);
    for wrong in [3, 5] {
        let error = journal.append(&entries(wrong..=wrong)).unwrap_err();
        assert!(matches!(error, Error::Gap { expected: 4, found } if found == wrong), "{error}");
    }
    journal.append(&entries(4..=4)).unwrap();
    assert_eq!(journal.sync().unwrap(), 4);
}
