//! A call is answered, talks on, and is looked at again before each further interval is held for.

use billing::{CallId, Money, Posting};

use crate::exposure::day as day_of;
use crate::lease::grant;
use crate::message::{Answer, Effect, Reply};
use crate::number::NODE;
use crate::{Account, CallEnd, Lease};

impl Account {
    pub(crate) fn answered(&mut self, now_ms: u64, call: CallId, legs: &[u8], out: &mut Answer) {
        let Some(running) = self.running.get_mut(call) else {
            // Not ours any more: it must not talk unpaid.
            out.replies.push(Reply::HangUp { call, end: CallEnd::Recovered });
            return;
        };
        running.answer_ms.get_or_insert(now_ms);
        running.legs = Some(legs.to_vec());
        // An emergency call waits for no disk.
        out.spends |= !running.emergency;
        if let Some(end) = running.hanging_up {
            out.replies.push(Reply::HangUp { call, end });
            return;
        }
        if running.is_paid() {
            self.guard.answered(now_ms, call);
        }
        self.lease_on(now_ms, call, out);
    }

    pub(crate) fn extend(&mut self, now_ms: u64, call: CallId, out: &mut Answer) {
        let Some(running) = self.running.get(&call) else {
            out.replies.push(Reply::HangUp { call, end: CallEnd::Recovered });
            return;
        };
        if let Some(end) = running.hanging_up {
            out.replies.push(Reply::HangUp { call, end });
            return;
        }
        if running.is_paid() && running.answer_ms.is_some() && !self.may_go_on(now_ms, call, out) {
            out.spends = true;
            return;
        }
        self.lease_on(now_ms, call, out);
    }

    /// Asks the guard again; false where the call is being hung up.
    fn may_go_on(&mut self, now_ms: u64, call: CallId, out: &mut Answer) -> bool {
        let screening = self.guard.rescreen(now_ms, call);
        let Some(mut facts) = self.running.get(&call).map(|running| running.facts.clone()) else { return false };
        let stopped = self.heed(now_ms, &screening, &mut facts, true, out);
        if let Some(running) = self.running.get_mut(call) {
            running.facts.verdict = facts.verdict;
        }
        if stopped {
            self.hang_up(call, CallEnd::Cut, out);
        }
        self.running.get(&call).is_some_and(|running| running.hanging_up.is_none())
    }

    /// Sets more money aside if the time has come and replies with the lease as it is then.
    pub(crate) fn lease_on(&mut self, now_ms: u64, call: CallId, out: &mut Answer) {
        let Some(running) = self.running.get(&call) else { return };
        let lease = if running.is_paid() { self.renew(now_ms, call, out) } else { running.lease };
        // A longer lease is money spent.
        out.spends |= self.running.get(&call).is_some_and(|running| running.is_paid());
        if let Some(running) = self.running.get_mut(call) {
            running.lease = lease;
        }
        out.replies.push(Reply::Leased { call, lease });
    }

    /// The lease from now on, with its hold in place. It never gets shorter; where the money or the exposure ceiling
    /// ends, so does it.
    fn renew(&mut self, now_ms: u64, call: CallId, out: &mut Answer) -> Lease {
        let Some((running, held)) = self.running.get(&call).zip(self.ledger.hold(call)) else {
            return crate::lease::FREE;
        };
        let last = Lease { check_at_s: None, ..running.lease };
        let Some(number) = &running.facts.number else { return last };
        let Some((settings, line)) = self.settings.clone().zip(running.facts.line()) else { return last };
        let day = self.day_room(now_ms, &settings, line);
        let today = day_of(now_ms, running.facts.attempt.look_ups.utc_offset_min);
        let mut more = self.ledger.available().min(day.money).min(self.month_room(today));
        if number.exposed {
            more = more.min(self.exposure_room(now_ms));
        }
        let paid_until_s = running.lease.paid_until_s.unwrap_or(0);
        let talk_ms = running.talk_ms(now_ms);
        let most_s = paid_until_s.saturating_add(day.talk_s);
        match grant(&number.rate, talk_ms, paid_until_s, held.saturating_add(more), most_s) {
            Some(grant) if grant.lease.paid_until_s >= running.lease.paid_until_s => {
                let raise = grant.hold.saturating_sub(held).max(Money::ZERO);
                match self.ledger.extend_hold(call, raise, Posting { at_ms: now_ms, by: NODE, note: "" }) {
                    Ok(entry) => {
                        out.effects.extend(entry.map(Effect::Ledger));
                        grant.lease
                    }
                    Err(_) => last,
                }
            }
            _ => last,
        }
    }
}
