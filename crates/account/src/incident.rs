//! Incidents: opened when the guard acts, fed with the calls they are about, reported once, closed by the owner.
//!
//! A line has at most one open incident. What an incident cuts stays cut until the owner lifts it or answers "that was
//! us"; in shadow mode nothing is cut, and the incident lapses after a day so that the next one is told again.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use billing::{CallId, IncidentId, LineId, cut_text};
use guard::{Action, Incident, IncidentCall, IncidentState, Screening};
use serde::{Deserialize, Serialize};

use crate::call::Facts;
use crate::exposure::{Day, Ground, ground};

/// Calls listed in an incident.
pub const MAX_INCIDENT_CALLS: usize = 100;
/// Closed incidents kept in the account; the tables keep all.
const MAX_CLOSED: usize = 20;
/// Addresses listed in an incident.
const MAX_ORIGINS: usize = 16;
/// Texts told by the customer's PBX listed in an incident.
const MAX_TOLD: usize = 8;
/// Ended calls remembered, so that an incident can list what went before it.
const MAX_PAST_CALLS: usize = 64;
/// How far back an incident looks for them, and how long one that cuts nothing stays open for more.
const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// What cuts is reported when its running calls are settled, or this long after the cut.
pub const REPORT_WITHIN_MS: u64 = 10_000;
/// An alert is reported after this time. Thieves go on, and what follows belongs into the same account of what happened.
pub const ALERT_REPORT_AFTER_MS: u64 = 60_000;

/// The incidents of an account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Incidents {
    cases: BTreeMap<IncidentId, Case>,
    /// Ended calls to foreign ground that belong to no incident yet, oldest first.
    past: VecDeque<PastCall>,
    /// Changed by the input at hand; empty between inputs.
    touched: BTreeSet<IncidentId>,
}

/// An incident and what it takes to carry it on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Case {
    pub(crate) incident: Incident,
    /// Its calls that have not been settled.
    running: BTreeSet<CallId>,
    /// Where its calls were answered, and on which days: the account's own if the owner says so.
    answered: Vec<(Ground, Day)>,
    /// When the owner is to be told at the latest; `None` once told.
    report_due_ms: Option<u64>,
    /// Where it stood before the owner answered, if that can be taken back.
    answered_from: Option<(IncidentState, Option<u64>)>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct PastCall {
    facts: Facts,
    call: IncidentCall,
    answered: Option<Day>,
}

impl Case {
    fn is_open(&self) -> bool {
        self.incident.is_open()
    }

    /// Whether it keeps something cut on the line.
    pub(crate) fn cuts(&self) -> bool {
        self.is_open() && !self.incident.shadow && self.incident.action >= Action::CutLine
    }

    fn cuts_account(&self) -> bool {
        self.cuts() && self.incident.action == Action::CutInternational
    }

    /// Notes where the calls come from and lists the call, once, in order of time. False where there is no room for more.
    fn list(&mut self, facts: &Facts, call: IncidentCall) -> bool {
        let via = &facts.attempt.via;
        let ip = via.flow.remote.ip();
        let incident = &mut self.incident;
        if incident.origins.len() < MAX_ORIGINS && !incident.origins.iter().any(|(known, _)| *known == ip) {
            incident.origins.push((ip, via.place.clone()));
        }
        if let Some(told) = &facts.attempt.told {
            let text = cut_text(&format!("extension {} from {}", told.extension, told.address));
            if incident.told.len() < MAX_TOLD && !incident.told.contains(&text) {
                incident.told.push(text);
            }
        }
        let calls = &mut incident.calls;
        match calls.iter().position(|listed| listed.call == call.call) {
            Some(at) => calls[at] = call,
            None if calls.len() < MAX_INCIDENT_CALLS => {
                let at = calls.partition_point(|listed| (listed.start_ms, listed.call) < (call.start_ms, call.call));
                calls.insert(at, call);
            }
            None => return false,
        }
        true
    }
}

impl Incidents {
    pub(crate) fn all(&self) -> impl Iterator<Item = &Incident> {
        self.cases.values().map(|case| &case.incident)
    }

    pub(crate) fn get(&self, id: IncidentId) -> Option<&Incident> {
        self.cases.get(&id).map(|case| &case.incident)
    }

    pub(crate) fn next_report_ms(&self) -> Option<u64> {
        self.cases.values().filter_map(|case| case.report_due_ms).min()
    }

    /// The open incident of a line that further calls of it belong to.
    pub(crate) fn open_on(&self, now_ms: u64, line: &LineId) -> Option<IncidentId> {
        let fresh = |case: &Case| case.cuts() || now_ms.saturating_sub(case.incident.opened_ms) < DAY_MS;
        let mut open = self.cases.iter().filter(|(_, case)| case.is_open() && case.incident.line == *line);
        open.find(|(_, case)| fresh(case)).map(|(id, _)| *id)
    }

