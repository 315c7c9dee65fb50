//! Legs of calls that are over whose peer has not yet acknowledged our 2xx: their BYE follows the ACK, or its absence
//! (RFC 3261 section 15).

use std::collections::BTreeMap;

use sip::{DialogId, Flow, Message};

use crate::call::Leg;
use crate::core::Core;
use crate::wakes::Wakes;

/// One such leg.
#[derive(Debug)]
pub(crate) struct Farewell {
    leg: Leg,
}

impl Farewell {
    pub const fn new(leg: Leg) -> Self {
        Self { leg }
    }
}

/// All of them. Each lives at most 64 T1.
pub(crate) struct Farewells {
    legs: BTreeMap<DialogId, Farewell>,
    wakes: Wakes<DialogId>,
}

impl Farewells {
    pub fn new() -> Self {
        Self { legs: BTreeMap::new(), wakes: Wakes::new() }
    }

    pub fn is_empty(&self) -> bool {
        self.legs.is_empty()
    }

    pub fn next_wake_ms(&self) -> Option<u64> {
        self.wakes.next_ms()
    }

    pub fn add(&mut self, farewell: Farewell) {
        let id = farewell.leg.dialog.id().clone();
        self.wakes.set(&id, farewell.leg.deadline_ms());
        self.legs.insert(id, farewell);
    }

    /// An ACK for which no call was found.
    pub fn ack(&mut self, core: &mut Core, id: &DialogId, ack: &Message) {
        let acked = self.legs.get_mut(id).is_some_and(|farewell| farewell.leg.acked_by_peer(ack));
        if acked {
            self.part(core, id);
        }
    }

    /// The peer itself says BYE meanwhile: true if it was known.
    pub fn bye(&mut self, id: &DialogId) -> bool {
        self.wakes.set(id, None);
        self.legs.remove(id).is_some()
    }

    pub fn tick(&mut self, core: &mut Core) {
        while let Some(id) = self.wakes.due(core.now_ms) {
            let Some(farewell) = self.legs.get_mut(&id) else { continue };
            farewell.leg.tick(core);
            match farewell.leg.deadline_ms() {
                Some(at_ms) => self.wakes.set(&id, Some(at_ms)),
                None => self.part(core, &id),
            }
        }
    }

    fn part(&mut self, core: &mut Core, id: &DialogId) {
        self.wakes.set(id, None);
        if let Some(mut farewell) = self.legs.remove(id) {
            farewell.leg.bye(core, None);
        }
    }
}

/// A 2xx to an INVITE of a call that is over, was given up, or of a run before this one: the callee talks to nobody and
/// a carrier may bill it, so it gets ACK and BYE at once (RFC 3261 sections 9.1 and 13.2.2.4). Only for Call-IDs a node
/// like this has minted.
pub(crate) fn hang_up_stray(core: &mut Core, flow: Flow, response: &Message) {
    let success = response.status().is_some_and(|status| (200..300).contains(&status));
    let invite = response.cseq().is_ok_and(|cseq| cseq.method == sip::Method::Invite);
    if !success || !invite || !core.mint.is_of_a_run_until_now(response.call_id()) {
        return;
    }
    let Ok(dialog) = sip::Dialog::uac_of_stray(response, flow) else { return };
    let mut leg = Leg::new(dialog);
    let cseq = leg.dialog.local_cseq();
    leg.acknowledge(core, cseq, &[]);
    leg.bye(core, None);
}
