//! What a simulated telephone is made from, is told, and tells.

use std::net::SocketAddr;
use std::sync::Arc;

use sip::Message;

use crate::stack::{CallHandle, End, Target};
use crate::talk::{Heard, Voice};

/// What a telephone is made from.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Where it sends SIP from and is reached.
    pub address: SocketAddr,
    /// User part of its own URIs ("101").
    pub user: String,
    /// Display name, may be empty.
    pub name: String,
    /// Digest user name.
    pub auth_name: String,
    /// Digest secret.
    pub secret: String,
    /// Host part of its URIs: the realm or address of the node.
    pub domain: String,
    /// Where it registers and sends calls.
    pub registrar: SocketAddr,
    /// User-Agent.
    pub user_agent: String,
    /// RTP address of its first call; further calls at the same time use the next even ports.
    pub media: SocketAddr,
    /// What it does when it is called.
    pub answer: AnswerPolicy,
    /// Whether and how it speaks.
    pub voice: Option<Voice>,
    /// For how long it asks to be registered, seconds.
    pub expires_s: u32,
    /// Seed of its tags, branches and synchronisation sources.
    pub seed: u64,
}

/// What a telephone does when it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerPolicy {
    /// Rings, answers, and hangs up after `talk_ms` (`None`: when the other end does).
    Answer {
        /// How long it rings.
        ring_ms: u64,
        /// How long it talks.
        talk_ms: Option<u64>,
    },
    /// 486.
    Busy,
    /// Rings until the caller gives up.
    NoAnswer,
    /// Refuses with this status.
    Refuse {
        /// 400 to 699.
        status: u16,
    },
}

/// What happens to a station; `C` is what its owner may want.
#[derive(Debug)]
pub enum Input<'a, C = Command> {
    /// A datagram came to its SIP address.
    Datagram {
        /// From where.
        from: SocketAddr,
        /// What.
        bytes: &'a [u8],
    },
    /// A datagram came to one of its media ports.
    Rtp {
        /// To which.
        local: SocketAddr,
        /// From where.
        from: SocketAddr,
        /// What.
        bytes: &'a [u8],
    },
    /// Its owner wants something.
    Command(C),
    /// Time has passed.
    Tick,
}

/// What a telephone's owner wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Register, and keep registered.
    Register,
    /// Register once, without keeping it up.
    RegisterOnce,
    /// Remove the registration.
    Unregister,
    /// Call; [`Event::Calling`] gives the handle.
    Call {
        /// Digits as dialled.
        number: String,
        /// Hang up after talking this long; `None`: when the other end does.
        talk_ms: Option<u64>,
    },
    /// Hang up or cancel one call, or all.
    HangUp {
        /// Which.
        call: Option<CallHandle>,
    },
    /// Put a call on hold or take it back.
    Hold {
        /// Which.
        call: CallHandle,
        /// True: hold.
        on: bool,
    },
    /// Dial a digit within a call (INFO).
    Dtmf {
        /// Which call.
        call: CallHandle,
        /// 0-9, *, #.
        digit: char,
    },
    /// Connect the other end of a call with somebody else, and leave it.
    Transfer {
        /// Which call.
        call: CallHandle,
        /// With whom.
        to: Target,
    },
    /// Use another secret from now on.
    SetSecret(String),
}

/// What a station wants done, or tells; `E` is what it tells.
#[derive(Debug)]
pub enum Output<E = Event> {
    /// Send a datagram from its SIP address.
    Send {
        /// To where.
        to: SocketAddr,
        /// What.
        bytes: Arc<[u8]>,
    },
    /// Send a datagram from one of its media ports.
    Rtp {
        /// From which.
        local: SocketAddr,
        /// To where.
        to: SocketAddr,
        /// What.
        bytes: Vec<u8>,
    },
    /// Something to know.
    Event(E),
}

/// What a telephone tells.
#[derive(Debug)]
pub enum Event {
    /// Registered for this long; 0 after un-registering.
    Registered {
        /// Seconds granted.
        expires_s: u32,
    },
    /// The registration was refused (408: no answer at all).
    RegisterFailed {
        /// SIP status.
        status: u16,
    },
    /// A call of ours has begun.
    Calling {
        /// Its handle.
        call: CallHandle,
        /// The number.
        number: String,
    },
    /// A provisional answer above 100.
    Ringing {
        /// Which call.
        call: CallHandle,
        /// SIP status.
        status: u16,
    },
    /// The call talks.
    Answered {
        /// Which call.
        call: CallHandle,
    },
    /// Somebody calls.
    IncomingCall {
        /// Its handle.
        call: CallHandle,
        /// User part of From.
        from: String,
        /// Display name of From.
        name: String,
        /// The INVITE as it came.
        invite: Message,
    },
    /// The other end put the call on hold or took it back.
    Held {
        /// Which call.
        call: CallHandle,
        /// True: on hold.
        on: bool,
    },
    /// Our own hold or resume was answered.
    HoldAnswered {
        /// Which call.
        call: CallHandle,
        /// SIP status.
        status: u16,
    },
    /// How a transfer of ours goes.
    Transfer {
        /// Which call.
        call: CallHandle,
        /// SIP status: below 200 on its way, then what came of it.
        status: u16,
    },
    /// INFO came within the call.
    Info {
        /// Which call.
        call: CallHandle,
        /// Its body.
        text: String,
    },
    /// The call is over.
    Ended {
        /// Which call.
        call: CallHandle,
        /// Which end ended it.
        by: End,
        /// Final SIP status; 200 for a call that talked.
        status: u16,
        /// Reason phrase, or the Reason header of the BYE.
        reason: String,
        /// How long it talked, if it did.
        talk_ms: Option<u64>,
        /// What was heard.
        heard: Heard,
    },
}
