//! Two parties of joined calls agree on their session: the party who stays is asked for an offer, which goes to the other
//! call as any re-INVITE does, and the answer comes back in the ACK (RFC 3725 section 4.1, RFC 3261 section 14.1).
//!
//! Until then media flows already, in the way each party had agreed on before. A party that was on hold is taken off it.

use media::Side;
use sip::transaction::ClientKey;
use sip::{Message, Method, Name};

use super::media::description;
use super::refer::Transfer;
use super::session::Session;
use super::{Call, Ending, Leg};
use crate::core::{ALLOW, Core, Purpose, SDP};
use crate::limits::MAX_JOIN_TRIES;

/// How soon it is tried again where something else is under way on one of the legs.
const SETTLE_MS: u64 = 250;

/// How far the agreement has come.
pub(super) struct Joining {
    /// The side where the other call is.
    inner: Side,
    step: Step,
    tries: u8,
}

enum Step {
    /// The party is to be asked.
    Due { at_ms: u64 },
    /// The party is asked for an offer.
    Asked { key: ClientKey },
    /// The other call has the offer.
    Offered { key: ClientKey, offer: Vec<u8> },
}

impl Joining {
    pub const fn next_ms(&self) -> Option<u64> {
        match self.step {
            Step::Due { at_ms } => Some(at_ms),
            Step::Asked { .. } | Step::Offered { .. } => None,
        }
    }
}

impl Call {
    /// Begins it; `inner` is the side where the other call is.
    pub(super) fn join(&mut self, core: &mut Core, inner: Side) {
        let step = Step::Due { at_ms: core.now_ms };
        self.transfer = Some(Transfer::Joining(Joining { inner, step, tries: 0 }));
        self.keep_joining(core);
    }

    /// When the party is to be asked.
    pub(super) fn joining_ms(&self) -> Option<u64> {
        match &self.transfer {
            Some(Transfer::Joining(joining)) => joining.next_ms(),
            Some(Transfer::Calling(_) | Transfer::Awaited) | None => None,
        }
    }

    fn joining(&mut self) -> Option<&mut Joining> {
        match &mut self.transfer {
            Some(Transfer::Joining(joining)) => Some(joining),
            Some(Transfer::Calling(_) | Transfer::Awaited) | None => None,
        }
    }

    /// Whether an offer of it is under way.
    pub(super) fn is_joining(&self) -> bool {
        matches!(&self.transfer, Some(Transfer::Joining(joining)) if joining.next_ms().is_none())
    }

    /// Asks the party who stays, if it is time to and nothing else is under way.
    pub(super) fn keep_joining(&mut self, core: &mut Core) {
        let now_ms = core.now_ms;
        let busy = self.is_negotiating();
        let Some(joining) = self.joining().filter(|joining| joining.next_ms().is_some_and(|at_ms| at_ms <= now_ms))
        else {
            return;
        };
        if busy {
            return self.join_in(core, SETTLE_MS);
        }
        let outer = joining.inner.other();
        match self.invite_anew(core, outer, &[]) {
            Some(key) => self.step(Step::Asked { key }),
            None => self.join_in(core, SETTLE_MS),
        }
    }

    fn step(&mut self, step: Step) {
        if let Some(joining) = self.joining() {
            joining.step = step;
        }
    }

    fn join_in(&mut self, core: &Core, ms: u64) {
        let at_ms = core.now_ms.saturating_add(ms);
        self.step(Step::Due { at_ms });
    }

    /// Once more after a refusal that passes (RFC 3261 section 14.1), or not at all: the parties then stay with what each
    /// has.
    fn join_again(&mut self, core: &mut Core, status: u16) {
        let wait_ms = 2_100 + u64::from(u16::from_be_bytes(core.mint.bytes())) % 1_900;
        let Some(joining) = self.joining() else { return };
        joining.tries += 1;
        if matches!(status, 491 | 500 | 503) && joining.tries < MAX_JOIN_TRIES {
            self.join_in(core, wait_ms);
        } else {
            self.transfer = None;
        }
    }

