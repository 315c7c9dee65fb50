//! The script of a world: what happens, in any order while it is written, sorted and numbered when it is done.

use std::net::Ipv4Addr;

/// What the network would do with a call that is let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Somebody answers.
    Answered,
    /// It rings and nobody answers.
    NoAnswer,
    /// The other end is busy.
    Busy,
    /// The number does not exist, or no way leads there.
    Failed,
}

impl Outcome {
    /// As the replay format writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::NoAnswer => "no-answer",
            Self::Busy => "busy",
            Self::Failed => "failed",
        }
    }
}

/// Where somebody sits: an address and the name the phone gives itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Source address.
    pub ip: Ipv4Addr,
    /// User-Agent.
    pub agent: &'static str,
}

/// Who does something: a line of a firm, from a seat.
#[derive(Clone, Debug)]
pub struct Who {
    /// Number of the firm in the world.
    pub firm: usize,
    /// Authentication name of the line.
    pub line: String,
    /// Where from.
    pub seat: Seat,
    /// From where the phone behind a trunk calls, where the firm's PBX tells.
    pub told: Option<Ipv4Addr>,
}

/// What a call does once it is let through.
#[derive(Clone, Copy, Debug)]
pub struct Course {
    /// Seconds of ringing.
    pub ring_s: f64,
    /// Seconds of talk, 0 where it is not answered.
    pub talk_s: f64,
    /// How it ends.
    pub outcome: Outcome,
}

/// One thing that happens.
#[derive(Clone, Debug)]
pub enum What {
    /// A registration, or one that failed.
    Register {
        /// Whether the secret fitted.
        ok: bool,
    },
    /// A call.
    Call {
        /// The digits as they are dialled.
        dialled: String,
        /// What the network would do.
        course: Course,
        /// `forward` or `transfer`.
        cause: Option<&'static str>,
        /// The attack it is part of.
        attack: Option<usize>,
        /// The honest oddity it is part of.
        oddity: Option<&'static str>,
    },
}

/// One thing that happens, when, and by whom.
#[derive(Clone, Debug)]
pub struct Event {
    /// Milliseconds since the epoch.
    pub at_ms: u64,
    /// Who.
    pub who: Who,
    /// What.
    pub what: What,
}

/// Everything that happens in a world.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// In the order it was written.
    pub events: Vec<Event>,
    /// What honest calls belong to while it is written.
    pub oddity: Option<&'static str>,
}

impl Script {
    /// A registration.
    pub fn register(&mut self, at_ms: u64, who: &Who, ok: bool) {
        self.events.push(Event { at_ms, who: who.clone(), what: What::Register { ok } });
    }

    /// An honest call.
    pub fn call(&mut self, at_ms: u64, who: &Who, dialled: String, course: Course) {
        self.push_call(at_ms, who, dialled, course, None, None);
    }

    /// An honest call that a forwarding setting or a transfer places.
    pub fn moved_call(&mut self, at_ms: u64, who: &Who, dialled: String, course: Course, cause: &'static str) {
        self.push_call(at_ms, who, dialled, course, Some(cause), None);
    }

    /// A call of an attack.
    pub fn fraud(
        &mut self,
        at_ms: u64,
        who: &Who,
        dialled: String,
        course: Course,
        cause: Option<&'static str>,
        attack: usize,
    ) {
        self.push_call(at_ms, who, dialled, course, cause, Some(attack));
    }

    fn push_call(
        &mut self,
        at_ms: u64,
        who: &Who,
        dialled: String,
        course: Course,
        cause: Option<&'static str>,
        attack: Option<usize>,
    ) {
        let oddity = self.oddity.filter(|_| attack.is_none());
        let what = What::Call { dialled, course, cause, attack, oddity };
        self.events.push(Event { at_ms, who: who.clone(), what });
    }

    /// In order of time; what was written first stays first where times are equal.
    pub fn sort(&mut self) {
        self.events.sort_by_key(|event| event.at_ms);
    }
}
