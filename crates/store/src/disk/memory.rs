//! A disk in memory that can crash, run full and fail to sync: for the simulator and for tests.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Disk;

/// A disk in memory. Clones share the same files, so that a test keeps a handle while a journal owns the disk.
#[derive(Clone, Debug, Default)]
pub struct MemoryDisk {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    files: BTreeMap<String, MemoryFile>,
    /// Most bytes in all files together; `None` without limit.
    capacity: Option<usize>,
    /// Whether the next sync fails.
    fail_sync: bool,
}

#[derive(Debug, Default)]
struct MemoryFile {
    bytes: Vec<u8>,
    /// How many of them survive a crash for certain.
    synced: usize,
    /// Zeros behind them.
    ahead: usize,
    /// Whether the name survives a crash for certain.
    named: bool,
}

impl MemoryDisk {
    /// An empty disk.
    pub fn new() -> Self {
        Self::default()
    }

    /// Pulls the plug. Of each file the synced bytes stay; `survives` is given the name and the bytes not yet synced
    /// and returns what is found in their place afterwards: all of them, a part (a torn write), nothing (lost), or
    /// other bytes. Behind them are the zeros that were written ahead. A file never synced of which nothing survives is
    /// gone.
    pub fn crash(&self, mut survives: impl FnMut(&str, &[u8]) -> Vec<u8>) {
        let mut state = self.lock();
        state.fail_sync = false;
        state.files.retain(|name, file| {
            let synced = file.synced.min(file.bytes.len());
            let tail = file.bytes.split_off(synced);
            if !tail.is_empty() {
                file.bytes.extend(survives(name, &tail));
            }
            let stays = file.named || !file.bytes.is_empty();
            file.bytes.resize(file.bytes.len() + std::mem::take(&mut file.ahead), 0);
            file.synced = file.bytes.len();
            file.named = true;
            stays
        });
    }

    /// Limits the bytes of all files together; an append above it writes what fits and fails with `StorageFull`. With no
    /// room at all nothing fits, not even where zeros were written ahead: as on a file system that never overwrites.
    pub fn set_capacity(&self, bytes: Option<usize>) {
        self.lock().capacity = bytes;
    }

    /// Lets the next sync fail; what it should have made durable is not.
    pub fn fail_next_sync(&self) {
        self.lock().fail_sync = true;
    }

    /// Overwrites one byte, as a decaying medium does. Nothing happens where there is no such byte.
    pub fn flip_byte(&self, name: &str, offset: usize) {
        if let Some(byte) = self.lock().files.get_mut(name).and_then(|file| file.bytes.get_mut(offset)) {
            *byte ^= 0xff;
        }
    }

    /// Another disk, with what this one would keep for certain if it crashed now.
    pub fn synced(&self) -> Self {
        let state = self.lock();
        let named = state.files.iter().filter(|(_, file)| file.named);
        let files = named.map(|(name, file)| (name.clone(), file.kept())).collect();
        Self { state: Arc::new(Mutex::new(State { files, ..State::default() })) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is whole after every operation, so a panic elsewhere leaves nothing half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MemoryFile {
    fn kept(&self) -> Self {
        let mut bytes = self.bytes.get(..self.synced).unwrap_or_default().to_vec();
        bytes.resize(bytes.len() + self.ahead, 0);
        Self { synced: bytes.len(), bytes, ahead: 0, named: true }
    }
}

impl State {
    /// How many of so many further bytes there is room for.
    fn room_for(&self, bytes: usize) -> usize {
        let used: usize = self.files.values().map(|file| file.bytes.len() + file.ahead).sum();
        self.capacity.map_or(bytes, |capacity| capacity.saturating_sub(used).min(bytes))
    }

    fn file(&mut self, name: &str) -> io::Result<&mut MemoryFile> {
        self.files.get_mut(name).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Disk for MemoryDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.lock().files.keys().cloned().collect())
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let mut state = self.lock();
        let file = state.file(name)?;
        let mut bytes = file.bytes.clone();
        bytes.resize(bytes.len() + file.ahead, 0);
        Ok(bytes)
    }

    fn append(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.lock();
        let ahead = state.files.get(name).filter(|_| state.capacity != Some(0)).map_or(0, |file| file.ahead);
        let ahead = ahead.min(bytes.len());
        let fits = ahead + state.room_for(bytes.len() - ahead);
        let file = state.files.entry(name.to_owned()).or_default();
        file.ahead -= ahead;
        file.bytes.extend_from_slice(&bytes[..fits]);
        if fits < bytes.len() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn write_ahead(&mut self, name: &str, until: u64) -> io::Result<()> {
        let mut state = self.lock();
        let file = state.files.entry(name.to_owned()).or_default();
        let more = usize::try_from(until).unwrap_or(usize::MAX).saturating_sub(file.bytes.len() + file.ahead);
        if state.room_for(more) < more {
            return Err(io::ErrorKind::StorageFull.into());
        }
        state.file(name)?.ahead += more;
        Ok(())
    }

    fn sync(&mut self, name: &str) -> io::Result<()> {
        let mut state = self.lock();
        if std::mem::take(&mut state.fail_sync) {
            return Err(io::Error::other("input/output error"));
        }
        let file = state.file(name)?;
        file.synced = file.bytes.len();
        file.named = true;
        Ok(())
    }

    fn truncate(&mut self, name: &str, len: u64) -> io::Result<()> {
        let mut state = self.lock();
        let file = state.file(name)?;
        file.ahead = 0;
        file.bytes.truncate(usize::try_from(len).unwrap_or(usize::MAX));
        file.synced = file.synced.min(file.bytes.len());
        Ok(())
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.lock();
        let mut file = state.files.remove(from).ok_or(io::ErrorKind::NotFound)?;
        file.named = true;
        state.files.insert(to.to_owned(), file);
        Ok(())
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        self.lock().files.remove(name).map(drop).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}
