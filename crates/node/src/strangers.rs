//! How much the worker reads of strangers and answers them over UDP, where a source address may be forged.

use std::net::IpAddr;

use account::{Flow, Transport};

use crate::Worker;

/// How an answer begins; requests of ours go only to carriers and to those who have proven themselves.
const ANSWER: &[u8] = b"SIP/2.0 ";

impl Worker {
    /// Whether a message that came is to be read: a stranger's datagram only while there are not too many of them.
    pub(crate) fn may_come(&mut self, now_ms: u64, flow: &Flow, bytes: &[u8]) -> bool {
        let limit_s = self.lockout.settings().strangers_s;
        !self.is_stranger(now_ms, flow) || self.strangers.received(flow.remote.ip(), bytes.len(), limit_s, now_ms)
    }

    /// Whether a message may go out: an answer to a stranger only as far as it makes them no louder.
    pub(crate) fn may_go(&mut self, now_ms: u64, flow: &Flow, bytes: &[u8]) -> bool {
        !bytes.starts_with(ANSWER)
            || !self.is_stranger(now_ms, flow)
            || self.strangers.may_send(flow.remote.ip(), bytes.len())
    }

    /// Whether a datagram's source has proven nothing and may be forged.
    fn is_stranger(&self, now_ms: u64, flow: &Flow) -> bool {
        flow.transport == Transport::Udp
            && self.lockout.is_stranger(flow.remote, now_ms)
            && !self.is_fixed(flow.remote.ip())
    }

    /// Whether a trunk or a carrier is set up at this address.
    fn is_fixed(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.directory.by_address.contains_key(&ip)
            || self.directory.carriers.values().any(|one| one.address.ip() == ip || one.sources.contains(&ip))
    }
}
