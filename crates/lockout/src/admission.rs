//! Who may try a password: leave is asked first, counted as a failure, and settled by the outcome.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crate::ban::Ban;
use crate::facts::FailureFacts;
use crate::known::{NOTED_EVERY_MS, Standing};
use crate::lockout::Lockout;
use crate::own::Own;
use crate::source::{MAX_NAME_BYTES, Source, canonical, shown};
use crate::tally::{Key, Tally};

/// A password that somebody wants verified.
#[derive(Clone, Copy)]
pub struct Attempt<'a> {
    /// Source address and port.
    pub from: SocketAddr,
    /// The name it is tried as, whether it exists or not.
    pub name: &'a str,
    /// Says the autonomous system of the address, where it is known; asked only where it counts.
    pub asn: &'a dyn Fn() -> Option<u32>,
    /// Whose line it is, where the name exists and its account sets anything of its own.
    pub own: Option<Own<'a>>,
}

/// Whether a password may be verified.
#[derive(Debug)]
pub enum Admission {
    /// Verify it, and settle the ticket with what came out.
    Verify(Ticket),
    /// Answer as if there were no such name, and settle the ticket as failed: its account does not want the password looked
    /// at, and nobody is to notice.
    Blind(Ticket),
    /// Drop the request unanswered: its sender is banned, or is about to be for what it has in flight.
    Refuse,
    /// Do not verify it: its name or network is being guessed at, and the sender is new to it. It may come back.
    Wait {
        /// In so many seconds, at least 1.
        retry_after_s: u32,
    },
}

/// Leave to verify one password, counted as a failure until it is settled with [`Lockout::failed`],
/// [`Lockout::succeeded`] or [`Lockout::released`]. One that is never settled stays a failure.
#[derive(Debug)]
#[must_use = "a verification that is not settled counts as failed"]
pub struct Ticket {
    number: u64,
    from: SocketAddr,
    name: Arc<str>,
    /// What it counts under; nothing for an address on the allow-list.
    keys: Vec<Key>,
    /// Whether it counts in the burst of its address.
    in_burst: bool,
    /// When it was noted last that the name has logged in there.
    noted_ms: Option<u64>,
}

impl Lockout {
    /// Asks leave to verify a password, and counts the verification as failed until it is known to be right: so exactly
    /// [`Settings::failures`](crate::Settings::failures) are admitted within the window from an address, however many
    /// answers are in flight.
    ///
    /// A name that has logged in from this address before has a bucket there of its own, and nothing else stops it, no
    /// automatic ban of the address either: one phone with an old password harms no neighbour. When that bucket is full, the exact
    /// flow of a live binding has one more. The same holds in the networks on the allow-list of the name's account.
    pub fn reserve(&mut self, attempt: &Attempt<'_>, now_ms: u64) -> Admission {
        self.reserve_as(shown(attempt.name, MAX_NAME_BYTES).into(), attempt, now_ms)
    }

    /// The same, and what had failed before ([`Lockout::facts`]).
    pub fn reserve_with_facts(&mut self, attempt: &Attempt<'_>, now_ms: u64) -> (FailureFacts, Admission) {
        let name: Arc<str> = shown(attempt.name, MAX_NAME_BYTES).into();
        let facts = self.facts_of(Source::of(attempt.from.ip()), &name, now_ms);
        (facts, self.reserve_as(name, attempt, now_ms))
    }

    fn reserve_as(&mut self, name: Arc<str>, attempt: &Attempt<'_>, now_ms: u64) -> Admission {
        let Attempt { from, asn, own, .. } = *attempt;
        let from = canonical(from);
        if self.is_allowed(from.ip()) {
            return Admission::Verify(self.ticket(from, name, Vec::new()));
        }
        let source = Source::of(from.ip());
        let ban = self.ban_of(from.ip(), now_ms);
        let (standing, noted_ms) = self.known.standing(&name, source, now_ms);
        let is_shut_out = ban.is_some_and(Ban::is_operators) && !self.flows.is_live(from, now_ms);
        if !is_shut_out {
            let allowed = || own.and_then(|own| own.settings.allows(from.ip())).map(Source::network_of);
            if let Some(place) = (standing == Standing::Known).then_some(source).or_else(allowed) {
                return self.reserve_known(from, place, (name, noted_ms), now_ms);
            }
        }
        if ban.is_some() {
            return Admission::Refuse;
        }
        let mut keys = vec![Key::Address(source), Key::Network(source.network())];
        match standing {
            Standing::Neighbour => keys.push(Key::Neighbour(name.clone())),
            // Its own phone is not to wait because of guesses made elsewhere; who had stolen the secret is held by what the
            // address fails.
            Standing::Former => keys.push(Key::Known(source, name.clone())),
            Standing::Known | Standing::Stranger => {
                keys.extend(asn().map(Key::Asn));
                keys.push(Key::Line(name.clone()));
            }
        }
        let own = own.filter(|_| standing != Standing::Former);
        let own_keys = Key::of_account(own, source, &name, &self.settings);
        self.reserve_stranger(from, name, keys, own_keys, now_ms)
    }

