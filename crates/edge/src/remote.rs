//! Calls that another switch carries: asked about before they are placed, reported when they are answered and when they
//! end. To the account they are calls like any other: screened, held for, looked at again, settled exactly once.
//!
//! A switch asks through the node ([`crate::Input::Screen`]), or with an INVITE that is answered with a redirection
//! (`call::redirect`). Whoever does not report lets the call end by itself: unanswered when it has rung for as long as a
//! call may ring, answered when the time has passed that it was asked for. What the account wants hung up is shown to the
//! switch ([`CallView::hang_up`]) and settled a moment later, whether or not the switch obeys.

use std::collections::BTreeMap;
use std::sync::Arc;

use account::{Attempt, CallEnd, HungUpBy, Lease, Party, Permit, Settlement, Verdict};
use billing::{AccountId, CallId, CarrierId, LineId};
use serde::{Deserialize, Serialize};

use crate::core::Core;
use crate::io::{CallView, Output};
use crate::limits::{HANG_UP_PATIENCE_MS, LEASE_PATIENCE_MS, MAX_TEXT_BYTES};
use crate::text;
use crate::wakes::Wakes;

/// How long a call of another switch may talk at most, seconds.
pub const MAX_REMOTE_S: u32 = 4 * 60 * 60;

/// What the switch that carries a call reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Report {
    /// The callee has answered.
    Answered,
    /// The call is over.
    Ended {
        /// SIP status of the final answer to the caller; 200 for an answered call.
        status: u16,
        /// Why, in the switch's words.
        reason: String,
        /// Who ended it.
        hung_up_by: HungUpBy,
        /// How long was talked, milliseconds, where nobody reported the answer; 0 for a call that was not answered.
        talk_ms: u64,
    },
}

/// What a switch is told of a call that it carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Screened {
    /// The account's verdict.
    Verdict {
        /// Our id of the call, for its reports.
        call: CallId,
        /// The verdict.
        verdict: Verdict,
    },
    /// It may talk: what is paid for, in seconds from the answer.
    Leased(Lease),
    /// It must be hung up.
    HangUp(CallEnd),
    /// It is over and settled.
    Over,
    /// There is no such call, or none any more.
    Unknown,
    /// The node takes no more calls now.
    TurnedAway,
}

/// One call.
pub(crate) struct Remote {
    pub account: AccountId,
    pub line: Option<LineId>,
    pub caller: String,
    pub callee: String,
    pub start_ms: u64,
    pub carrier: Option<CarrierId>,
    /// The lease of the verdict: it runs from the answer.
    pub agreed: Lease,
    /// How long it may talk, milliseconds.
    pub limit_ms: u64,
    /// Then it ends, unless its switch reports something.
    pub until_ms: u64,
    clock: Clock,
    /// Who waits for the account's word.
    waits: Option<u64>,
    hang_up: Option<CallEnd>,
}

#[derive(Default)]
struct Clock {
    /// Whether the account has allowed it.
    is_allowed: bool,
    answer_ms: Option<u64>,
    check_ms: Option<u64>,
    paid_ms: Option<u64>,
}

impl Remote {
    /// One that the account has allowed, for a switch that was told so in an answer to its INVITE.
    pub fn redirected(core: &Core, account: AccountId, line: Option<LineId>, agreed: Lease) -> Self {
        let ring_ms = u64::from(core.common.settings.ring_limit_s) * 1_000;
        Self {
            account,
            line,
            caller: String::new(),
            callee: String::new(),
            start_ms: core.now_ms,
            carrier: None,
            agreed,
            limit_ms: u64::from(MAX_REMOTE_S) * 1_000,
            until_ms: core.now_ms.saturating_add(ring_ms),
            clock: Clock { is_allowed: true, ..Clock::default() },
            waits: None,
            hang_up: None,
        }
    }

    fn view(&self, call: CallId) -> CallView {
        // The account is asked again before that, as long as there is a check to come.
        let last_ms = self.clock.paid_ms.filter(|_| self.clock.check_ms.is_none());
        CallView {
            call,
            account: self.account.clone(),
            line: self.line.clone(),
            caller: self.caller.clone(),
            callee: self.callee.clone(),
            start_ms: self.start_ms,
            answer_ms: self.clock.answer_ms,
            is_remote: true,
            hang_up: self.hang_up.map(|end| end.why().to_owned()),
            ends_ms: last_ms,
        }
    }

    fn next_wake_ms(&self) -> Option<u64> {
        [Some(self.until_ms), self.clock.check_ms, self.clock.paid_ms].into_iter().flatten().min()
    }

