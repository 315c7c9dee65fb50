//! The append-only journal: numbered records in segments, made durable by one sync for all that wait.

mod frame;
mod records;
mod reseal;
#[cfg(test)]
mod tests;

use std::marker::PhantomData;

use serde::{Serialize, de::DeserializeOwned};

use crate::{Disk, Error};
use frame::Frame;
pub use records::Records;
pub(crate) use reseal::reseal;

/// A segment of this size or more is followed by a new one, bytes.
pub const SEGMENT_BYTES: u64 = 64 << 20;

/// A segment is written ahead by so much, bytes: for so much no sync changes its size.
const AHEAD_BYTES: u64 = 1 << 20;

/// The largest record, bytes (a deck of a few hundred thousand rows is the largest there is).
pub const MAX_RECORD_BYTES: usize = 32 << 20;

/// What has a log sequence number: a record its own (they count from 1 without gaps), a state that of the last record
/// in it.
pub trait Numbered {
    /// Log sequence number.
    fn lsn(&self) -> u64;
}

/// A record that gets its number from the journal's thread, in the order in which it takes the records of all sources.
pub trait Numerable: Numbered {
    /// Gives it its number.
    fn set_lsn(&mut self, lsn: u64);
}

impl Numbered for node::Record {
    fn lsn(&self) -> u64 {
        self.lsn
    }
}

impl Numerable for node::Record {
    fn set_lsn(&mut self, lsn: u64) {
        self.lsn = lsn;
    }
}

impl Numbered for node::NodeState {
    fn lsn(&self) -> u64 {
        self.lsn
    }
}

/// What opening a journal found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// The first record there is (one above `last_lsn` where there is none).
    pub first_lsn: u64,
    /// The last whole record; 0 for a new journal.
    pub last_lsn: u64,
    /// Bytes at the end that are no whole record: writes that were never reported durable and did not survive whole. They
    /// are cut off by the next write, so that until then nothing is destroyed; as are zeros behind them, which do not count.
    pub torn_bytes: u64,
}

/// An append-only journal of records `T` on a disk `D`.
///
/// Records wait in memory after [`append`](Journal::append) and are durable after [`sync`](Journal::sync). A segment
/// file is named after its first record and is whole and synced before the next one is begun, so only the last one
/// can have a torn tail.
#[derive(Debug)]
pub struct Journal<D, T> {
    disk: D,
    /// First record of each segment, ascending, never empty; the last one's file may not exist yet.
    segments: Vec<u64>,
    /// Bytes of whole records (and header) in the last segment's file.
    len: u64,
    /// Whether more than that may be in the file, to be cut off before the next write.
    torn: bool,
    /// Up to where that file was written ahead; less than `len` where it was not.
    ahead: u64,
    /// How far it is written ahead each time.
    ahead_bytes: u64,
    /// Size at which a new segment is begun.
    segment_bytes: u64,
    /// Last record appended.
    last_lsn: u64,
    /// Last record known durable.
    durable_lsn: u64,
    /// Encoded records not yet written.
    waiting: Vec<u8>,
    poisoned: bool,
    records: PhantomData<fn(T) -> T>,
}

impl<D: Disk, T: Numbered + Serialize + DeserializeOwned> Journal<D, T> {
    /// Opens the journal on a disk (or begins one), finds the torn tail of its last segment, and makes durable what is
    /// before it: a process killed between write and sync leaves whole records that only the kernel has. Changes no file.
    ///
    /// # Errors
    /// Disk errors; a last segment of another format; a record that this version cannot read.
    pub fn open(disk: D) -> Result<(Self, Recovery), Error> {
        Self::open_with(disk, SEGMENT_BYTES)
    }

