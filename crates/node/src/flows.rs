//! Keeps the lock-out's live flows in step with bindings: whose binding is taken away no longer outranks a ban.

use std::net::SocketAddr;

use account::{Account, Change, Input};
use billing::{AccountId, LineId};

use crate::Worker;

/// The line that an input may take bindings from before their time.
fn line_of(input: &Input) -> Option<&LineId> {
    match input {
        Input::Register(registration) => Some(&registration.line),
        Input::Change { change, .. } => match change {
            Change::PutLine(line) => Some(&line.id),
            Change::SetSecret { line, .. } | Change::RemoveLine(line) | Change::DropBinding { line, .. } => Some(line),
            _ => None,
        },
        _ => None,
    }
}

impl Worker {
    /// The flows whose bindings an input may end. Those that lapse end by themselves: the lock-out knows their time.
    pub(crate) fn flows_at_stake(&self, id: &AccountId, input: &Input) -> Vec<SocketAddr> {
        let line = line_of(input).and_then(|line| self.accounts.get(id)?.lines().get(line));
        line.map_or_else(Vec::new, |line| line.bindings.iter().map(|binding| binding.flow.remote).collect())
    }

    /// Tells the lock-out of the flows on which the account has no binding any more. A binding of another account on the
    /// same flow loses its precedence until its next REGISTER.
    pub(crate) fn forget_flows(&mut self, id: &AccountId, flows: &[SocketAddr]) {
        let account = self.accounts.get(id);
        for flow in flows {
            if !account.is_some_and(|account| has_binding_on(account, *flow)) {
                self.lockout.flow_gone(*flow);
            }
        }
    }
}

fn has_binding_on(account: &Account, flow: SocketAddr) -> bool {
    account.lines().values().flat_map(|line| &line.bindings).any(|binding| binding.flow.remote == flow)
}
