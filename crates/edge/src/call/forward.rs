//! A redirection (3xx) is a new call by the line that redirects, and is screened as one (invariant 11): the old call is
//! settled, and the caller waits for the account's word on the new one.

use std::sync::Arc;

use account::{Attempt, Caller, Cause, LookUps, Party, Via};
use billing::{AccountId, LineId};
use geo::Place;

use super::fork::Target;
use super::start::Beginning;
use super::{Call, CallId, Ending, Facts, Invite, Leg};
use crate::core::Core;
use crate::limits::MAX_REDIRECTIONS;
use crate::{flow, text};

/// A caller on the way from a call that was redirected to the next one.
pub(crate) struct Forwarded {
    invite: Box<Invite>,
    a: Leg,
    account: AccountId,
    attempt: Attempt,
    streams: usize,
    on_behalf: Option<LineId>,
    redirections: u8,
}

impl Forwarded {
    /// The next call, under its own id.
    pub fn go_on(mut self, core: &mut Core, id: CallId) -> Box<Call> {
        self.attempt.call = id;
        let Self { invite, a, account, attempt, streams, .. } = self;
        let beginning = Beginning { invite, a, account, attempt, streams };
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
        let (Some((fork, dialled)), Some(invite)) = (redirects, self.invite.clone()) else { return false };
        // A carrier that redirects does not pay for the new call: whoever called it does.
        let (line, via_flow, user_agent) = match &fork.target {
            Target::Line(line) => (Some(line.clone()), fork.flow, Arc::clone(&fork.user_agent)),
            Target::Carrier(_) => (self.facts.line.clone(), invite.flow, text::user_agent(&invite.request).into()),
        };
        let Some(line) = line else { return false };
        let attempt = Attempt {
            call: self.id,
            from: Party::Line(line),
            dialled: dialled.clone(),
            caller: self.forwarded_caller(),
            via: Via {
                flow: flow::to_account(via_flow),
                user_agent,
                place: Place::default(),
                failures_before: account::Failures::NONE,
            },
            cause: Some(Cause::Forward),
            told: None,
            look_ups: LookUps::none(),
        };
        let Facts { account, line, on_behalf, .. } = self.facts.clone();
        self.progress(core, 181, Vec::new());
        self.settle(core, &Ending::by_callee(302, &format!("forwarded to {dialled}"), None));
        let over = Leg::new(self.a.dialog.clone());
        core.left.forwarded.push(Forwarded {
            invite,
            a: std::mem::replace(&mut self.a, over),
            account,
            attempt,
            streams: self.media.streams(),
            on_behalf: on_behalf.or(line),
            redirections: self.redirections + 1,
        });
        true
    }

    /// Who the next callee is to see: one from outside stays who he is, with the number he came in by (invariant 12).
    pub(super) fn forwarded_caller(&self) -> Caller {
        let caller = self.facts.caller.clone();
        let from_outside = self.facts.line.is_none();
        let diverted = caller.diverted.or_else(|| self.facts.dialled.parse().ok().filter(|_| from_outside));
        Caller { diverted, ..caller }
    }
}
