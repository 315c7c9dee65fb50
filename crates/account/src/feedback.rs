//! The owner's answers to an incident: "that was us", "that was not us", and neither.

use billing::IncidentId;
use guard::{Action, IncidentState, Learnt};

use crate::change::Changed;
use crate::lines::count;
use crate::message::{Answer, ChangeError};
use crate::{Account, GuardMode};

impl Account {
    /// The owner knows these calls: what the incident cut is lifted, and guard and exposure learn from it.
    pub(crate) fn that_was_us(&mut self, now_ms: u64, id: IncidentId, out: &mut Answer) -> Changed {
        let incident = self.incidents.get(id).ok_or(ChangeError::NoIncident(id))?;
        if incident.state == IncidentState::Ours {
            return Ok(format!("Incident {id} was answered before: that was you."));
        }
        let line = incident.line.clone();
        for (ground, day) in self.incidents.answer(now_ms, id, IncidentState::Ours) {
            self.exposure.add(day, ground);
        }
        let learnt = self.incidents.get(id).map(|incident| self.guard.that_was_us(now_ms, incident));
        let Learnt { numbers, destinations, places } = learnt.unwrap_or_default();
        self.uncut(now_ms, id, out);
        self.unlock_by(id);
        let (numbers, places) = (count(numbers, "new number"), count(places, "place"));
        let destinations = count(destinations, "destination");
        Ok(format!(
            "Incident {id} is closed: that was you. From now on {numbers}, {destinations} and {places} are normal for \
             line {line}. You can take this back."
        ))
    }

    /// The owner does not know these calls: what was learnt of them is unlearnt, their numbers and places are held
    /// against whoever uses them again, and a line that was only alerted of is cut.
    pub(crate) fn that_was_not_us(&mut self, now_ms: u64, id: IncidentId, out: &mut Answer) -> Changed {
        let incident = self.incidents.get(id).ok_or(ChangeError::NoIncident(id))?;
        if incident.state == IncidentState::Theirs {
            return Ok(format!("Incident {id} was answered before: that was not you."));
        }
        let line = incident.line.clone();
        for (ground, day) in self.incidents.answer(now_ms, id, IncidentState::Theirs) {
            self.exposure.withdraw(day, ground);
        }
        let learnt = self.incidents.get(id).map(|incident| self.guard.that_was_not_us(now_ms, incident));
        let Learnt { numbers, places, .. } = learnt.unwrap_or_default();
        let is_open = self.incidents.get(id).is_some_and(guard::Incident::is_open);
        if is_open {
            self.cut_again(now_ms, id, out);
        }
        let (numbers, places) = (count(numbers, "number"), count(places, "new place"));
        let cut = if self.cut_on(&line).is_some() { "is cut" } else { "is not cut" };
        Ok(format!(
            "Incident {id}: that was not you. From now on {numbers} and {places} speak against whoever uses them; line \
             {line} {cut}. Change its secret next. You can take this back."
        ))
    }

    /// The owner takes an answer back: the incident stands where it stood, and what it had cut is cut.
    pub(crate) fn take_back(&mut self, now_ms: u64, id: IncidentId, out: &mut Answer) -> Changed {
        let incident = self.incidents.get(id).ok_or(ChangeError::NoIncident(id))?;
        let was_ours = incident.state == IncidentState::Ours;
        if !self.guard.take_back(now_ms, id) {
            return Err(ChangeError::NoAnswer(id));
        }
        for (ground, day) in self.incidents.take_back(id) {
            if was_ours {
                self.exposure.withdraw(day, ground);
            }
        }
        let incident = self.incidents.get(id).ok_or(ChangeError::NoIncident(id))?;
        let stands = if incident.is_open() { "open again" } else { "closed, as it was" };
        if was_ours && incident.is_open() && incident.action >= Action::CutLine {
            self.cut_again(now_ms, id, out);
            return Ok(format!("The answer to incident {id} is taken back: it is open again, and what it cut is cut."));
        }
        Ok(format!("The answer to incident {id} is taken back: it is {stands}, and the guard has unlearnt it."))
    }

    /// Cuts what an open incident cuts; its line where it only told of it.
    fn cut_again(&mut self, now_ms: u64, id: IncidentId, out: &mut Answer) {
        if self.settings().is_none_or(|settings| settings.guard == GuardMode::Shadow) {
            return;
        }
        let Some(incident) = self.incidents.get(id) else { return };
        let (line, action) = (incident.line.clone(), incident.action.max(Action::CutLine));
        self.incidents.acts(now_ms, id, action);
        self.cut_by(now_ms, id, &line, action, out);
    }
}
