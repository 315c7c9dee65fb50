//! One connection: what has arrived of the next message, what waits to be written, and since when.

use std::io::ErrorKind;

use account::Flow;
use mio::net::TcpStream;
use sip::framer::{Frame, Framer, PONG};

use super::Arrived;
use super::channel::Channel;

/// Bytes that may wait to be written: a peer that does not read more is given up.
const MAX_UNSENT_BYTES: usize = 1 << 20;
/// A connection we open must be there by then.
const CONNECT_PATIENCE_MS: u64 = 5_000;
/// A connection must have brought a whole message by then, and a message that has begun must be there as a whole.
const MESSAGE_PATIENCE_MS: u64 = 10_000;
/// A connection on which nothing at all has come or gone for so long is closed; phones register again within an hour.
const IDLE_MS: u64 = 2 * 60 * 60 * 1_000;
/// Flows a connection is known under: its own, and those of ours that led to its remote address.
const MAX_FLOWS: usize = 4;

/// What reading or writing came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// There may be more.
    More,
    /// Nothing more for now.
    Blocked,
    /// The connection is over.
    Closed,
}

/// A connection.
pub(super) struct Connection {
    channel: Channel,
    flow: Flow,
    /// The flows somebody has sent on, to be told when the connection is gone.
    flows: Vec<Flow>,
    accepted: bool,
    /// Until when the connection must be established, for one of ours that is not.
    connecting_until_ms: Option<u64>,
    /// Until when a whole message must be there, while one is due.
    message_until_ms: Option<u64>,
    last_ms: u64,
    framer: Framer,
    unsent: Vec<u8>,
    sent: usize,
}

impl Connection {
    fn new(channel: Channel, flow: Flow, now_ms: u64, accepted: bool) -> Self {
        Self {
            channel,
            flow,
            flows: vec![flow],
            accepted,
            connecting_until_ms: (!accepted).then_some(now_ms + CONNECT_PATIENCE_MS),
            message_until_ms: accepted.then_some(now_ms + MESSAGE_PATIENCE_MS),
            last_ms: now_ms,
            framer: Framer::default(),
            unsent: Vec::new(),
            sent: 0,
        }
    }

    /// One that a peer has opened.
    pub(super) fn accepted(channel: Channel, flow: Flow, now_ms: u64) -> Self {
        Self::new(channel, flow, now_ms, true)
    }

    /// One of ours, which may not be established yet.
    pub(super) fn opened(channel: Channel, flow: Flow, now_ms: u64) -> Self {
        Self::new(channel, flow, now_ms, false)
    }

    pub(super) const fn flow(&self) -> Flow {
        self.flow
    }

    pub(super) const fn number(&self) -> u64 {
        self.flow.connection
    }

    pub(super) const fn is_accepted(&self) -> bool {
        self.accepted
    }

    /// How little it would be missed: one that owes a message least, then the one that was quiet longest.
    pub(super) const fn worth(&self) -> (bool, u64) {
        (self.message_until_ms.is_none(), self.last_ms)
    }

    /// What the poller watches.
    pub(super) const fn source(&mut self) -> &mut TcpStream {
        self.channel.source()
    }

    /// Remembers under which flow it was used.
    pub(super) fn used_as(&mut self, flow: Flow) {
        if self.flows.len() < MAX_FLOWS && !self.flows.contains(&flow) {
            self.flows.push(flow);
        }
    }

    /// The flows that end with it.
    pub(super) fn into_flows(self) -> Vec<Flow> {
        self.flows
    }

    /// Whether it keeps its peer's promises no longer.
    pub(super) fn is_overdue(&self, now_ms: u64) -> bool {
        let past = |until_ms: Option<u64>| until_ms.is_some_and(|until_ms| until_ms <= now_ms);
        past(self.connecting_until_ms) || past(self.message_until_ms) || self.last_ms + IDLE_MS <= now_ms
    }

    /// Reads once; `each` gets every message that is there now.
    pub(super) fn read(&mut self, now_ms: u64, buffer: &mut [u8], each: &mut impl FnMut(Flow, Arrived<'_>)) -> Step {
        let length = match self.channel.read(buffer) {
            Ok(0) => return Step::Closed,
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::Interrupted => return Step::More,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Step::Blocked,
            // One of ours may not be established yet.
            Err(error) if error.kind() == ErrorKind::NotConnected => return Step::Blocked,
            Err(_) => return Step::Closed,
        };
        self.last_ms = now_ms;
        // A handshake has come to its end in here: what waited for it can go.
        if self.connecting_until_ms.is_some() && self.write(now_ms) == Step::Closed {
            return Step::Closed;
        }
        if let Some(certificate) = self.channel.proven() {
            each(self.flow, Arrived::Certificate(certificate));
        }
        self.framer.push(buffer.get(..length).unwrap_or_default());
        while let Some(frame) = self.framer.next_frame() {
            self.message_until_ms = None;
            match frame {
                Frame::Message(bytes) => each(self.flow, Arrived::Message(&bytes)),
                Frame::Ping => {
                    if self.send(now_ms, PONG) == Step::Closed {
                        return Step::Closed;
                    }
                }
                Frame::Broken(head) => {
                    // Its refusal goes out at once or not at all: nothing behind it can be read.
                    each(self.flow, Arrived::Message(&head));
                    self.message_until_ms = Some(now_ms);
                }
            }
        }
        if self.framer.is_waiting() {
            self.message_until_ms.get_or_insert(now_ms + MESSAGE_PATIENCE_MS);
        }
        Step::More
    }

    /// Sends a message: at once as far as the peer takes it, the rest when it does.
    pub(super) fn send(&mut self, now_ms: u64, bytes: &[u8]) -> Step {
        if self.unsent.len() - self.sent + bytes.len() > MAX_UNSENT_BYTES {
            return Step::Closed;
        }
        self.unsent.drain(..self.sent);
        self.sent = 0;
        self.unsent.extend_from_slice(bytes);
        self.write(now_ms)
    }

    /// Writes what waits.
    pub(super) fn write(&mut self, now_ms: u64) -> Step {
        if self.connecting_until_ms.is_some() {
            match self.channel.establish() {
                Ok(()) => self.connecting_until_ms = None,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Step::Blocked,
                Err(_) => return Step::Closed,
            }
        }
        while self.sent < self.unsent.len() {
            match self.channel.write(self.unsent.get(self.sent..).unwrap_or_default()) {
                Ok(0) => return Step::Closed,
                Ok(length) => {
                    self.sent += length;
                    self.last_ms = now_ms;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Step::Blocked,
                Err(_) => return Step::Closed,
            }
        }
        self.unsent.clear();
        self.sent = 0;
        match self.channel.flush() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Step::Blocked,
            Err(_) => Step::Closed,
            Ok(()) => Step::More,
        }
    }
}
