//! REGISTERs that need no record: what changes nothing, what is refused, and a phone that says that it is still there.

use crate::binding::Latest;
use crate::message::{Registration, RegistrationChange, Reply};
use crate::register::{OUT_OF_ORDER, expires_ms, is_seen_lately};
use crate::{Account, Binding, Line, Via};

impl Account {
    /// Answers a REGISTER if that leaves all that is written of the account as it is; `None`: it is an input. What comes
    /// late or twice is found here alone, so whoever owns the account asks here first.
    pub fn answer_at_once(&mut self, now_ms: u64, registration: &Registration) -> Option<Reply> {
        let token = registration.token;
        if let Some(status) = self.refuses(registration) {
            return Some(Reply::RegisterRefused { token, status });
        }
        let line = self.lines.get_mut(&registration.line)?;
        let latest = Latest::of(registration, u64::MAX);
        if !is_in_order(line, registration, &latest) {
            return Some(Reply::RegisterRefused { token, status: OUT_OF_ORDER });
        }
        // Guesses before a success are news to the guard.
        let is_news = registration.via.failures_before.here > 0 || !is_seen_lately(line, now_ms, &registration.via);
        let is_done = !is_news
            && match &registration.change {
                RegistrationChange::Query => true,
                RegistrationChange::RemoveAll => line.bindings.is_empty(),
                RegistrationChange::Put(contacts) => refresh(line, now_ms, &registration.via, contacts, latest),
            };
        is_done.then(|| Reply::Registered { token, contacts: line.contacts(now_ms) })
    }

    /// What its phones said last is not known after a restart: what is written of their bindings counts.
    pub fn forget_latest(&mut self) {
        let bindings = self.lines.values_mut().flat_map(|line| &mut line.bindings);
        bindings.for_each(|binding| binding.latest = Latest::default());
    }
}

/// Whether a request comes after those that made the bindings it is about (RFC 3261 section 10.3 steps 6 and 7).
fn is_in_order(line: &Line, registration: &Registration, latest: &Latest) -> bool {
    let concerns = |binding: &Binding| match &registration.change {
        RegistrationChange::Query => false,
        RegistrationChange::RemoveAll => true,
        RegistrationChange::Put(contacts) => contacts.iter().any(|(contact, _)| *contact == binding.contact),
    };
    line.bindings.iter().filter(|binding| concerns(binding)).all(|binding| binding.latest.precedes(latest))
}

/// Keeps the bindings of a phone that stays where it is, all or none; false where one would have to be written.
fn refresh(line: &mut Line, now_ms: u64, via: &Via, contacts: &[(String, u32)], latest: Latest) -> bool {
    let is_vouched_for = |(contact, granted_s): &(String, u32)| {
        let until_ms = expires_ms(now_ms, *granted_s);
        line.bindings.iter().any(|binding| {
            binding.contact == *contact && is_same_way(binding, via) && {
                let lapses_ms = binding.lapses_ms();
                lapses_ms > now_ms && (lapses_ms..=binding.until_ms).contains(&until_ms)
            }
        })
    };
    if !contacts.iter().all(is_vouched_for) {
        return false;
    }
    for (contact, granted_s) in contacts {
        if let Some(binding) = line.bindings.iter_mut().find(|binding| binding.contact == *contact) {
            binding.latest = latest.lapsing(expires_ms(now_ms, *granted_s));
        }
    }
    true
}

fn is_same_way(binding: &Binding, via: &Via) -> bool {
    binding.flow == via.flow && binding.user_agent == via.user_agent
}