    /// Open incidents, of one line or of all.
    pub(crate) fn open(&self, line: Option<&LineId>) -> Vec<IncidentId> {
        let of_line = |case: &Case| line.is_none_or(|line| case.incident.line == *line);
        self.cases.iter().filter(|(_, case)| case.is_open() && of_line(case)).map(|(id, _)| *id).collect()
    }

    /// Those of them that cut nothing: alerts, and all in shadow mode.
    pub(crate) fn open_without_cut(&self, line: &LineId) -> Vec<IncidentId> {
        let mut open = self.open(Some(line));
        open.retain(|id| self.cases.get(id).is_some_and(|case| !case.cuts()));
        open
    }

    /// The oldest open incident that wants the whole account cut.
    pub(crate) fn cutting_account(&self) -> Option<&Incident> {
        let cutting = self.cases.values().filter(|case| case.cuts_account());
        cutting.map(|case| &case.incident).min_by_key(|incident| (incident.opened_ms, incident.id))
    }

    /// Whether an incident keeps something cut.
    pub(crate) fn cuts(&self, id: IncidentId) -> bool {
        self.cases.get(&id).is_some_and(Case::cuts)
    }

    /// The guard wants something; where that is more than was done so far, the owner is told anew.
    pub(crate) fn raise(&mut self, now_ms: u64, id: IncidentId, action: Action, screening: &Screening, shadow: bool) {
        let Some(case) = self.cases.get_mut(&id) else { return };
        if case.incident.report.merge(&screening.report) {
            self.touched.insert(id);
        }
        // Once the guard acts, it no longer only watches.
        let acts_now = case.incident.shadow && !shadow;
        if action <= case.incident.action && !acts_now {
            return;
        }
        case.incident.shadow &= shadow;
        case.incident.action = action.max(case.incident.action);
        case.incident.acted_ms = now_ms;
        case.incident.score = screening.score;
        case.incident.evidence.clone_from(&screening.evidence);
        case.report_due_ms = Some(report_due_ms(now_ms, case.incident.action));
        self.touched.insert(id);
    }

    /// Opens an incident, with the calls of that line and address that went before it; says what these had taught, to
    /// be unlearned.
    pub(crate) fn open_new(&mut self, incident: Incident, facts: &Facts) -> Vec<(Ground, Day)> {
        let (id, now_ms) = (incident.id, incident.opened_ms);
        let report_due_ms = Some(report_due_ms(now_ms, incident.action));
        let mut case =
            Case { incident, running: BTreeSet::new(), answered: Vec::new(), report_due_ms, answered_from: None };
        let ip = facts.attempt.via.flow.remote.ip();
        self.past.retain(|past| {
            let before = past.facts.line() == facts.line()
                && past.facts.attempt.via.flow.remote.ip() == ip
                && now_ms.saturating_sub(past.facts.start_ms) < DAY_MS;
            if before {
                case.list(&past.facts, past.call.clone());
                case.answered.extend(past.answered.zip(ground_of(&past.facts)).map(|(day, there)| (there, day)));
            }
            !before
        });
        let taught = case.answered.clone();
        self.cases.insert(id, case);
        self.touched.insert(id);
        self.forget_closed();
        taught
    }

    fn forget_closed(&mut self) {
        let closed = |case: &Case| !case.is_open() && case.running.is_empty() && case.report_due_ms.is_none();
        while self.cases.values().filter(|case| closed(case)).count() > MAX_CLOSED {
            let oldest =
                self.cases.iter().filter(|(_, case)| closed(case)).min_by_key(|(_, case)| case.incident.opened_ms);
            let Some(oldest) = oldest.map(|(id, _)| *id) else { return };
            self.cases.remove(&oldest);
        }
    }

    /// Lists a call that has just begun or been refused.
    pub(crate) fn attach(&mut self, id: IncidentId, call: CallId, facts: &Facts, result: &str, running: bool) {
        let Some(number) = &facts.number else { return };
        let Some(case) = self.cases.get_mut(&id) else { return };
        if running {
            case.running.insert(call);
        }
        let listed = IncidentCall {
            call,
            start_ms: facts.start_ms,
            number: number.e164,
            destination: number.destination.name(number.e164),
            result: result.to_owned(),
            charge: (!running).then_some(billing::Money::ZERO),
        };
        // A full list writes no more rows, however long the attack goes on.
        if case.list(facts, listed) {
            self.touched.insert(id);
        }
    }

