//! What a simulated carrier is made from, is told, and tells.

use std::net::SocketAddr;

use sip::Message;

use crate::stack::{CallHandle, End};
use crate::talk::{Heard, Voice};

/// What a carrier is made from.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Where it sends SIP from and is reached.
    pub address: SocketAddr,
    /// Host part of its URIs, and its digest realm.
    pub domain: String,
    /// Server and User-Agent.
    pub user_agent: String,
    /// RTP address of its first call; further calls at the same time use the next even ports.
    pub media: SocketAddr,
    /// What becomes of calls, by number; the longest prefix wins, and what matches none is not found (404).
    pub rules: Vec<Rule>,
    /// What it asks of its customer.
    pub auth: Option<Auth>,
    /// Where calls to the customer go while it is not registered.
    pub customer: SocketAddr,
    /// Whether and how the far ends speak.
    pub voice: Option<Voice>,
    /// Seed of all its choices.
    pub seed: u64,
}

/// What a carrier asks of its customer.
#[derive(Clone, Debug)]
pub struct Auth {
    /// Digest user name.
    pub username: String,
    /// Digest secret.
    pub secret: String,
    /// Whether calls are challenged (407).
    pub calls: bool,
    /// Whether calls to the customer go only to where it is registered.
    pub must_register: bool,
}

/// What becomes of calls to numbers that begin so.
#[derive(Clone, Debug)]
pub struct Rule {
    /// First digits of the Request-URI's user, without plus; empty matches all.
    pub prefix: String,
    /// What becomes of them.
    pub fate: Fate,
}

/// What becomes of a call. Times are drawn between both ends, milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Rings, answers, and hangs up after a while (`None`: when the caller does).
    Answer {
        /// How long it rings.
        ring_ms: (u64, u64),
        /// How long the far end stays.
        talk_ms: Option<(u64, u64)>,
    },
    /// Rings until the caller gives up.
    NoAnswer,
    /// Refuses with this status (486 busy, 503, ...) after a while.
    Refuse {
        /// SIP status.
        status: u16,
        /// How long that takes.
        after_ms: (u64, u64),
    },
}

/// What a carrier is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Somebody out there calls a number of the customer.
    Call {
        /// The number called.
        did: String,
        /// The caller's number.
        from: String,
        /// Hang up after talking this long; `None`: when the customer does.
        talk_ms: Option<u64>,
    },
    /// Let this become of the next call to a number, whatever the rules say.
    Expect {
        /// The number, without plus.
        number: String,
        /// What becomes of it.
        fate: Fate,
    },
    /// Hang up one call, or all.
    HangUp {
        /// Which.
        call: Option<CallHandle>,
    },
}

/// What a carrier tells.
#[derive(Debug)]
pub enum Event {
    /// The customer registered; 0 seconds: un-registered.
    Registered {
        /// From where.
        from: SocketAddr,
        /// For how long.
        expires_s: u32,
    },
    /// A call of the customer arrived, authenticated where that is asked.
    Arrived {
        /// Its handle.
        call: CallHandle,
        /// User part of the Request-URI.
        number: String,
        /// User part of From.
        from: String,
        /// The INVITE as it came.
        invite: Message,
    },
    /// A call was placed to the customer.
    Calling {
        /// Its handle.
        call: CallHandle,
        /// The number called.
        did: String,
    },
    /// The call talks.
    Answered {
        /// Which call.
        call: CallHandle,
    },
    /// The call is over.
    Ended {
        /// Which call.
        call: CallHandle,
        /// Which end ended it; there is the customer.
        by: End,
        /// Final SIP status; 200 for a call that talked.
        status: u16,
        /// How long it talked, if it did: what a carrier bills.
        talk_ms: Option<u64>,
        /// What was heard.
        heard: Heard,
    },
}
