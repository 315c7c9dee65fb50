//! From the callee's 2xx to two parties talking: nobody talks before the account's lease is durable.

use std::collections::VecDeque;

use account::Lease;
use media::Side;
use sip::{DialogId, Message, Name};

use super::fork::Target;
use super::media::description;
use super::refer::Transfer;
use super::refresh::takes_update;
use super::session::Session;
use super::{Call, Leg, SavedLegs, Stage};
use crate::core::{ALLOW, Core, SDP};
use crate::limits::LEASE_PATIENCE_MS;

impl Call {
    /// A 2xx to one of our INVITEs. The first wins; false for any other, whose sender must be hung up.
    pub(super) fn answered(&mut self, core: &mut Core, at: usize, response: &Message) -> bool {
        if let Some(b) = &self.b {
            return b.acknowledge_again(core, response);
        }
        if !matches!(self.stage, Stage::Ringing) {
            return false;
        }
        let Some(fork) = self.forks.get_mut(at) else { return false };
        let Some((dialog, early)) = fork.confirmed(response) else { return false };
        match &fork.target {
            Target::Line(line) => self.facts.callee = Some(line.clone()),
            Target::Carrier(carrier) => self.facts.carrier = Some(carrier.clone()),
        }
        fork.key = None;
        let (cseq, flow) = (fork.cseq, fork.flow);
        self.cancel_forks(core);
        self.facts.answer_ms = Some(core.now_ms);
        self.run_lease(core.now_ms, self.clock.agreed);
        core.know_dialog(dialog.id(), self.id, Side::B);
        // The ACK waits for the journal: a node that crashes before gets the 2xx again and hangs up a stray.
        let mut b = Leg::new(dialog);
        b.owed = Some(cseq);
        b.session = Session::agreed(response, core.now_ms);
        b.takes_update = takes_update(response);
        b.description =
            self.outbound.take().map(|outbound| outbound.offer.into_facing(flow.remote)).unwrap_or_default();
        let answer = description(response).or(early.as_deref());
        if let Some(sdp) = answer {
            self.media.announce(core, Side::B, sdp);
        }
        let body = answer.and_then(|sdp| self.media.towards(Side::A, sdp).ok()).unwrap_or_default();
        let legs = SavedLegs::encode(&self.a, &b, &self.facts);
        self.forget_callees(core, b.dialog.id());
        self.b = Some(b);
        self.clock.stage_ms = core.now_ms.saturating_add(LEASE_PATIENCE_MS);
        self.stage = Stage::Answered { body, leased: false };
        core.tell(&self.facts.account, account::Input::Answered { call: self.id, legs });
        true
    }

    /// A retransmitted 2xx to an INVITE within the call gets its ACK again. False if it belongs to neither leg.
    pub(super) fn acknowledge_again(&self, core: &mut Core, response: &Message) -> bool {
        [Some(&self.a), self.b.as_ref()].into_iter().flatten().any(|leg| leg.acknowledge_again(core, response))
    }

    /// Gives up all INVITEs of ours that have no final answer (RFC 3261 section 9.1). One that crosses with its 2xx
    /// finds nobody here any more and is hung up as a stray.
    pub(super) fn cancel_forks(&mut self, core: &mut Core) {
        for fork in &mut self.forks {
            if let Some(key) = fork.key.take().filter(|_| fork.failed.is_none()) {
                core.transactions.cancel(key, core.now_ms);
            }
            fork.patience_ms = None;
        }
    }

    /// One has answered: the others, and what they were called with, are needed no more.
    fn forget_callees(&mut self, core: &mut Core, answered: &DialogId) {
        self.routes_left = VecDeque::new();
        for early in std::mem::take(&mut self.forks).iter().flat_map(|fork| &fork.earlies) {
            if early.dialog.id() != answered {
                core.forget_dialog(early.dialog.id());
            }
        }
    }

    /// The session description of the caller's INVITE, while that is not answered.
    pub(super) fn callers_offer(&self) -> Option<&[u8]> {
        self.invite.as_ref().and_then(|invite| description(&invite.request))
    }

    /// Starts the clock of a lease; it counts from the answer.
    fn run_lease(&mut self, answer_ms: u64, lease: Lease) {
        let at_ms = |s: Option<u32>| s.map(|s| answer_ms.saturating_add(u64::from(s) * 1_000));
        self.clock.check_ms = at_ms(lease.check_at_s);
        self.clock.paid_ms = at_ms(lease.paid_until_s);
    }

    /// The account's lease, durable: the caller may hear that the call is answered, or may talk on.
    pub fn leased(&mut self, core: &mut Core, lease: Lease) {
        let Some(answer_ms) = self.facts.answer_ms else { return };
        self.run_lease(answer_ms, lease);
        if let Stage::Answered { body, leased } = &mut self.stage {
            *leased = true;
            // RFC 3262 section 3: no 2xx before the PRACK of what came with a session description.
            if !self.a.reliable.is_waiting() {
                let body = std::mem::take(body);
                self.connect(core, &body);
            }
        }
    }

    /// Stage `Answered`: the callee's ACK, unless it has to carry the caller's answer, and the caller's 200.
    pub(super) fn connect(&mut self, core: &mut Core, body: &[u8]) {
        if self.callers_offer().is_some()
            && let Some((b, cseq)) = self.b.as_mut().and_then(|b| b.owed.map(|cseq| (b, cseq)))
        {
            b.acknowledge(core, cseq, &[]);
        }
        let Some(invite) = self.invite.take() else { return };
        let mut answer = invite.answer(200);
        answer.copy_record_routes(&invite.request).header(Name::Contact, core.contact(invite.flow));
        answer.header(Name::Allow, ALLOW).header(Name::Supported, "replaces");
        self.a.session = Session::granted(&invite.request, core.now_ms);
        self.a.description = body.to_vec();
        if let Some(session) = &self.a.session {
            session.write_to(&mut answer);
        }
        let cseq = Leg::cseq_of(&invite.request);
        let answer = answer.finish_with_body(SDP, body).into();
        core.invites.remove(invite.server.slot());
        self.a.dialog.confirm();
        self.a.accept(core, invite.server, cseq, answer);
        self.stage = Stage::Talking;
        if matches!(self.transfer, Some(Transfer::Awaited)) {
            self.join(core, Side::A);
        }
    }
}
