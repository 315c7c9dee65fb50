//! What failures are counted under, and the count: a leaky bucket, the run of failures, how often it led to a ban.
//!
//! Every kind of counter but the burst of one address is one of these, in one table of a fixed size.

use std::net::SocketAddr;
use std::sync::Arc;

use ipnet::IpNet;

use crate::bounded::{Rank, Remembered};
use crate::bucket::{Bucket, Size};
use crate::facts::{RUN_MEMORY_MS, Run};
use crate::own::Own;
use crate::settings::Settings;
use crate::source::Source;

/// Most addresses kept for one count.
pub const MAX_TALLY_ADDRESSES: usize = 16;

/// What a verification counts under until it is known to be right.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    /// One address (an IPv6 /64). When it is full the address is banned.
    Address(Source),
    /// The IPv4 /24 or IPv6 /48 around it. When it is full the network is banned.
    Network(IpNet),
    /// The autonomous system that announces it. When it is full, strangers in it must wait.
    Asn(u32),
    /// One name, tried from networks it never logged in from. When it is full, strangers must wait.
    Line(Arc<str>),
    /// One name, tried from other addresses of a network it has logged in from.
    Neighbour(Arc<str>),
    /// One name, tried from an address it has logged in from.
    Known(Source, Arc<str>),
    /// The flow of a live binding, as a name that has logged in from its address.
    Flow(SocketAddr),
    /// The lines of an account that sets numbers of its own, tried from one address where they are new. When it is full the
    /// address is shut out of them.
    OwnAddress(Arc<str>, Source, Size),
    /// One name of such an account, tried from where it is new. When it is full strangers are shut out of it.
    OwnLine(Arc<str>, Size),
}

impl Key {
    /// The size of its bucket. That of an account's own is part of the key: other settings begin another count.
    pub(crate) fn size(&self, settings: &Settings) -> Size {
        Size::of_day(match self {
            Key::Address(_) => settings.address_day,
            Key::Network(_) => settings.network_day,
            Key::Asn(_) => settings.asn_day,
            Key::Line(_) | Key::Neighbour(_) | Key::Known(..) | Key::Flow(_) => settings.line_day,
            Key::OwnAddress(_, _, size) | Key::OwnLine(_, size) => return *size,
        })
    }

    /// What an attempt counts under besides for an account's own numbers. What nobody sets, and the account of a name that
    /// does not exist, is counted in buckets that never fill: the same work, so that nobody can tell by the time it takes.
    pub(crate) fn of_account(own: Option<Own<'_>>, source: Source, name: &Arc<str>, settings: &Settings) -> [Key; 2] {
        let account = own.map_or("", |own| own.account);
        let (failures, window_s, line_day) =
            own.map_or((None, None, None), |Own { settings: own, .. }| (own.failures, own.window_s, own.line_day));
        let in_window = (failures.is_some() || window_s.is_some()).then(|| Size {
            holds: failures.unwrap_or(settings.failures),
            drains_ms: window_s.unwrap_or(settings.window_s).saturating_mul(1000),
        });
        [
            Key::OwnAddress(account.into(), source, in_window.unwrap_or(Size::NEVER_FULL)),
            Key::OwnLine(name.clone(), line_day.map_or(Size::NEVER_FULL, Size::of_day)),
        ]
    }

    /// What is banned when it is full.
    pub(crate) fn banned(&self) -> Option<IpNet> {
        match self {
            Key::Address(source) => Some(source.prefix()),
            Key::Network(network) => Some(*network),
            _ => None,
        }
    }

    /// Whether it is one name's alone.
    pub(crate) fn is_of_a_name(&self) -> bool {
        matches!(self, Key::Line(_) | Key::Neighbour(_) | Key::Known(..) | Key::Flow(_) | Key::OwnLine(..))
    }

    /// Whether it lies within a prefix and is forgotten when that is let in.
    pub(crate) fn lies_within(&self, prefix: &IpNet) -> bool {
        match self {
            Key::OwnAddress(_, source, _) => prefix.contains(&source.prefix()),
            key => key.banned().is_some_and(|banned| prefix.contains(&banned)),
        }
    }

