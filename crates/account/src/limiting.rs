//! The owner's limits, held: before a call begins, and before each further interval of it is paid for.

use billing::{CallId, LineId, Money};

use crate::lease::GRACE_S;
use crate::message::{Refusal, RefusalCode};
use crate::screen::refusal;
use crate::usage::Used;
use crate::{Account, Limits, PricedNumber, RunningCall, Settings};

/// What limits of a day leave to one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Room {
    pub(crate) money: Money,
    /// More talk, the time to hang up with it.
    pub(crate) talk_s: u32,
    /// The limit that leaves least, in words.
    why: Option<String>,
}

impl Account {
    /// Whether the owner allows this call at all.
    pub(crate) fn permitted(
        &self,
        now_ms: u64,
        settings: &Settings,
        line: &LineId,
        number: &PricedNumber,
        utc_offset_min: i16,
    ) -> Result<(), Refusal> {
        let Some(state) = self.lines.get(line) else { return Ok(()) };
        let what = || number.destination.name(number.e164);
        let no = |text: String| Err(refusal(RefusalCode::NotPermitted, text));
        if number.cut_class && !settings.international {
            return no(format!("the account's settings do not allow calls abroad such as this one to {}", what()));
        }
        if number.cut_class && !state.international {
            return no(format!("line {line} is not allowed to call {}", what()));
        }
        permits(now_ms, &settings.limits, settings, number, utc_offset_min, None)?;
        permits(now_ms, &state.limits, settings, number, utc_offset_min, Some(line))?;
        let Some(most) = state.max_calls else { return Ok(()) };
        let running = self.running.values().filter(|call| call.is_paid() && call.facts.line() == Some(line)).count();
        if running >= most as usize {
            let text = format!("line {line} has {running} outside calls already, the most its settings allow");
            return Err(refusal(RefusalCode::TooManyCalls, text));
        }
        Ok(())
    }

    /// What the limits of a day leave to a call of a line, beyond what is set aside for running ones.
    pub(crate) fn day_room(&self, now_ms: u64, settings: &Settings, line: &LineId) -> Room {
        let mut room = Room { money: Money::MAX, talk_s: u32::MAX, why: None };
        self.narrow(now_ms, &mut room, settings, &settings.limits, None);
        if let Some(state) = self.lines.get(line) {
            self.narrow(now_ms, &mut room, settings, &state.limits, Some(line));
        }
        room
    }

    fn narrow(&self, now_ms: u64, room: &mut Room, settings: &Settings, limits: &Limits, line: Option<&LineId>) {
        if !limits.are_of_a_day() {
            return;
        }
        let its = |call: &RunningCall| call.is_paid() && line.is_none_or(|line| call.facts.line() == Some(line));
        let held = self.running.iter().filter(|(_, call)| its(call)).map(|(id, call)| self.set_aside(*id, call));
        let used = held.fold(self.usage.of(now_ms, line), Used::plus);
        let whose = whose(line);
        if let Some(most) = limits.money_a_day {
            let left = most.saturating_sub(used.money).max(Money::ZERO);
            if left < room.money {
                room.money = left;
                let most = most.format(&settings.currency);
                room.why = Some(format!("the {most} that {whose} may spend on calls in a day are used up"));
            }
        }
        if let Some(most) = limits.minutes_a_day {
            let left_s = (u64::from(most) * 60).saturating_sub(used.talk_s);
            let left_s = u32::try_from(left_s).unwrap_or(u32::MAX);
            if left_s < room.talk_s {
                room.talk_s = left_s;
                room.why = Some(format!("the {most} minutes that {whose} may talk in a day are used up"));
            }
        }
    }

    /// What a running call may still come to.
    fn set_aside(&self, id: CallId, call: &RunningCall) -> Used {
        let talk_s = u64::from(call.lease.paid_until_s.unwrap_or(0)) + u64::from(GRACE_S);
        Used { money: self.ledger.hold(id).unwrap_or(Money::ZERO), talk_s }
    }
}

/// Whether the limits of the account, or of one line, allow a call.
fn permits(
    now_ms: u64,
    limits: &Limits,
    settings: &Settings,
    number: &PricedNumber,
    utc_offset_min: i16,
    line: Option<&LineId>,
) -> Result<(), Refusal> {
    let what = || number.destination.name(number.e164);
    let no = |text: String| Err(refusal(RefusalCode::NotPermitted, text));
    if number.cut_class {
        let country = number.destination.country;
        let is_denied = country.is_some_and(|country| limits.denied.contains(&country));
        let is_allowed = limits.allowed.is_empty() || country.is_some_and(|country| limits.allowed.contains(&country));
        if is_denied || !is_allowed {
            return no(format!("the settings of {} do not allow calls to {}", whose(line), what()));
        }
    }
    if let Some(most) = limits.max_rate.filter(|most| number.rate.per_minute > *most) {
        let (rate, most) = (number.rate.per_minute.format(&settings.currency), most.format(&settings.currency));
        let (what, whose) = (what(), whose(line));
        return no(format!("{what} costs {rate} a minute, and the settings of {whose} allow at most {most}"));
    }
    if let Some(hours) = limits.hours.as_ref().filter(|hours| !hours.allow(now_ms, utc_offset_min)) {
        return no(format!("the settings of {} allow outside calls {hours} only", whose(line)));
    }
    Ok(())
}

fn whose(line: Option<&LineId>) -> String {
    line.map_or_else(|| "the account".to_owned(), |line| format!("line {line}"))
}

impl Room {
    /// The refusal where nothing can be granted within it.
    pub(crate) fn refusal(self) -> Refusal {
        let text = self.why.unwrap_or_else(|| "a limit of the day is reached".to_owned());
        refusal(RefusalCode::NotPermitted, text)
    }
}

#[cfg(test)]
mod tests;
