//! Both legs as the account keeps them, so that a restarted node can hang up a call of the run before.

use billing::{CarrierId, LineId};
use serde::{Deserialize, Serialize};
use sip::Dialog;

use super::{Facts, Leg};

/// What is needed to end and settle an answered call after a restart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SavedLegs {
    pub a: Dialog,
    pub b: Dialog,
    pub ring_ms: Option<u64>,
    pub answer_ms: Option<u64>,
    pub carrier: Option<CarrierId>,
    pub callee: Option<LineId>,
}

impl SavedLegs {
    pub fn of(a: &Leg, b: &Leg, facts: &Facts) -> Self {
        Self {
            a: a.dialog.clone(),
            b: b.dialog.clone(),
            ring_ms: facts.ring_ms,
            answer_ms: facts.answer_ms,
            carrier: facts.carrier.clone(),
            callee: facts.callee.clone(),
        }
    }

    pub fn encode(&self) -> Vec<u8> {
        postcard::to_stdvec(self).expect("plain data of strings and numbers always encodes")
    }

    /// What was saved; `None` if it was not saved by this program.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        postcard::from_bytes(bytes).ok()
    }
}
