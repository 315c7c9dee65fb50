//! How a call ends: both legs told, the relay closed, the account told, exactly once.

use account::{CallEnd, HungUpBy, Settlement};
use media::Side;
use sip::{Method, Name};

use super::{Call, Leg, Stage, status};
use crate::core::Core;
use crate::farewell::Farewell;
use crate::limits::MAX_TEXT_BYTES;
use crate::text;

/// Why and by whom a call ends.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    /// Final status for a caller who has had none; the CDR's, unless the call was answered.
    pub status: u16,
    pub reason: String,
    pub by: HungUpBy,
    pub end: CallEnd,
    /// Reason header (RFC 3326) for those who are told.
    pub header: Option<String>,
}

impl Ending {
    /// An ending without a Reason header.
    fn plain(status: u16, reason: &str, by: HungUpBy) -> Self {
        Self { status, reason: reason.to_owned(), by, end: CallEnd::Normal, header: None }
    }

    /// A failure on our side.
    pub fn by_node(status: u16, reason: &str) -> Self {
        Self::plain(status, reason, HungUpBy::Node)
    }

    /// The callees' own failure, with the Reason they gave.
    pub fn by_callee(status: u16, reason: &str, header: Option<String>) -> Self {
        Self { header, ..Self::plain(status, reason, HungUpBy::Callee) }
    }

    /// This node ends the call, for a reason of its own.
    pub fn of(end: CallEnd) -> Self {
        let (status, reason) = status::of_end(end);
        Self { end, header: status::bye_reason(end), ..Self::by_node(status, reason) }
    }

    /// Nobody refreshed the session of a leg (RFC 4028 section 10).
    pub fn unrefreshed() -> Self {
        let header = "SIP;cause=408;text=\"the session was not refreshed\"".to_owned();
        Self { header: Some(header), ..Self::by_node(408, "the session was not refreshed") }
    }

    /// The caller gave up before the answer.
    pub fn cancelled() -> Self {
        Self::plain(487, "cancelled by the caller", HungUpBy::Caller)
    }

    /// One side said BYE.
    pub fn bye(side: Side) -> Self {
        let by = match side {
            Side::A => HungUpBy::Caller,
            Side::B => HungUpBy::Callee,
        };
        Self::plain(480, "hung up", by)
    }
}

impl Call {
    /// Ends the call, whatever its stage. `gone` is the side that ended it and needs not be told.
    pub fn finish(&mut self, core: &mut Core, ending: Ending, gone: Option<Side>) {
        self.drop_transfer(core);
        self.end_caller(core, &ending, gone);
        self.end_callees(core, &ending, gone);
        self.drop_exchanges(core);
        if let Stage::Screening { gone } = &mut self.stage {
            // The account's answer is on its way: a call it allows must be settled then.
            gone.get_or_insert(ending);
            self.leave(core);
            return;
        }
        self.settle(core, &ending);
    }

    /// A caller without a final answer gets one; one who talks gets BYE.
    fn end_caller(&mut self, core: &mut Core, ending: &Ending, gone: Option<Side>) {
        match self.stage {
            Stage::Screening { gone: Some(_) } | Stage::Over => {}
            Stage::Screening { gone: None } | Stage::Opening | Stage::Ringing | Stage::Answered { .. } => {
                let Some(invite) = &self.invite else { return };
                let mut answer = invite.answer(ending.status);
                if let Some(reason) = &ending.header {
                    answer.header(Name::Reason, reason);
                }
                core.respond(invite.server, ending.status, answer.finish());
            }
            Stage::Talking if gone == Some(Side::A) => {}
            Stage::Talking => say_bye(core, &mut self.a, ending),
        }
    }

    /// Callees who ring are cancelled; one who talks gets BYE.
    fn end_callees(&mut self, core: &mut Core, ending: &Ending, gone: Option<Side>) {
        self.cancel_forks(core);
        if let Some(b) = self.b.as_mut().filter(|_| gone != Some(Side::B)) {
            say_bye(core, b, ending);
        }
    }

    /// Requests passed from one leg to the other that have no answer yet get one.
    fn drop_exchanges(&mut self, core: &mut Core) {
        for exchange in std::mem::take(&mut self.exchanges) {
            let status = if exchange.asked.request.method() == Some(Method::Invite) { 487 } else { 481 };
            core.invites.remove(exchange.asked.server.slot());
            core.reply(&exchange.asked, status);
        }
    }

    /// Tells the account how an allowed call ended, and is over.
    pub(super) fn settle(&mut self, core: &mut Core, ending: &Ending) {
        let facts = &self.facts;
        let settlement = Settlement {
            call: self.id,
            ring_ms: facts.ring_ms,
            answer_ms: facts.answer_ms,
            status: if matches!(self.stage, Stage::Talking) { 200 } else { ending.status },
            reason: text::bounded(ending.reason.as_bytes(), MAX_TEXT_BYTES),
            hung_up_by: ending.by,
            end: ending.end,
            carrier: facts.carrier.clone(),
            callee: facts.callee.clone(),
        };
        core.tell(&facts.account, account::Input::Settle(settlement));
        self.forget(core);
    }

    /// The call is over without anything to settle.
    pub(super) fn forget(&mut self, core: &mut Core) {
        self.leave(core);
        self.media.close(core);
        self.stage = Stage::Over;
    }

    /// No message finds the call any more.
    fn leave(&mut self, core: &mut Core) {
        if let Some(invite) = &self.invite {
            core.invites.remove(invite.server.slot());
        }
        for leg in [Some(&self.a), self.b.as_ref()].into_iter().flatten() {
            core.forget_dialog(leg.dialog.id());
        }
        for early in self.forks.iter().flat_map(|fork| &fork.earlies) {
            core.forget_dialog(early.dialog.id());
        }
    }
}

/// BYE with the reason, where it is ours. A peer whose ACK is still under way is told after it in an ordinary end (RFC
/// 3261 section 15); an end of our own does not wait: credit that ran out must not buy more talk.
pub(super) fn say_bye(core: &mut Core, leg: &mut Leg, ending: &Ending) {
    match leg.unacked.take() {
        _ if leg.parted => {}
        Some(unacked) if ending.end == CallEnd::Normal => {
            let mut parting = Leg::new(leg.dialog.clone());
            parting.unacked = Some(unacked);
            core.left.farewells.push(Farewell::new(parting));
        }
        _ => leg.bye(core, ending.header.as_deref()),
    }
}
