//! Sealing a journal anew, after its key has changed.

use super::frame;
use crate::{Disk, Error};

const TEMPORARY: &str = "journal.tmp";

/// Seals every record on the disk with the newest key, a segment at a time: each is replaced as a whole, so that a crash
/// leaves the old one or the new one.
pub(crate) fn reseal(disk: &mut impl Disk) -> Result<(), Error> {
    for name in disk.list().map_err(|e| Error::file("list", "the journal", e))? {
        if name == TEMPORARY {
            disk.remove(TEMPORARY).map_err(|e| Error::file("remove", TEMPORARY, e))?;
        }
        if frame::first_lsn(&name).is_none() {
            continue;
        }
        let bytes = disk.read(&name).map_err(|e| Error::file("read", &name, e))?;
        let Some(seal) = disk.seal() else { return Ok(()) };
        if !frame::check_header(&name, &bytes, Some(seal))? {
            continue;
        }
        let mut anew = frame::header(Some(seal)).to_vec();
        let mut frames = frame::Frames::after_header(&bytes);
        while let Some(payload) = frames.next_whole() {
            let frame = frame::Frame::begin(Some(seal), &mut anew);
            anew.extend(seal.open(&name, payload.bytes)?);
            frame.close(0, Some(seal), &mut anew)?;
        }
        // What is behind the last whole frame was never durable.
        let written = disk.append(TEMPORARY, &anew).and_then(|()| disk.sync(TEMPORARY));
        written.map_err(|e| Error::file("write", TEMPORARY, e))?;
        disk.rename(TEMPORARY, &name).map_err(|e| Error::file("rename the new", &name, e))?;
    }
    Ok(())
}
