//! What the guard says, carried out: an incident opened, the cut class cut, suspicious calls hung up.

use billing::{CallId, IncidentId, LineId};
use guard::{Action, Incident, IncidentState, Screening};

use crate::call::Facts;
use crate::incident::new_incident;
use crate::message::{Answer, Effect};
use crate::{Account, CallEnd, Cut, GuardMode};

/// Most reasons kept in a CDR.
const MAX_REASONS: usize = 12;

impl Account {
    /// Records what the guard says of a call (running, or just tried) and does what it wants. True where the call has
    /// to stop; in shadow mode it never has to.
    pub(crate) fn heed(
        &mut self,
        now_ms: u64,
        screening: &Screening,
        facts: &mut Facts,
        running: bool,
        out: &mut Answer,
    ) -> bool {
        let shadow = self.settings().is_none_or(|settings| settings.guard == GuardMode::Shadow);
        note(screening, shadow, facts);
        let Some(line) = facts.line().cloned() else { return false };
        let stopped = !shadow && !screening.allowed;
        let incident = match screening.action {
            Some(action) => self.act(now_ms, &line, action, shadow, screening, facts, out),
            None => self.incidents.open_on(now_ms, &line).filter(|_| !screening.allowed),
        };
        let Some(incident) = incident else { return stopped };
        facts.verdict.incident = Some(incident);
        let result = if stopped && !running { "refused" } else { "running" };
        let still_runs = running || !stopped;
        self.incidents.attach(incident, facts.attempt.call, facts, result, still_runs);
        self.seize(incident, &screening.suspects, facts.attempt.call, out);
        if stopped && screening.stranger {
            self.lock(&line, facts.attempt.via.flow.remote.ip(), incident, out);
        }
        stopped
    }

    /// Carries on the line's open incident or opens one, and cuts what the guard wants cut. Nothing is done where the
    /// owner has already closed the incident that this very call had opened.
    #[allow(clippy::too_many_arguments, reason = "one screening, taken apart by its caller")]
    fn act(
        &mut self,
        now_ms: u64,
        line: &LineId,
        action: Action,
        shadow: bool,
        screening: &Screening,
        facts: &Facts,
        out: &mut Answer,
    ) -> Option<IncidentId> {
        let id = match self.incidents.open_on(now_ms, line) {
            Some(id) => id,
            None => {
                let incident = new_incident(&self.id, line, now_ms, facts.attempt.call, screening, action, shadow);
                self.open(now_ms, incident, facts)?
            }
        };
        self.incidents.raise(now_ms, id, action, screening, shadow);
        if !shadow {
            self.cut_by(now_ms, id, line, action, out);
        }
        Some(id)
    }

    /// Opens an incident; what its earlier calls had taught of destinations is unlearned.
    fn open(&mut self, now_ms: u64, incident: Incident, facts: &Facts) -> Option<IncidentId> {
        let id = incident.id;
        if self.incidents.get(id).is_some() {
            return None;
        }
        for stale in self.incidents.open(Some(&incident.line)) {
            self.incidents.close(now_ms, stale, IncidentState::Lifted);
        }
        for (ground, day) in self.incidents.open_new(incident, facts) {
            self.exposure.withdraw(day, ground);
        }
        Some(id)
    }

    /// Turns the cut class off: on the line, and on the account if that is wanted.
    pub(crate) fn cut_by(
        &mut self,
        now_ms: u64,
        incident: IncidentId,
        line: &LineId,
        action: Action,
        out: &mut Answer,
    ) {
        let cut = Cut { incident, since_ms: now_ms };
        if action >= Action::CutLine
            && let Some(line) = self.lines.get_mut(line)
            && line.cut.is_none()
        {
            line.cut = Some(cut);
            out.spends = true;
            out.effects.push(Effect::Line(line.clone()));
        }
        if action >= Action::CutInternational && self.cut.is_none() {
            self.cut = Some(cut);
            out.spends = true;
            out.effects.push(Effect::AccountCut(Some(cut)));
        }
    }

    /// Puts running suspicious calls into the incident; where it cuts, they are hung up.
    fn seize(&mut self, incident: IncidentId, suspects: &[CallId], but: CallId, out: &mut Answer) {
        let cuts = self.incidents.cuts(incident);
        for call in suspects.iter().copied().filter(|call| *call != but) {
            let Some(running) = self.running.get_mut(call) else { continue };
            running.facts.verdict.incident = Some(incident);
            self.incidents.attach(incident, call, &running.facts, "running", true);
            if cuts {
                let reason = format!("Hung up with incident {incident}: the evidence of call {but} speaks against it.");
                running.facts.verdict.reasons.insert(0, reason);
                self.hang_up(call, CallEnd::Cut, out);
            }
        }
    }

    /// The cut that stops the cut class on a line now.
    pub(crate) fn cut_on(&self, line: &LineId) -> Option<Cut> {
        self.lines.get(line).and_then(|line| line.cut).or(self.cut)
    }
}

/// Keeps the guard's score and facts for the CDR: those of the highest score the call ever had.
fn note(screening: &Screening, shadow: bool, facts: &mut Facts) {
    let verdict = &mut facts.verdict;
    if !verdict.reasons.is_empty() && screening.score.tenths() <= verdict.score_tenth_db {
        return;
    }
    verdict.score_tenth_db = screening.score.tenths();
    verdict.reasons = screening.evidence.iter().take(MAX_REASONS).map(|fact| fact.text.clone()).collect();
    if shadow && !screening.allowed {
        verdict.reasons.insert(0, "The guard only watches; it would have stopped this call.".to_owned());
    }
}

#[cfg(test)]
mod tests;
