//! The lock-out machine: who may speak, who may try a password, and what follows when it is wrong.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crate::ban::{Ban, BanChange, BanReason};
use crate::bans::{Bans, Insertion};
use crate::bounded::Bounded;
use crate::facts::FailureFacts;
use crate::flows::Flows;
use crate::settings::Settings;
use crate::source::{MAX_NAME_BYTES, MAX_TEXT_BYTES, Source, shown};
use crate::tracker::{LineFailures, Tracker};

/// What to do with a datagram before reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Read it.
    Pass,
    /// Drop it unread.
    Banned,
}

/// Whether a password may be verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Verify it and tell the outcome.
    Verify,
    /// Do not look at it: answer as for a wrong one, and report no outcome.
    Refuse,
}

/// Counts failed authentications and bans their sources. See the crate's page for how to drive it.
#[derive(Debug)]
pub struct Lockout {
    pub(crate) settings: Settings,
    pub(crate) sources: Bounded<Source, Tracker>,
    pub(crate) lines: Bounded<Arc<str>, LineFailures>,
    pub(crate) bans: Bans,
    pub(crate) changes: Vec<BanChange>,
    flows: Flows,
}

impl Lockout {
    /// A lock-out that has seen nothing. Numbers out of range are brought into it; a configuration should have told
    /// its author with [`Settings::mistakes`] before.
    pub fn new(settings: Settings) -> Self {
        let settings = settings.clamped();
        let max_tracked = settings.max_tracked_addresses as usize;
        Lockout {
            settings,
            sources: Bounded::new(max_tracked),
            lines: Bounded::new(max_tracked),
            bans: Bans::default(),
            changes: Vec::new(),
            flows: Flows::default(),
        }
    }

    /// Whether to read a datagram at all; cheap enough to ask for each. The exact flow of a live binding passes though
    /// its address is banned.
    pub fn before_parse(&self, from: SocketAddr, now_ms: u64) -> Gate {
        let is_banned = self.ban_of(from.ip(), now_ms).is_some();
        if is_banned && !self.flows.is_live(from, now_ms) { Gate::Banned } else { Gate::Pass }
    }

    /// The ban that holds for an address now, if any. The allow-list wins over every ban; while lock-out is off only
    /// operators' bans hold.
    pub fn ban_of(&self, ip: IpAddr, now_ms: u64) -> Option<&Ban> {
        if self.bans.is_empty() {
            return None;
        }
        let ip = ip.to_canonical();
        let holds = |ban: &&Ban| self.settings.enabled || ban.is_operators();
        let ban = self.bans.covering(ip, now_ms).find(holds)?;
        (!self.is_allowed(ip)).then_some(ban)
    }

    /// Asks leave to verify a password, and counts the verification as failed until it is known to be right: so exactly
    /// [`Settings::failures`] are admitted within the window, however many answers are in flight.
    ///
    /// The flow of a live binding whose address is refused is admitted on a budget of its own, equally large, so that a
    /// banned office can still authenticate a call for help.
    pub fn reserve(&mut self, from: SocketAddr, now_ms: u64) -> Admission {
        if self.is_allowed(from.ip()) {
            return Admission::Verify;
        }
        if self.ban_of(from.ip(), now_ms).is_some() || !self.reserve_of_source(from, now_ms) {
            return self.reserve_of_flow(from, now_ms);
        }
        Admission::Verify
    }

    /// The verification failed. `name` is the name it was tried as, whether it exists or not; `user_agent` what the
    /// request called itself. Returns the ban this failure brought on, if it did.
    pub fn failed(&mut self, from: SocketAddr, name: &str, user_agent: Option<&str>, now_ms: u64) -> Option<Ban> {
        let source = Source::of(from.ip());
        let name: Arc<str> = shown(name, MAX_NAME_BYTES).into();
        self.lines.update(&name, |line| line.note(source, now_ms));
        let counts = !self.is_allowed(from.ip()) && self.ban_of(from.ip(), now_ms).is_none();
        let on_flow = self.flows.is_live(from, now_ms);
        let (window_ms, keep) = (self.settings.window_ms(), self.settings.failures as usize);
        let failed = self.sources.update(&source, |tracker| {
            tracker.note(&name, now_ms);
            tracker.prune(window_ms, now_ms);
            // What a live flow was admitted on its own budget is not the source's to pay for.
            if !tracker.confirm(from.port(), &name) && counts && !on_flow {
                tracker.count_failure(from.port(), &name, keep, now_ms);
            }
            tracker.failed()
        });
        let is_over = counts && self.settings.enabled && failed >= keep;
        is_over.then(|| self.ban_source(source, user_agent, now_ms)).flatten()
    }

    /// The verification succeeded. Forgives this source's failures as this name (a mistyped password), and none of its
    /// failures as other names. Returns what had failed before, for the guard.
    pub fn succeeded(&mut self, from: SocketAddr, name: &str, now_ms: u64) -> FailureFacts {
        let facts = self.facts(from.ip(), name, now_ms);
        self.released(from, now_ms);
        let name = shown(name, MAX_NAME_BYTES);
        self.sources.update_existing(&Source::of(from.ip()), |tracker| tracker.forgive(&name));
        facts
    }

