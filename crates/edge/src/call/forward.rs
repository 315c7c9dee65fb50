//! A redirection (3xx) is a new call by the line that redirects, and is screened as one (invariant 11): the old call is
//! settled, and the caller waits for the account's word on the new one.

use std::sync::Arc;

use account::{Attempt, Cause, LookUps, Party, Via};
use billing::{AccountId, LineId};
use geo::Place;
use sip::Dialog;

use super::fork::Target;
use super::start::Beginning;
use super::{Call, CallId, Ending, Facts};
use crate::core::{Asked, Core};
use crate::limits::MAX_REDIRECTIONS;
use crate::{flow, text};

/// A caller on the way from a call that was redirected to the next one.
pub(crate) struct Forwarded {
    invite: Asked,
    a: Dialog,
    takes_update: bool,
    account: AccountId,
    attempt: Attempt,
    on_behalf: Option<LineId>,
    redirections: u8,
}

impl Forwarded {
    /// The next call, under its own id.
    pub fn go_on(mut self, core: &mut Core, id: CallId) -> Call {
        self.attempt.call = id;
        let mut a = super::Leg::new(self.a);
        a.takes_update = self.takes_update;
        let beginning = Beginning { asked: self.invite, a, account: self.account, attempt: self.attempt };
        let mut call = beginning.begin(core, id);
        call.facts.on_behalf = self.on_behalf;
        call.redirections = self.redirections;
        call
    }
}

impl Call {
    /// Once all callees have failed: passes the caller on if one of them redirects. False if none does.
    pub(super) fn forward(&mut self, core: &mut Core) -> bool {
        let declined = self.forks.iter().any(|fork| fork.failed.as_ref().is_some_and(|failed| failed.status >= 600));
        if declined || self.redirections >= MAX_REDIRECTIONS {
            return false;
        }
        let redirects = self.forks.iter().find_map(|fork| Some((fork, fork.failed.as_ref()?.redirect.clone()?)));
        let Some((fork, dialled)) = redirects else { return false };
        // A carrier that redirects does not pay for the new call: whoever called it does.
        let (line, via_flow, user_agent) = match &fork.target {
            Target::Line(line) => (Some(line.clone()), fork.flow, Arc::clone(&fork.user_agent)),
            Target::Carrier(_) => {
                (self.facts.line.clone(), self.invite.flow, text::user_agent(&self.invite.request).into())
            }
        };
        let Some(line) = line else { return false };
        let attempt = Attempt {
            call: self.id,
            from: Party::Line(line),
            dialled: dialled.clone(),
            caller: self.facts.caller.clone(),
            via: Via { flow: flow::to_account(via_flow), user_agent, place: Place::default(), failures_before: 0 },
            cause: Some(Cause::Forward),
            told: None,
            look_ups: LookUps::none(),
        };
        let Facts { account, line, on_behalf, .. } = self.facts.clone();
        core.forwarded.push(Forwarded {
            invite: self.invite.clone(),
            a: self.a.dialog.clone(),
            takes_update: self.a.takes_update,
            account,
            attempt,
            on_behalf: on_behalf.or(line),
            redirections: self.redirections + 1,
        });
        let tag = self.a.dialog.id().local_tag().to_owned();
        let progress = core.answer(&self.invite, 181, "", Some(&tag)).finish();
        core.respond(self.invite.server, 181, progress);
        self.settle(core, &Ending::by_callee(302, &format!("forwarded to {dialled}"), None));
        true
    }
}
