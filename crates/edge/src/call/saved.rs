//! Both legs as the account keeps them, so that a restarted node can hang up a call of the run before, and settle it.

use account::{CallEnd, HungUpBy, Settlement};
use billing::{AccountId, CallId, CarrierId, LineId};
use serde::Deserialize;
use sip::Dialog;

use super::{Ending, Facts, Leg};
use crate::core::Core;

/// As long as both legs usually are at most, so that the buffer seldom grows.
const USUAL_BYTES: usize = 768;

/// What is needed to end and settle an answered call after a restart.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct SavedLegs {
    pub a: Dialog,
    pub b: Dialog,
    pub ring_ms: Option<u64>,
    pub answer_ms: Option<u64>,
    pub carrier: Option<CarrierId>,
    pub callee: Option<LineId>,
}

impl SavedLegs {
    /// As it is saved, field by field in the order above.
    pub fn encode(a: &Leg, b: &Leg, facts: &Facts) -> Vec<u8> {
        let legs = (&a.dialog, &b.dialog, facts.ring_ms, facts.answer_ms, &facts.carrier, &facts.callee);
        let room = Vec::with_capacity(USUAL_BYTES);
        postcard::to_extend(&legs, room).expect("plain data of strings and numbers always encodes")
    }

    /// What was saved; `None` if it was not saved by this program.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        postcard::from_bytes(bytes).ok()
    }
}

/// Ends a call of the run before on both legs, and settles it.
pub(crate) fn recover(core: &mut Core, account: &AccountId, call: CallId, legs: Option<&[u8]>) {
    // What another switch carries was answered and has no legs here.
    let answered = legs.is_some();
    let ending = Ending::of(CallEnd::Recovered);
    let mut settlement = Settlement {
        call,
        ring_ms: None,
        answer_ms: None,
        status: if answered { 200 } else { ending.status },
        reason: ending.reason,
        hung_up_by: HungUpBy::Node,
        end: CallEnd::Recovered,
        carrier: None,
        callee: None,
    };
    if let Some(SavedLegs { a, b, ring_ms, answer_ms, carrier, callee }) = legs.and_then(SavedLegs::decode) {
        settlement = Settlement { ring_ms, answer_ms, carrier, callee, ..settlement };
        for dialog in [a, b] {
            Leg::new(dialog.recovered()).bye(core, ending.header.as_deref());
        }
    }
    core.tell(account, account::Input::Settle(settlement));
}