    /// A call of an incident ended.
    pub(crate) fn ended(&mut self, id: IncidentId, facts: &Facts, ended: IncidentCall, answered: Option<Day>) {
        let Some(case) = self.cases.get_mut(&id) else { return };
        case.running.remove(&ended.call);
        case.answered.extend(answered.zip(ground_of(facts)).map(|(day, there)| (there, day)));
        case.answered.truncate(MAX_INCIDENT_CALLS);
        if case.list(facts, ended) {
            self.touched.insert(id);
        }
    }

    /// A call of no incident ended; it may turn out to have been the beginning of one.
    pub(crate) fn remember(&mut self, facts: Facts, call: IncidentCall, answered: Option<Day>) {
        if self.past.len() >= MAX_PAST_CALLS {
            self.past.pop_front();
        }
        self.past.push_back(PastCall { facts, call, answered });
    }

    /// Closes an incident; says where its calls were answered.
    pub(crate) fn close(&mut self, now_ms: u64, id: IncidentId, state: IncidentState) -> Vec<(Ground, Day)> {
        let Some(case) = self.cases.get_mut(&id) else { return Vec::new() };
        self.touched.insert(id);
        // What the owner said of it stands.
        if case.incident.state == IncidentState::Open {
            case.incident.state = state;
        }
        case.incident.closed_ms.get_or_insert(now_ms);
        case.answered.clone()
    }

    /// The owner answers: "that was us" closes it, "that was not us" does not. Says where its calls were answered.
    pub(crate) fn answer(&mut self, now_ms: u64, id: IncidentId, state: IncidentState) -> Vec<(Ground, Day)> {
        let Some(case) = self.cases.get_mut(&id) else { return Vec::new() };
        self.touched.insert(id);
        let stood = (case.incident.state, case.incident.closed_ms);
        let (_, closed_ms) = *case.answered_from.get_or_insert(stood);
        case.incident.state = state;
        case.incident.closed_ms = match state {
            IncidentState::Ours => closed_ms.or(Some(now_ms)),
            _ => closed_ms,
        };
        case.answered.clone()
    }

    /// The owner takes the answer back: it stands where it stood. Says where its calls were answered.
    pub(crate) fn take_back(&mut self, id: IncidentId) -> Vec<(Ground, Day)> {
        let Some(case) = self.cases.get_mut(&id) else { return Vec::new() };
        if let Some((state, closed_ms)) = case.answered_from.take() {
            self.touched.insert(id);
            // A cut that was lifted since stays lifted.
            let closed_since = case.incident.state == IncidentState::Theirs && case.incident.closed_ms.is_some();
            case.incident.state = if closed_since && closed_ms.is_none() { IncidentState::Lifted } else { state };
            case.incident.closed_ms = if closed_since { case.incident.closed_ms } else { closed_ms };
        }
        case.answered.clone()
    }

    /// It does so much now.
    pub(crate) fn acts(&mut self, now_ms: u64, id: IncidentId, action: Action) {
        let Some(case) = self.cases.get_mut(&id).filter(|case| case.incident.action < action) else { return };
        self.touched.insert(id);
        case.incident.action = action;
        case.incident.acted_ms = now_ms;
    }

    /// The incidents changed by this input, and those among all that are now due to be reported, once each.
    pub(crate) fn drain(&mut self, now_ms: u64) -> (Vec<Incident>, Vec<Incident>) {
        let touched = std::mem::take(&mut self.touched);
        let changed = touched.iter().filter_map(|id| self.get(*id).cloned()).collect();
        let mut due = Vec::new();
        for case in self.cases.values_mut() {
            let complete = case.incident.action > Action::Alert && case.running.is_empty();
            if case.report_due_ms.is_some_and(|due_ms| complete || due_ms <= now_ms) {
                case.report_due_ms = None;
                due.push(case.incident.clone());
            }
        }
        (changed, due)
    }
}

fn report_due_ms(now_ms: u64, action: Action) -> u64 {
    now_ms.saturating_add(if action == Action::Alert { ALERT_REPORT_AFTER_MS } else { REPORT_WITHIN_MS })
}

fn ground_of(facts: &Facts) -> Option<Ground> {
    facts.number.as_ref().map(|number| ground(&number.destination))
}

/// A new incident about the call that caused it. Call ids are unique on the node, so the incident takes its number.
pub(crate) fn new_incident(
    account: &billing::AccountId,
    line: &LineId,
    now_ms: u64,
    call: CallId,
    screening: &Screening,
    action: Action,
    shadow: bool,
) -> Incident {
    Incident {
        id: IncidentId(call.0),
        account: account.clone(),
        line: line.clone(),
        opened_ms: now_ms,
        closed_ms: None,
        action,
        acted_ms: now_ms,
        shadow,
        state: IncidentState::Open,
        score: screening.score,
        evidence: screening.evidence.clone(),
        origins: Vec::new(),
        told: Vec::new(),
        calls: Vec::new(),
        report: screening.report.clone(),
    }
}
