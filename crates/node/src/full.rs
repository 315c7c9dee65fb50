//! A full disk: nothing can be written down, so nothing new may be spent; what runs goes on.
//!
//! New calls that cost money are refused at once, with their record waiting for room; calls that talk already get the
//! leases they ask for although their holds are not durable yet; emergency calls wait for no disk anyway. What is at
//! stake is what running calls cost while the disk is full, and only if the node also crashes before there is room. Should
//! so much wait that memory is at stake, new calls and registrations are turned away without a record.

use account::{Input, Refusal, RefusalCode, Reply, Verdict};
use billing::Dialled;

use crate::Worker;
use crate::log::Log;

/// Records that may wait for a full disk before new calls and registrations are turned away unrecorded; the rest of the
/// journal's queue is left to calls that run, to emergencies and to bans.
pub const MAX_WAITING_FOR_ROOM: u64 = 2_048;

impl Worker {
    /// The disk has no room, or has room again.
    pub fn disk_full(&mut self, now_ms: u64, full: bool) {
        if std::mem::replace(&mut self.disk_full, full) == full {
            return;
        }
        if full {
            for reply in self.log.take_leases() {
                self.reply(now_ms, reply);
            }
            self.drive(now_ms);
        }
    }

    /// Whether the disk is full, how many records wait to be written, and for how long the oldest of them has,
    /// milliseconds.
    pub fn waits_for_disk(&self, now_ms: u64) -> (bool, u64, u64) {
        (self.disk_full, self.log.waiting_records(), self.log.longest_wait_ms(now_ms))
    }
}

/// The answer to what must not even be written down any more, while the disk is full.
pub(crate) fn turned_away(log: &Log, input: &Input) -> Option<Reply> {
    if log.waiting_records() < MAX_WAITING_FOR_ROOM {
        return None;
    }
    match input {
        Input::Screen(attempt) if !matches!(attempt.look_ups.dialled, Dialled::Emergency(_)) => {
            let text = "the disk of this node is full: new calls have to wait until there is room".to_owned();
            let refusal = Refusal { code: RefusalCode::DiskFull, text };
            Some(Reply::Verdict { call: attempt.call, verdict: Verdict::Refused(refusal) })
        }
        Input::Register(registration) => Some(Reply::RegisterRefused { token: registration.token, status: 503 }),
        _ => None,
    }
}
