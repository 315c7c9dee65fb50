//! Snapshots: a whole state as of one record, so that recovery need not read the journal from its beginning.
//!
//! File: `TGSN`, format version (u16), CRC-32 (u32) of number and payload, record number (u64), postcard payload (sealed
//! on a disk with a seal, format 2); all little endian. Written under another name, synced, then renamed: a snapshot that has its name is whole.

use std::borrow::Cow;

use serde::{Serialize, de::DeserializeOwned};

use crate::{Disk, Error, Seal};

/// How many snapshots are kept: should the newest have decayed, the one before it and more of the journal serve.
pub const SNAPSHOTS_KEPT: usize = 2;

/// The largest snapshot, bytes.
pub const MAX_SNAPSHOT_BYTES: usize = 1 << 30;

const MAGIC: &[u8; 4] = b"TGSN";
const FORMAT: u16 = 1;
const SEALED_FORMAT: u16 = 2;
const HEAD_BYTES: usize = 18;
const TEMPORARY: &str = "snapshot.tmp";

/// The snapshots on one disk.
#[derive(Debug)]
pub struct Snapshots<D> {
    disk: D,
}

impl<D: Disk> Snapshots<D> {
    /// Those on `disk`.
    pub fn new(disk: D) -> Self {
        Self { disk }
    }

    /// Writes the state as it is after record `lsn`, durably, and removes all but the newest [`SNAPSHOTS_KEPT`].
    ///
    /// # Errors
    /// Disk errors, a state that cannot be encoded or is too large; earlier snapshots are then still there.
    pub fn save<S: Serialize>(&mut self, lsn: u64, state: &S) -> Result<(), Error> {
        let payload = postcard::to_stdvec(state).map_err(|source| Error::Encode { lsn, source })?;
        self.put(lsn, &payload)?;
        let all = self.numbered()?;
        for (_, old) in all.iter().rev().skip(SNAPSHOTS_KEPT) {
            self.remove(old)?;
        }
        Ok(())
    }

    /// Seals all snapshots anew.
    ///
    /// # Errors
    /// As [`save`](Snapshots::save) and [`load_latest`](Snapshots::load_latest).
    pub(crate) fn reseal(&mut self) -> Result<(), Error> {
        for (_, name) in self.numbered()? {
            let bytes = self.disk.read(&name).map_err(|e| Error::file("read", &name, e))?;
            let (lsn, payload) = payload_of(&name, &bytes, self.disk.seal())?;
            self.put(lsn, &payload)?;
        }
        Ok(())
    }

    /// Writes a snapshot in place of one of the same number.
    fn put(&mut self, lsn: u64, payload: &[u8]) -> Result<(), Error> {
        let bytes = encode(lsn, payload, self.disk.seal())?;
        if self.names()?.iter().any(|(_, name)| name == TEMPORARY) {
            self.remove(TEMPORARY)?;
        }
        let written = self.disk.append(TEMPORARY, &bytes).and_then(|()| self.disk.sync(TEMPORARY));
        written.map_err(|e| Error::file("write", TEMPORARY, e))?;
        let name = file_name(lsn);
        self.disk.rename(TEMPORARY, &name).map_err(|e| Error::file("rename the new", &name, e))
    }

    /// The newest snapshot that can be read, with the record it stands at. `None` where there is no snapshot at all.
    ///
    /// # Errors
    /// Disk errors, a snapshot of another format, or snapshots of which none is whole: the journal may be cut behind
    /// them, so beginning with nothing would be wrong.
    pub fn load_latest<S: DeserializeOwned>(&self) -> Result<Option<(u64, S)>, Error> {
        let mut all = self.numbered()?;
        all.reverse();
        self.load_first(&all)
    }

    /// The oldest snapshot that can be read: most of the journal comes after it. `None` where there is no snapshot at all.
    ///
    /// # Errors
    /// As [`load_latest`](Snapshots::load_latest).
    pub fn load_oldest<S: DeserializeOwned>(&self) -> Result<Option<(u64, S)>, Error> {
        self.load_first(&self.numbered()?)
    }

    fn load_first<S: DeserializeOwned>(&self, all: &[(u64, String)]) -> Result<Option<(u64, S)>, Error> {
        for (_, name) in all {
            let bytes = self.disk.read(name).map_err(|e| Error::file("read", name, e))?;
            match decode(name, &bytes, self.disk.seal()) {
                Ok(found) => return Ok(Some(found)),
                Err(error @ Error::Damaged { .. }) => {
                    tracing::error!(%error, "falling back to another snapshot")
                }
                Err(error) => return Err(error),
            }
        }
        match all.first() {
            Some((_, name)) => Err(Error::NoSnapshot { count: all.len(), name: name.clone() }),
            None => Ok(None),
        }
    }

