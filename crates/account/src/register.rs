//! Registration: the bindings of a line (RFC 3261 section 10.3).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use billing::LineId;
use geo::Place;
use guard::{Origin, Registered};

use crate::message::{Answer, Effect, Registration, RegistrationChange, Reply};
use crate::{Account, Binding, Flow, Line, Transport};

/// Bindings a line can have; a further one replaces the oldest.
pub const MAX_BINDINGS: usize = 8;
/// Where SIP over UDP listens by default (RFC 3261 section 19.1.2).
const SIP_PORT: u16 = 5060;
/// Longest contact URI kept, bytes.
const MAX_CONTACT_BYTES: usize = 512;
/// A line that stays where it is has its last-seen time written this often at most, to keep rows quiet.
const LAST_SEEN_EVERY_MS: u64 = 60 * 60 * 1000;
/// Out of order: the request fails as a whole (RFC 3261 10.3 steps 6 and 7), as in a dialog (12.2.2).
const OUT_OF_ORDER: u16 = 500;
/// The secret was changed between its proof and this, or the line is locked for that address.
const FORBIDDEN: u16 = 403;
const NOT_FOUND: u16 = 404;
const BAD_REQUEST: u16 = 400;

/// What a REGISTER did to the bindings.
#[derive(Default)]
struct Applied {
    /// The set of bindings or the way to one of them changed.
    changed: bool,
    /// A contact, address or user agent not seen in the bindings before.
    new_origin: bool,
}

impl Account {
    pub(crate) fn register(&mut self, now_ms: u64, registration: &Registration, out: &mut Answer) {
        let token = registration.token;
        if self.locked_by(&registration.line, registration.via.flow.remote.ip()).is_some() {
            out.replies.push(Reply::RegisterRefused { token, status: FORBIDDEN });
            return;
        }
        let Some(line) = self.lines.get_mut(&registration.line) else {
            out.replies.push(Reply::RegisterRefused { token, status: NOT_FOUND });
            return;
        };
        let version = line.secrets.as_ref().map(|secrets| secrets.version);
        if registration.secret_version.is_some_and(|proven_by| Some(proven_by) != version) {
            out.replies.push(Reply::RegisterRefused { token, status: FORBIDDEN });
            return;
        }
        let lapsed = drop_lapsed(line, now_ms);
        let applied = match &registration.change {
            RegistrationChange::Query => Ok(Applied::default()),
            RegistrationChange::RemoveAll => remove_all(line, registration),
            RegistrationChange::Put(contacts) => put(line, now_ms, registration, contacts),
        };
        let applied = match applied {
            Ok(applied) => applied,
            Err(status) => {
                out.replies.push(Reply::RegisterRefused { token, status });
                return;
            }
        };
        let seen = see(line, now_ms, registration);
        if applied.changed || lapsed || seen {
            out.effects.push(Effect::Line(line.clone()));
        }
        out.replies.push(Reply::Registered { token, bindings: line.bindings.clone() });
        // Guesses before a success are news to the guard even when the phone stays where it is.
        if applied.new_origin || registration.via.failures_before.here > 0 {
            self.guard.registered(now_ms, &registered(registration));
        }
    }

    /// Where a line can be rung now: its live bindings; a trunk that does not register, at its first fixed address.
    pub(crate) fn live_bindings(&self, now_ms: u64, line: &LineId) -> Vec<Binding> {
        let Some(line) = self.lines.get(line) else { return Vec::new() };
        let live: Vec<_> = line.bindings.iter().filter(|binding| binding.expires_ms > now_ms).cloned().collect();
        if live.is_empty() {
            line.addresses.first().map(|ip| standing_binding(*ip)).into_iter().collect()
        } else {
            live
        }
    }
}

