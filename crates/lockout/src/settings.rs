//! What the operator sets: how many failures, within what time, for how long, and who is never banned.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// Most failures that can be asked for before a ban; bounds what is kept for one address.
pub const MAX_FAILURES: u32 = 100;
/// Most entries of the allow-list; each address with a ban is looked up in all of them.
pub const MAX_ALLOW_LIST: usize = 1024;
/// Most addresses whose failures can be tracked, with six counters for each; about 3 kB for each address at worst.
pub const MAX_TRACKED_ADDRESSES: u32 = 1_000_000;
/// Largest bucket that drains in a day.
pub const MAX_DAY_FAILURES: u32 = 9_000;
/// Most datagrams of strangers that can be read each second: as good as no limit.
pub const MAX_STRANGERS_S: u32 = 1_000_000;
/// Longest window, in seconds: failures are remembered for a day.
pub const MAX_WINDOW_S: u64 = 86_400;
/// Longest ban of any kind, in seconds: ten years.
pub const MAX_BAN_S: u64 = 10 * 365 * 86_400;

/// When an address is locked out, and for how long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Whether failures lead to bans. While off, failures are still counted and an operator's own bans still hold.
    pub enabled: bool,
    /// Failed authentications within the window that lead to a ban; exactly so many are verified.
    pub failures: u32,
    /// The window, in seconds, sliding.
    pub window_s: u64,
    /// Length of the first ban, in seconds; it doubles with each further ban of the same address.
    pub ban_s: u64,
    /// Where the doubling ends, in seconds. An address is forgiven its earlier bans so long after the last one.
    pub max_ban_s: u64,
    /// Addresses that are never banned, whatever else is set.
    pub allow_list: Vec<IpNet>,
    /// Failures that an address (an IPv6 /64) is allowed in a leaky bucket that drains its size in a day; beyond it the
    /// address is banned however slowly it guesses. Like the other buckets it never holds less than `failures`.
    pub address_day: u32,
    /// The same for the IPv4 /24 or IPv6 /48 around it: beyond it the network is banned, except for addresses in it that
    /// somebody has logged in from.
    pub network_day: u32,
    /// The same for an autonomous system, where it is known: beyond it names that are new to an address in it must wait.
    pub asn_day: u32,
    /// The same for one name from everywhere, whether it exists or not: beyond it the name can be tried only from where
    /// it has logged in before; those addresses have a bucket each, and their networks have one.
    pub line_day: u32,
    /// Datagrams of strangers that are read each second, a tenth of it from one address: a flood of them costs no more
    /// than these, and no registered phone, trunk or carrier waits for them. More than this many are dropped unread.
    pub strangers_s: u32,
    /// How many addresses to count failures for; beyond it those that failed least are forgotten first.
    pub max_tracked_addresses: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            enabled: true,
            failures: 5,
            window_s: 600,
            ban_s: 3600,
            max_ban_s: 7 * 86_400,
            address_day: 20,
            network_day: 60,
            asn_day: 300,
            line_day: 20,
            allow_list: Vec::new(),
            strangers_s: 2_000,
            max_tracked_addresses: 20_000,
        }
    }
}

impl Settings {
    /// Everything that is wrong with the settings, for a configuration to report together.
    pub fn mistakes(&self) -> Vec<SettingsMistake> {
        let checks = [
            (!(1..=MAX_FAILURES).contains(&self.failures), SettingsMistake::Failures(self.failures)),
            (!(1..=MAX_WINDOW_S).contains(&self.window_s), SettingsMistake::Window(self.window_s)),
            (!(1..=MAX_BAN_S).contains(&self.ban_s), SettingsMistake::BanLength(self.ban_s)),
            (!(self.ban_s..=MAX_BAN_S).contains(&self.max_ban_s), SettingsMistake::MaxBanLength(self.max_ban_s)),
            (!self.day_range().contains(&self.address_day), SettingsMistake::AddressDay(self.address_day)),
            (!self.day_range().contains(&self.network_day), SettingsMistake::NetworkDay(self.network_day)),
            (!self.day_range().contains(&self.asn_day), SettingsMistake::AsnDay(self.asn_day)),
            (!self.day_range().contains(&self.line_day), SettingsMistake::LineDay(self.line_day)),
            (!(1..=MAX_STRANGERS_S).contains(&self.strangers_s), SettingsMistake::Strangers(self.strangers_s)),
            (self.allow_list.len() > MAX_ALLOW_LIST, SettingsMistake::AllowList(self.allow_list.len())),
            (
                !(1..=MAX_TRACKED_ADDRESSES).contains(&self.max_tracked_addresses),
                SettingsMistake::TrackedAddresses(self.max_tracked_addresses),
            ),
        ];
        checks.into_iter().filter_map(|(wrong, mistake)| wrong.then_some(mistake)).collect()
    }

