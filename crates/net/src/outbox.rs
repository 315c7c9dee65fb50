//! What a socket sends with its next flush, put in such an order that much of it goes as one.
//!
//! A busy step answers many peers at once, or one peer (a carrier, a customer's switch) many times. Datagrams to one
//! destination that are equally long are brought together, so that the system takes them as one (`crate::batch`). What
//! belongs to one call never overtakes another message of that call.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::Arc;

use memchr::memmem::Finder;

use crate::batch::{self, Addressed};

/// So much is sent before the flush, so that no step holds more.
const CAPACITY: usize = 1_024;
/// Fewer go one by one: it would save nothing that counts, and a capture on this machine shows a run as one long datagram.
const FEW: usize = 8;
/// So many flushes go without runs when the system has refused one: the way out cannot cut, or is narrow.
const RESTING: u32 = 1_000;

/// The datagrams that wait for the flush.
#[derive(Debug)]
pub struct Outbox {
    waiting: Vec<Addressed>,
    /// How many flushes yet go without runs.
    resting: u32,
    call_id: Finder<'static>,
}

impl Outbox {
    /// An empty one.
    pub fn new() -> Self {
        Self { waiting: Vec::new(), resting: 0, call_id: Finder::new("\r\nCall-ID: ") }
    }

    /// Puts a datagram down; true if all should be sent now.
    pub fn put(&mut self, to: SocketAddr, bytes: Arc<[u8]>) -> bool {
        self.waiting.push((to, bytes));
        self.waiting.len() == CAPACITY
    }

    /// Sends what was put down. A full buffer loses datagrams, as the network may: timers resend.
    pub fn flush(&mut self, socket: &impl AsFd) {
        let mut waiting = std::mem::take(&mut self.waiting);
        let is_much = waiting.len() >= FEW;
        let in_runs = is_much && self.resting == 0;
        self.resting = self.resting.saturating_sub(u32::from(is_much));
        let ordered = if in_runs { self.arranged(&waiting) } else { waiting.iter().collect() };
        let mut left = ordered.as_slice();
        // What was refused as a run may be refused by itself as well: then it is the destination's fault, not the run's.
        let mut refused = false;
        while let Some((to, _)) = left.first() {
            let done = match batch::send(socket, left, in_runs && !refused) {
                Ok(done) => done.max(1),
                Err(_) if in_runs && !refused => {
                    refused = true;
                    continue;
                }
                Err(error) => {
                    tracing::debug!(%to, %error, "a datagram was not sent");
                    refused = false;
                    1
                }
            };
            left = left.get(done..).unwrap_or_default();
        }
        if refused {
            self.resting = RESTING;
        }
        waiting.clear();
        self.waiting = waiting;
    }

    /// What waits, by destination and length; what is a call's second message behind all first ones, and so on.
    fn arranged<'a>(&self, waiting: &'a [Addressed]) -> Vec<&'a Addressed> {
        let mut of_calls: BTreeMap<&[u8], u32> = BTreeMap::new();
        let mut places = Vec::with_capacity(waiting.len());
        for datagram in waiting {
            let (to, bytes) = datagram;
            let nth = of_calls.entry(self.call_of(bytes)).or_default();
            *nth += 1;
            places.push((*nth, to, bytes.len(), datagram));
        }
        places.sort_by_key(|&(nth, to, length, _)| (nth, to, length));
        places.into_iter().map(|(.., datagram)| datagram).collect()
    }

    /// The Call-ID as the node writes it; all that shows none is taken for one call.
    fn call_of<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        let value = self.call_id.find(bytes).and_then(|at| bytes.get(at + self.call_id.needle().len()..));
        let value = value.unwrap_or_default();
        memchr::memchr(b'\r', value).and_then(|end| value.get(..end)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use super::*;

    /// A message of that call with so many bytes.
    fn message(call: &str, length: usize) -> Arc<[u8]> {
        let mut text = format!("SIP/2.0 200 OK\r\nCall-ID: {call}\r\n\r\n").into_bytes();
        text.resize(length, b'.');
        text.into()
    }

    fn to(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    fn arranged(outbox: &Outbox) -> Vec<(u16, usize)> {
        outbox.arranged(&outbox.waiting).iter().map(|(to, bytes)| (to.port(), bytes.len())).collect()
    }

    #[test]
    fn what_is_alike_comes_together_and_no_message_overtakes_another_of_its_call() {
        let mut outbox = Outbox::new();
        let all =
            [(1, "a", 180), (2, "a2", 300), (1, "b", 200), (1, "c", 180), (1, "a", 90), (1, "b", 180), (2, "c2", 300)];
        for (port, call, length) in all {
            assert!(!outbox.put(to(port), message(call, length)));
        }
        let first = [(1, 180), (1, 180), (1, 200), (2, 300), (2, 300)];
        let second = [(1, 90), (1, 180)];
        assert_eq!(arranged(&outbox), [&first[..], &second].concat());
    }

    #[test]
    fn what_shows_no_call_stays_in_its_order() {
        let mut outbox = Outbox::new();
        for length in [9, 4, 9, 4] {
            outbox.put(to(1), vec![b'x'; length].into());
        }
        assert_eq!(arranged(&outbox), [(1, 9), (1, 4), (1, 9), (1, 4)]);
    }

    #[test]
    fn what_the_system_does_not_take_as_one_goes_one_by_one_for_a_while() {
        let (here, there) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
        there.set_nonblocking(true).unwrap();
        batch::refuse_runs(&here);
        let mut outbox = Outbox::new();
        let all: Vec<Arc<[u8]>> = (0..FEW).map(|call| message(&call.to_string(), 100)).collect();
        for turn in 0..3 {
            for bytes in &all {
                outbox.put(there.local_addr().unwrap(), Arc::clone(bytes));
            }
            outbox.flush(&here);
            assert_eq!((outbox.waiting.len(), outbox.resting), (0, RESTING - turn));
            for sent in &all {
                let mut bytes = [0; 200];
                let length = there.recv(&mut bytes).unwrap();
                assert_eq!(bytes[..length], **sent);
            }
        }
    }

    #[test]
    fn a_peer_that_cannot_be_reached_stops_no_runs() {
        let (here, there) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
        there.set_nonblocking(true).unwrap();
        let mut outbox = Outbox::new();
        for call in 0..FEW {
            // Nothing goes to port 0.
            outbox.put(to(0), message(&format!("{call}a"), 100));
            outbox.put(there.local_addr().unwrap(), message(&format!("{call}b"), 100));
        }
        outbox.flush(&here);
        assert_eq!((outbox.waiting.len(), outbox.resting), (0, 0));
        assert_eq!(std::iter::from_fn(|| there.recv(&mut [0; 200]).ok()).count(), FEW);
    }
}
