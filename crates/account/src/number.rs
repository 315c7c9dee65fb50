//! An outside number, which costs money: what may stop it, and the hold it gets.

use std::sync::Arc;

use billing::{CarrierId, Destination, E164, LineId, Money, Posting, Prefix, Rate, charge};
use guard::{Cause, Observed, Origin};

use crate::call::{Facts, PricedNumber};
use crate::exposure::{day as day_of, ground};
use crate::lease::{GRACE_S, grant};
use crate::message::{Answer, Effect, Permit, Refusal, RefusalCode};
use crate::screen::{Way, refusal};
use crate::{Account, RunningCall, Settings};

/// What a minute costs to a number the deck does not price, in micro-units of the account's currency.
pub const UNPRICED_PER_MINUTE: Money = Money::from_cents(40);
const MINUTE_MS: u64 = 60_000;
/// Who posts what nobody did by hand.
pub(crate) const NODE: &str = "node";
/// Minimum and increment of such a number, seconds.
pub const UNPRICED_STEP_S: u32 = 6;

impl Account {
    pub(crate) fn call_number(
        &mut self,
        now_ms: u64,
        line: &LineId,
        number: E164,
        facts: &mut Facts,
        out: &mut Answer,
    ) -> Result<Way, Refusal> {
        let Some((settings, state)) = self.settings.clone().zip(self.lines.get(line)) else {
            return Err(refusal(RefusalCode::NotPermitted, "the account is not set up for outside calls"));
        };
        let caller = self.outside_caller(line, state, &facts.attempt.caller);
        // A PBX that forwards places a call of its own: that it does so is seen from whom it shows.
        if caller.diverted.is_some() && facts.attempt.cause.is_none() {
            Arc::make_mut(&mut facts.attempt).cause = Some(Cause::Forward);
        }
        facts.shown.clone_from(&caller.user);
        let priced = self.priced(now_ms, &settings, number, facts);
        facts.number = Some(priced.clone());
        let carriers = by_cost(self.carriers()?, facts);
        if facts.attempt.look_ups.disk_full {
            let text = "the disk of this node is full: calls that cost money have to wait until there is room";
            return Err(refusal(RefusalCode::DiskFull, text));
        }
        self.room_for(RunningCall::is_paid)?;
        self.permitted(now_ms, &settings, line, &priced, facts.attempt.look_ups.utc_offset_min)?;
        self.not_cut(line, &priced)?;
        self.not_locked(line, facts.attempt.via.flow.remote.ip())?;
        self.ask_guard(now_ms, line, &priced, facts, out)?;
        // The guard may have cut the line or the account just now.
        self.not_cut(line, &priced)?;
        let lease = self.place_hold(now_ms, &settings, line, &priced, facts, out)?;
        let number = number.to_text();
        Ok(Way { permit: Permit::Carrier { carriers, number, caller, emergency: false }, lease })
    }

    pub(crate) fn priced(&self, now_ms: u64, settings: &Settings, number: E164, facts: &Facts) -> PricedNumber {
        let look_ups = &facts.attempt.look_ups;
        let destination = look_ups.destination.unwrap_or_else(|| Destination::of(number));
        let cut_class = destination.in_cut_class(number, settings.country);
        let today = day_of(now_ms, look_ups.utc_offset_min);
        PricedNumber {
            e164: number,
            destination,
            rate: look_ups.rate.clone().unwrap_or_else(|| unpriced(number)),
            priced: look_ups.rate.is_some(),
            cut_class,
            exposed: cut_class && !self.exposure.is_own(today, ground(&destination)),
        }
    }

    fn not_cut(&self, line: &LineId, number: &PricedNumber) -> Result<(), Refusal> {
        if !number.cut_class {
            return Ok(());
        }
        let Some(cut) = self.cut_on(line) else { return Ok(()) };
        // Closed and forgotten incidents cut nothing; but a cut without its incident is still a cut.
        let forgotten = || format!("international calls are cut by incident {}", cut.incident);
        let text = self.incidents.get(cut.incident).map_or_else(forgotten, guard::Incident::refusal);
        Err(refusal(RefusalCode::Cut, text))
    }

