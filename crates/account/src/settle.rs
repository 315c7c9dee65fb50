//! The end of a call: capture its charge, release the rest, write the one CDR, teach guard and exposure.

use billing::{CallId, CarrierId, CdrTimes, Money, Posting, Route, charge};
use guard::{Ended, IncidentCall};

use crate::call::{Facts, PricedNumber};
use crate::cdr::{Ending, result};
use crate::exposure::{Day, day, ground};
use crate::message::{Answer, CallEnd, Effect, HungUpBy, Reply, Settlement};
use crate::number::NODE;
use crate::usage::Used;
use crate::{Account, RunningCall};

impl Account {
    /// A call this account does not know was settled before: it is never billed twice.
    pub(crate) fn settle(&mut self, now_ms: u64, settlement: &Settlement, out: &mut Answer) {
        let Some(call) = self.running.remove(settlement.call) else { return };
        let times = times(now_ms, &call, settlement);
        let talk_ms = times.talk_ms();
        let held_peak = self.ledger.hold(settlement.call).unwrap_or(Money::ZERO);
        let charged = match &call.facts.number {
            Some(number) => {
                let today = day(now_ms, call.facts.attempt.look_ups.utc_offset_min);
                self.capture(now_ms, today, settlement.call, number, &times, out)
            }
            None => Money::ZERO,
        };
        if call.is_paid()
            && let Some(line) = call.facts.line()
        {
            let is_limited = self.lines.get(line).is_some_and(|line| line.limits.are_of_a_day());
            self.usage.add(now_ms, line, is_limited, Used { money: charged, talk_s: talk_ms.div_ceil(1000) });
        }
        if call.is_paid() {
            self.guard.ended(now_ms, &Ended { call: settlement.call, talk_ms, status: settlement.status });
        }
        self.learn(&call, settlement, &times, charged);
        let route = match (&settlement.carrier, &settlement.callee) {
            (Some(carrier), _) => Some(Route::Carrier(carrier.clone())),
            (None, callee) => callee.clone().map(Route::Line),
        };
        let cost = settlement.carrier.as_ref().and_then(|carrier| cost(&call.facts, carrier, talk_ms));
        let ending = Ending { times, route, result: result(settlement), charge: charged, held_peak, cost };
        out.effects.push(Effect::Cdr(self.cdr(settlement.call, &call.facts, ending)));
    }

    /// Charges the talk until the hang-up or the silence before it, never more than is held for it.
    fn capture(
        &mut self,
        now_ms: u64,
        today: Day,
        call: CallId,
        number: &PricedNumber,
        times: &CdrTimes,
        out: &mut Answer,
    ) -> Money {
        let Some(held) = self.ledger.hold(call) else { return Money::ZERO };
        let cost = |talk_ms| charge(&number.rate, talk_ms).min(held);
        let amount = cost(times.billed_ms());
        // Entries are kept for good, so that they do not tell the number.
        let note = format!("call to {}", number.destination.name(number.e164));
        let posting = Posting { at_ms: now_ms, by: NODE, note: &note };
        // It cannot fail: the hold is there and the amount is not below zero.
        let Ok(captured) = self.ledger.capture(call, amount, posting) else { return Money::ZERO };
        out.effects.extend(captured.entries.into_iter().map(Effect::Ledger));
        self.spending.charge(today, amount);
        if number.exposed {
            // Silence is not billed, but the carrier asks for it: a thief who says nothing finds the same ceiling.
            self.exposure.charge(now_ms, cost(times.talk_ms()));
        }
        amount
    }

    /// Foreign ground with an answered call becomes the account's own in time, unless an incident is about it.
    fn learn(&mut self, call: &RunningCall, settlement: &Settlement, times: &CdrTimes, charged: Money) {
        let facts = &call.facts;
        let Some(number) = facts.number.as_ref().filter(|number| number.cut_class || facts.verdict.incident.is_some())
        else {
            return;
        };
        let answered: Option<Day> =
            times.answer_ms.map(|answer_ms| day(answer_ms, facts.attempt.look_ups.utc_offset_min));
        let ended = IncidentCall {
            call: settlement.call,
            start_ms: facts.start_ms,
            number: number.e164,
            destination: number.destination.name(number.e164),
            result: outcome(settlement, times),
            charge: Some(charged),
        };
        match facts.verdict.incident {
            Some(incident) => self.incidents.ended(incident, facts, ended, answered),
            None => {
                if let Some(day) = answered {
                    self.exposure.add(day, ground(&number.destination));
                }
                if number.exposed {
                    self.incidents.remember(facts.clone(), ended, answered);
                }
            }
        }
    }

    /// Asks the call machine to end a call; nothing but its parties or a person ends an emergency call.
    pub(crate) fn hang_up(&mut self, call: CallId, end: CallEnd, out: &mut Answer) -> bool {
        let Some(running) = self.running.get_mut(call) else { return false };
        if running.emergency && end != CallEnd::Operator {
            return false;
        }
        running.hanging_up.get_or_insert(end);
        out.spends = true;
        out.replies.push(Reply::HangUp { call, end });
        true
    }
}

/// What the carrier that took the call asks for it.
fn cost(facts: &Facts, carrier: &CarrierId, talk_ms: u64) -> Option<Money> {
    let mut costs = facts.attempt.look_ups.costs.iter();
    costs.find(|(known, _)| known == carrier).map(|(_, rate)| charge(rate, talk_ms))
}

/// The end is now. An answer the call machine does not know of (it was restarted) is the one we were told of.
fn times(now_ms: u64, call: &RunningCall, settlement: &Settlement) -> CdrTimes {
    let Facts { start_ms, .. } = call.facts;
    let within = |at_ms: u64| at_ms.clamp(start_ms, now_ms.max(start_ms));
    CdrTimes {
        start_ms,
        ring_ms: settlement.ring_ms.map(within),
        answer_ms: settlement.answer_ms.or(call.answer_ms).map(within),
        end_ms: now_ms.max(start_ms),
        heard_ms: match settlement.end {
            CallEnd::Silence { heard_ms } => Some(within(heard_ms)),
            _ => None,
        },
        utc_offset_min: call.facts.attempt.look_ups.utc_offset_min,
    }
}

/// The result of a call of an incident, in words.
fn outcome(settlement: &Settlement, times: &CdrTimes) -> String {
    let talk_s = times.talk_ms().div_ceil(1000);
    let by_guard = settlement.hung_up_by == HungUpBy::Node && settlement.end == CallEnd::Cut;
    match (times.answer_ms, settlement.status) {
        (Some(_), _) if by_guard => format!("hung up by the guard after {talk_s} s"),
        (Some(_), _) => format!("answered {talk_s} s"),
        (None, _) if by_guard => "hung up by the guard while ringing".to_owned(),
        (None, 486 | 600) => "busy".to_owned(),
        (None, 408 | 480) => "no answer".to_owned(),
        (None, 487) => "given up by the caller".to_owned(),
        (None, status) => format!("failed ({status})"),
    }
}

#[cfg(test)]
mod tests;
