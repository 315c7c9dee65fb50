//! How a segment looks in bytes: a header, then frames of length, checksum and postcard payload.
//!
//! Header: `TGJL` and the format version (u16, little endian). Frame: payload length (u32), CRC-32 (u32) of length
//! and payload, payload. The payload is the records of one write, one behind the other, so that they are sealed and checked
//! together; on a disk with a seal (format 2) it is sealed. The checksum covers the length, so that zeros (a tail the file system extended but never
//! wrote) are no valid frame.

use serde::{Serialize, de::DeserializeOwned};

use super::MAX_RECORD_BYTES;
use crate::{Error, Seal, behind};

const MAGIC: &[u8; 4] = b"TGJL";
const FORMAT: u16 = 1;
const SEALED_FORMAT: u16 = 2;
/// A frame of this size or more is followed by a new one, bytes.
pub(super) const FRAME_BYTES: usize = 1 << 20;
/// What records and their seal can come to at most, bytes.
const MAX_FRAME_BYTES: usize = FRAME_BYTES + MAX_RECORD_BYTES + 1_024;
const HEADER_BYTES: usize = 6;
const FRAME_HEAD_BYTES: usize = 8;

/// The file name of the segment that begins with record `first`.
pub(super) fn segment_name(first: u64) -> String {
    format!("journal-{first:020}.log")
}

/// The first record of a segment, from its file name.
pub(super) fn first_lsn(name: &str) -> Option<u64> {
    let first = name.strip_prefix("journal-")?.strip_suffix(".log")?.parse().ok()?;
    (first > 0 && segment_name(first) == name).then_some(first)
}

/// The bytes every segment begins with.
pub(super) fn header(seal: Option<&Seal>) -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    header[..4].copy_from_slice(MAGIC);
    header[4..].copy_from_slice(&format(seal).to_le_bytes());
    header
}

/// Whether a segment's header is whole (`false`: torn, so nothing behind it was ever durable).
pub(super) fn check_header(name: &str, bytes: &[u8], seal: Option<&Seal>) -> Result<bool, Error> {
    let expected = header(seal);
    let Some(found) = bytes.first_chunk::<HEADER_BYTES>() else { return Ok(false) };
    if *found == expected {
        return Ok(true);
    }
    // Zeros in place of a part are what a crash leaves; anything else is not ours.
    if found.iter().zip(expected).all(|(found, expected)| *found == expected || *found == 0) {
        return Ok(false);
    }
    let found = if found.starts_with(MAGIC) { u16::from_le_bytes([found[4], found[5]]) } else { 0 };
    Err(Error::Format { name: name.to_owned(), found, expected: format(seal) })
}

fn format(seal: Option<&Seal>) -> u16 {
    if seal.is_some() { SEALED_FORMAT } else { FORMAT }
}

/// A frame that is being written at the end of what waits.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    /// Where it begins.
    at: usize,
    /// Where its records begin.
    records_at: usize,
}

impl Frame {
    /// Leaves room for its head, and for that of its seal.
    pub(super) fn begin(seal: Option<&Seal>, out: &mut Vec<u8>) -> Self {
        let at = out.len();
        let records_at = at + FRAME_HEAD_BYTES + if seal.is_some() { Seal::ROOM_BYTES } else { 0 };
        out.resize(records_at, 0);
        Self { at, records_at }
    }

    /// Adds a record; on an error the frame is as before.
    pub(super) fn put<T: Serialize>(self, record: &T, lsn: u64, out: &mut Vec<u8>) -> Result<(), Error> {
        let before = out.len();
        behind::put(record, out).map_err(|source| Error::Encode { lsn, source })?;
        let bytes = out.len() - before;
        if bytes > MAX_RECORD_BYTES {
            out.truncate(before);
            return Err(Error::TooLarge { what: "record", lsn, bytes, max: MAX_RECORD_BYTES });
        }
        Ok(())
    }

