//! What the guard wants, carried out, as the account machine does it; and what the owner answers.

use billing::{CallId, IncidentId, LineId};
use guard::{Action, IncidentState, Report, Screening};

use super::{DAY_MS, Firm, Past, Shared};
use crate::agenda::Due;
use crate::call::Placed;
use crate::incident::Incident;
use crate::owner::{ANSWERS_AFTER_MS, Truth};

impl Firm {
    /// Opens or carries on the line's incident, cuts what the guard wants cut, hangs up the suspects. The incident the
    /// call belongs to, if there is one.
    pub(super) fn heed(
        &mut self,
        now_ms: u64,
        placed: &Placed,
        screening: &Screening,
        out: &mut Shared,
    ) -> Option<IncidentId> {
        let open = self.open_on(now_ms, placed.line());
        let Some(action) = screening.action else { return open };
        let id = match open {
            Some(id) => id,
            None => self.open(now_ms, placed, action, screening),
        };
        let incident = self.incident_mut(Some(id))?;
        let first_cut = incident.raise(now_ms, action, screening.score, &screening.evidence);
        incident.facts.report.merge(&screening.report);
        out.board.note(&incident.facts);
        let cuts = incident.cut_ms.is_some();
        if first_cut {
            out.agenda.enter(now_ms.saturating_add(ANSWERS_AFTER_MS), self.place, Due::Owner(id));
        }
        if action >= Action::CutLine {
            self.lines.entry(placed.line().clone()).or_default().cut.get_or_insert(id);
        }
        if action >= Action::CutInternational {
            self.cut.get_or_insert(id);
        }
        for suspect in screening.suspects.iter().copied().filter(|suspect| *suspect != placed.call()) {
            let Some(running) = self.running.get_mut(&suspect) else { continue };
            running.incident = Some(id);
            if cuts {
                let reason =
                    format!("Hung up with incident {id}: the evidence of call {} speaks against it.", placed.id);
                running.said.reasons.insert(0, reason);
                self.end(now_ms, suspect, true, out);
            }
        }
        Some(id)
    }

    fn open(&mut self, now_ms: u64, placed: &Placed, action: Action, screening: &Screening) -> IncidentId {
        let id = IncidentId(placed.call().0);
        for stale in &mut self.incidents {
            if stale.is_open() && stale.facts.line == *placed.line() {
                stale.facts.state = IncidentState::Lifted;
                stale.facts.closed_ms = Some(now_ms);
            }
        }
        let facts = guard::Incident {
            id,
            account: self.setting.account.clone(),
            line: placed.line().clone(),
            opened_ms: now_ms,
            closed_ms: None,
            action,
            acted_ms: now_ms,
            shadow: false,
            state: IncidentState::Open,
            score: screening.score,
            evidence: screening.evidence.clone(),
            origins: Vec::new(),
            told: Vec::new(),
            calls: Vec::new(),
            report: Report::default(),
        };
        let mut incident = Incident::open(facts, self.setting.utc_offset_min);
        let before = |past: &Past| {
            past.listed.line == *placed.line()
                && past.origin.ip == placed.seen.origin.ip
                && now_ms.saturating_sub(past.listed.at_ms) < DAY_MS
        };
        for past in std::mem::take(&mut self.past) {
            if before(&past) {
                incident.list(past.listed, past.origin.ip, &past.origin.place);
            } else {
                self.past.push_back(past);
            }
        }
        self.incidents.push(incident);
        id
    }

    /// The incident that keeps the cut class cut on a line.
    pub(super) fn cut_on(&self, line: &LineId) -> Option<IncidentId> {
        self.lines.get(line).and_then(|line| line.cut).or(self.cut)
    }

    /// The open incident of a line that further calls of it belong to.
    pub(super) fn open_on(&self, now_ms: u64, line: &LineId) -> Option<IncidentId> {
        let open = self.incidents.iter().rev().filter(|incident| incident.is_open() && incident.facts.line == *line);
        let fresh = |incident: &&Incident| {
            incident.cut_ms.is_some() || now_ms.saturating_sub(incident.facts.opened_ms) < DAY_MS
        };
        open.filter(fresh).map(Incident::id).next()
    }

    pub(super) fn incident_mut(&mut self, id: Option<IncidentId>) -> Option<&mut Incident> {
        self.incidents.iter_mut().rev().find(|incident| Some(incident.id()) == id)
    }

    /// The owner answers a cut, two hours later.
    pub(crate) fn answer(&mut self, now_ms: u64, id: IncidentId, truth: &Truth, out: &mut Shared) {
        let Some(incident) = self.incident_mut(Some(id)).filter(|incident| incident.is_open()) else { return };
        let told = incident.told();
        let cut_ms = incident.at_ms();
        match self.fixed.answer(truth, self.setting.account.as_str(), cut_ms) {
            Some(lines) => {
                for line in lines {
                    self.change_secret(now_ms, &line, out);
                }
                self.close(now_ms, id, IncidentState::Lifted, out);
            }
            None => {
                self.guard.that_was_us(now_ms, &told);
                self.close(now_ms, id, IncidentState::Ours, out);
            }
        }
    }

    /// A new secret hangs up what runs under the old one (invariant 13).
    fn change_secret(&mut self, now_ms: u64, line: &LineId, out: &mut Shared) {
        self.guard.secret_changed(now_ms, line);
        let running = self.running.values().filter(|running| running.placed.line() == line);
        let calls: Vec<CallId> = running.map(|running| running.placed.call()).collect();
        for call in calls {
            self.end(now_ms, call, true, out);
        }
    }

    /// Closes an incident and lifts what it cut; another that wants the account cut keeps it so.
    fn close(&mut self, now_ms: u64, id: IncidentId, state: IncidentState, out: &mut Shared) {
        if let Some(incident) = self.incident_mut(Some(id)) {
            incident.facts.state = state;
            incident.facts.closed_ms = Some(now_ms);
            out.board.note(&incident.facts);
        }
        for (name, line) in self.lines.iter_mut().filter(|(_, line)| line.cut == Some(id)) {
            line.cut = None;
            self.guard.cut_lifted(now_ms, Some(name));
        }
        if self.cut == Some(id) {
            let other = |incident: &&Incident| incident.is_open() && incident.facts.action == Action::CutInternational;
            self.cut = self.incidents.iter().find(other).map(Incident::id);
            if self.cut.is_none() {
                self.guard.cut_lifted(now_ms, None);
            }
        }
    }
}
