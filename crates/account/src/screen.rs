//! Screening: may this attempt go on, where to, on what money.
//!
//! The order of the questions, for a line of the account:
//!
//! 1. An emergency number goes through: no limit, permission, cut, verdict or lack of credit stops it.
//! 2. An extension, or one of the account's own numbers, rings phones; that is free and the guard is not asked.
//! 3. Any other number costs money: calls at once, the owner's permission, the cut, the guard's verdict, credit, the
//!    exposure ceiling. Then the hold is placed.
//!
//! A carrier reaches the account's own numbers alone. Every refusal leaves its CDR there and then.

use std::sync::Arc;

use billing::{
    CallId, CdrResult, CdrTimes, Decision, Dialled, Direction, E164, EmergencyNumber, HungUpBy, LineId, Money,
};
use guard::Ended;

use crate::call::Facts;
use crate::cdr::Ending;
use crate::lease::FREE;
use crate::message::{
    Answer, Attempt, Caller, Effect, Lease, Notice, Party, Permit, Refusal, RefusalCode, Reply, Verdict,
};
use crate::register::see_line;
use crate::{Account, RunningCall};

/// How an allowed call goes.
pub(crate) struct Way {
    pub(crate) permit: Permit,
    pub(crate) lease: Lease,
}

/// A refusal with its sentence.
pub(crate) fn refusal(code: RefusalCode, text: impl Into<String>) -> Refusal {
    Refusal { code, text: text.into() }
}

impl Account {
    pub(crate) fn screen(&mut self, now_ms: u64, attempt: &Arc<Attempt>, out: &mut Answer) {
        if self.running.contains_key(&attempt.call) {
            // The same attempt once more is no second call.
            return;
        }
        let mut facts = Facts::new(attempt, now_ms, Direction::Outbound);
        let way = match &attempt.from {
            Party::Line(line) => self.line_calls(now_ms, line, &mut facts, out),
            Party::Carrier(_) => self.carrier_calls(now_ms, &mut facts),
        };
        match way {
            Ok(way) => self.admit(facts, way, out),
            Err(refusal) => self.refuse(now_ms, facts, refusal, out),
        }
    }

    fn line_calls(&mut self, now_ms: u64, line: &LineId, facts: &mut Facts, out: &mut Answer) -> Result<Way, Refusal> {
        let gone = || refusal(RefusalCode::NoSuchLine, format!("there is no line {line} on this account"));
        let state = self.lines.get_mut(line).ok_or_else(gone)?;
        if see_line(state, now_ms, &facts.attempt.via) {
            out.effects.push(Effect::Line(state.clone()));
        }
        match facts.attempt.look_ups.dialled.clone() {
            Dialled::Emergency(number) => self.emergency(line, number, facts, out),
            Dialled::Extension(extension) => self.call_extension(now_ms, line, &extension, facts),
            Dialled::Number(number) if self.dids.contains_key(&number) => {
                facts.direction = Direction::Internal;
                self.not_locked(line, facts.attempt.via.flow.remote.ip())?;
                let caller = self.inside_caller(line, &facts.attempt.caller);
                self.call_did(now_ms, number, caller, facts)
            }
            Dialled::Number(number) => self.call_number(now_ms, line, number, facts, out),
            Dialled::Feature(code) => Err(refusal(RefusalCode::BadNumber, format!("{code} is no service here"))),
            Dialled::Invalid(why) => Err(refusal(RefusalCode::BadNumber, why.to_string())),
        }
    }

    fn carrier_calls(&mut self, now_ms: u64, facts: &mut Facts) -> Result<Way, Refusal> {
        facts.direction = Direction::Inbound;
        let caller = facts.attempt.caller.clone();
        // Carriers send bare E.164 more often than what is dialled in the account's country.
        let written = facts.attempt.dialled.parse::<E164>().ok();
        let read = match facts.attempt.look_ups.dialled {
            Dialled::Number(number) => Some(number),
            _ => None,
        };
        match written.into_iter().chain(read).find(|number| self.dids.contains_key(number)) {
            Some(number) => self.call_did(now_ms, number, caller, facts),
            None => Err(refusal(RefusalCode::NoSuchLine, "this is not a number of the account")),
        }
    }

    /// Invariant 4: for an authenticated line it goes through, whatever else stands.
    fn emergency(
        &mut self,
        line: &LineId,
        number: EmergencyNumber,
        facts: &mut Facts,
        out: &mut Answer,
    ) -> Result<Way, Refusal> {
        let carriers = self.carriers()?;
        let Some(state) = self.lines.get(line) else {
            return Err(refusal(RefusalCode::NoSuchLine, format!("there is no line {line} on this account")));
        };
        let caller = self.outside_caller(line, state, &facts.attempt.caller);
        facts.shown.clone_from(&caller.user);
        let number = number.digits().to_owned();
        out.effects.push(Effect::Notice(Notice::Emergency {
            line: line.clone(),
            number: number.clone(),
            place: facts.attempt.via.place.describe(),
        }));
        Ok(Way { permit: Permit::Carrier { carriers, number, caller, emergency: true }, lease: FREE })
    }

