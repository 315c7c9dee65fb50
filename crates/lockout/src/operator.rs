//! What people do to the lock-out: switch it, set it, ban and lift by hand, and bring bans back from the store.

use ipnet::IpNet;

use crate::ban::{Ban, BanChange, BanError, BanReason};
use crate::bucket::Bucket;
use crate::lists::is_too_wide;
use crate::lockout::{Lockout, TALLIES_PER_ADDRESS};
use crate::settings::{MAX_BAN_S, Settings};
use crate::source::{MAX_TEXT_BYTES, Source, shown};
use crate::tally::Key;

impl Lockout {
    /// The settings in force.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Turns lock-out on or off. Off, no failure bans and no automatic ban holds, but failures are counted and bans
    /// kept: turned on again, bans that have not ended hold again, and whoever has failed too often within the window
    /// is banned at once. What names have been guessed at by then makes nobody wait.
    pub fn set_enabled(&mut self, enabled: bool, now_ms: u64) {
        let turned_on = enabled && !self.settings.enabled;
        self.settings.enabled = enabled;
        self.outward_version += 1;
        if turned_on {
            self.ban_all_over_the_limit(now_ms);
            self.begin_names_anew();
        }
    }

    /// What was guessed at names while nothing was refused makes nobody wait: those who guessed are held by what their
    /// addresses have failed.
    fn begin_names_anew(&mut self) {
        let names: Vec<Key> =
            self.tallies.iter().map(|(key, _)| key).filter(|key| key.is_of_a_name()).cloned().collect();
        for key in names {
            self.tallies.update_existing(&key, |tally| tally.bucket = Bucket::default());
        }
    }

    /// Puts other settings in force. Bans that lie wholly on the new allow-list are lifted.
    pub fn set_settings(&mut self, settings: Settings, now_ms: u64) {
        let enabled = settings.enabled;
        let was_enabled = self.settings.enabled;
        self.settings = Settings { enabled: was_enabled, ..settings.clamped() };
        self.sources.resize(self.settings.max_tracked_addresses as usize);
        self.tallies.resize(self.settings.max_tracked_addresses as usize * TALLIES_PER_ADDRESS);
        let allowed: Vec<IpNet> =
            self.bans().map(|ban| ban.prefix).filter(|prefix| self.is_wholly_allowed(prefix)).collect();
        for prefix in allowed {
            self.lift(prefix, now_ms);
        }
        self.set_enabled(enabled, now_ms);
    }

    /// Tells it the networks on the allow-lists of all accounts, in place of those it was told before: automatic bans and
    /// block lists do not stop what comes from there.
    pub fn set_welcome(&mut self, networks: impl IntoIterator<Item = IpNet>) {
        let welcome = networks.into_iter().collect();
        if self.welcome != welcome {
            self.welcome = welcome;
            self.outward_version += 1;
        }
    }

    /// All bans on the list, by prefix. One that has ended stays until the next tick; see [`Ban::until_ms`].
    pub fn bans(&self) -> impl Iterator<Item = &Ban> {
        self.bans.iter()
    }

    /// Bans an address or a prefix by hand, for `length_s` seconds ([`MAX_BAN_S`] at most). Holds also while lock-out
    /// is off. Replaces a ban of the same prefix. Parts of the prefix on the allow-list stay free.
    ///
    /// # Errors
    /// The allow-list covers it, it is too wide, or the list is full.
    pub fn ban(&mut self, prefix: IpNet, by: &str, note: &str, length_s: u64, now_ms: u64) -> Result<Ban, BanError> {
        let prefix = prefix.trunc();
        if is_too_wide(&prefix) {
            return Err(BanError::TooWide { prefix });
        }
        if self.is_wholly_allowed(&prefix) {
            return Err(BanError::AllowListed { prefix });
        }
        let tracker = self.sources.get(&Source::of(prefix.addr()));
        let tracker = tracker.filter(|_| Source::of(prefix.addr()).prefix() == prefix);
        let length_ms = length_s.clamp(1, MAX_BAN_S) * 1000;
        let ban = Ban {
            prefix,
            since_ms: now_ms,
            until_ms: now_ms.saturating_add(length_ms),
            reason: BanReason::Operator {
                by: shown(by, MAX_TEXT_BYTES).into_owned(),
                note: shown(note, MAX_TEXT_BYTES).into_owned(),
            },
            repeat: 1,
            failures: tracker.map_or(0, |tracker| tracker.total(now_ms).failures),
            names_tried: tracker.map(|tracker| tracker.names_tried(now_ms)).unwrap_or_default(),
            user_agent: None,
        };
        if self.insert(ban.clone()) { Ok(ban) } else { Err(BanError::Full) }
    }