    /// Starts the clock of a lease; it counts from the answer.
    fn run_lease(&mut self, answer_ms: u64, lease: Lease) {
        let at_ms = |s: Option<u32>| s.map(|s| answer_ms.saturating_add(u64::from(s) * 1_000));
        self.clock.check_ms = at_ms(lease.check_at_s);
        self.clock.paid_ms = at_ms(lease.paid_until_s);
    }
}

/// The calls of other switches that one worker keeps.
pub(crate) struct Remotes {
    /// Boxed, since a map moves its entries about.
    calls: BTreeMap<CallId, Box<Remote>>,
    wakes: Wakes<CallId>,
}

impl Remotes {
    pub fn new() -> Self {
        Self { calls: BTreeMap::new(), wakes: Wakes::new() }
    }

    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    pub fn has(&self, call: CallId) -> bool {
        self.calls.contains_key(&call)
    }

    pub fn views(&self) -> impl Iterator<Item = CallView> {
        self.calls.iter().map(|(id, call)| call.view(*id))
    }

    pub fn next_wake_ms(&self) -> Option<u64> {
        self.wakes.next_ms()
    }

    /// The calls that a line has placed.
    pub fn of_line(&self, account: &AccountId, line: &LineId) -> Vec<CallId> {
        let of = |call: &Remote| call.account == *account && call.line.as_ref() == Some(line);
        self.calls.iter().filter(|(_, call)| of(call)).map(|(id, _)| *id).collect()
    }

    /// Takes a call on.
    pub fn add(&mut self, core: &Core, id: CallId, call: Remote) {
        core.common.call_began();
        self.wakes.set(&id, call.next_wake_ms());
        self.calls.insert(id, Box::new(call));
    }

    /// A switch asks about a call: so does this node ask the account.
    pub fn screen(&mut self, core: &mut Core, token: u64, account: AccountId, attempt: Attempt, limit_s: u32) {
        let line = match &attempt.from {
            Party::Line(line) => Some(line.clone()),
            Party::Carrier(_) => None,
        };
        let nothing = Lease { check_at_s: None, paid_until_s: None };
        let mut call = Remote::redirected(core, account.clone(), line, nothing);
        call.caller.clone_from(&attempt.caller.user);
        call.callee.clone_from(&attempt.dialled);
        call.limit_ms = u64::from(limit_s.min(MAX_REMOTE_S)) * 1_000;
        call.clock.is_allowed = false;
        call.waits = Some(token);
        self.add(core, attempt.call, call);
        core.tell(&account, account::Input::Screen(Arc::new(attempt)));
    }

