//! INVITE with Replaces (RFC 3891): another call takes the place of a party of this one.
//!
//! One that a phone sends is a call of its line to an extension, screened as one, which then leads to the call that the
//! phone names instead of ringing anybody.
//!
//! A line that has placed a call which still rings may hand that on, too, as telephones do whose user does not wait for the
//! answer before he transfers: the call it transfers then is the caller. Nobody else takes over a call that rings: to them
//! the dialog is one that the node did not begin (section 3).

use account::{Attempt, Cause, Failures, LookUps, Party, Permit, Via};
use geo::Place;
use media::Side;
use sip::{Dialog, DialogId, Message, Name, Params, RequestBuilder};

use super::end::say_bye;
use super::fork::{Fork, Outbound};
use super::media::description;
use super::refer::Transfer;
use super::refresh::takes_update;
use super::reliable::Reliable;
use super::{Call, Ending, Invite, Leg, Stage};
use crate::core::{ALLOW, Asked, Core, SDP};
use crate::inside::{self, Errand};
use crate::{flow, text};

/// Whose place a caller takes, and in whose name.
#[derive(Clone, Debug)]
pub(super) struct Replacing {
    dialog: Vec<u8>,
    errand: Errand,
}

impl Replacing {
    pub fn write_to(&self, invite: &mut RequestBuilder) {
        let (name, value) = self.errand.header();
        invite.header(Name::Replaces, &self.dialog).header_named(name, value);
    }
}

/// Whether only a party that has not answered yet is to be replaced (section 6.1).
fn is_early_only(invite: &Message) -> bool {
    invite.header(Name::Replaces).is_some_and(|value| Params::new(value).has("early-only"))
}

impl Call {
    /// What a line's INVITE with Replaces asks for.
    pub(super) fn replacing(&self) -> Option<Replacing> {
        let invite = self.invite.as_ref()?;
        let dialog = invite.request.header(Name::Replaces)?.to_vec();
        let attempt = Attempt {
            call: self.id,
            from: Party::Line(self.facts.line.clone()?),
            dialled: self.facts.dialled.clone(),
            caller: self.facts.caller.clone(),
            via: Via {
                flow: flow::to_account(invite.flow),
                user_agent: text::user_agent(&invite.request).into(),
                place: Place::default(),
                failures_before: Failures::NONE,
            },
            cause: Some(Cause::Transfer),
            told: None,
            look_ups: LookUps::none(),
        };
        Some(Replacing { dialog, errand: Errand { account: self.facts.account.clone(), attempt } })
    }

    /// Whether the caller is to take somebody's place.
    pub(super) fn is_replacing(&self) -> bool {
        self.outbound.as_ref().is_some_and(|outbound| outbound.replacing.is_some())
    }

    /// Calls the worker that has the call whose party is to be replaced, if the caller may ring an extension at all.
    pub(super) fn fork_to_call(&mut self, core: &mut Core, outbound: &Outbound, permit: &Permit) {
        let replaces = outbound.replacing.as_ref().and_then(|replacing| DialogId::of_replaces(&replacing.dialog));
        if let (Permit::Lines { bindings, .. }, Some(dialog)) = (permit, replaces)
            && let Some((line, _)) = bindings.first()
        {
            let flow = inside::flow_to(core, core.common.home_of(&dialog));
            self.forks.push(Fork::to_call(core, outbound, line.clone(), flow));
        }
    }

    /// An INVITE from inside that names the dialog with the party on `side` (section 3): whoever may act for the account
    /// may replace its party in a call that talks.
    pub fn replace(&mut self, core: &mut Core, side: Side, asked: &Asked, errand: &Errand) {
        let ours = errand.account == self.facts.account && self.line_at(side).is_some();
        let its_own = side == Side::A
            && self.line_at(side).map(|line| Party::Line(line.clone())).as_ref() == Some(&errand.attempt.from);
        let refused = match self.stage {
            _ if !ours || errand.attempt.call == self.id => Some(403),
            Stage::Ringing if its_own => return self.replace_caller(core, asked),
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

    /// Another call becomes the caller of this one, which still rings.
    fn replace_caller(&mut self, core: &mut Core, asked: &Asked) {
        let tag = core.mint.tag();
        let Ok(dialog) = Dialog::uas(&asked.request, &tag, asked.flow) else { return core.reply(asked, 400) };
        let mut inner = Leg::new(dialog);
        inner.takes_update = takes_update(&asked.request);
        inner.reliable = Reliable::wished(&asked.request);
        let invite = Box::new(Invite::new(asked.clone(), &inner.dialog));
        if let Some(invite) = self.invite.replace(invite) {
            core.respond(invite.server, 487, invite.answer(487).finish());
            core.invites.remove(invite.server.slot());
        }
        core.invites.insert(asked.server.slot(), self.id);
        self.take_place(core, Side::A, inner);
        self.transfer = Some(Transfer::Awaited);
        if let Some(sdp) = description(&asked.request) {
            self.media.announce(core, Side::A, sdp);
        }
        self.progress(core, 180, Vec::new());
    }

    /// Puts another leg into the place of one, which comes back. What was under way between the legs ends: a party that
    /// asked for something may ask again, and one that owes us an answer is hung up with its leg.
    pub(super) fn take_place(&mut self, core: &mut Core, side: Side, leg: Leg) -> Option<Leg> {
        for exchange in std::mem::take(&mut self.exchanges) {
            core.invites.remove(exchange.asked.server.slot());
            core.reply(&exchange.asked, 491);
        }
        core.know_dialog(leg.dialog.id(), self.id, side);
        let replaced = std::mem::replace(self.leg(side)?, leg);
        core.forget_dialog(replaced.dialog.id());
        let before = self.leg(side.other()).map(|other| other.description.clone()).unwrap_or_default();
        self.answer_owed(core, side.other(), before);
        Some(replaced)
    }
}