    /// As [`open`](Journal::open), with another segment size (tests and the simulator rotate early).
    ///
    /// # Errors
    /// As `open`.
    pub fn open_with(mut disk: D, segment_bytes: u64) -> Result<(Self, Recovery), Error> {
        let names = disk.list().map_err(|e| Error::file("list", "the journal", e))?;
        let mut segments: Vec<u64> = names.iter().filter_map(|name| frame::first_lsn(name)).collect();
        segments.sort_unstable();
        let tail = match segments.last() {
            Some(&first) => find_tail::<D, T>(&mut disk, first)?,
            None => Tail { last_lsn: 0, len: 0, torn_bytes: 0, is_longer: false },
        };
        if segments.is_empty() {
            segments.push(1);
        }
        let recovery = Recovery { first_lsn: segments[0], last_lsn: tail.last_lsn, torn_bytes: tail.torn_bytes };
        let journal = Self {
            disk,
            segments,
            len: tail.len,
            torn: tail.is_longer,
            ahead: 0,
            ahead_bytes: AHEAD_BYTES.min(segment_bytes),
            segment_bytes,
            last_lsn: tail.last_lsn,
            durable_lsn: tail.last_lsn,
            waiting: Vec::new(),
            poisoned: false,
            records: PhantomData,
        };
        Ok((journal, recovery))
    }

    /// Takes records in, in order; they are durable only after the next [`sync`](Journal::sync).
    ///
    /// # Errors
    /// A number out of order, a record too large or not encodable (the records before it are taken in), a poisoned
    /// journal.
    pub fn append(&mut self, records: &[T]) -> Result<(), Error> {
        if self.poisoned {
            return Err(Error::Poisoned);
        }
        let mut open: Option<Frame> = None;
        let mut put = |record: &T| {
            let (seal, out) = (self.disk.seal(), &mut self.waiting);
            let expected = self.last_lsn.saturating_add(1);
            if record.lsn() != expected {
                return Err(Error::Gap { expected, found: record.lsn() });
            }
            let frame = *open.get_or_insert_with(|| Frame::begin(seal, out));
            frame.put(record, expected, out)?;
            self.last_lsn = expected;
            if frame.is_full(out) {
                open = None;
                frame.close(expected, seal, out)?;
            }
            Ok(())
        };
        let taken_in = records.iter().try_for_each(&mut put);
        if let Some(frame) = open {
            frame.close(self.last_lsn, self.disk.seal(), &mut self.waiting)?;
        }
        taken_in
    }

    /// Writes what waits and makes it durable; returns the last durable record.
    ///
    /// # Errors
    /// [`Error::DiskFull`]: nothing is lost, call again when there is room. Any other error poisons the journal: the
    /// kernel may have dropped what it could not write, so a second sync that succeeds would prove nothing. Restart
    /// and recover instead.
    pub fn sync(&mut self) -> Result<u64, Error> {
        if self.poisoned {
            return Err(Error::Poisoned);
        }
        if self.waiting.is_empty() {
            return Ok(self.durable_lsn);
        }
        let name = self.current_name();
        if self.torn {
            self.cut_tail(&name)?;
        }
        let header = frame::header(self.disk.seal());
        self.make_room(&name, self.len + (header.len() + self.waiting.len()) as u64)?;
        if self.len == 0 {
            self.write(&name, &header)?;
        }
        let waiting = std::mem::take(&mut self.waiting);
        let written = self.write(&name, &waiting);
        // Kept for another try, or else for its room.
        self.waiting = waiting;
        written?;
        self.waiting.clear();
        self.disk.sync(&name).map_err(|source| {
            self.poisoned = true;
            Error::File { what: "sync", name, source }
        })?;
        self.durable_lsn = self.last_lsn;
        self.rotate_if_full();
        Ok(self.durable_lsn)
    }