    /// The account's verdict. A refused attempt has its CDR from the account already.
    pub fn verdict(&mut self, core: &mut Core, id: CallId, verdict: Verdict) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        if let Some(token) = call.waits.take() {
            core.outputs.push_back(Output::Screened {
                token,
                screened: Screened::Verdict { call: id, verdict: verdict.clone() },
            });
        }
        match verdict {
            Verdict::Refused(_) => self.forget(core, id),
            Verdict::Allowed { permit, lease } => {
                call.agreed = lease;
                call.clock.is_allowed = true;
                if let Permit::Carrier { carriers, .. } = permit {
                    call.carrier = carriers.into_iter().next();
                }
                if let Some(end) = call.hang_up {
                    self.settle(core, id, ending(end));
                }
            }
        }
    }

    /// The switch reports.
    pub fn report(&mut self, core: &mut Core, token: u64, call: (CallId, Option<&AccountId>), report: Report) {
        let (id, account) = call;
        let said = |core: &mut Core, screened| core.outputs.push_back(Output::Screened { token, screened });
        let is_it =
            |call: &&mut Box<Remote>| call.clock.is_allowed && account.is_none_or(|account| call.account == *account);
        let Some(call) = self.calls.get_mut(&id).filter(is_it) else { return said(core, Screened::Unknown) };
        match report {
            Report::Answered => {
                if let Some(end) = call.hang_up {
                    return said(core, Screened::HangUp(end));
                }
                if call.clock.answer_ms.is_some() {
                    let lease = call.agreed;
                    return said(core, Screened::Leased(lease));
                }
                call.clock.answer_ms = Some(core.now_ms);
                call.until_ms = core.now_ms.saturating_add(call.limit_ms.max(LEASE_PATIENCE_MS));
                call.run_lease(core.now_ms, call.agreed);
                call.waits = Some(token);
                self.wakes.set(&id, call.next_wake_ms());
                core.tell(&call.account, account::Input::Answered { call: id, legs: Vec::new() });
            }
            Report::Ended { status, reason, hung_up_by, talk_ms } => {
                let told = core.now_ms.saturating_sub(talk_ms).max(call.start_ms);
                call.clock.answer_ms = call.clock.answer_ms.or((talk_ms > 0).then_some(told));
                let status = if call.clock.answer_ms.is_some() { 200 } else { status };
                self.settle(core, id, (status, reason, hung_up_by, CallEnd::Normal));
                said(core, Screened::Over);
            }
        }
    }

    /// The account's lease.
    pub fn leased(&mut self, core: &mut Core, id: CallId, lease: Lease) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let Some(answer_ms) = call.clock.answer_ms else { return };
        call.agreed = lease;
        call.run_lease(answer_ms, lease);
        if let Some(token) = call.waits.take() {
            core.outputs.push_back(Output::Screened { token, screened: Screened::Leased(lease) });
        }
        self.wakes.set(&id, call.next_wake_ms());
    }

    /// The call must end: its switch is told, and has a moment to do it.
    pub fn hang_up(&mut self, core: &mut Core, id: CallId, end: CallEnd) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        call.hang_up.get_or_insert(end);
        call.until_ms = call.until_ms.min(core.now_ms.saturating_add(HANG_UP_PATIENCE_MS));
        call.clock.check_ms = None;
        if let Some(token) = call.waits.take_if(|_| call.clock.is_allowed) {
            core.outputs.push_back(Output::Screened { token, screened: Screened::HangUp(end) });
        }
        self.wakes.set(&id, call.next_wake_ms());
    }

    /// The node goes down: nothing is waited for.
    pub fn end_all(&mut self, core: &mut Core, end: CallEnd) {
        let ids: Vec<CallId> = self.calls.keys().copied().collect();
        for id in ids {
            self.end(core, id, end);
        }
    }

    fn end(&mut self, core: &mut Core, id: CallId, end: CallEnd) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        if call.clock.is_allowed {
            self.settle(core, id, ending(end));
        } else {
            // The account's answer is on its way: a call it allows must be settled then.
            call.hang_up.get_or_insert(end);
        }
    }

    /// Deadlines that have come.
    pub fn tick(&mut self, core: &mut Core) {
        while let Some(id) = self.wakes.due(core.now_ms) {
            let Some(call) = self.calls.get_mut(&id) else { continue };
            let is_due = |at_ms: Option<u64>| at_ms.is_some_and(|at_ms| at_ms <= core.now_ms);
            if is_due(call.clock.paid_ms) {
                let end = call.hang_up.unwrap_or(CallEnd::CreditEnded);
                self.settle(core, id, ending(end));
            } else if is_due(Some(call.until_ms)) {
                self.time_is_up(core, id);
            } else {
                if is_due(call.clock.check_ms) {
                    call.clock.check_ms = None;
                    core.tell(&call.account, account::Input::Extend { call: id });
                }
                self.wakes.set(&id, call.next_wake_ms());
            }
        }
    }

    /// No word came from the switch.
    fn time_is_up(&mut self, core: &mut Core, id: CallId) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        if !call.clock.is_allowed {
            // The account is waited for, as long as it takes: what it allows must be settled.
            call.hang_up.get_or_insert(CallEnd::Normal);
            call.until_ms = core.now_ms.saturating_add(LEASE_PATIENCE_MS);
            return self.wakes.set(&id, call.next_wake_ms());
        }
        let end = match (call.hang_up, call.clock.answer_ms) {
            (Some(end), _) => ending(end),
            (None, Some(_)) => (200, NO_REPORT.to_owned(), HungUpBy::Node, CallEnd::Normal),
            (None, None) => (408, NO_REPORT.to_owned(), HungUpBy::Node, CallEnd::Normal),
        };
        self.settle(core, id, end);
    }

    fn settle(&mut self, core: &mut Core, id: CallId, end: (u16, String, HungUpBy, CallEnd)) {
        let Some(call) = self.calls.get(&id) else { return };
        let (status, reason, hung_up_by, end) = end;
        let settlement = Settlement {
            call: id,
            ring_ms: None,
            answer_ms: call.clock.answer_ms,
            status: if call.clock.answer_ms.is_some() { 200 } else { status },
            reason: text::bounded(reason.as_bytes(), MAX_TEXT_BYTES),
            hung_up_by,
            end,
            carrier: call.carrier.clone(),
            callee: None,
        };
        core.tell(&call.account, account::Input::Settle(settlement));
        self.forget(core, id);
    }

    fn forget(&mut self, core: &mut Core, id: CallId) {
        self.wakes.set(&id, None);
        if let Some(call) = self.calls.remove(&id) {
            core.common.call_ended();
            if let Some(token) = call.waits {
                core.outputs.push_back(Output::Screened { token, screened: Screened::Over });
            }
        }
    }
}

/// What is said of a call that nobody spoke of any more.
const NO_REPORT: &str = "the switch that placed it did not report its end";

fn ending(end: CallEnd) -> (u16, String, HungUpBy, CallEnd) {
    let (status, why) = crate::call::of_end(end);
    (status, why.to_owned(), HungUpBy::Node, end)
}