    /// The key whose bans are of this prefix; `None` for prefixes that only operators and lists ban.
    pub(crate) fn of_ban(prefix: IpNet) -> Option<Key> {
        let source = Source::of(prefix.addr());
        if source.prefix() == prefix {
            return Some(Key::Address(source));
        }
        (source.network() == prefix).then_some(Key::Network(prefix))
    }
}

#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) bucket: Bucket,
    pub(crate) run: Run,
    sources: Vec<Source>,
    /// Bans in a row.
    strikes: u32,
    /// When the bans in a row are forgiven.
    strikes_until_ms: u64,
    /// Until when an address is shut out of the lines of an account.
    shut_until_ms: u64,
}

impl Tally {
    /// Notes a failure that was let in before.
    pub(crate) fn note(&mut self, source: Source, now_ms: u64) {
        if self.run.is_over(now_ms) {
            self.sources.clear();
        }
        self.run.note(now_ms);
        if self.sources.len() < MAX_TALLY_ADDRESSES && !self.sources.contains(&source) {
            self.sources.push(source);
        }
    }

    /// How long until one more is let in, in milliseconds; 0 if it is now.
    pub(crate) fn wait_ms(&self, size: Size, now_ms: u64) -> u64 {
        self.bucket.wait_ms(size, now_ms).max(self.shut_for_ms(now_ms))
    }

    /// For how long an address is shut out of the lines of an account, in milliseconds.
    pub(crate) fn shut_for_ms(&self, now_ms: u64) -> u64 {
        self.shut_until_ms.saturating_sub(now_ms)
    }

    /// Takes failures back that were a mistyped password.
    pub(crate) fn forgive(&mut self, count: u32, size: Size, now_ms: u64) {
        self.bucket.take_back(count, size, now_ms);
        self.run.failures = self.run.failures.saturating_sub(count);
    }

    /// From how many addresses; counted up to [`MAX_TALLY_ADDRESSES`].
    pub(crate) fn addresses(&self) -> u32 {
        u32::try_from(self.sources.len()).unwrap_or(u32::MAX)
    }

    /// Notes one more ban and returns how many there were in a row.
    fn strike(&mut self, now_ms: u64) -> u32 {
        if now_ms >= self.strikes_until_ms {
            self.strikes = 0;
        }
        self.strikes = self.strikes.saturating_add(1);
        self.strikes
    }

    /// One more ban in a row begins, of a length that the settings say. Returns which it is, and when it ends.
    pub(crate) fn begin_ban(&mut self, settings: &Settings, now_ms: u64) -> (u32, u64) {
        let repeat = self.strike(now_ms);
        let until_ms = now_ms.saturating_add(settings.ban_length_s(repeat) * 1000);
        self.set_strikes(repeat, until_ms.saturating_add(settings.max_ban_s * 1000));
        (repeat, until_ms)
    }

    /// Shuts an address out of the lines of an account, for as long as a ban would last.
    pub(crate) fn shut(&mut self, settings: &Settings, now_ms: u64) {
        (_, self.shut_until_ms) = self.begin_ban(settings, now_ms);
    }

    pub(crate) fn set_strikes(&mut self, strikes: u32, until_ms: u64) {
        self.strikes = strikes;
        self.strikes_until_ms = until_ms;
    }
}

impl Remembered for Tally {
    fn rank(&self) -> Option<Rank> {
        let failures = self.run.failures.max(u32::from(self.bucket.empty_ms() > 0));
        let rank = Rank { strikes: self.strikes, failures, last_ms: self.run.last_ms };
        (self.strikes > 0 || failures > 0).then_some(rank)
    }

    fn stale_ms(&self) -> u64 {
        let forgotten_ms = if self.run.failures == 0 { 0 } else { self.run.last_ms.saturating_add(RUN_MEMORY_MS) };
        forgotten_ms.max(self.bucket.empty_ms()).max(self.strikes_until_ms)
    }
}