    /// The verification failed. `user_agent` is what the request called itself. Returns the ban this failure brought on,
    /// if it did.
    #[allow(clippy::needless_pass_by_value, reason = "a ticket is settled once")]
    pub fn failed(&mut self, ticket: Ticket, user_agent: Option<&str>, now_ms: u64) -> Option<Ban> {
        let source = Source::of(ticket.from.ip());
        if self.in_flight.end(ticket.number) {
            self.debit(&ticket.keys, now_ms);
        }
        for key in &ticket.keys {
            self.tallies.update(key, |tally| tally.note(source, now_ms));
        }
        let window_ms = self.settings.window_ms();
        let failed = self.sources.update(&source, |tracker| {
            tracker.note(&ticket.name, now_ms);
            tracker.prune(window_ms, now_ms);
            tracker.confirm(ticket.number, &ticket.name);
            tracker.failed()
        });
        self.shut_out(&ticket, now_ms);
        let may_ban = ticket.in_burst && self.settings.enabled && !self.is_allowed(ticket.from.ip());
        if !may_ban || self.ban_of(ticket.from.ip(), now_ms).is_some() {
            return None;
        }
        if failed >= self.settings.failures as usize {
            return self.ban_burst(source, user_agent, now_ms);
        }
        let full = ticket.keys.iter().find(|key| key.banned().is_some() && self.wait_ms(key, now_ms) > 0);
        full.and_then(|key| self.ban_slow(key, user_agent, now_ms))
    }

    /// The verification succeeded. Forgives this source's failures as this name (a mistyped password), and none of its
    /// failures as other names; those at other addresses stay counted against the name, so that the count tells nobody
    /// of the success. The name is known at this address from now on.
    #[allow(clippy::needless_pass_by_value, reason = "a ticket is settled once")]
    pub fn succeeded(&mut self, ticket: Ticket, now_ms: u64) {
        let (source, name) = (Source::of(ticket.from.ip()), &ticket.name);
        self.give_back(&ticket, now_ms);
        let forgiven = self.sources.update_existing(&source, |tracker| tracker.forgive(name)).unwrap_or(0);
        for key in ticket.keys.iter().filter(|key| !key.is_of_a_name()) {
            let size = key.size(&self.settings);
            self.tallies.update_existing(key, |tally| tally.forgive(forgiven, size, now_ms));
        }
        if ticket.noted_ms.is_none_or(|noted_ms| now_ms >= noted_ms.saturating_add(NOTED_EVERY_MS)) {
            self.known.note(name, source, now_ms);
            self.passage_changed(ticket.from.ip());
        }
    }

    /// The verification was not made after all (a stale nonce, a request cancelled): takes the reservation back.
    #[allow(clippy::needless_pass_by_value, reason = "a ticket is settled once")]
    pub fn released(&mut self, ticket: Ticket, now_ms: u64) {
        self.give_back(&ticket, now_ms);
    }

    /// A name logged in from this address at that time: what an account remembers, after a restart.
    pub fn remember(&mut self, name: &str, ip: IpAddr, at_ms: u64) {
        self.known.note(&shown(name, MAX_NAME_BYTES).into(), Source::of(ip), at_ms);
        self.passage_changed(ip);
    }

    /// The name has a new secret, or is gone: addresses that only it has logged in from are strangers again, but for guesses
    /// at the name made elsewhere, which do not make it wait there.
    pub fn secret_changed(&mut self, name: &str) {
        self.known.forget_alone(&shown(name, MAX_NAME_BYTES));
    }

    /// Shuts an address out of the lines of an account whose own number of failures it has reached.
    fn shut_out(&mut self, ticket: &Ticket, now_ms: u64) {
        let settings = &self.settings;
        for key in ticket.keys.iter().filter(|key| settings.enabled && matches!(key, Key::OwnAddress(..))) {
            let is_full = |tally: &Tally| tally.wait_ms(key.size(settings), now_ms) > 0;
            self.tallies.update_existing(key, |tally| {
                if is_full(tally) {
                    tally.shut(settings, now_ms)
                }
            });
        }
    }

