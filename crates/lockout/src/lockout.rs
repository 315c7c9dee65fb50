//! The lock-out machine: who may speak, who may try a password, and what follows when it is wrong.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crate::ban::{Ban, BanChange, BanReason};
use crate::bans::{Bans, Insertion};
use crate::bounded::Bounded;
use crate::facts::FailureFacts;
use crate::flows::Flows;
use crate::in_flight::InFlight;
use crate::known::Known;
use crate::lists::Lists;
use crate::prefixes::Prefixes;
use crate::settings::Settings;
use crate::source::{MAX_NAME_BYTES, MAX_TEXT_BYTES, Source, shown};
use crate::tally::{Key, Tally};
use crate::tracker::Tracker;

/// How many counters there are for each tracked address: address, network, system and name, and two of an account's own.
pub(crate) const TALLIES_PER_ADDRESS: usize = 6;

/// What to do with a datagram before reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Read it.
    Pass,
    /// Drop it unread.
    Banned,
}

/// Counts failed authentications and bans their sources. See the crate's page for how to drive it.
#[derive(Debug)]
pub struct Lockout {
    pub(crate) settings: Settings,
    pub(crate) sources: Bounded<Source, Tracker>,
    pub(crate) tallies: Bounded<Key, Tally>,
    pub(crate) bans: Bans,
    pub(crate) changes: Vec<BanChange>,
    pub(crate) known: Known,
    pub(crate) lists: Lists,
    pub(crate) flows: Flows,
    /// The networks on the allow-lists of accounts.
    pub(crate) welcome: Prefixes,
    pub(crate) in_flight: InFlight,
    pub(crate) last_ticket: u64,
    /// See [`Lockout::outward_version`].
    pub(crate) outward_version: u64,
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
            tallies: Bounded::new(max_tracked * TALLIES_PER_ADDRESS),
            bans: Bans::default(),
            changes: Vec::new(),
            known: Known::default(),
            lists: Lists::default(),
            flows: Flows::default(),
            welcome: Prefixes::default(),
            in_flight: InFlight::default(),
            last_ticket: 0,
            outward_version: 0,
        }
    }

    /// Whether to read a datagram at all; cheap enough to ask for each. The exact flow of a live binding passes though
    /// its address is banned, and so does an address that somebody has logged in from, or that an account allows, unless an
    /// operator banned it: what it may still try is for [`Lockout::reserve`] to say.
    pub fn before_parse(&self, from: SocketAddr, now_ms: u64) -> Gate {
        if self.listed(from, now_ms).is_some() {
            return Gate::Banned;
        }
        let Some(ban) = self.ban_of(from.ip(), now_ms) else { return Gate::Pass };
        let is_welcome = !ban.is_operators() && self.is_welcome(from.ip().to_canonical(), now_ms);
        if is_welcome || self.flows.is_live(from, now_ms) { Gate::Pass } else { Gate::Banned }
    }

    /// Until when it is no stranger that sends from there, in milliseconds since the Unix epoch: somebody has a live binding
    /// on this flow, or has logged in from its address. `None` where nobody has proven anything.
    pub fn acquainted_until_ms(&self, from: SocketAddr, now_ms: u64) -> Option<u64> {
        let until_ms = self.flows.until_ms(from).max(self.known.until_ms(Source::of(from.ip())));
        (until_ms > now_ms).then_some(until_ms)
    }

    /// Counts those who have become strangers before the time that [`Lockout::acquainted_until_ms`] told.
    pub fn estranged(&self) -> u64 {
        self.flows.ended_early + self.known.estranged
    }

    /// The ban that holds for an address now, if any; of several an operator's. The allow-list wins over every ban; while
    /// lock-out is off only operators' bans hold.
    pub fn ban_of(&self, ip: IpAddr, now_ms: u64) -> Option<&Ban> {
        if self.bans.is_empty() {
            return None;
        }
        let ip = ip.to_canonical();
        let holds = |ban: &&Ban| self.settings.enabled || ban.is_operators();
        let ban = self.bans.covering(ip, now_ms).filter(holds).max_by_key(|ban| ban.is_operators())?;
        (!self.is_allowed(ip)).then_some(ban)
    }

    /// What failed lately from an address, as a line, and both together. What an address failed is zero once it has
    /// succeeded: ask before, or take what [`Lockout::succeeded`] returns.
    pub fn facts(&self, ip: IpAddr, name: &str, now_ms: u64) -> FailureFacts {
        self.facts_of(Source::of(ip), &shown(name, MAX_NAME_BYTES).into(), now_ms)
    }

    pub(crate) fn facts_of(&self, source: Source, name: &Arc<str>, now_ms: u64) -> FailureFacts {
        let mut facts = FailureFacts::default();
        if let Some(tracker) = self.sources.get(&source) {
            facts.address_as_line = tracker.as_name(name, now_ms);
            facts.address = tracker.total(now_ms);
        }
        if let Some(line) = self.tallies.get(&Key::Line(name.clone())).filter(|line| !line.run.is_over(now_ms)) {
            facts.line = line.run;
            facts.line_addresses = line.addresses();
        }
        facts
    }

    /// Whether failures of this address are remembered at all: where not, nothing more needs to be asked of it.
    pub fn has_failed(&self, ip: IpAddr) -> bool {
        self.sources.get(&Source::of(ip)).is_some()
    }

    /// A binding lives on this flow until then. With several bindings on one flow the longest counts.
    pub fn flow_registered(&mut self, from: SocketAddr, until_ms: u64) {
        self.flows.registered(from, until_ms);
        self.passage_changed(from.ip());
    }

    /// The last binding on this flow is gone (un-registered, dropped, its secret changed).
    pub fn flow_gone(&mut self, from: SocketAddr) {
        self.flows.gone(from);
        self.passage_changed(from.ip());
    }

    /// Ends what has ended. Nothing depends on how often it is called: a ban that has ended does not hold.
    pub fn tick(&mut self, now_ms: u64) {
        while let Some(ban) = self.bans.take_ended(now_ms) {
            self.outward_version += 1;
            self.changes.push(BanChange::Expired(ban.prefix));
        }
        self.flows.forget_ended(now_ms);
        self.sources.sweep(now_ms);
        self.tallies.sweep(now_ms);
        self.known.sweep(now_ms);
    }

    /// When the next ban ends, for the driver's timer.
    pub fn next_expiry_ms(&self) -> Option<u64> {
        self.bans.next_end_ms()
    }

    /// Takes the changes to the list of bans since the last call, in order. Drain after each input.
    pub fn drain_changes(&mut self) -> Vec<BanChange> {
        std::mem::take(&mut self.changes)
    }

    /// Whether there are changes to drain.
    pub fn has_changes(&self) -> bool {
        !self.changes.is_empty()
    }

    /// Whether everybody passes [`Lockout::before_parse`]: there is neither a ban nor a block list.
    pub fn refuses_nobody(&self) -> bool {
        self.bans.is_empty() && self.lists().next().is_none()
    }

    /// Whether an automatic ban or a block list does not stop an address: somebody has logged in from there, or it is on
    /// the allow-list of an account.
    pub(crate) fn is_welcome(&self, ip: IpAddr, now_ms: u64) -> bool {
        self.known.is_known(Source::of(ip), now_ms) || self.welcome.contains(ip)
    }

    pub(crate) fn is_allowed(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.settings.allow_list.iter().any(|net| net.contains(&ip))
    }

    /// Bans an address for its failures within the window. `None` if the list is full of operators' bans: its counter
    /// still refuses it.
    pub(crate) fn ban_burst(&mut self, source: Source, user_agent: Option<&str>, now_ms: u64) -> Option<Ban> {
        let window_s = self.settings.window_s;
        let reason = self.sources.update_existing(&source, |tracker| {
            let failures = u32::try_from(tracker.failed()).unwrap_or(u32::MAX);
            tracker.restart();
            BanReason::FailedAuthentication { failures, window_s }
        })?;
        self.ban_key(&Key::Address(source), reason, user_agent, now_ms)
    }

    /// Bans an address or a network whose bucket is full.
    pub(crate) fn ban_slow(&mut self, key: &Key, user_agent: Option<&str>, now_ms: u64) -> Option<Ban> {
        let tally = self.tallies.get(key)?;
        let (failures, span_s) = (tally.run.failures, now_ms.saturating_sub(tally.run.first_ms) / 1000);
        let reason = match key {
            Key::Network(_) => BanReason::GuessingNetwork { failures, addresses: tally.addresses() },
            _ => BanReason::SlowGuessing { failures, span_s },
        };
        self.ban_key(key, reason, user_agent, now_ms)
    }

    fn ban_key(&mut self, key: &Key, reason: BanReason, user_agent: Option<&str>, now_ms: u64) -> Option<Ban> {
        let prefix = key.banned()?;
        let tracker = self.sources.get(&Source::of(prefix.addr())).filter(|_| matches!(key, Key::Address(_)));
        let names_tried = tracker.map(|tracker| tracker.names_tried(now_ms)).unwrap_or_default();
        let settings = &self.settings;
        let ban = self.tallies.update(key, |tally| {
            let (repeat, until_ms) = tally.begin_ban(settings, now_ms);
            Ban {
                prefix,
                since_ms: now_ms,
                until_ms,
                reason,
                repeat,
                failures: tally.run.as_of(now_ms).failures,
                names_tried,
                user_agent: user_agent.map(|name| shown(name, MAX_TEXT_BYTES).into_owned()),
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
        self.outward_version += 1;
        self.changes.push(BanChange::Added(ban));
        true
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
