//! The few disk operations that journal and snapshots need, so that all their logic runs on any disk.

mod file;
mod memory;

use std::io;

use crate::Seal;

pub use file::FileDisk;
pub use memory::MemoryDisk;

/// One flat directory of files.
///
/// The contract that the journal builds on: after a crash a file holds at least everything that was appended before
/// its last successful [`sync`](Disk::sync); of what was appended later anything may be left (nothing, a part, zeros in
/// place of a part; behind it the zeros that were [written ahead](Disk::write_ahead)). `truncate`, `rename` and `remove` are
/// durable when they return, and `rename` is atomic.
pub trait Disk {
    /// Names of all files, in ascending order.
    fn list(&self) -> io::Result<Vec<String>>;

    /// A whole file.
    fn read(&self, name: &str) -> io::Result<Vec<u8>>;

    /// Adds bytes at the end of a file, which is created where it does not exist. On an error a part of the bytes may
    /// have been added.
    fn append(&mut self, name: &str, bytes: &[u8]) -> io::Result<()>;

    /// Writes zeros behind a file's end, up to so many bytes of it: a sync of what is appended there later writes data
    /// alone, which costs far less than to make a file longer. They are no part of the file until something is appended
    /// in their place, but are found behind its end by whoever opens the disk next.
    ///
    /// # Errors
    /// Where there is no room for all of them; none is left then.
    fn write_ahead(&mut self, name: &str, until: u64) -> io::Result<()>;

    /// Makes a file's bytes and its name durable. After an error the state of everything appended since the last
    /// success is unknown, and trying again proves nothing (the kernel may have dropped the pages).
    fn sync(&mut self, name: &str) -> io::Result<()>;

    /// Cuts a file to its first `len` bytes.
    fn truncate(&mut self, name: &str, len: u64) -> io::Result<()>;

    /// Gives a file another name, replacing a file of that name.
    fn rename(&mut self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    fn remove(&mut self, name: &str) -> io::Result<()>;

    /// What records and snapshots on it are sealed with; nothing where they are readable.
    fn seal(&self) -> Option<&Seal> {
        None
    }
}