    /// The settings with every number brought into its range.
    pub(crate) fn clamped(mut self) -> Self {
        self.failures = self.failures.clamp(1, MAX_FAILURES);
        self.window_s = self.window_s.clamp(1, MAX_WINDOW_S);
        self.ban_s = self.ban_s.clamp(1, MAX_BAN_S);
        self.max_ban_s = self.max_ban_s.clamp(self.ban_s, MAX_BAN_S);
        let (least, most) = self.day_range().into_inner();
        for size in [&mut self.address_day, &mut self.network_day, &mut self.asn_day, &mut self.line_day] {
            *size = (*size).clamp(least, most);
        }
        self.allow_list.truncate(MAX_ALLOW_LIST);
        self.strangers_s = self.strangers_s.clamp(1, MAX_STRANGERS_S);
        self.max_tracked_addresses = self.max_tracked_addresses.clamp(1, MAX_TRACKED_ADDRESSES);
        self
    }

    /// The settings with no bucket smaller than the failures that lead to a ban at once: for whoever changes these alone.
    pub fn with_room(mut self) -> Self {
        for size in [&mut self.address_day, &mut self.network_day, &mut self.asn_day, &mut self.line_day] {
            *size = (*size).max(self.failures);
        }
        self
    }

    fn day_range(&self) -> std::ops::RangeInclusive<u32> {
        self.failures.clamp(1, MAX_FAILURES)..=MAX_DAY_FAILURES
    }

    pub(crate) fn window_ms(&self) -> u64 {
        self.window_s.saturating_mul(1000)
    }

    /// Length of the `repeat`th ban in a row (1 for the first), in seconds.
    pub(crate) fn ban_length_s(&self, repeat: u32) -> u64 {
        let doublings = repeat.saturating_sub(1).min(63);
        self.ban_s.saturating_mul(1 << doublings).min(self.max_ban_s)
    }
}

/// A setting out of its range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsMistake {
    /// `failures`.
    #[error("failures is {0}: it must be 1 to {MAX_FAILURES}")]
    Failures(u32),
    /// `window_s`.
    #[error("window_s is {0}: it must be 1 to {MAX_WINDOW_S} seconds")]
    Window(u64),
    /// `ban_s`.
    #[error("ban_s is {0}: it must be 1 to {MAX_BAN_S} seconds")]
    BanLength(u64),
    /// `max_ban_s`.
    #[error("max_ban_s is {0}: it must lie between ban_s and {MAX_BAN_S} seconds")]
    MaxBanLength(u64),
    /// `address_day`.
    #[error("address_day is {0}: it must lie between failures and {MAX_DAY_FAILURES}")]
    AddressDay(u32),
    /// `network_day`.
    #[error("network_day is {0}: it must lie between failures and {MAX_DAY_FAILURES}")]
    NetworkDay(u32),
    /// `asn_day`.
    #[error("asn_day is {0}: it must lie between failures and {MAX_DAY_FAILURES}")]
    AsnDay(u32),
    /// `line_day`.
    #[error("line_day is {0}: it must lie between failures and {MAX_DAY_FAILURES}")]
    LineDay(u32),
    /// `strangers_s`.
    #[error("strangers_s is {0}: it must be 1 to {MAX_STRANGERS_S}")]
    Strangers(u32),
    /// `allow_list`.
    #[error("allow_list has {0} entries: at most {MAX_ALLOW_LIST} are allowed")]
    AllowList(usize),
    /// `max_tracked_addresses`.
    #[error("max_tracked_addresses is {0}: it must be 1 to {MAX_TRACKED_ADDRESSES}")]
    TrackedAddresses(u32),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bans_double_up_to_a_week() {
        let settings = Settings::default();
        let lengths: Vec<u64> = [1, 2, 3, 8, 9, 100, u32::MAX].map(|n| settings.ban_length_s(n)).into();
        assert_eq!(lengths, [3600, 7200, 14_400, 460_800, 604_800, 604_800, 604_800]);
    }

    #[test]
    fn all_mistakes_are_told_together() {
        assert!(Settings::default().mistakes().is_empty());
        let wrong = Settings { failures: 0, window_s: 0, max_ban_s: 1, ..Settings::default() };
        let told: Vec<String> = wrong.mistakes().iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 3);
        assert_eq!(told[0], "failures is 0: it must be 1 to 100");
        assert!(wrong.clamped().mistakes().is_empty());
        let patient = Settings { failures: 50, ..Settings::default() };
        assert_eq!(patient.mistakes(), [SettingsMistake::AddressDay(20), SettingsMistake::LineDay(20)]);
        let patient = patient.with_room();
        assert_eq!((patient.address_day, patient.network_day), (50, 60));
        assert!(patient.mistakes().is_empty());
    }
}
