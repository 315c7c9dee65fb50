//! One account of a replay: its guard, what is cut, its running calls and its incidents.

use std::collections::{BTreeMap, VecDeque};

use account::next_check_s;
use billing::{CallId, IncidentId, LineId};
use guard::{Board, Ended, Failures, Guard, Origin, Screening};
use lockout::RUN_MEMORY_MS;

use crate::agenda::{Agenda, Due};
use crate::call::{Placed, Running, Said};
use crate::event::{AccountRow, CallResult, CallRow, Fate};
use crate::incident::{Incident, ListedCall};
use crate::owner::Fixed;
use crate::totals::Totals;
use crate::verdict::Verdicts;
use crate::{Outcome, Verdict};

mod heed;

/// Ended calls remembered, so that an incident can list what went before it.
const MAX_PAST: usize = 64;
/// How far back an incident looks for them, and how long an alert stays open for more.
const DAY_MS: u64 = 24 * 3_600_000;

/// Where all accounts enter what is due and put their verdicts.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) agenda: Agenda,
    pub(crate) verdicts: Verdicts,
    /// What all incidents report to other accounts.
    pub(crate) board: Board,
}

/// A line as the replay knows it.
#[derive(Debug, Default)]
pub(crate) struct LineState {
    /// The incident that keeps it cut.
    pub(crate) cut: Option<IncidentId>,
    /// Where it was seen last; most events come from there again.
    pub(crate) origin: Option<Origin>,
    /// When somebody last failed to prove to be it.
    pub(crate) tried_ms: Option<u64>,
}

impl LineState {
    /// Whether the lock-out remembers failures as this line.
    pub(crate) fn was_tried(&self, now_ms: u64) -> bool {
        self.tried_ms.is_some_and(|tried_ms| now_ms.saturating_sub(tried_ms) < RUN_MEMORY_MS)
    }
}

/// A call of the cut class that ended in no incident.
#[derive(Debug)]
struct Past {
    origin: Origin,
    listed: ListedCall,
}

/// One account.
#[derive(Debug)]
pub(crate) struct Firm {
    /// Its place among the accounts.
    place: usize,
    pub(crate) setting: AccountRow,
    pub(crate) guard: Guard,
    pub(crate) lines: BTreeMap<LineId, LineState>,
    /// The incident that keeps the whole account cut.
    cut: Option<IncidentId>,
    running: BTreeMap<CallId, Running>,
    past: VecDeque<Past>,
    pub(crate) incidents: Vec<Incident>,
    pub(crate) fixed: Fixed,
    pub(crate) totals: Totals,
}

impl Firm {
    pub(crate) fn new(place: usize, setting: AccountRow) -> Self {
        Self {
            place,
            setting,
            guard: Guard::new(),
            lines: BTreeMap::new(),
            cut: None,
            running: BTreeMap::new(),
            past: VecDeque::new(),
            incidents: Vec::new(),
            fixed: Fixed::default(),
            totals: Totals::default(),
        }
    }

    /// A line proved itself.
    pub(crate) fn registered(&mut self, now_ms: u64, line: LineId, origin: Origin, failures_before: Failures) {
        self.guard.registered(now_ms, &guard::Registered { line, origin, failures_before });
    }

    /// A call that goes through whatever happens, or stays in the house.
    pub(crate) fn pass(&mut self, row: &CallRow<'_>, out: &mut Shared) {
        self.totals.honest.calls += 1;
        let (id, carried_ms) = ((&*row.id).into(), row.fate.talk_ms);
        let (score, reasons) = Default::default();
        out.verdicts.push(Verdict { id, outcome: Outcome::Allowed, carried_ms, score, reasons });
    }

    /// A call to what is no number: nothing would be rung.
    pub(crate) fn not_a_number(&mut self, row: &CallRow<'_>, out: &mut Shared) {
        self.totals.honest.calls += 1;
        self.totals.honest.refused += 1;
        let reasons = vec!["there is no such number".to_owned()];
        let (id, score) = ((&*row.id).into(), Default::default());
        out.verdicts.push(Verdict { id, outcome: Outcome::Refused, carried_ms: 0, score, reasons });
    }

    /// A call of an attack that the owner has shut out.
    pub(crate) fn skip(&mut self, placed: &Placed, out: &mut Shared) {
        self.totals.count(placed, Outcome::Skipped, 0, false);
        out.verdicts.push(placed.verdict(Outcome::Skipped, 0, Said::default()));
    }

