//! Reading the journal back, one segment in memory at a time.

use std::collections::VecDeque;

use serde::de::DeserializeOwned;

use super::{Numbered, frame};
use crate::{Disk, Error};

/// The records after a given one, in order. Ends after the first error.
#[derive(Debug)]
pub struct Records<'a, D, T> {
    disk: &'a D,
    /// Segments still to read, by first record.
    segments: VecDeque<u64>,
    /// The segment being read.
    name: String,
    bytes: Vec<u8>,
    offset: usize,
    /// What is left of the frame that was read last.
    frame: VecDeque<T>,
    /// The last record seen, returned or skipped.
    last: u64,
    /// Records up to this one are skipped.
    after: u64,
    /// Records up to this one must come.
    until: u64,
    failed: bool,
}

impl<'a, D: Disk, T: Numbered + DeserializeOwned> Records<'a, D, T> {
    pub(super) fn new(disk: &'a D, segments: &[u64], after: u64, until: u64) -> Self {
        let wanted = after.saturating_add(1);
        // The segment that holds the first wanted record is the last one that begins at or before it.
        let skip = segments.partition_point(|first| *first <= wanted).saturating_sub(1);
        let segments: VecDeque<u64> = segments.iter().skip(skip).copied().collect();
        let last = if after >= until { until } else { segments.front().map_or(0, |first| first.saturating_sub(1)) };
        Self {
            disk,
            segments,
            name: String::new(),
            bytes: Vec::new(),
            offset: 0,
            frame: VecDeque::new(),
            last,
            after,
            until,
            failed: false,
        }
    }

    /// The next record wanted, `None` at the end.
    fn advance(&mut self) -> Result<Option<T>, Error> {
        while self.last < self.until {
            if let Some(record) = self.frame.pop_front() {
                self.last = frame::follow(self.last, record.lsn())?;
                if self.last > self.after {
                    return Ok(Some(record));
                }
                continue;
            }
            let mut frames = frame::Frames::at(&self.bytes, self.offset);
            if let Some(payload) = frames.next_whole() {
                self.frame = frame::decode(&self.name, payload, self.disk.seal())?.into();
                self.offset = usize::try_from(frames.offset()).unwrap_or(usize::MAX);
            } else if frames.bytes_behind() == 0 {
                self.next_segment()?;
            } else {
                return Err(Error::Damaged { name: self.name.clone(), offset: frames.offset() });
            }
        }
        Ok(None)
    }

    fn next_segment(&mut self) -> Result<(), Error> {
        let expected = self.last.saturating_add(1);
        let Some(first) = self.segments.pop_front() else {
            return Err(Error::Damaged { name: self.name.clone(), offset: self.offset as u64 });
        };
        if first != expected {
            return Err(Error::Gap { expected, found: first });
        }
        self.name = frame::segment_name(first);
        self.bytes = self.disk.read(&self.name).map_err(|e| Error::file("read", &self.name, e))?;
        if !frame::check_header(&self.name, &self.bytes, self.disk.seal())? {
            return Err(Error::Damaged { name: self.name.clone(), offset: 0 });
        }
        self.offset = usize::try_from(frame::Frames::after_header(&self.bytes).offset()).unwrap_or(usize::MAX);
        Ok(())
    }
}

impl<D: Disk, T: Numbered + DeserializeOwned> Iterator for Records<'_, D, T> {
    type Item = Result<T, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let next = self.advance().transpose();
        self.failed = matches!(next, Some(Err(_)));
        next
    }
}
