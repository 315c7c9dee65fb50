//! The callees' answers to our INVITEs: ringing, failure, failover, and the first who answers (RFC 3261 section 13.2.2).

use media::Side;
use sip::Message;
use sip::transaction::ClientKey;

use super::fork::{Failure, Target};
use super::media::description;
use super::{Call, Ending, Stage, status};
use crate::core::Core;
use crate::limits::REST_MS;
use crate::peer::Standing;

impl Call {
    /// A response to one of our INVITEs. False if it answers none of them.
    pub(super) fn fork_response(&mut self, core: &mut Core, key: ClientKey, response: &Message) -> bool {
        let Some(at) = self.forks.iter().position(|fork| fork.key == Some(key)) else { return false };
        let code = response.status().unwrap_or_default();
        if let Some(fork) = self.forks.get_mut(at) {
            fork.patience_ms = None;
            if code < 300 {
                core.common.resting.wake(fork.flow.remote);
            }
        }
        match code {
            100 => {}
            101..=199 if !self.acknowledge_progress(core, at, response) => {}
            101..=199 => self.ringing(core, code, response),
            200..=299 => return self.answered(core, at, response),
            401 | 407 if self.answer_challenge(core, at, response) => {}
            422 if self.ask_for_longer(core, at, response) => {}
            _ => {
                if status::is_out_of_order(code) {
                    self.server_rests(core, at, Standing::Busy);
                }
                self.fork_failed(core, at, Failure::answered(response));
            }
        }
        true
    }

    /// An INVITE of ours got no answer: as if it were `code`. False if it is none of ours.
    pub(super) fn fork_timeout(&mut self, core: &mut Core, key: ClientKey, code: u16) -> bool {
        let Some(at) = self.forks.iter().position(|fork| fork.key == Some(key)) else { return false };
        self.no_answer(core, at, code);
        true
    }

    /// A callee cannot be reached, or says nothing: as if it had answered `code`.
    fn no_answer(&mut self, core: &mut Core, at: usize, code: u16) {
        if let (Some(fork), Some(outbound), Stage::Ringing) = (self.forks.get_mut(at), &self.outbound, &self.stage)
            && fork.send_plain(core, self.id, outbound)
        {
            return;
        }
        self.server_rests(core, at, Standing::Gone);
        self.fork_failed(core, at, Failure::of(code));
    }

    /// A carrier's server is out of order: other calls try it later than others for a while.
    fn server_rests(&self, core: &Core, at: usize, standing: Standing) {
        if let Some(fork) = self.forks.get(at).filter(|fork| matches!(fork.target, Target::Carrier(_))) {
            let until_ms = core.now_ms.saturating_add(REST_MS);
            core.common.resting.rest(fork.flow.remote, standing, core.now_ms, until_ms);
        }
    }

    /// Ringing and early media, with our own To tag and our own addresses. With several phones only that it rings:
    /// their media could not be told apart.
    fn ringing(&mut self, core: &mut Core, code: u16, response: &Message) {
        if !matches!(self.stage, Stage::Ringing) {
            return;
        }
        self.facts.ring_ms.get_or_insert(core.now_ms);
        let alone = self.forks.iter().filter(|fork| fork.failed.is_none()).count() == 1;
        let early = description(response).filter(|_| alone);
        let body = early.and_then(|sdp| self.media.towards(Side::A, sdp).ok()).unwrap_or_default();
        if let Some(sdp) = early {
            self.media.announce(core, Side::B, sdp);
        }
        self.progress(core, code, body);
    }

    /// Sends the INVITE again with credentials. False if the challenge cannot be met.
    fn answer_challenge(&mut self, core: &mut Core, at: usize, response: &Message) -> bool {
        let (Some(fork), Some(outbound)) = (self.forks.get_mut(at), &self.outbound) else { return false };
        matches!(self.stage, Stage::Ringing) && fork.challenged(core, response) && fork.send(core, self.id, outbound)
    }

    /// Sends the INVITE again with the session interval the callee wants.
    fn ask_for_longer(&mut self, core: &mut Core, at: usize, response: &Message) -> bool {
        let (Some(fork), Some(outbound)) = (self.forks.get_mut(at), &self.outbound) else { return false };
        matches!(self.stage, Stage::Ringing) && fork.asked_for_longer(response) && fork.send(core, self.id, outbound)
    }

    /// One callee is out of it.
    fn fork_failed(&mut self, core: &mut Core, at: usize, failure: Failure) {
        let Some(fork) = self.forks.get_mut(at) else { return };
        let code = failure.status;
        fork.failed = Some(failure);
        fork.patience_ms = None;
        if !matches!(self.stage, Stage::Ringing) {
            return;
        }
        if let Target::Carrier(carrier) = &fork.target {
            // What else is wrong is wrong at its other servers, too (RFC 3263 section 4.3).
            if !status::is_out_of_order(code) {
                self.routes_left.retain(|route| route.carrier != *carrier);
            }
            if status::fails_over(code) && self.try_next_carrier(core) {
                return;
            }
        }
        self.all_failed(core);
    }

    /// Tells the caller the best of the failures, once nobody is left who could answer.
    pub(super) fn all_failed(&mut self, core: &mut Core) {
        if self.forks.iter().any(|fork| fork.failed.is_none()) {
            return;
        }
        if self.forward(core) {
            return;
        }
        let failures = self.forks.iter().filter_map(|fork| fork.failed.as_ref().map(|failure| (&fork.target, failure)));
        let Some((target, best)) = failures.min_by_key(|(_, failure)| status::rank(failure.status)) else {
            let ending = if self.is_replacing() {
                Ending::by_node(481, "there is no such call to take over")
            } else {
                Ending::by_node(503, "no carrier can be reached")
            };
            return self.finish(core, ending, None);
        };
        // What another call says to being taken over is for the caller as it stands.
        let told = if self.is_replacing() { best.status } else { status::towards_caller(best.status, target) };
        let ending = Ending::by_callee(told, &best.text, best.header.clone());
        self.finish(core, ending, Some(Side::B));
    }

    /// A carrier has shown no sign of life: its next server or the next carrier is called instead. Should it answer after all, it is hung up.
    pub(super) fn lose_patience(&mut self, core: &mut Core) {
        let now_ms = core.now_ms;
        let late = |fork: &super::Fork| fork.patience_ms.is_some_and(|at_ms| at_ms <= now_ms);
        let Some(at) = self.forks.iter().position(late) else { return };
        let Some(fork) = self.forks.get_mut(at) else { return };
        fork.patience_ms = None;
        if (self.routes_left.is_empty() && !fork.may_go_plain()) || !matches!(self.stage, Stage::Ringing) {
            return;
        }
        if let Some(key) = fork.key.take() {
            core.transactions.cancel(key, now_ms);
        }
        self.no_answer(core, at, 408);
    }
}