    /// Reads the records after `lsn`, in order, segment by segment.
    pub fn records_after(&self, lsn: u64) -> Records<'_, D, T> {
        Records::new(&self.disk, &self.segments, lsn, self.durable_lsn)
    }

    /// Removes the segments that hold only records before `lsn`. The last segment always stays.
    ///
    /// The caller answers for it that these records are both in a snapshot that will be loaded and projected into
    /// the tables; see [`crate::Snapshots::fallback`].
    ///
    /// # Errors
    /// Disk errors; segments already removed stay removed.
    pub fn remove_before(&mut self, lsn: u64) -> Result<(), Error> {
        while let Some(&next) = self.segments.get(1) {
            if next > lsn {
                break;
            }
            let name = frame::segment_name(self.segments[0]);
            self.disk.remove(&name).map_err(|e| Error::file("remove", &name, e))?;
            self.segments.remove(0);
        }
        Ok(())
    }

    /// Goes on in a new segment, so that what is in this one can leave the journal as soon as nobody needs it any more,
    /// however little it is. Nothing happens while something waits to be written.
    pub fn begin_segment(&mut self) {
        if self.len > 0 && !self.torn && !self.poisoned && self.durable_lsn == self.last_lsn {
            self.segments.push(self.last_lsn + 1);
            (self.len, self.ahead) = (0, 0);
        }
    }

    /// The first record there is, or one above the last where there is none.
    pub fn first_lsn(&self) -> u64 {
        self.segments[0]
    }

    /// Last record taken in.
    pub fn last_lsn(&self) -> u64 {
        self.last_lsn
    }

    /// Last record known durable.
    pub fn durable_lsn(&self) -> u64 {
        self.durable_lsn
    }

    fn current_name(&self) -> String {
        frame::segment_name(self.segments[self.segments.len() - 1])
    }

    /// Appends to the current segment. What a failed append left there is cut off before the next one.
    fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        self.disk.append(name, bytes).map_err(|cause| {
            let error = Error::file("append to", name, cause);
            self.torn = true;
            self.poisoned = !matches!(error, Error::DiskFull { .. });
            error
        })?;
        self.len += bytes.len() as u64;
        Ok(())
    }

    /// Writes ahead for bytes up to `until` and more, where that was not done yet. On a disk that has no room for more
    /// than what is needed a file grows as it must.
    fn make_room(&mut self, name: &str, until: u64) -> Result<(), Error> {
        if until <= self.ahead {
            return Ok(());
        }
        let ahead = until + self.ahead_bytes;
        match self.disk.write_ahead(name, ahead).map_err(|cause| Error::file("write ahead in", name, cause)) {
            Ok(()) => self.ahead = ahead,
            Err(Error::DiskFull { .. }) => {}
            Err(error) => {
                self.poisoned = true;
                return Err(error);
            }
        }
        Ok(())
    }

    fn cut_tail(&mut self, name: &str) -> Result<(), Error> {
        self.disk.truncate(name, self.len).map_err(|e| Error::file("cut the torn tail of", name, e))?;
        (self.torn, self.ahead) = (false, self.len);
        Ok(())
    }

    /// Everything in the current segment is durable here, so the next one may begin.
    fn rotate_if_full(&mut self) {
        if self.len >= self.segment_bytes {
            self.begin_segment();
        }
    }
}

/// The end of the journal.
struct Tail {
    last_lsn: u64,
    /// Bytes up to it in the last segment.
    len: u64,
    /// Bytes behind it, but for the zeros at the end.
    torn_bytes: u64,
    /// Whether there are any, zeros or not.
    is_longer: bool,
}

/// Finds the last whole record of the last segment, which is durable then.
fn find_tail<D: Disk, T: Numbered + DeserializeOwned>(disk: &mut D, first: u64) -> Result<Tail, Error> {
    let name = frame::segment_name(first);
    disk.sync(&name).map_err(|e| Error::file("sync", &name, e))?;
    let bytes = disk.read(&name).map_err(|e| Error::file("read", &name, e))?;
    let mut tail = Tail { last_lsn: first.saturating_sub(1), len: 0, torn_bytes: 0, is_longer: false };
    let mut frames = frame::Frames::at(&bytes, 0);
    if frame::check_header(&name, &bytes, disk.seal())? {
        frames = frame::Frames::after_header(&bytes);
        while let Some(payload) = frames.next_whole() {
            for record in frame::decode::<T>(&name, payload, disk.seal())? {
                tail.last_lsn = frame::follow(tail.last_lsn, record.lsn())?;
            }
        }
    }
    tail.len = frames.offset();
    (tail.torn_bytes, tail.is_longer) = (frames.bytes_behind(), tail.len < bytes.len() as u64);
    Ok(tail)
}