/// The binding of a trunk known by its address: the default port there, from whichever of our addresses reaches it.
fn standing_binding(ip: IpAddr) -> Binding {
    let remote = SocketAddr::new(ip, SIP_PORT);
    let ours = if ip.is_ipv4() { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { IpAddr::V6(Ipv6Addr::UNSPECIFIED) };
    Binding {
        contact: format!("sip:{remote}"),
        flow: Flow { local: SocketAddr::new(ours, 0), remote, transport: Transport::Udp, connection: 0 },
        call_id: String::new(),
        cseq: 0,
        user_agent: "".into(),
        place: Place::default(),
        since_ms: 0,
        expires_ms: u64::MAX,
    }
}

/// Removes what has lapsed; true if something had.
pub(crate) fn drop_lapsed(line: &mut Line, now_ms: u64) -> bool {
    let before = line.bindings.len();
    line.bindings.retain(|binding| binding.expires_ms > now_ms);
    line.bindings.len() < before
}

/// Notes when and from where a line was seen; true if that is worth a row.
pub(crate) fn see_line(line: &mut Line, now_ms: u64, via: &crate::Via) -> bool {
    let ip = via.flow.remote.ip();
    let fresh = line
        .last_seen
        .as_ref()
        .is_some_and(|(at_ms, seen_ip, _)| *seen_ip == ip && now_ms.saturating_sub(*at_ms) < LAST_SEEN_EVERY_MS);
    if !fresh {
        line.last_seen = Some((now_ms, ip, via.place.clone()));
    }
    !fresh
}

fn see(line: &mut Line, now_ms: u64, registration: &Registration) -> bool {
    see_line(line, now_ms, &registration.via)
}

/// Whether the request comes after the one that made the binding, or from another registration altogether.
fn in_order(binding: &Binding, registration: &Registration) -> bool {
    binding.call_id != registration.call_id || registration.cseq > binding.cseq
}

/// `Contact: *`: every binding goes, or none (10.3 step 6).
fn remove_all(line: &mut Line, registration: &Registration) -> Result<Applied, u16> {
    if !line.bindings.iter().all(|binding| in_order(binding, registration)) {
        return Err(OUT_OF_ORDER);
    }
    let changed = !line.bindings.is_empty();
    line.bindings.clear();
    Ok(Applied { changed, new_origin: false })
}

/// Adds, refreshes and removes the contacts given, all or none (10.3 step 7).
fn put(line: &mut Line, now_ms: u64, registration: &Registration, contacts: &[(String, u32)]) -> Result<Applied, u16> {
    if contacts.len() > MAX_BINDINGS || contacts.iter().any(|(contact, _)| contact.len() > MAX_CONTACT_BYTES) {
        return Err(BAD_REQUEST);
    }
    let named = |binding: &&Binding| contacts.iter().any(|(contact, _)| *contact == binding.contact);
    if !line.bindings.iter().filter(named).all(|binding| in_order(binding, registration)) {
        return Err(OUT_OF_ORDER);
    }
    let mut applied = Applied::default();
    for (contact, granted_s) in contacts {
        put_one(line, now_ms, registration, contact, *granted_s, &mut applied);
    }
    while line.bindings.len() > MAX_BINDINGS {
        // The one nobody has refreshed for longest, but not one that has just been put.
        let age = |binding: &Binding| (named(&binding), binding.expires_ms);
        let oldest = line.bindings.iter().enumerate().min_by_key(|(_, binding)| age(binding)).map(|(at, _)| at);
        line.bindings.remove(oldest.unwrap_or(0));
    }
    Ok(applied)
}

fn put_one(
    line: &mut Line,
    now_ms: u64,
    registration: &Registration,
    contact: &str,
    granted_s: u32,
    applied: &mut Applied,
) {
    let at = line.bindings.iter().position(|binding| binding.contact == contact);
    if granted_s == 0 {
        if let Some(at) = at {
            line.bindings.remove(at);
            applied.changed = true;
        }
        return;
    }
    let via = &registration.via;
    let old = at.map(|at| line.bindings.remove(at));
    let binding = Binding {
        contact: contact.to_owned(),
        flow: via.flow,
        call_id: registration.call_id.clone(),
        cseq: registration.cseq,
        user_agent: via.user_agent.clone(),
        place: via.place.clone(),
        since_ms: old.as_ref().map_or(now_ms, |old| old.since_ms),
        expires_ms: now_ms.saturating_add(u64::from(granted_s) * 1000),
    };
    match &old {
        None => (applied.changed, applied.new_origin) = (true, true),
        Some(old) => {
            applied.changed |= old.flow != binding.flow || old.user_agent != binding.user_agent;
            applied.new_origin |= old.flow.remote.ip() != via.flow.remote.ip() || old.user_agent != via.user_agent;
        }
    }
    // Most lines have one.
    line.bindings.reserve_exact(1);
    line.bindings.insert(at.unwrap_or(line.bindings.len()), binding);
}

fn registered(registration: &Registration) -> Registered {
    let via = &registration.via;
    Registered {
        line: registration.line.clone(),
        origin: Origin {
            ip: via.flow.remote.ip(),
            place: via.place.clone(),
            user_agent: via.user_agent.clone().into(),
        },
        failures_before: via.failures_before,
    }
}

#[cfg(test)]
mod tests;
