//! One call: two legs and what joins them, as a back-to-back user agent (RFC 7092).
//!
//! A call goes through the stages of [`Stage`]; each file here is one concern of it. A call never forgets the account:
//! once it was allowed, it ends by `finish`, which settles it, exactly once.

mod answer;
mod early;
mod end;
mod exchange;
mod fork;
mod forward;
mod join;
mod leg;
mod media;
mod redirect;
mod refer;
mod refresh;
mod reliable;
mod replace;
mod ring;
mod saved;
mod session;
mod start;
mod status;
mod talk;
mod verdict;

use std::collections::VecDeque;
use std::net::IpAddr;

use ::media::Side;
use account::{Caller, Lease};
use billing::{AccountId, CallId, CarrierId, LineId};
use sip::transaction::ServerKey;
use sip::wheel::Timer;
use sip::{Dialog, Flow, Message, Print, ResponseBuilder, ResponseHead};

pub(crate) use end::Ending;
pub(crate) use fork::{challenge_of, flow_to};
pub(crate) use forward::Forwarded;
pub(crate) use leg::Leg;
use saved::SavedLegs;
pub(crate) use saved::recover;
pub(crate) use session::{MIN_SE_S, is_too_brief};
pub(crate) use start::{merge_key, start, start_inside};
pub(crate) use status::of_end;

use self::exchange::Exchange;
use self::fork::{Fork, Outbound};
use self::media::Media;
use self::refer::Transfer;
use crate::core::Asked;
use crate::io::CallView;
use crate::peer::Route;

/// How far a call has come.
#[derive(Debug)]
pub(crate) enum Stage {
    /// The account was asked. `gone` once the caller has given up: the account's answer must still be waited for,
    /// since a call it allowed has to be settled.
    Screening {
        /// How it ended meanwhile.
        gone: Option<Ending>,
    },
    /// Allowed; the relay opens its ports.
    Opening,
    /// The callees are called.
    Ringing,
    /// A callee answered; the caller hears of it when the account's lease is durable.
    Answered {
        /// The answer's session description, ready for the caller.
        body: Vec<u8>,
        /// Whether the lease has come: then it is only the caller's PRACK that is waited for.
        leased: bool,
    },
    /// Both sides talk.
    Talking,
    /// Nothing is left to do.
    Over,
}

/// What the account and people are told of a call.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub account: AccountId,
    pub line: Option<LineId>,
    /// The line that called first, where others have redirected the call since.
    pub on_behalf: Option<LineId>,
    /// Where the line that places the call is.
    pub ip: IpAddr,
    pub caller: Caller,
    pub dialled: String,
    pub start_ms: u64,
    pub ring_ms: Option<u64>,
    pub answer_ms: Option<u64>,
    pub carrier: Option<CarrierId>,
    pub callee: Option<LineId>,
}

/// When things are due.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    /// Until then the present stage must be over, unless it is `Talking`.
    pub stage_ms: u64,
    /// The lease of the verdict: it runs from the answer.
    pub agreed: Lease,
    /// Ask the account again.
    pub check_ms: Option<u64>,
    /// What is paid for ends.
    pub paid_ms: Option<u64>,
}

/// The caller's INVITE.
#[derive(Clone)]
pub(crate) struct Invite {
    pub request: Message,
    pub flow: Flow,
    pub server: ServerKey,
    /// What all answers to it begin with, our tag in it.
    head: ResponseHead,
}

impl Invite {
    fn new(Asked { request, flow, server }: Asked, dialog: &Dialog) -> Self {
        let head = ResponseHead::new(&request, Some(dialog.id().local_tag()), flow.remote);
        Self { request, flow, server, head }
    }

    /// Begins an answer to it.
    fn answer(&self, status: u16) -> ResponseBuilder {
        ResponseBuilder::with_head(status, "", &self.head)
    }
}

/// One call.
pub(crate) struct Call {
    pub id: CallId,
    pub facts: Facts,
    pub stage: Stage,
    /// The caller's INVITE, until it is answered.
    invite: Option<Box<Invite>>,
    /// What tells an INVITE that is this call's and came by another way.
    pub merge_key: Option<Print>,
    /// When it is woken next.
    pub timer: Option<Timer>,
    a: Leg,
    /// The callee's leg, once answered.
    b: Option<Leg>,
    media: Media,
    /// What callees are sent; from when the call is allowed until one answers.
    outbound: Option<Box<Outbound>>,
    /// Until one answers.
    forks: Vec<Fork>,
    /// Servers of carriers to try after the present one.
    routes_left: VecDeque<Route>,
    exchanges: Vec<Exchange>,
    /// How often the caller was redirected before.
    redirections: u8,
    /// The transfer that is under way.
    transfer: Option<Transfer>,
    clock: Clock,
}

impl Call {
    pub const fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over)
    }

    /// For people.
    pub fn view(&self) -> CallView {
        CallView {
            call: self.id,
            account: self.facts.account.clone(),
            line: self.facts.line.clone().or_else(|| self.facts.callee.clone()),
            caller: self.facts.caller.user.clone(),
            callee: self.facts.dialled.clone(),
            start_ms: self.facts.start_ms,
            answer_ms: self.facts.answer_ms,
            is_remote: false,
            hang_up: None,
            ends_ms: None,
        }
    }

    /// Whether the caller waits on this flow for an answer to his INVITE.
    pub fn waits_on(&self, flow: sip::Flow) -> bool {
        let over = matches!(self.stage, Stage::Over | Stage::Screening { gone: Some(_) });
        !over && self.invite.as_ref().is_some_and(|invite| invite.flow == flow)
    }

    /// Whether the call concerns a line: it placed it or it answered it.
    pub fn concerns(&self, account: &AccountId, line: &LineId) -> bool {
        let lines = [self.facts.line.as_ref(), self.facts.callee.as_ref(), self.facts.on_behalf.as_ref()];
        self.facts.account == *account && lines.into_iter().flatten().any(|own| own == line)
    }

    /// When [`Call::tick`] is wanted next.
    pub fn next_wake_ms(&self) -> Option<u64> {
        let stage_ms = match self.stage {
            Stage::Talking | Stage::Over | Stage::Screening { gone: Some(_) } => None,
            _ => Some(self.clock.stage_ms),
        };
        let a = [self.a.deadline_ms(), self.a.reliable.deadline_ms(), self.a.session_ms()];
        let b = self.b.as_ref().map_or([None; 2], |b| [b.deadline_ms(), b.session_ms()]);
        let clock = [stage_ms, self.clock.check_ms, self.clock.paid_ms, self.joining_ms()];
        let mut next_ms = u64::MAX;
        let patience = self.forks.iter().map(|fork| fork.patience_ms);
        for at_ms in a.into_iter().chain(b).chain(clock).chain(patience) {
            next_ms = next_ms.min(at_ms.unwrap_or(u64::MAX));
        }
        (next_ms < u64::MAX).then_some(next_ms)
    }

    /// The line of the account that is on that side.
    pub fn line_at(&self, side: Side) -> Option<&LineId> {
        match side {
            Side::A => self.facts.line.as_ref(),
            Side::B => self.facts.callee.as_ref(),
        }
    }

    fn leg(&mut self, side: Side) -> Option<&mut Leg> {
        match side {
            Side::A => Some(&mut self.a),
            Side::B => self.b.as_mut(),
        }
    }
}