    /// A line places a call that costs money.
    pub(crate) fn call(&mut self, placed: Placed, out: &mut Shared) {
        let now_ms = placed.at_ms;
        if placed.seen.cut_class
            && let Some(cut) = self.cut_on(placed.line())
        {
            let reason = self.incident_mut(Some(cut)).map(|incident| incident.facts.refusal());
            let said = Said { reasons: reason.into_iter().collect(), ..Said::default() };
            let incident = self.open_on(now_ms, placed.line());
            return self.refuse(placed, said, incident, out);
        }
        let screening = self.guard.screen(now_ms, &placed.seen);
        if screening.allowed && screening.action.is_none() {
            return self.admit(placed, screening, None, out);
        }
        let allowed = screening.allowed;
        let incident = self.heed(now_ms, &placed, &screening, out);
        if allowed {
            return self.admit(placed, screening, incident, out);
        }
        let text = guard::why(screening.score, &screening.evidence);
        let mut said = Said::default();
        said.note(screening);
        said.reasons.insert(0, text);
        self.refuse(placed, said, incident, out);
    }

    /// Lets a call through.
    fn admit(&mut self, placed: Placed, screening: Screening, incident: Option<IncidentId>, out: &mut Shared) {
        let mut said = Said::default();
        said.note(screening);
        if !self.guard.watches(placed.call()) {
            let carried_ms = placed.fate.talk_ms;
            self.totals.count(&placed, Outcome::Allowed, carried_ms, false);
            out.verdicts.push(placed.verdict(Outcome::Allowed, carried_ms, said));
            return;
        }
        let Fate { ring_ms, talk_ms, .. } = placed.fate;
        let answered_ms = placed.at_ms.saturating_add(ring_ms);
        if placed.fate.result == CallResult::Answered {
            out.agenda.enter(answered_ms, self.place, Due::Answer(placed.call()));
        }
        out.agenda.enter(answered_ms.saturating_add(talk_ms), self.place, Due::End(placed.call()));
        let slot = out.verdicts.reserve();
        self.running.insert(placed.call(), Running { placed, slot, answered_ms: None, said, incident });
    }

    /// Does not let it through.
    fn refuse(&mut self, placed: Placed, said: Said, incident: Option<IncidentId>, out: &mut Shared) {
        self.totals.count(&placed, Outcome::Refused, 0, false);
        if let Some(incident) = self.incident_mut(incident) {
            let listed = placed.listed(Outcome::Refused, 0, false, &said);
            incident.list(listed, placed.seen.origin.ip, &placed.seen.origin.place);
        }
        out.verdicts.push(placed.verdict(Outcome::Refused, 0, said));
    }

    /// A running call is answered.
    pub(crate) fn answered(&mut self, now_ms: u64, call: CallId, out: &mut Shared) {
        let Some(running) = self.running.get_mut(&call) else { return };
        running.answered_ms = Some(now_ms);
        self.guard.answered(now_ms, call);
        self.check_later(call, now_ms, now_ms, out);
    }

    fn check_later(&self, call: CallId, answered_ms: u64, now_ms: u64, out: &mut Shared) {
        let check_s = next_check_s(now_ms.saturating_sub(answered_ms));
        out.agenda.enter(answered_ms.saturating_add(u64::from(check_s) * 1000), self.place, Due::Check(call));
    }

    /// A running call is looked at again.
    pub(crate) fn check(&mut self, now_ms: u64, call: CallId, out: &mut Shared) {
        let Some(answered_ms) = self.running.get(&call).and_then(|running| running.answered_ms) else { return };
        let screening = self.guard.rescreen(now_ms, call);
        let stopped = !screening.allowed;
        let mut incident = None;
        if (stopped || screening.action.is_some())
            && let Some(placed) = self.running.get(&call).map(|running| running.placed.clone())
        {
            incident = self.heed(now_ms, &placed, &screening, out);
        }
        if let Some(running) = self.running.get_mut(&call) {
            running.incident = incident.or(running.incident);
            running.said.note(screening);
        }
        if stopped {
            self.end(now_ms, call, true, out);
        } else {
            self.check_later(call, answered_ms, now_ms, out);
        }
    }

    /// A running call ends, by itself or hung up by the guard.
    pub(crate) fn end(&mut self, now_ms: u64, call: CallId, hung_up: bool, out: &mut Shared) {
        let Some(Running { placed, slot, answered_ms, said, incident }) = self.running.remove(&call) else { return };
        let carried_ms = answered_ms.map_or(0, |answered_ms| now_ms.saturating_sub(answered_ms));
        let status = if hung_up { 487 } else { placed.fate.result.sip_status() };
        self.guard.ended(now_ms, &Ended { call, talk_ms: carried_ms, status });
        self.totals.count(&placed, Outcome::Allowed, carried_ms, hung_up);
        let listed = placed.listed(Outcome::Allowed, carried_ms, hung_up, &said);
        match self.incident_mut(incident) {
            Some(incident) => incident.list(listed, placed.seen.origin.ip, &placed.seen.origin.place),
            None => {
                if self.past.len() >= MAX_PAST {
                    self.past.pop_front();
                }
                self.past.push_back(Past { origin: placed.seen.origin.clone(), listed });
            }
        }
        out.verdicts.fill(slot, placed.verdict(Outcome::Allowed, carried_ms, said));
    }
}
