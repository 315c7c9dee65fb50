//! The lock-out among the worker's machines: leave to verify a password, what came of it, and which flows and addresses
//! outrank a ban.

use std::net::SocketAddr;

use account::{Account, Binding, Failures, Input, Line};
use billing::AccountId;
use edge::{AuthReport, Directory, Leave, LineEntry};
use lockout::{Admission, Attempt, Lockout, Own};

use crate::Worker;
use crate::doors::Doors;
use crate::wakes::lines_of;

/// Tells the lock-out which networks accounts allow.
pub(crate) fn welcome(lockout: &mut Lockout, directory: &Directory) {
    lockout.set_welcome(directory.lockout.values().flat_map(|own| own.allow_list.iter().copied()));
}

/// Tells a new lock-out where the lines of an account log in from.
pub(crate) fn remember(lockout: &mut Lockout, account: &Account, now_ms: u64) {
    for line in account.lines().values() {
        for binding in &line.bindings {
            lockout.flow_registered(binding.flow.remote, binding.until_ms);
        }
        let Some(name) = &line.auth_name else { continue };
        if let Some((at_ms, ip, _)) = &line.last_seen
            && *at_ms > line.shut_out_ms
        {
            lockout.remember(name, *ip, *at_ms);
        }
        for binding in &line.bindings {
            lockout.remember(name, binding.flow.remote.ip(), binding.until_ms.min(now_ms));
        }
    }
}

impl Worker {
    /// The edge asks leave to verify a password.
    pub(crate) fn ask_leave(&mut self, now_ms: u64, token: u64, from: SocketAddr, name: &str) {
        let asn = || self.look_ups.places.locate(from.ip()).asn;
        let own = self.directory.by_auth_name.get(name).and_then(|entry| {
            let settings = self.directory.lockout.get(&entry.account)?;
            Some(Own { account: entry.account.as_str(), settings })
        });
        let (failures_before, admission) = self.doors.change(|lockout| {
            let window_s = lockout.settings().window_s;
            let (facts, admission) = lockout.reserve_with_facts(&Attempt { from, name, asn: &asn, own }, now_ms);
            let failures_before = Failures {
                here: facts.here(now_ms, window_s),
                other_names: facts.other_names(),
                line: facts.line.failures,
                line_addresses: facts.line_addresses,
            };
            (failures_before, admission)
        });
        let leave = match admission {
            Admission::Verify(ticket) => {
                self.tickets.push((token, ticket));
                Leave::Granted
            }
            Admission::Blind(ticket) => {
                self.tickets.push((token, ticket));
                Leave::Blind
            }
            Admission::Refuse => Leave::Refused,
            Admission::Wait { retry_after_s } => Leave::Later { retry_after_s },
        };
        self.edge.handle(now_ms, edge::Input::Verify { token, leave, failures_before });
    }

    /// What came of a verification. The ban, if it led to one, comes out of the lock-out's changes.
    pub(crate) fn settle_leave(&mut self, now_ms: u64, token: u64, report: AuthReport, user_agent: &str) {
        let Some(at) = self.tickets.iter().position(|(own, _)| *own == token) else { return };
        let (_, ticket) = self.tickets.swap_remove(at);
        self.doors.change(|lockout| match report {
            AuthReport::Failed => drop(lockout.failed(ticket, Some(user_agent), now_ms)),
            AuthReport::Succeeded => lockout.succeeded(ticket, now_ms),
            AuthReport::Stale => lockout.released(ticket, now_ms),
        });
    }

    /// Tells the lock-out whose secret another directory changes or takes away: who knew it is a stranger again.
    pub(crate) fn forget_old_secrets(&mut self, id: &AccountId, next: &Directory) {
        let own = self.directory.by_auth_name.iter().filter(|(_, entry)| entry.account == *id);
        let is_old = |name, old: &LineEntry| {
            next.by_auth_name.get(name).is_none_or(|entry: &LineEntry| entry.secrets != old.secrets)
        };
        let names: Vec<_> = own.filter(|(name, old)| is_old(*name, old)).map(|(name, _)| name).collect();
        if !names.is_empty() {
            self.doors.change(|lockout| names.into_iter().for_each(|name| lockout.secret_changed(name)));
        }
    }
}

/// Tells the lock-out which flows a line is registered on now, and until when that is written.
pub(crate) fn note_flows(doors: &Doors, account: &Account, input: &Input) {
    let Input::Register(registration) = input else { return };
    let line = account.lines().get(&registration.line);
    let bindings = line.map(|line| line.bindings.as_slice()).unwrap_or_default();
    if !bindings.is_empty() {
        let note = |lockout: &mut Lockout, binding: &Binding| {
            lockout.flow_registered(binding.flow.remote, binding.until_ms);
        };
        doors.change(|lockout| bindings.iter().for_each(|binding| note(lockout, binding)));
    }
}

/// The flows whose bindings an input may end.
pub(crate) fn flows_at_stake(account: &Account, input: &Input) -> Vec<SocketAddr> {
    let lines = lines_of(input).into_iter().filter_map(|line| account.lines().get(line));
    lines.flat_map(|line| &line.bindings).map(|binding| binding.flow.remote).collect()
}

/// Tells the lock-out of the flows on which the account has no binding any more. A binding of another account on the
/// same flow loses its precedence until it is written anew.
pub(crate) fn forget_flows(doors: &Doors, account: &Account, input: &Input, flows: &[SocketAddr]) {
    if flows.is_empty() {
        return;
    }
    let own: Vec<&Line> = lines_of(input).into_iter().filter_map(|line| account.lines().get(line)).collect();
    let all = || own.iter().copied().chain(account.lines().values());
    let has_binding = |flow: SocketAddr| all().any(|line| has_binding_on(line, flow));
    let gone: Vec<_> = flows.iter().filter(|flow| !has_binding(**flow)).collect();
    if !gone.is_empty() {
        doors.change(|lockout| gone.into_iter().for_each(|flow| lockout.flow_gone(*flow)));
    }
}

fn has_binding_on(line: &Line, flow: SocketAddr) -> bool {
    line.bindings.iter().any(|binding| binding.flow.remote == flow)
}