    fn call_extension(
        &mut self,
        now_ms: u64,
        line: &LineId,
        extension: &str,
        facts: &mut Facts,
    ) -> Result<Way, Refusal> {
        facts.direction = Direction::Internal;
        self.not_locked(line, facts.attempt.via.flow.remote.ip())?;
        let Some((called, _)) = self.lines.get_key_value(extension) else {
            return Err(refusal(RefusalCode::NoSuchLine, format!("there is no extension {extension}")));
        };
        let caller = self.inside_caller(line, &facts.attempt.caller);
        self.ring(now_ms, std::slice::from_ref(called), caller, extension.to_owned(), facts)
    }

    fn call_did(&mut self, now_ms: u64, number: E164, caller: Caller, facts: &mut Facts) -> Result<Way, Refusal> {
        let lines = self.dids.get(&number).map(|did| did.lines.clone()).unwrap_or_default();
        self.ring(now_ms, &lines, caller, number.to_string(), facts)
    }

    fn ring(
        &self,
        now_ms: u64,
        lines: &[LineId],
        caller: Caller,
        called: String,
        facts: &mut Facts,
    ) -> Result<Way, Refusal> {
        facts.shown.clone_from(&caller.user);
        self.room_for(|call| !call.is_paid() && !call.emergency)?;
        let mut bindings = Vec::new();
        for line in lines {
            bindings.extend(self.live_bindings(now_ms, line).into_iter().map(|binding| (line.clone(), binding)));
        }
        if bindings.is_empty() {
            return Err(refusal(RefusalCode::NotRegistered, format!("no phone is registered for {called}")));
        }
        Ok(Way { permit: Permit::Lines { bindings, caller, called }, lease: FREE })
    }

    /// The account's carriers, in order.
    pub(crate) fn carriers(&self) -> Result<Vec<billing::CarrierId>, Refusal> {
        let carriers = self.settings().map(|settings| settings.carriers.clone()).unwrap_or_default();
        if carriers.is_empty() {
            return Err(refusal(RefusalCode::NoCarrier, "the account has no carrier for outside calls"));
        }
        Ok(carriers)
    }

    /// Whether one more call of a kind may run. Calls among phones and from outside are counted apart from calls that
    /// cost money, so that neither can crowd out the other.
    pub(crate) fn room_for(&self, kind: impl Fn(&RunningCall) -> bool) -> Result<(), Refusal> {
        let max = self.settings().map_or(0, |settings| settings.max_calls);
        // No look at each of many calls where all together are fewer.
        if self.running.len() < max as usize {
            return Ok(());
        }
        let running = self.running.values().filter(|call| kind(call)).count();
        if running >= max as usize {
            return Err(refusal(RefusalCode::TooManyCalls, format!("{running} calls run already, the most allowed")));
        }
        Ok(())
    }

    fn admit(&mut self, facts: Facts, way: Way, out: &mut Answer) {
        let Way { permit, lease } = way;
        let call = facts.attempt.call;
        let (rings, emergency) = match &permit {
            Permit::Lines { bindings, .. } => (bindings.iter().map(|(line, _)| line.clone()).collect(), false),
            Permit::Carrier { emergency, .. } => (Vec::new(), *emergency),
        };
        let running = RunningCall { facts, answer_ms: None, legs: None, lease, rings, emergency, hanging_up: None };
        self.running.insert(call, running);
        // Everything waits until the attempt is on disk, for it must leave its CDR; an emergency call does not wait.
        out.spends |= !emergency;
        out.replies.insert(0, Reply::Verdict { call, verdict: Verdict::Allowed { permit, lease } });
    }

    fn refuse(&mut self, now_ms: u64, mut facts: Facts, refusal: Refusal, out: &mut Answer) {
        let call = facts.attempt.call;
        facts.verdict.decision = Decision::Refused;
        facts.verdict.reasons.insert(0, refusal.text.clone());
        self.file_refused(now_ms, call, &mut facts);
        let status = refusal.code.sip_status();
        let ending = Ending {
            times: CdrTimes {
                start_ms: now_ms,
                ring_ms: None,
                answer_ms: None,
                end_ms: now_ms,
                heard_ms: None,
                utc_offset_min: facts.attempt.look_ups.utc_offset_min,
            },
            route: None,
            result: CdrResult {
                sip_status: status,
                reason: refusal.text.clone(),
                hung_up_by: HungUpBy::Node { why: refusal.text.clone() },
                recovered: false,
            },
            charge: Money::ZERO,
            held_peak: Money::ZERO,
            cost: None,
        };
        out.effects.push(Effect::Cdr(self.cdr(call, &facts, ending)));
        if facts.number.is_some() {
            self.guard.ended(now_ms, &Ended { call, talk_ms: 0, status });
        }
        // The record of a refusal for a full disk is written when there is room; the caller hears of it now.
        out.spends = refusal.code != RefusalCode::DiskFull;
        out.replies.insert(0, Reply::Verdict { call, verdict: Verdict::Refused(refusal) });
    }

    /// A refused attempt to foreign ground belongs to the line's open incident.
    fn file_refused(&mut self, now_ms: u64, call: CallId, facts: &mut Facts) {
        let foreign = facts.number.as_ref().is_some_and(|number| number.cut_class);
        let open = facts.line().and_then(|line| self.incidents.open_on(now_ms, line));
        let incident = facts.verdict.incident.or(open.filter(|_| foreign));
        if let Some(incident) = incident {
            facts.verdict.incident = Some(incident);
            self.incidents.attach(incident, call, facts, "refused", false);
        }
    }
}

#[cfg(test)]
mod tests;
