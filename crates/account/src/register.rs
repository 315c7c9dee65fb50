//! Registration: the bindings of a line (RFC 3261 section 10.3).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use billing::LineId;
use geo::Place;
use guard::{Origin, Registered};

use crate::binding::{Latest, VOUCHED_MS};
use crate::message::{Answer, Effect, Input, Registration, RegistrationChange, Reply};
use crate::{Account, Binding, Flow, Line, Transport, Via};

/// Bindings a line can have; a further one replaces the oldest.
pub const MAX_BINDINGS: usize = 8;
/// Where SIP over UDP listens by default (RFC 3261 section 19.1.2).
const SIP_PORT: u16 = 5060;
/// Bindings that lapse with one input; further ones have the next.
const MAX_LAPSED: usize = 200;
/// Longest contact URI kept, bytes.
const MAX_CONTACT_BYTES: usize = 512;
/// A line that stays where it is has its last-seen time written this often at most, to keep rows quiet.
const LAST_SEEN_EVERY_MS: u64 = 60 * 60 * 1000;
/// Out of order: the request fails as a whole (RFC 3261 10.3 steps 6 and 7), as in a dialog (12.2.2).
pub(crate) const OUT_OF_ORDER: u16 = 500;
/// The secret was changed between its proof and this, or the line is locked for that address.
const FORBIDDEN: u16 = 403;
const NOT_FOUND: u16 = 404;
const BAD_REQUEST: u16 = 400;

/// What a REGISTER did to the bindings.
#[derive(Default)]
struct Applied {
    /// Something of the bindings changed that is written.
    changed: bool,
    /// A contact, address or user agent not seen in the bindings before.
    new_origin: bool,
}

impl Account {
    /// Notes a REGISTER that [`Account::answer_at_once`] left: each is written, with the line as it is then.
    pub(crate) fn register(&mut self, now_ms: u64, registration: &Registration, out: &mut Answer) {
        let token = registration.token;
        if let Some(status) = self.refuses(registration) {
            out.replies.push(Reply::RegisterRefused { token, status });
            return;
        }
        let Some(line) = self.lines.get_mut(&registration.line) else { return };
        let applied = match &registration.change {
            RegistrationChange::Query => Applied::default(),
            RegistrationChange::RemoveAll => remove_all(line),
            RegistrationChange::Put(contacts) => put(line, now_ms, registration, contacts),
        };
        let seen = see_line(line, now_ms, &registration.via);
        if applied.changed || seen {
            out.effects.push(Effect::Line(line.clone()));
        }
        out.replies.push(Reply::Registered { token, contacts: line.contacts(now_ms) });
        // Guesses before a success are news to the guard even when the phone stays where it is.
        if applied.new_origin || registration.via.failures_before.here > 0 {
            self.guard.registered(now_ms, &registered(registration));
        }
    }

    /// The status that a REGISTER is refused with, going by what is written of the account.
    pub(crate) fn refuses(&self, registration: &Registration) -> Option<u16> {
        if self.locked_by(&registration.line, registration.via.flow.remote.ip()).is_some() {
            return Some(FORBIDDEN);
        }
        let Some(line) = self.lines.get(&registration.line) else { return Some(NOT_FOUND) };
        let version = line.secrets.as_ref().map(|secrets| secrets.version);
        if registration.secret_version.is_some_and(|proven_by| Some(proven_by) != version) {
            return Some(FORBIDDEN);
        }
        match &registration.change {
            RegistrationChange::Put(contacts) if is_too_much(contacts) => Some(BAD_REQUEST),
            _ => None,
        }
    }

    /// Bindings that have lapsed go.
    pub(crate) fn lapse(&mut self, lapsed: &[(LineId, String)], out: &mut Answer) {
        for (line, contact) in lapsed {
            let Some(line) = self.lines.get_mut(line) else { continue };
            let before = line.bindings.len();
            line.bindings.retain(|binding| binding.contact != *contact);
            if line.bindings.len() < before {
                out.effects.push(Effect::Line(line.clone()));
            }
        }
    }

