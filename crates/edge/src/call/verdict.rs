//! The account's verdict, and what follows: ports, then the callees.

use account::{Caller, Lease, Permit, Refusal, Verdict};
use media::{RelayAddresses, Side};
use sip::Name;

use super::fork::{Diversion, Failure, Fork, Outbound};
use super::media::Offer;
use super::{Call, Ending, Stage, status};
use crate::core::Core;
use crate::limits::{MAX_FORKS, MAX_FORWARDS};
use crate::text;

impl Call {
    /// Stage `Screening`: the account has decided.
    pub fn verdict(&mut self, core: &mut Core, verdict: Verdict) {
        let Stage::Screening { gone } = &mut self.stage else { return };
        match (gone.take(), verdict) {
            (Some(_), Verdict::Refused(_)) => self.forget(core),
            (Some(ending), Verdict::Allowed { .. }) => self.settle(core, &ending),
            (None, Verdict::Refused(refusal)) => self.refuse(core, &refusal),
            (None, Verdict::Allowed { permit, lease }) => self.go_on(core, permit, lease),
        }
    }

    /// A refused attempt has its CDR from the account already: it is not settled.
    fn refuse(&mut self, core: &mut Core, refusal: &Refusal) {
        let (code, _) = status::of_refusal(refusal.code);
        // Whoever places its calls itself must not take a refusal for a reason to try another way.
        let code = if self.is_redirected(core) { 603 } else { code };
        let Some(invite) = &self.invite else { return };
        let mut answer = invite.answer(code);
        answer.header(Name::Reason, status::refusal_reason(refusal));
        if core.common.settings.warning {
            let agent = core.our_addr(invite.flow);
            answer.header_display(Name::Warning, format_args!("399 {agent} {}", text::quoted(&refusal.text)));
        }
        core.respond(invite.server, code, answer.finish());
        self.forget(core);
    }

    fn go_on(&mut self, core: &mut Core, permit: Permit, lease: Lease) {
        if matches!(permit, Permit::Carrier { .. }) && self.is_redirected(core) {
            return self.redirect(core, &permit, lease);
        }
        let outbound = self.outbound(&permit);
        match &permit {
            _ if outbound.replacing.is_some() => self.fork_to_call(core, &outbound, &permit),
            Permit::Lines { bindings, .. } => {
                for (line, binding) in bindings.iter().take(MAX_FORKS) {
                    let trunk = core.directory.is_trunk(&self.facts.account, line);
                    self.forks.push(Fork::to_phone(core, &outbound, line.clone(), binding, trunk));
                }
            }
            Permit::Carrier { carriers, .. } => self.routes_left = core.routes(carriers),
        }
        self.outbound = Some(Box::new(outbound));
        self.clock.agreed = lease;
        if self.media.open(core) {
            self.stage = Stage::Opening;
        } else {
            self.call_out(core);
        }
    }

    fn outbound(&self, permit: &Permit) -> Outbound {
        let (caller, called, emergency) = match permit {
            Permit::Lines { caller, called, .. } => (caller.clone(), called.clone(), false),
            Permit::Carrier { number, caller, emergency, .. } => (caller.clone(), number.clone(), *emergency),
        };
        let line = self.facts.line.clone();
        let max_forwards = self.invite.as_ref().and_then(|invite| invite.request.max_forwards());
        Outbound {
            // Emergency services see who calls, whatever the caller asked for (RFC 6443 section 7).
            caller: Caller { private: caller.private && !emergency, ..caller },
            called,
            emergency,
            origin: line.map(|line| (line, self.facts.ip)),
            // A phone that redirects deflects the call; what a PBX does of its own is not known here.
            diversion: if self.redirections > 0 { Diversion::DEFLECTION } else { Diversion::UNKNOWN },
            max_forwards: max_forwards.unwrap_or(MAX_FORWARDS).saturating_sub(1),
            offer: Offer::default(),
            replacing: self.replacing(),
        }
    }

    /// Stage `Opening`: the relay listens.
    pub fn relay_opened(&mut self, core: &mut Core, a: RelayAddresses, b: RelayAddresses) {
        let Some(invite) = &self.invite else { return };
        self.media.opened(a, b, invite.flow.remote);
        if matches!(self.stage, Stage::Opening) {
            self.call_out(core);
        }
    }

    /// Stage `Opening`: there are no ports.
    pub fn relay_failed(&mut self, core: &mut Core) {
        if matches!(self.stage, Stage::Opening) {
            self.finish(core, Ending::by_node(503, "no media ports are free"), None);
        }
    }

    /// Calls all phones at once, or the first carrier.
    fn call_out(&mut self, core: &mut Core) {
        let sdp = self.callers_offer().unwrap_or_default().to_vec();
        let Ok(offer) = self.media.offer(&sdp) else {
            return self.finish(core, Ending::by_node(488, "the session description cannot be used"), None);
        };
        self.media.announce(core, Side::A, &sdp);
        let Some(outbound) = &mut self.outbound else { return };
        outbound.offer = offer;
        self.stage = Stage::Ringing;
        for fork in &mut self.forks {
            if !fork.send(core, self.id, outbound) {
                fork.failed = Some(Failure::of(503));
            }
        }
        if self.forks.is_empty() && self.try_next_carrier(core) {
            return;
        }
        self.all_failed(core);
    }

    /// Calls the next carrier, or the same at its next server; false if there is none left.
    pub(super) fn try_next_carrier(&mut self, core: &mut Core) -> bool {
        let Some(outbound) = &self.outbound else { return false };
        let directory = core.directory.clone();
        while let Some(route) = self.routes_left.pop_front() {
            let Some(carrier) = directory.carriers.get(&route.carrier) else { continue };
            self.facts.carrier = Some(route.carrier.clone());
            let mut fork = Fork::to_carrier(core, outbound, carrier, route);
            let sent = fork.send(core, self.id, outbound);
            if !sent {
                fork.failed = Some(Failure::of(503));
            }
            self.forks.push(fork);
            if sent {
                return true;
            }
        }
        false
    }
}
