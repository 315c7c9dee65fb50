//! INVITE with Replaces (RFC 3891): another call takes the place of a party of this one.

use media::Side;
use sip::{Dialog, Message, Name, Params};

use super::end::say_bye;
use super::media::description;
use super::refresh::takes_update;
use super::{Call, Ending, Leg, Stage};
use crate::core::{ALLOW, Asked, Core, SDP};
use crate::inside::Errand;

/// Whether only a party that has not answered yet is to be replaced (section 6.1).
fn is_early_only(invite: &Message) -> bool {
    invite.header(Name::Replaces).is_some_and(|value| Params::new(value).has("early-only"))
}

impl Call {
    /// An INVITE from inside that names the dialog with the party on `side` (section 3): whoever may act for the account
    /// may replace its party in a call that talks.
    pub fn replace(&mut self, core: &mut Core, side: Side, asked: &Asked, errand: &Errand) {
        let ours = errand.account == self.facts.account && self.has_phone_at(core, side);
        let refused = match self.stage {
            _ if !ours || errand.attempt.call == self.id => Some(403),
            Stage::Talking if is_early_only(&asked.request) => Some(486),
            Stage::Talking if self.transfer.is_some() => Some(491),
            Stage::Talking => None,
            // Section 3: nobody takes over a call that somebody else has placed and that is not answered.
            _ => Some(481),
        };
        let tag = core.mint.tag();
        let dialog = Dialog::uas(&asked.request, &tag, asked.flow);
        let mut dialog = match (refused, dialog) {
            (None, Ok(dialog)) => dialog,
            (status, _) => return core.reply(asked, status.unwrap_or(400)),
        };
        dialog.confirm();
        let body = self.leg(side).map(|leg| media::taken_up(&leg.description)).unwrap_or_default();
        let mut answer = core.answer(asked, 200, "", Some(&tag));
        answer.header(Name::Contact, core.contact(asked.flow)).header(Name::Allow, ALLOW);
        let mut inner = Leg::new(dialog);
        inner.takes_update = takes_update(&asked.request);
        let bytes = answer.finish_with_body(SDP, &body).into();
        inner.accept(core, asked.server, Leg::cseq_of(&asked.request), bytes);
        inner.description = body;
        if let Some(sdp) = description(&asked.request) {
            self.media.announce(core, side, sdp);
        }
        if let Some(mut replaced) = self.take_place(core, side, inner) {
            say_bye(core, &mut replaced, &Ending::bye(side));
        }
        self.join(core, side);
    }

    /// Puts another leg into the place of one, which comes back. What was under way between the legs ends: a party that
    /// asked for something may ask again, and one that owes us an answer is hung up with its leg.
    pub(super) fn take_place(&mut self, core: &mut Core, side: Side, leg: Leg) -> Option<Leg> {
        for exchange in std::mem::take(&mut self.exchanges) {
            core.invites.remove(&exchange.asked.server);
            core.reply(&exchange.asked, 491);
        }
        core.dialogs.insert(leg.dialog.id().clone(), (self.id, side));
        let replaced = std::mem::replace(self.leg(side)?, leg);
        core.dialogs.remove(replaced.dialog.id());
        let before = self.leg(side.other()).map(|other| other.description.clone()).unwrap_or_default();
        self.answer_owed(core, side.other(), before);
        Some(replaced)
    }
}
