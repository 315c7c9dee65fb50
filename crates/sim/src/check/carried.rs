//! The wholesale carrier's word against the provider's records: what was carried is recorded, and billed.

use std::collections::BTreeMap;

use billing::{Cdr, Route};

use crate::stack::CallHandle;
use crate::world::HostId;

use super::{Verdict, hold};

/// How long a carrier may go on with a call that the provider has ended: a BYE is sent again for this long (64 T1).
const FAREWELL_MS: u64 = 33_000;

#[derive(Debug)]
struct Call {
    number: String,
    /// By the provider's clock.
    at_ms: u64,
    answered: bool,
    talk_ms: Option<u64>,
}

/// Calls as the carrier saw them, and records as the provider wrote them.
#[derive(Debug, Default)]
pub(super) struct Carried {
    provider: Option<HostId>,
    calls: BTreeMap<CallHandle, Call>,
    cdrs: Vec<Cdr>,
    /// By how much the provider's clock was set back while it was down, in all.
    back_ms: u64,
}

impl Carried {
    pub(super) fn set_provider(&mut self, node: HostId) {
        self.provider = Some(node);
    }

    pub(super) const fn provider(&self) -> Option<HostId> {
        self.provider
    }

    pub(super) fn set_back(&mut self, back_ms: u64) {
        self.back_ms += back_ms;
    }

    pub(super) fn arrived(&mut self, call: CallHandle, number: &str, at_ms: u64) {
        let number = number.trim_start_matches('+').to_owned();
        self.calls.insert(call, Call { number, at_ms, answered: false, talk_ms: None });
    }

    pub(super) fn answered(&mut self, call: CallHandle) {
        if let Some(call) = self.calls.get_mut(&call) {
            call.answered = true;
        }
    }

    pub(super) fn ended(&mut self, call: CallHandle, talk_ms: Option<u64>) {
        if let Some(call) = self.calls.get_mut(&call) {
            call.talk_ms = talk_ms;
        }
    }

    pub(super) fn settled(&mut self, node: HostId, cdr: Cdr) {
        let outbound = cdr.who.line.is_some() && !matches!(cdr.route, Some(Route::Line(_)));
        if self.provider == Some(node) && outbound {
            self.cdrs.push(cdr);
        }
    }

    /// Every call the carrier saw has a record of its own, and talked no longer than it was billed for, but for the time
    /// a BYE may take on a bad network.
    pub(super) fn finish(&mut self, count: &mut u64) -> Verdict {
        for call in self.calls.values() {
            *count += 1;
            // A node that has started again settles by its clock, which may have been set back.
            let late_ms = |cdr: &Cdr| FAREWELL_MS + if cdr.result.recovered { self.back_ms } else { 0 };
            let fits = |cdr: &Cdr| {
                let number = cdr.number.e164.map_or(cdr.number.dialled.clone(), |e164| e164.as_digits().to_string());
                number == call.number
                    && cdr.times.start_ms <= call.at_ms
                    && call.at_ms <= cdr.times.end_ms + late_ms(cdr)
            };
            let talk_ms = call.talk_ms.unwrap_or(0);
            let bills = |cdr: &Cdr| talk_ms <= cdr.times.talk_ms() + late_ms(cdr);
            // Of two calls to one number at one time the shorter must not take the record of the longer.
            let fitting = self.cdrs.iter().enumerate().filter(|(_, cdr)| fits(cdr) && bills(cdr));
            let found = fitting.min_by_key(|(_, cdr)| cdr.times.talk_ms()).map(|(at, _)| at);
            let Some(found) = found else {
                return hold(false, || format!("the carrier carried a call nobody recorded or billed: {call:?}"));
            };
            self.cdrs.swap_remove(found);
        }
        Ok(())
    }
}
