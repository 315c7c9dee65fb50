//! How much the worker reads of strangers and answers them over UDP, where a source address may be forged.

use std::collections::BTreeSet;
use std::net::IpAddr;

use account::{Flow, Transport};
use edge::Directory;
use lockout::Lockout;

use crate::Worker;

/// How an answer begins; requests of ours go only to carriers and to those who have proven themselves.
const ANSWER: &[u8] = b"SIP/2.0 ";

impl Worker {
    /// Whether a stranger's datagram is to be read: only while there are not too many of them.
    pub(crate) fn may_come(&self, now_ms: u64, flow: &Flow, bytes: &[u8], limit_s: u32) -> bool {
        self.doors.strangers(|strangers| strangers.received(flow.remote.ip(), bytes.len(), limit_s, now_ms))
    }

    /// Whether a message may go out: an answer to a stranger only as far as it makes them no louder.
    pub(crate) fn may_go(&mut self, now_ms: u64, flow: &Flow, bytes: &[u8]) -> bool {
        !bytes.starts_with(ANSWER)
            || self.limit_of_stranger(now_ms, flow).is_none()
            || self.doors.strangers(|strangers| strangers.may_send(flow.remote.ip(), bytes.len()))
    }

    /// How many datagrams of strangers are read each second, if this flow is one of theirs: its source has proven nothing
    /// and may be forged.
    pub(crate) fn limit_of_stranger(&mut self, now_ms: u64, flow: &Flow) -> Option<u32> {
        // Read before the lock-out is asked: who becomes a stranger meanwhile is counted in a later number.
        let estranged = self.doors.estranged();
        if flow.transport != Transport::Udp || self.acquaintances.knows(flow.remote, now_ms, estranged) {
            return None;
        }
        let is_fixed = self.fixed.contains(&flow.remote.ip().to_canonical());
        let limit_s = |lockout: &Lockout| lockout.settings().strangers_s;
        let look = |lockout: &Lockout| lockout.acquainted_until_ms(flow.remote, now_ms).ok_or_else(|| limit_s(lockout));
        let until_ms = if is_fixed { Ok(u64::MAX) } else { self.doors.look(look) };
        until_ms.map(|until_ms| self.acquaintances.meet(flow.remote, until_ms)).err()
    }
}

/// Where trunks and carriers are set up.
pub(crate) fn fixed(directory: &Directory) -> BTreeSet<IpAddr> {
    directory.by_address.keys().copied().chain(directory.carriers_ips()).map(|ip| ip.to_canonical()).collect()
}