    /// A re-INVITE of ours; without a body it asks for an offer.
    fn invite_anew(&mut self, core: &mut Core, side: Side, body: &[u8]) -> Option<ClientKey> {
        let id = self.id;
        let leg = self.leg(side)?;
        let flow = leg.dialog.flow();
        let (mut request, branch) = leg.request(core, Method::Invite);
        request.own_contact(core.contact(flow)).header(Name::Allow, ALLOW);
        if let Some(session) = &leg.session {
            session.ask_again(&mut request);
        }
        let bytes = request.finish_with_body(SDP, body).into();
        core.send_request(Method::Invite, bytes, &branch, flow, Purpose::Call(id))
    }

    /// The answer of either. False if neither was asked with this key.
    pub(super) fn join_response(&mut self, core: &mut Core, key: ClientKey, response: &Message) -> bool {
        let Some(joining) = self.joining() else { return false };
        let status = response.status().unwrap_or_default();
        match &joining.step {
            Step::Asked { key: asked } | Step::Offered { key: asked, .. } if *asked == key && status < 200 => {}
            Step::Asked { key: asked } if *asked == key && status < 300 => self.offered(core, response),
            Step::Offered { key: asked, .. } if *asked == key && status < 300 => self.joined(core, response),
            _ => return self.join_failed(core, key, status),
        }
        true
    }

    /// The party who stays makes its offer.
    fn offered(&mut self, core: &mut Core, response: &Message) {
        let Some(inner) = self.joining().map(|joining| joining.inner) else { return };
        let outer = inner.other();
        let now_ms = core.now_ms;
        if let Some(leg) = self.leg(outer) {
            leg.dialog.refresh_target(response);
            leg.session = leg.session.and_then(|_| Session::agreed(response, now_ms));
            leg.owed = Some(Leg::cseq_of(response));
        }
        let offer = description(response).unwrap_or_default().to_vec();
        let body = self.media.towards(inner, &offer).unwrap_or_default();
        self.media.announce(core, outer, &offer);
        let key = if body.is_empty() { None } else { self.invite_anew(core, inner, &body) };
        match key {
            Some(key) => self.step(Step::Offered { key, offer }),
            None => self.not_joined(core, 488),
        }
    }

    /// The other call has answered.
    fn joined(&mut self, core: &mut Core, response: &Message) {
        let Some(Transfer::Joining(Joining { inner, step: Step::Offered { offer, .. }, .. })) = self.transfer.take()
        else {
            return;
        };
        let outer = inner.other();
        let sent = self.media.towards(inner, &offer).unwrap_or_default();
        if let Some(leg) = self.leg(inner) {
            leg.dialog.refresh_target(response);
            leg.acknowledge(core, Leg::cseq_of(response), &[]);
            leg.description = sent;
        }
        let answer = description(response).unwrap_or_default();
        self.media.announce(core, inner, answer);
        self.media.hold(core, [Some(&offer), Some(answer)]);
        let body = self.media.towards(outer, answer).unwrap_or_default();
        self.answer_owed(core, outer, body);
    }

    /// Gives the party who made an offer its answer.
    pub(super) fn answer_owed(&mut self, core: &mut Core, side: Side, answer: Vec<u8>) {
        let Some(leg) = self.leg(side) else { return };
        if let Some(cseq) = leg.owed {
            leg.acknowledge(core, cseq, &answer);
            leg.description = answer;
        }
    }

    /// A refusal, or no answer: as if it were `status`. False if nothing was asked with this key.
    pub(super) fn join_failed(&mut self, core: &mut Core, key: ClientKey, status: u16) -> bool {
        let Some(joining) = self.joining() else { return false };
        let gone = match &joining.step {
            Step::Asked { key: asked } if *asked == key => joining.inner.other(),
            Step::Offered { key: asked, .. } if *asked == key => joining.inner,
            _ => return false,
        };
        if sip::dialog::ends_dialog(status) {
            self.finish(core, Ending::bye(gone), Some(gone));
        } else {
            self.not_joined(core, status);
        }
        true
    }

    /// The party who made an offer gets the answer that it had before.
    fn not_joined(&mut self, core: &mut Core, status: u16) {
        let Some(outer) = self.joining().map(|joining| joining.inner.other()) else { return };
        let before = self.leg(outer).map(|leg| leg.description.clone()).unwrap_or_default();
        self.answer_owed(core, outer, before);
        self.join_again(core, status);
    }
}