    /// The record of the older of the snapshots kept, once there are [`SNAPSHOTS_KEPT`]. Records up to it (and shown by
    /// the tables, durably) may leave the journal: should the newest snapshot have decayed, this one and the journal
    /// after it make the state.
    ///
    /// # Errors
    /// Disk errors.
    pub fn fallback(&self) -> Result<Option<u64>, Error> {
        let all = self.numbered()?;
        Ok(all.first().filter(|_| all.len() >= SNAPSHOTS_KEPT).map(|(lsn, _)| *lsn))
    }

    /// All files, with their record number where they are snapshots.
    fn names(&self) -> Result<Vec<(Option<u64>, String)>, Error> {
        let names = self.disk.list().map_err(|e| Error::file("list", "the snapshots", e))?;
        Ok(names.into_iter().map(|name| (number(&name), name)).collect())
    }

    /// Snapshots, oldest first (names are padded, so their order is that of the numbers).
    fn numbered(&self) -> Result<Vec<(u64, String)>, Error> {
        Ok(self.names()?.into_iter().filter_map(|(lsn, name)| Some((lsn?, name))).collect())
    }

    fn remove(&mut self, name: &str) -> Result<(), Error> {
        self.disk.remove(name).map_err(|e| Error::file("remove", name, e))
    }
}

fn file_name(lsn: u64) -> String {
    format!("snapshot-{lsn:020}.bin")
}

fn number(name: &str) -> Option<u64> {
    let lsn = name.strip_prefix("snapshot-")?.strip_suffix(".bin")?.parse().ok()?;
    (file_name(lsn) == name).then_some(lsn)
}

fn encode(lsn: u64, payload: &[u8], seal: Option<&Seal>) -> Result<Vec<u8>, Error> {
    if payload.len() > MAX_SNAPSHOT_BYTES {
        return Err(Error::TooLarge { what: "snapshot", lsn, bytes: payload.len(), max: MAX_SNAPSHOT_BYTES });
    }
    let sealed = seal.map(|seal| seal.seal(payload));
    let payload = sealed.as_deref().unwrap_or(payload);
    let mut bytes = Vec::with_capacity(HEAD_BYTES + payload.len());
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&format(seal).to_le_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&lsn.to_le_bytes());
    bytes.extend_from_slice(payload);
    let crc = crc32fast::hash(&bytes[10..]);
    bytes[6..10].copy_from_slice(&crc.to_le_bytes());
    Ok(bytes)
}

fn decode<S: DeserializeOwned>(name: &str, bytes: &[u8], seal: Option<&Seal>) -> Result<(u64, S), Error> {
    let (lsn, payload) = payload_of(name, bytes, seal)?;
    let state = postcard::from_bytes(&payload).map_err(|source| Error::Undecodable {
        name: name.to_owned(),
        offset: HEAD_BYTES as u64,
        source,
    })?;
    Ok((lsn, state))
}

/// The number and the payload of a snapshot, unsealed.
fn payload_of<'a>(name: &str, bytes: &'a [u8], seal: Option<&Seal>) -> Result<(u64, Cow<'a, [u8]>), Error> {
    let damaged = || Error::Damaged { name: name.to_owned(), offset: 0 };
    let head = bytes.first_chunk::<HEAD_BYTES>().filter(|head| head.starts_with(MAGIC)).ok_or_else(damaged)?;
    let (payload, numbered) = (&bytes[HEAD_BYTES..], &bytes[10..]);
    if crc32fast::hash(numbered).to_le_bytes() != head[6..10] {
        return Err(damaged());
    }
    let found = u16::from_le_bytes([head[4], head[5]]);
    if found != format(seal) {
        return Err(Error::Format { name: name.to_owned(), found, expected: format(seal) });
    }
    let lsn = numbered.first_chunk::<8>().map(|lsn| u64::from_le_bytes(*lsn)).ok_or_else(damaged)?;
    let payload = match seal {
        Some(seal) => seal.open(name, payload)?.into(),
        None => payload.into(),
    };
    Ok((lsn, payload))
}

fn format(seal: Option<&Seal>) -> u16 {
    if seal.is_some() { SEALED_FORMAT } else { FORMAT }
}

#[cfg(test)]
mod tests;