    /// Nearly every such verification succeeds, and then nothing is left of it.
    fn reserve_known(
        &mut self,
        from: SocketAddr,
        source: Source,
        (name, noted_ms): (Arc<str>, Option<u64>),
        now_ms: u64,
    ) -> Admission {
        let own = Key::Known(source, name.clone());
        let wait_ms = self.wait_ms(&own, now_ms);
        let flow = Key::Flow(from);
        let key = if wait_ms == 0 || !self.settings.enabled {
            own
        } else if self.flows.is_live(from, now_ms) && self.wait_ms(&flow, now_ms) == 0 {
            flow
        } else {
            return Admission::wait(wait_ms);
        };
        let ticket = Ticket { noted_ms, ..self.ticket(from, name, vec![key.clone()]) };
        if let Some(crowded_out) = self.in_flight.begin(ticket.number, key) {
            self.debit(&[crowded_out], now_ms);
        }
        Admission::Verify(ticket)
    }

    fn reserve_stranger(
        &mut self,
        from: SocketAddr,
        name: Arc<str>,
        mut keys: Vec<Key>,
        own_keys: [Key; 2],
        now_ms: u64,
    ) -> Admission {
        let source = Source::of(from.ip());
        let (window_ms, keep) = (self.settings.window_ms(), self.settings.failures as usize);
        let counted = self.sources.update_existing(&source, |tracker| {
            tracker.prune(window_ms, now_ms);
            tracker.counted()
        });
        if self.settings.enabled {
            let longest_ms = |bans: bool| {
                let waits = keys.iter().filter(|key| key.banned().is_some() == bans);
                waits.map(|key| self.wait_ms(key, now_ms)).max().unwrap_or(0)
            };
            if counted.is_some_and(|counted| counted >= keep) || longest_ms(true) > 0 {
                return Admission::Refuse;
            }
            let wait_ms = longest_ms(false);
            if wait_ms > 0 {
                return Admission::wait(wait_ms);
            }
        }
        let is_blind = self.settings.enabled && own_keys.iter().any(|key| self.wait_ms(key, now_ms) > 0);
        if !is_blind {
            keys.extend(own_keys);
        }
        let ticket = Ticket { in_burst: true, ..self.ticket(from, name, keys) };
        self.debit(&ticket.keys, now_ms);
        self.sources.update(&source, |tracker| tracker.reserve(ticket.number, keep, now_ms));
        if is_blind { Admission::Blind(ticket) } else { Admission::Verify(ticket) }
    }

    fn ticket(&mut self, from: SocketAddr, name: Arc<str>, keys: Vec<Key>) -> Ticket {
        self.last_ticket += 1;
        Ticket { number: self.last_ticket, from, name, keys, in_burst: false, noted_ms: None }
    }

    /// How long until one more is let in under a key, those in flight counted as failed; 0 if it is now.
    pub(crate) fn wait_ms(&self, key: &Key, now_ms: u64) -> u64 {
        let (tally, in_flight) = (self.tallies.get(key), self.in_flight.count(key));
        if tally.is_none() && in_flight == 0 {
            return 0;
        }
        let size = key.size(&self.settings);
        let mut bucket = tally.map(|tally| tally.bucket).unwrap_or_default();
        (0..in_flight).for_each(|_| bucket.add(size, now_ms));
        tally.map_or(0, |tally| tally.shut_for_ms(now_ms)).max(bucket.wait_ms(size, now_ms))
    }

    fn give_back(&mut self, ticket: &Ticket, now_ms: u64) {
        if self.in_flight.end(ticket.number) {
            return;
        }
        for key in &ticket.keys {
            let size = key.size(&self.settings);
            self.tallies.update_existing(key, |tally| tally.bucket.take_back(1, size, now_ms));
        }
        self.sources.update_existing(&Source::of(ticket.from.ip()), |tracker| tracker.release(ticket.number));
    }

    fn debit(&mut self, keys: &[Key], now_ms: u64) {
        for key in keys {
            let size = key.size(&self.settings);
            self.tallies.update(key, |tally| tally.bucket.add(size, now_ms));
        }
    }
}

impl Admission {
    fn wait(ms: u64) -> Self {
        Admission::Wait { retry_after_s: u32::try_from(ms.div_ceil(1000)).unwrap_or(u32::MAX) }
    }
}