    /// What time brings by now: bindings that have lapsed, or an incident that is due to be reported.
    pub fn due(&self, now_ms: u64) -> Option<Input> {
        let of_line = |(id, line): (&LineId, &Line)| {
            let lapsed = line.bindings.iter().filter(|binding| binding.lapses_ms() <= now_ms);
            lapsed.map(|binding| (id.clone(), binding.contact.clone())).collect::<Vec<_>>()
        };
        let lapsed: Vec<_> = self.lines.iter().flat_map(of_line).take(MAX_LAPSED).collect();
        if !lapsed.is_empty() {
            return Some(Input::Lapse(lapsed));
        }
        self.next_report_ms().is_some_and(|at_ms| at_ms <= now_ms).then_some(Input::Tick)
    }

    /// Where a line can be rung now: its live bindings; a trunk that does not register, at its first fixed address.
    pub(crate) fn live_bindings(&self, now_ms: u64, line: &LineId) -> Vec<Binding> {
        let Some(line) = self.lines.get(line) else { return Vec::new() };
        let live: Vec<_> = line.bindings.iter().filter(|binding| binding.until_ms > now_ms).cloned().collect();
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
        user_agent: "".into(),
        place: Place::default(),
        since_ms: 0,
        until_ms: u64::MAX,
        latest: Latest::default(),
    }
}

impl Line {
    /// The contacts that are registered, each with the moment at which it lapses.
    pub(crate) fn contacts(&self, now_ms: u64) -> Vec<(String, u64)> {
        let live = self.bindings.iter().map(|binding| (&binding.contact, binding.lapses_ms()));
        live.filter(|(_, lapses_ms)| *lapses_ms > now_ms)
            .map(|(contact, lapses_ms)| (contact.clone(), lapses_ms))
            .collect()
    }
}

/// Whether the line was seen at that address a while ago at most, so that it need not be noted again.
pub(crate) fn is_seen_lately(line: &Line, now_ms: u64, via: &Via) -> bool {
    let ip = via.flow.remote.ip();
    let seen = line.last_seen.as_ref();
    seen.is_some_and(|(at_ms, seen_ip, _)| *seen_ip == ip && now_ms.saturating_sub(*at_ms) < LAST_SEEN_EVERY_MS)
}

/// Notes when and from where a line was seen; true if that is worth a row.
pub(crate) fn see_line(line: &mut Line, now_ms: u64, via: &Via) -> bool {
    let is_news = !is_seen_lately(line, now_ms, via);
    if is_news {
        line.last_seen = Some((now_ms, via.flow.remote.ip(), via.place.clone()));
    }
    is_news
}

/// `Contact: *`: every binding goes (10.3 step 6).
fn remove_all(line: &mut Line) -> Applied {
    let changed = !line.bindings.is_empty();
    line.bindings.clear();
    Applied { changed, new_origin: false }
}

fn is_too_much(contacts: &[(String, u32)]) -> bool {
    contacts.len() > MAX_BINDINGS || contacts.iter().any(|(contact, _)| contact.len() > MAX_CONTACT_BYTES)
}

/// Adds, refreshes and removes the contacts given (10.3 step 7).
fn put(line: &mut Line, now_ms: u64, registration: &Registration, contacts: &[(String, u32)]) -> Applied {
    let mut applied = Applied::default();
    for (contact, granted_s) in contacts {
        put_one(line, now_ms, registration, contact, *granted_s, &mut applied);
    }
    let named = |binding: &Binding| contacts.iter().any(|(contact, _)| *contact == binding.contact);
    while line.bindings.len() > MAX_BINDINGS {
        // The one nobody has refreshed for longest, but not one that has just been put.
        let age = |binding: &Binding| (named(binding), binding.until_ms);
        let oldest = line.bindings.iter().enumerate().min_by_key(|(_, binding)| age(binding)).map(|(at, _)| at);
        line.bindings.remove(oldest.unwrap_or(0));
    }
    applied
}

/// When a binding lapses that is registered now.
pub(crate) fn expires_ms(now_ms: u64, granted_s: u32) -> u64 {
    now_ms.saturating_add(u64::from(granted_s) * 1_000)
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
    let expires_ms = expires_ms(now_ms, granted_s);
    let binding = Binding {
        contact: contact.to_owned(),
        flow: via.flow,
        user_agent: via.user_agent.clone(),
        place: via.place.clone(),
        since_ms: old.as_ref().map_or(now_ms, |old| old.since_ms),
        until_ms: expires_ms.saturating_add(VOUCHED_MS),
        latest: Latest::of(registration, expires_ms),
    };
    applied.changed = true;
    applied.new_origin |=
        old.is_none_or(|old| old.flow.remote.ip() != via.flow.remote.ip() || old.user_agent != via.user_agent);
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
