//! International calling turned back on.

use billing::{IncidentId, LineId};
use guard::IncidentState;

use crate::Account;
use crate::Cut;
use crate::change::{Changed, name_of};
use crate::lines::count;
use crate::message::{Answer, ChangeError, Effect};

impl Account {
    /// Turns the cut class back on for one line, or for the account and all its lines.
    pub(crate) fn lift_cut(&mut self, now_ms: u64, line: Option<&LineId>, out: &mut Answer) -> Changed {
        match line {
            Some(line) => self.lift_line(now_ms, line, out),
            None => self.lift_all(now_ms, out),
        }
    }

    fn lift_line(&mut self, now_ms: u64, id: &LineId, out: &mut Answer) -> Changed {
        let line = self.lines.get_mut(id).ok_or_else(|| ChangeError::NoLine(id.clone()))?;
        line.cut.take().ok_or(ChangeError::NotCut)?;
        let name = name_of(line);
        out.effects.push(Effect::Line(line.clone()));
        self.guard.cut_lifted(now_ms, Some(id));
        for incident in self.incidents.open(Some(id)) {
            // As long as it keeps the account cut it stays open.
            if self.cut.is_none_or(|cut| cut.incident != incident) {
                self.incidents.close(now_ms, incident, IncidentState::Lifted);
            }
        }
        Ok(match self.cut {
            None => format!("{name} may call abroad again."),
            Some(cut) => format!("The cut of {name} is lifted, but incident {} still cuts the account.", cut.incident),
        })
    }

    fn lift_all(&mut self, now_ms: u64, out: &mut Answer) -> Changed {
        let account_was_cut = self.cut.take().is_some();
        if account_was_cut {
            out.effects.push(Effect::AccountCut(None));
        }
        let mut lifted = 0;
        for line in self.lines.values_mut() {
            if line.cut.take().is_some() {
                lifted += 1;
                out.effects.push(Effect::Line(line.clone()));
            }
        }
        if !account_was_cut && lifted == 0 {
            return Err(ChangeError::NotCut);
        }
        self.guard.cut_lifted(now_ms, None);
        for incident in self.incidents.open(None) {
            self.incidents.close(now_ms, incident, IncidentState::Lifted);
        }
        Ok(format!("International calling is back on; the cut of {} was lifted.", count(lifted, "line")))
    }

    /// Lifts what an incident cut. Where another open incident wants the account cut too, it stays so.
    pub(crate) fn uncut(&mut self, now_ms: u64, id: IncidentId, out: &mut Answer) {
        let by_it = |cut: Option<Cut>| cut.is_some_and(|cut| cut.incident == id);
        for line in self.lines.values_mut().filter(|line| by_it(line.cut)) {
            line.cut = None;
            self.guard.cut_lifted(now_ms, Some(&line.id));
            out.effects.push(Effect::Line(line.clone()));
        }
        if by_it(self.cut) {
            let other = self.incidents.cutting_account();
            self.cut = other.map(|incident| Cut { incident: incident.id, since_ms: incident.acted_ms });
            if self.cut.is_none() {
                self.guard.cut_lifted(now_ms, None);
            }
            out.effects.push(Effect::AccountCut(self.cut));
        }
    }
}
