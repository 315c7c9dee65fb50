//! The strongest thing the guard does to a line: an address that has its secret and is a stranger's is locked out of it, until
//! the line has a new secret.
//!
//! A cut stops what is dear. Who has the secret can still place home calls in the firm's name and take its calls; where the
//! evidence says who calls (guesses, a tool, a far new place), the line is locked for that place. The owner's own phones go
//! on, for they are elsewhere. Emergency calls go through, as always.

use std::net::IpAddr;

use billing::{IncidentId, LineId};
use serde::{Deserialize, Serialize};

use crate::Account;
use crate::message::{Answer, CallEnd, Effect, Refusal, RefusalCode};
use crate::screen::refusal;

/// Addresses locked out of one line; the oldest goes first.
const MAX_LOCKED: usize = 16;

/// Addresses locked out of a line, each by an incident.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Locked(Vec<(IpAddr, IncidentId)>);

/// An address that is locked out of a line, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockView {
    /// The line.
    pub line: LineId,
    /// The address.
    pub ip: IpAddr,
    /// The incident that did it.
    pub incident: IncidentId,
}

impl Account {
    /// Addresses that are locked out of lines, by line.
    pub fn locks(&self) -> impl Iterator<Item = LockView> {
        let of_line = |(line, locked): (&LineId, &Locked)| {
            let view =
                |(ip, incident): &(IpAddr, IncidentId)| LockView { line: line.clone(), ip: *ip, incident: *incident };
            locked.0.iter().map(view).collect::<Vec<_>>()
        };
        self.locked.iter().flat_map(of_line)
    }

    /// Locks an address out of a line: its bindings there are dropped, its calls from there hung up. A trunk that is known
    /// by its address alone has no secret that could be a stranger's.
    pub(crate) fn lock(&mut self, line: &LineId, ip: IpAddr, incident: IncidentId, out: &mut Answer) {
        let Some(state) = self.lines.get_mut(line).filter(|state| state.secrets.is_some()) else { return };
        let locked = self.locked.entry(line.clone()).or_default();
        if locked.0.iter().any(|(known, _)| *known == ip) {
            return;
        }
        if locked.0.len() >= MAX_LOCKED {
            locked.0.remove(0);
        }
        locked.0.push((ip, incident));
        out.spends = true;
        let before = state.bindings.len();
        state.bindings.retain(|binding| binding.flow.remote.ip() != ip);
        if state.bindings.len() != before {
            out.effects.push(Effect::Line(state.clone()));
        }
        let from_there = self
            .running
            .iter()
            .filter(|(_, call)| call.facts.line() == Some(line) && call.facts.attempt.via.flow.remote.ip() == ip);
        let calls: Vec<_> = from_there.map(|(call, _)| *call).collect();
        for call in calls {
            self.hang_up(call, CallEnd::Cut, out);
        }
    }

    /// Whether an address is locked out of a line, and by which incident.
    pub(crate) fn locked_by(&self, line: &LineId, ip: IpAddr) -> Option<IncidentId> {
        let locked = self.locked.get(line)?;
        locked.0.iter().find(|(known, _)| *known == ip).map(|(_, incident)| *incident)
    }

    /// Refuses a call from an address that is locked out of the line.
    pub(crate) fn not_locked(&self, line: &LineId, ip: IpAddr) -> Result<(), Refusal> {
        let Some(incident) = self.locked_by(line, ip) else { return Ok(()) };
        let why = self.incidents.get(incident).map(|incident| format!(": {}", incident.why())).unwrap_or_default();
        let text = format!("line {line} is locked for {ip} by incident {incident} until it has a new secret{why}");
        Err(refusal(RefusalCode::Cut, text))
    }

    /// The line has a new secret, or is gone.
    pub(crate) fn unlock(&mut self, line: &LineId) {
        self.locked.remove(line);
    }

    /// The incident was the owner's own doing.
    pub(crate) fn unlock_by(&mut self, incident: IncidentId) {
        self.locked.values_mut().for_each(|locked| locked.0.retain(|(_, by)| *by != incident));
        self.locked.retain(|_, locked| !locked.0.is_empty());
    }
}

#[cfg(test)]
mod tests;
