//! Lines added, changed and removed, and their secrets: a new secret drops the bindings, voids the nonces and hangs up
//! the running calls in one step (invariant 13).

use billing::{CallId, LineId};
use guard::IncidentState;

use crate::change::{Changed, MAX_LINES, name_of};
use crate::message::{Answer, CallEnd, ChangeError, Effect};
use crate::{Account, Line, RunningCall, Secrets};

impl Account {
    /// Adds a line or changes one. Bindings, cut and last seen stay as they are. A changed secret is a changed secret,
    /// however it comes; a line that is put without one keeps its own, unless it has no user name any more.
    pub(crate) fn put_line(&mut self, now_ms: u64, new: &Line, out: &mut Answer) -> Changed {
        let mut line = new.clone();
        let Some(old) = self.lines.get(&line.id) else {
            return self.add_line(line, out);
        };
        let renamed = old.auth_name != line.auth_name;
        if renamed && line.auth_name.is_some() && line.secrets.is_none() {
            return Err(ChangeError::SecretNeeded);
        }
        let (kept, given) = (old.secrets.clone(), line.secrets.take());
        line.cut = old.cut;
        line.bindings.clone_from(&old.bindings);
        line.last_seen.clone_from(&old.last_seen);
        line.shut_out_ms = old.shut_out_ms;
        let new_secret = given.filter(|given| !kept.as_ref().is_some_and(|kept| same_digests(kept, given)));
        line.secrets = kept.filter(|_| line.auth_name.is_some());
        let (id, name) = (line.id.clone(), name_of(&line));
        self.lines.insert(id.clone(), line);
        match new_secret {
            Some(secrets) => self.set_secret(now_ms, &id, &secrets, out),
            None if renamed => Ok(format!("{name} was changed; {}.", self.shut_out(now_ms, &id, out))),
            None => {
                out.effects.extend(self.lines.get(&id).cloned().map(Effect::Line));
                Ok(format!("{name} was changed."))
            }
        }
    }

    fn add_line(&mut self, mut line: Line, out: &mut Answer) -> Changed {
        if self.lines.len() >= MAX_LINES as usize {
            return Err(ChangeError::TooMany { what: "lines".to_owned(), max: MAX_LINES });
        }
        (line.cut, line.bindings, line.last_seen, line.shut_out_ms) = (None, Vec::new(), None, 0);
        if let Some(secrets) = &mut line.secrets {
            secrets.version = secrets.version.max(1);
        }
        let text = format!("{} was added.", name_of(&line));
        out.effects.push(Effect::Line(line.clone()));
        self.lines.insert(line.id.clone(), line);
        Ok(text)
    }

    pub(crate) fn set_secret(&mut self, now_ms: u64, id: &LineId, secrets: &Secrets, out: &mut Answer) -> Changed {
        let line = self.lines.get_mut(id).ok_or_else(|| ChangeError::NoLine(id.clone()))?;
        let version = line.secrets.as_ref().map_or(0, |old| old.version).saturating_add(1);
        line.secrets = Some(Secrets { version, ..secrets.clone() });
        let name = name_of(line);
        Ok(format!("{name} has a new secret; {}.", self.shut_out(now_ms, id, out)))
    }

    /// Whoever used the line until now is out: bindings dropped, calls hung up. Says how many.
    fn shut_out(&mut self, now_ms: u64, id: &LineId, out: &mut Answer) -> String {
        let mut dropped = 0;
        if let Some(line) = self.lines.get_mut(id) {
            line.shut_out_ms = now_ms;
            dropped = std::mem::take(&mut line.bindings).len();
            out.effects.push(Effect::Line(line.clone()));
        }
        let hung_up = self.hang_up_line(id, CallEnd::SecretChanged, out);
        self.guard.secret_changed(now_ms, id);
        self.unlock(id);
        // An incident that cut nothing needs no lifting: this was what the owner had to do.
        for incident in self.incidents.open_without_cut(id) {
            self.incidents.close(now_ms, incident, IncidentState::Lifted);
        }
        format!("{} dropped, {} hung up", count(dropped, "binding"), count(hung_up, "call"))
    }

    /// Hangs up the calls a line places or is rung by, but for emergency calls; says how many.
    fn hang_up_line(&mut self, id: &LineId, end: CallEnd, out: &mut Answer) -> usize {
        let its = |call: &RunningCall| call.involves(id) && !call.emergency;
        let calls: Vec<CallId> = self.running.iter().filter(|(_, call)| its(call)).map(|(id, _)| *id).collect();
        calls.into_iter().filter(|call| self.hang_up(*call, end, out)).count()
    }

    pub(crate) fn remove_line(&mut self, now_ms: u64, id: &LineId, out: &mut Answer) -> Changed {
        let line = self.lines.remove(id).ok_or_else(|| ChangeError::NoLine(id.clone()))?;
        out.effects.push(Effect::LineRemoved(id.clone()));
        for did in self.dids.values_mut().filter(|did| did.lines.contains(id)) {
            did.lines.retain(|line| line != id);
            out.effects.push(Effect::Did(did.clone()));
        }
        let hung_up = self.hang_up_line(id, CallEnd::Operator, out);
        for incident in self.incidents.open(Some(id)) {
            // What it did to the whole account stands until the owner lifts it.
            if self.cut.is_none_or(|cut| cut.incident != incident) {
                self.incidents.close(now_ms, incident, IncidentState::Lifted);
            }
        }
        self.guard.line_removed(id);
        self.usage.forget(id);
        self.unlock(id);
        Ok(format!("{} was removed; {} hung up.", name_of(&line), count(hung_up, "call")))
    }
}

fn same_digests(a: &Secrets, b: &Secrets) -> bool {
    a.ha1_md5 == b.ha1_md5 && a.ha1_sha256 == b.ha1_sha256
}

/// "1 call", "2 calls".
pub(crate) fn count(many: usize, what: &str) -> String {
    if many == 1 { format!("1 {what}") } else { format!("{many} {what}s") }
}