    /// The verification was not made after all (a stale nonce, a request cancelled): takes the reservation back.
    pub fn released(&mut self, from: SocketAddr, now_ms: u64) {
        let window_ms = self.settings.window_ms();
        let released = self.sources.update_existing(&Source::of(from.ip()), |tracker| {
            tracker.prune(window_ms, now_ms);
            tracker.release(from.port())
        });
        if released != Some(true) {
            self.flows.refund(from);
        }
    }

    /// What failed lately from an address, as a line, and both together.
    pub fn facts(&self, ip: IpAddr, name: &str, now_ms: u64) -> FailureFacts {
        let name: Arc<str> = shown(name, MAX_NAME_BYTES).into();
        let mut facts = FailureFacts::default();
        if let Some(tracker) = self.sources.get(&Source::of(ip)) {
            facts.address_as_line = tracker.as_name(&name, now_ms);
            facts.address = tracker.total(now_ms);
        }
        if let Some(line) = self.lines.get(&name).filter(|line| !line.run.is_over(now_ms)) {
            facts.line = line.run;
            facts.line_addresses = line.sources();
        }
        facts
    }

    /// Whether failures of this address are remembered at all: where not, nothing more needs to be asked.
    pub fn has_failed(&self, ip: IpAddr) -> bool {
        self.sources.get(&Source::of(ip)).is_some()
    }

    /// How often this address failed as this line in a run whose last failure is at most `window_s` seconds old. Zero
    /// once it has succeeded: ask before, or take what [`Lockout::succeeded`] returns.
    pub fn failures_before(&self, ip: IpAddr, name: &str, now_ms: u64, window_s: u64) -> u32 {
        let run = self.facts(ip, name, now_ms).address_as_line;
        let since_ms = now_ms.saturating_sub(window_s.saturating_mul(1000));
        if run.last_ms >= since_ms { run.failures } else { 0 }
    }

    /// A binding lives on this flow until then. With several bindings on one flow the longest counts.
    pub fn flow_registered(&mut self, from: SocketAddr, until_ms: u64) {
        self.flows.registered(from, until_ms);
    }

    /// The last binding on this flow is gone (un-registered, dropped, its secret changed).
    pub fn flow_gone(&mut self, from: SocketAddr) {
        self.flows.gone(from);
    }

    /// Ends what has ended. Nothing depends on how often it is called: a ban that has ended does not hold.
    pub fn tick(&mut self, now_ms: u64) {
        while let Some(ban) = self.bans.take_ended(now_ms) {
            self.changes.push(BanChange::Expired(ban.prefix));
        }
        self.flows.forget_ended(now_ms);
        self.sources.sweep(now_ms);
        self.lines.sweep(now_ms);
    }

    /// When the next ban ends, for the driver's timer.
    pub fn next_expiry_ms(&self) -> Option<u64> {
        self.bans.next_end_ms()
    }

    /// Takes the changes to the list of bans since the last call, in order. Drain after each input.
    pub fn drain_changes(&mut self) -> Vec<BanChange> {
        std::mem::take(&mut self.changes)
    }

    pub(crate) fn is_allowed(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.settings.allow_list.iter().any(|net| net.contains(&ip))
    }

    fn reserve_of_source(&mut self, from: SocketAddr, now_ms: u64) -> bool {
        let (window_ms, keep) = (self.settings.window_ms(), self.settings.failures as usize);
        let enabled = self.settings.enabled;
        self.sources.update(&Source::of(from.ip()), |tracker| {
            tracker.prune(window_ms, now_ms);
            let admitted = !enabled || tracker.counted() < keep;
            if admitted {
                tracker.reserve(from.port(), keep, now_ms);
            }
            admitted
        })
    }

    fn reserve_of_flow(&mut self, from: SocketAddr, now_ms: u64) -> Admission {
        let (budget, window_ms) = (self.settings.failures, self.settings.window_ms());
        let admitted = self.flows.spend(from, budget, window_ms, now_ms);
        if admitted { Admission::Verify } else { Admission::Refuse }
    }

    /// Bans a source for its failures. `None` if the list is full of operators' bans: its counter still refuses it.
    pub(crate) fn ban_source(&mut self, source: Source, user_agent: Option<&str>, now_ms: u64) -> Option<Ban> {
        let settings = &self.settings;
        let ban = self.sources.update(&source, |tracker| {
            let failures = u32::try_from(tracker.failed()).unwrap_or(u32::MAX);
            let repeat = tracker.strike(now_ms);
            let until_ms = now_ms.saturating_add(settings.ban_length_s(repeat) * 1000);
            tracker.set_strikes(repeat, until_ms.saturating_add(settings.max_ban_s * 1000));
            Ban {
                prefix: source.prefix(),
                since_ms: now_ms,
                until_ms,
                reason: BanReason::FailedAuthentication { failures, window_s: settings.window_s },
                repeat,
                failures: tracker.total(now_ms).failures,
                names_tried: tracker.names_tried(now_ms),
                user_agent: user_agent.map(|name| shown(name, MAX_TEXT_BYTES)),
            }
        });
        self.insert(ban.clone()).then_some(ban)
    }

    /// Adds a ban and tells of it. `false` if there was no room.
    pub(crate) fn insert(&mut self, ban: Ban) -> bool {
        match self.bans.insert(ban.clone()) {
            Insertion::Added => {}
            Insertion::Displaced(prefix) => self.changes.push(BanChange::Expired(prefix)),
            Insertion::Full => return false,
        }
        self.changes.push(BanChange::Added(ban));
        true
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