    /// Takes the ban of exactly this prefix off, and lets its addresses in again where they are shut out of an account's
    /// lines. Whoever lifts it vouches for the source, so what its addresses failed before is forgotten too. `false` if
    /// nothing was shut to it.
    pub fn lift(&mut self, prefix: IpNet, now_ms: u64) -> bool {
        let prefix = prefix.trunc();
        let was_banned = self.bans.remove(&prefix).is_some();
        let is_shut = |key: &Key| matches!(key, Key::OwnAddress(..)) && self.wait_ms(key, now_ms) > 0;
        if !was_banned && !self.tallies.iter().any(|(key, _)| key.lies_within(&prefix) && is_shut(key)) {
            return false;
        }
        let within: Vec<Source> =
            self.sources.iter().map(|(source, _)| *source).filter(|source| prefix.contains(&source.prefix())).collect();
        for source in within {
            self.sources.take(&source);
        }
        let within: Vec<Key> =
            self.tallies.iter().map(|(key, _)| key).filter(|key| key.lies_within(&prefix)).cloned().collect();
        for key in within {
            self.tallies.take(&key);
        }
        if was_banned {
            self.outward_version += 1;
            self.changes.push(BanChange::Lifted(prefix));
        }
        true
    }

    /// Brings a ban back from the store after a restart, with how often it was repeated. One that has ended is left
    /// out, and no change is told.
    pub fn restore(&mut self, ban: Ban, now_ms: u64) {
        if ban.until_ms <= now_ms {
            return;
        }
        if let Some(key) = Key::of_ban(ban.prefix).filter(|_| !ban.is_operators()) {
            let forgiven_ms = ban.until_ms.saturating_add(self.settings.max_ban_s * 1000);
            self.tallies.update(&key, |tally| tally.set_strikes(ban.repeat, forgiven_ms));
        }
        self.bans.insert(ban);
    }

    fn is_wholly_allowed(&self, prefix: &IpNet) -> bool {
        self.settings.allow_list.iter().any(|allowed| allowed.contains(prefix))
    }

    fn ban_all_over_the_limit(&mut self, now_ms: u64) {
        let (window_ms, limit) = (self.settings.window_ms(), self.settings.failures as usize);
        let all: Vec<Source> = self.sources.iter().map(|(source, _)| *source).collect();
        for source in all {
            let failed = self.sources.update_existing(&source, |tracker| {
                tracker.prune(window_ms, now_ms);
                tracker.failed()
            });
            let ip = source.prefix().addr();
            let is_over = failed.is_some_and(|failed| failed >= limit);
            if is_over && !self.is_allowed(ip) && self.ban_of(ip, now_ms).is_none() {
                self.ban_burst(source, None, now_ms);
            }
        }
        let is_full = |key: &&Key| key.banned().is_some() && self.wait_ms(key, now_ms) > 0;
        let full: Vec<Key> = self.tallies.iter().map(|(key, _)| key).filter(is_full).cloned().collect();
        for key in full {
            let ip = key.banned().map(|prefix| prefix.addr());
            if ip.is_some_and(|ip| !self.is_allowed(ip) && self.ban_of(ip, now_ms).is_none()) {
                self.ban_slow(&key, None, now_ms);
            }
        }
    }
}
