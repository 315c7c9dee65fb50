//! What happens to a call from outside: requests within its dialogs, CANCEL, time, and the relay's reports.

use account::CallEnd;
use media::Side;
use sip::dialog::Sequence;
use sip::transaction::{ClientKey, ServerKey};
use sip::{Message, Method, Name};

use super::leg::AckOutcome;
use super::media::description;
use super::{Call, Ending, Leg, Stage};
use crate::core::{ALLOW, Asked, Core};
use crate::gate;

impl Call {
    /// A request within a dialog of the call (RFC 3261 section 12.2.2).
    pub fn request(&mut self, core: &mut Core, side: Side, asked: Asked) {
        let Some(asked) = self.in_turn(core, side, asked) else { return };
        match asked.request.method() {
            Some(Method::Bye) => {
                core.reply(&asked, 200);
                if !self.is_left_to_us(side) {
                    self.finish(core, Ending::bye(side), Some(side));
                }
            }
            Some(Method::Options) => gate::options(core, &asked),
            Some(Method::Prack) if side == Side::A => self.prack(core, &asked),
            Some(method @ (Method::Invite | Method::Update | Method::Info)) => {
                if gate::requirements_met(core, &asked) && gate::session_long_enough(core, &asked) {
                    self.pass_on(core, side, method, asked);
                }
            }
            Some(Method::Refer) => core.reply(&asked, 403),
            method => {
                let status = if method == Some(Method::Other) { 501 } else { 405 };
                core.reply_with(&asked, status, |builder| {
                    builder.header(Name::Allow, ALLOW);
                });
            }
        }
    }

    /// Takes a request of the peer on that side; `None` if it comes out of its turn and was answered.
    pub(super) fn in_turn(&mut self, core: &mut Core, side: Side, asked: Asked) -> Option<Asked> {
        let Some(leg) = self.leg(side) else {
            // From a callee who rings: an offer has to wait until somebody talks.
            let status = if asked.request.method() == Some(Method::Update) { 491 } else { 481 };
            core.reply(&asked, status);
            return None;
        };
        if leg.dialog.receive_request(&asked.request) == Sequence::OutOfOrder {
            core.reply(&asked, 500);
            return None;
        }
        leg.dialog.set_flow(asked.flow);
        Some(asked)
    }

    /// The ACK of a 2xx of ours. If it carries the answer to the other side's offer, that side is owed it.
    pub fn ack(&mut self, core: &mut Core, side: Side, ack: &Message) {
        if !self.leg(side).is_some_and(|leg| leg.acked_by_peer(ack)) {
            return;
        }
        let sdp = description(ack);
        let answer = sdp.and_then(|sdp| self.media.towards(side.other(), sdp).ok()).unwrap_or_default();
        if let Some(sdp) = sdp {
            self.media.announce(core, side, sdp);
        }
        if let Some(other) = self.leg(side.other())
            && let Some(cseq) = other.owed
        {
            other.acknowledge(core, cseq, &answer);
            other.description = answer;
        }
    }

    /// CANCEL of an INVITE of this call (RFC 3261 section 9.2); it was answered 200 already.
    pub fn cancel(&mut self, core: &mut Core, server: ServerKey) {
        if self.invite.as_ref().map(|invite| invite.server) != Some(server) {
            return self.cancel_exchange(core, server);
        }
        if !matches!(self.stage, Stage::Talking | Stage::Over) {
            self.finish(core, Ending::cancelled(), None);
        }
    }

    /// A response to a request of this call. False if it belongs to none: a 2xx to an INVITE must then be hung up.
    pub fn response(&mut self, core: &mut Core, key: ClientKey, response: &Message) -> bool {
        let success = response.status().is_some_and(|status| (200..300).contains(&status));
        let is_of_invite = || response.cseq().is_ok_and(|cseq| cseq.method == Method::Invite);
        self.fork_response(core, key, response)
            || (success && is_of_invite() && self.acknowledge_again(core, response))
            || self.refresh_response(core, key, response)
            || self.transfer_response(core, key, response)
            || self.join_response(core, key, response)
            || self.exchange_response(core, key, response)
    }

    /// A request of this call got no response: as if it were `status`.
    pub fn no_response(&mut self, core: &mut Core, key: ClientKey, status: u16) {
        let taken = self.fork_timeout(core, key, status)
            || self.refresh_failed(core, key, status, None)
            || self.transfer_failed(core, key, status)
            || self.join_failed(core, key, status);
        if !taken {
            self.exchange_failed(core, key, status);
        }
    }

    /// Neither side was heard for too long, since then. Ringing calls are silent by nature.
    pub fn silent(&mut self, core: &mut Core, heard_ms: u64) {
        if matches!(self.stage, Stage::Talking) {
            self.finish(core, Ending::of(CallEnd::Silence { heard_ms }), None);
        }
    }

    /// A deadline came.
    pub fn tick(&mut self, core: &mut Core) {
        let now_ms = core.now_ms;
        let due = |at_ms: Option<u64>| at_ms.is_some_and(|at_ms| at_ms <= now_ms);
        if due(self.clock.paid_ms) {
            return self.finish(core, Ending::of(CallEnd::CreditEnded), None);
        }
        if due(Some(self.clock.stage_ms)) {
            match self.stage {
                Stage::Ringing => return self.finish(core, Ending::of(CallEnd::Normal), None),
                Stage::Screening { gone: None } | Stage::Opening => {
                    return self.finish(core, Ending::by_node(503, "the account did not answer in time"), None);
                }
                Stage::Answered { .. } => {
                    return self.finish(core, Ending::by_node(503, "the answer could not be recorded in time"), None);
                }
                Stage::Screening { .. } | Stage::Talking | Stage::Over => {}
            }
        }
        if due(self.clock.check_ms) {
            self.clock.check_ms = None;
            core.tell(&self.facts.account, account::Input::Extend { call: self.id });
        }
        if matches!(self.stage, Stage::Talking) && !self.keep_sessions(core) {
            return;
        }
        if !self.keep_telling(core) {
            return;
        }
        self.lose_patience(core);
        self.keep_joining(core);
        let legs = [Some(&mut self.a), self.b.as_mut()];
        let gave_up = legs.into_iter().flatten().any(|leg| leg.tick(core) == AckOutcome::GaveUp);
        if gave_up {
            self.finish(core, Ending::by_node(408, "no ACK came for the answer"), None);
        }
    }
}

impl Leg {
    /// CSeq of a received request, for the ACK of its 2xx.
    pub(super) fn cseq_of(request: &Message) -> u32 {
        request.cseq().map_or(0, |cseq| cseq.number)
    }
}