    fn ask_guard(
        &mut self,
        now_ms: u64,
        line: &LineId,
        number: &PricedNumber,
        facts: &mut Facts,
        out: &mut Answer,
    ) -> Result<(), Refusal> {
        let attempt = &facts.attempt;
        let observed = Observed {
            call: attempt.call,
            line: line.clone(),
            origin: Origin {
                ip: attempt.via.flow.remote.ip(),
                place: attempt.via.place.clone(),
                user_agent: attempt.via.user_agent.clone().into(),
            },
            number: number.e164,
            destination: number.destination,
            cut_class: number.cut_class,
            per_minute: number.rate.per_minute,
            priced: number.priced,
            cause: attempt.cause,
            told: attempt.told.as_ref().map(|told| told.place.clone()),
            failures_before: attempt.via.failures_before,
            elsewhere: attempt.look_ups.elsewhere,
            utc_offset_min: attempt.look_ups.utc_offset_min,
        };
        let screening = self.guard.screen(now_ms, &observed);
        if !self.heed(now_ms, &screening, facts, false, out) {
            return Ok(());
        }
        Err(refusal(RefusalCode::Guard, guard::why(screening.score, &screening.evidence)))
    }

    /// Sets aside what the first interval costs, or as much of it as there is.
    fn place_hold(
        &mut self,
        now_ms: u64,
        settings: &Settings,
        line: &LineId,
        number: &PricedNumber,
        facts: &Facts,
        out: &mut Answer,
    ) -> Result<crate::Lease, Refusal> {
        let available = self.ledger.available();
        if grant(&number.rate, 0, 0, available, u32::MAX).is_none() {
            let text = format!("the free balance of {} does not cover this call", available.format(&settings.currency));
            return Err(refusal(RefusalCode::NoCredit, text));
        }
        let day = self.day_room(now_ms, settings, line);
        let month = self.month_room(day_of(now_ms, facts.attempt.look_ups.utc_offset_min));
        let (within, talk_s) = (available.min(day.money), day.talk_s.saturating_sub(GRACE_S));
        let mut granted = grant(&number.rate, 0, 0, within, talk_s).ok_or_else(|| day.clone().refusal())?;
        let within = within.min(month);
        if granted.hold > within {
            granted = grant(&number.rate, 0, 0, within, talk_s).ok_or_else(|| {
                let text = "calls have reached the most that the account may spend in a month";
                refusal(RefusalCode::Limit, text)
            })?;
        }
        if number.exposed {
            let room = self.exposure_room(now_ms);
            granted = grant(&number.rate, 0, 0, within.min(room), talk_s).ok_or_else(|| {
                let ceiling = settings.exposure_ceiling.format(&settings.currency);
                let text = format!("calls to new destinations have reached {ceiling}, the most a day may cost");
                refusal(RefusalCode::Exposure, text)
            })?;
        }
        let posting = Posting { at_ms: now_ms, by: NODE, note: "" };
        match self.ledger.place_hold(facts.attempt.call, granted.hold, posting) {
            Ok(entry) => {
                out.effects.extend(entry.map(Effect::Ledger));
                Ok(granted.lease)
            }
            Err(error) => Err(refusal(RefusalCode::TooManyCalls, error.to_string())),
        }
    }
}

/// Carriers in the order in which they are tried: by what a minute to the number costs, then those whose price is not
/// known in the account's own order.
fn by_cost(mut carriers: Vec<CarrierId>, facts: &Facts) -> Vec<CarrierId> {
    let costs = &facts.attempt.look_ups.costs;
    let minute = |carrier: &CarrierId| {
        let rate = costs.iter().find(|(known, _)| known == carrier).map(|(_, rate)| rate);
        rate.map_or(Money::MAX, |rate| charge(rate, MINUTE_MS))
    };
    carriers.sort_by_key(minute);
    carriers
}

/// The rate of a number the deck does not price.
#[must_use]
pub fn unpriced(number: E164) -> Rate {
    Rate {
        prefix: Prefix::from_value(number.value()).expect("a whole number is a prefix of itself"),
        destination: "not in the rate table".into(),
        per_minute: UNPRICED_PER_MINUTE,
        connect_fee: Money::ZERO,
        minimum_s: UNPRICED_STEP_S,
        increment_s: UNPRICED_STEP_S,
        free_s: 0,
    }
}