    /// Whether another one should be begun.
    pub(super) fn is_full(self, out: &[u8]) -> bool {
        out.len() - self.records_at >= FRAME_BYTES
    }

    /// Seals it, where the disk has a seal, and writes its head; a frame without a record is taken away.
    pub(super) fn close(self, lsn: u64, seal: Option<&Seal>, out: &mut Vec<u8>) -> Result<(), Error> {
        if out.len() == self.records_at {
            out.truncate(self.at);
            return Ok(());
        }
        let payload_at = self.at + FRAME_HEAD_BYTES;
        if let Some(seal) = seal {
            seal.seal_behind(payload_at, out);
        }
        let payload = &out[payload_at..];
        let length = u32::try_from(payload.len())
            .ok()
            .filter(|_| payload.len() <= MAX_FRAME_BYTES)
            .ok_or(Error::TooLarge { what: "frame", lsn, bytes: payload.len(), max: MAX_FRAME_BYTES })?;
        let checksum = checksum(length, payload);
        out[self.at..self.at + 4].copy_from_slice(&length.to_le_bytes());
        out[self.at + 4..payload_at].copy_from_slice(&checksum.to_le_bytes());
        Ok(())
    }
}

/// Reads the records of a payload, in order.
pub(super) fn decode<T: DeserializeOwned>(
    name: &str,
    payload: Payload<'_>,
    seal: Option<&Seal>,
) -> Result<Vec<T>, Error> {
    let plain = match seal {
        Some(seal) => &seal.open(name, payload.bytes)?,
        None => payload.bytes,
    };
    let (mut records, mut rest) = (Vec::new(), plain);
    while !rest.is_empty() {
        let undecodable = |source| Error::Undecodable { name: name.to_owned(), offset: payload.offset, source };
        let (record, behind) = postcard::take_from_bytes(rest).map_err(undecodable)?;
        records.push(record);
        rest = behind;
    }
    Ok(records)
}

/// The number of the record after `last`, which must be the next.
pub(super) fn follow(last: u64, found: u64) -> Result<u64, Error> {
    let expected = last.saturating_add(1);
    if found == expected { Ok(found) } else { Err(Error::Gap { expected, found }) }
}

fn checksum(length: u32, payload: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&length.to_le_bytes());
    crc.update(payload);
    crc.finalize()
}

/// The payload of a whole frame.
#[derive(Clone, Copy)]
pub(super) struct Payload<'a> {
    /// Where its frame begins in the segment.
    pub(super) offset: u64,
    pub(super) bytes: &'a [u8],
}

/// Walks over the frames of a segment held in memory.
pub(super) struct Frames<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Frames<'a> {
    /// From behind the header.
    pub(super) fn after_header(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: HEADER_BYTES }
    }

    /// From a given offset.
    pub(super) fn at(bytes: &'a [u8], offset: usize) -> Self {
        Self { bytes, offset }
    }

    /// The next frame, or `None` where no whole and valid frame follows.
    pub(super) fn next_whole(&mut self) -> Option<Payload<'a>> {
        let (length, rest) = self.bytes.get(self.offset..)?.split_first_chunk::<4>()?;
        let (crc, rest) = rest.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(*length);
        let size = usize::try_from(length).ok().filter(|size| *size <= MAX_FRAME_BYTES)?;
        let bytes = rest.get(..size)?;
        if checksum(length, bytes) != u32::from_le_bytes(*crc) {
            return None;
        }
        let offset = self.offset as u64;
        self.offset += FRAME_HEAD_BYTES + size;
        Some(Payload { offset, bytes })
    }

    /// Behind the last whole frame.
    pub(super) fn offset(&self) -> u64 {
        self.offset as u64
    }

    /// How many bytes follow, but for zeros at the end: those were written ahead.
    pub(super) fn bytes_behind(&self) -> u64 {
        let rest = self.bytes.get(self.offset..).unwrap_or_default();
        rest.iter().rposition(|byte| *byte != 0).map_or(0, |last| last as u64 + 1)
    }
}
