//! A running call as the account knows it, and the facts of an attempt that its CDR will tell.

use std::sync::Arc;

use billing::{CdrVerdict, Decision, Destination, Direction, E164, LineId, Rate};
use serde::{Deserialize, Serialize};

use crate::{Attempt, CallEnd, Lease, Party};

/// What is known of an attempt from the moment it is screened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// The attempt as it came.
    pub attempt: Arc<Attempt>,
    /// When it came.
    pub start_ms: u64,
    /// Which way it goes.
    pub direction: Direction,
    /// The caller as shown to the callee.
    pub shown: String,
    /// The number called and its price, where it leaves for a carrier and is no emergency.
    pub number: Option<PricedNumber>,
    /// What the screening says.
    pub verdict: CdrVerdict,
}

/// A number that costs money.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PricedNumber {
    /// The number.
    pub e164: E164,
    /// Country and class.
    pub destination: Destination,
    /// Its rate; the default one where the deck has none.
    pub rate: Rate,
    /// Whether the deck has a price.
    pub priced: bool,
    /// Whether a cut stops it.
    pub cut_class: bool,
    /// Whether it counts towards the exposure ceiling: cut class, and not the account's own when it began.
    pub exposed: bool,
}

/// An allowed call that has not ended yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunningCall {
    /// What was known at the start.
    pub facts: Facts,
    /// When it was answered, if it was.
    pub answer_ms: Option<u64>,
    /// Both legs as the call machine serialised them at the answer, so that a restarted node can hang up.
    pub legs: Option<Vec<u8>>,
    /// How long it may talk.
    pub lease: Lease,
    /// The lines it rings, for calls to phones.
    pub rings: Vec<LineId>,
    /// An emergency call: nothing ends it but its parties.
    pub emergency: bool,
    /// Why this node has asked for its end, if it has.
    pub hanging_up: Option<CallEnd>,
}

impl Facts {
    pub(crate) fn new(attempt: &Arc<Attempt>, start_ms: u64, direction: Direction) -> Self {
        let verdict =
            CdrVerdict { decision: Decision::Allowed, score_tenth_db: 0, reasons: Vec::new(), incident: None };
        Self { attempt: Arc::clone(attempt), start_ms, direction, shown: String::new(), number: None, verdict }
    }

    /// The line that places the call; `None` for a call from a carrier.
    pub fn line(&self) -> Option<&LineId> {
        match &self.attempt.from {
            Party::Line(line) => Some(line),
            Party::Carrier(_) => None,
        }
    }
}

impl RunningCall {
    /// Whether the line places the call or is rung by it.
    pub fn involves(&self, line: &LineId) -> bool {
        self.facts.line() == Some(line) || self.rings.contains(line)
    }

    /// How long it has talked by now, milliseconds; 0 before the answer.
    pub(crate) fn talk_ms(&self, now_ms: u64) -> u64 {
        self.answer_ms.map_or(0, |answer_ms| now_ms.saturating_sub(answer_ms))
    }

    /// Whether it is paid for by a hold.
    pub(crate) fn is_paid(&self) -> bool {
        self.facts.number.is_some()
    }
}
