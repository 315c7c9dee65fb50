//! The list of bans in force, quick to ask for every datagram and bounded.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;

use crate::ban::Ban;
use crate::source::truncated;

/// Most bans in force at once. When they are full, the automatic ban that ends soonest makes room.
pub const MAX_BANS: usize = 65_536;

#[derive(Debug, Default)]
pub(crate) struct Bans {
    by_prefix: BTreeMap<IpNet, Ban>,
    by_end: BTreeSet<(u64, IpNet)>,
    /// How many bans there are of each prefix length (IPv6 or not, length): an address is looked up once for each.
    lengths: BTreeMap<(bool, u8), usize>,
}

/// What adding a ban did.
pub(crate) enum Insertion {
    Added,
    /// Added in place of another, which the list had no more room for.
    Displaced(IpNet),
    /// Nothing but operators' bans in the list: no room.
    Full,
}

impl Bans {
    pub(crate) fn is_empty(&self) -> bool {
        self.by_prefix.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Ban> {
        self.by_prefix.values()
    }

    /// The bans that cover an address and have not ended, widest first.
    pub(crate) fn covering(&self, ip: IpAddr, now_ms: u64) -> impl Iterator<Item = &Ban> {
        let family = ip.is_ipv6();
        self.lengths
            .range((family, 0)..=(family, u8::MAX))
            .filter_map(move |((_, length), _)| self.by_prefix.get(&truncated(ip, *length)))
            .filter(move |ban| ban.until_ms > now_ms)
    }

    /// Adds a ban, in place of one of the same prefix.
    pub(crate) fn insert(&mut self, ban: Ban) -> Insertion {
        self.remove(&ban.prefix);
        let mut insertion = Insertion::Added;
        if self.by_prefix.len() >= MAX_BANS {
            let Some(crowded_out) = self.first_automatic() else {
                return Insertion::Full;
            };
            self.remove(&crowded_out);
            insertion = Insertion::Displaced(crowded_out);
        }
        self.by_end.insert((ban.until_ms, ban.prefix));
        *self.lengths.entry(length_key(&ban.prefix)).or_default() += 1;
        self.by_prefix.insert(ban.prefix, ban);
        insertion
    }

    pub(crate) fn remove(&mut self, prefix: &IpNet) -> Option<Ban> {
        let ban = self.by_prefix.remove(prefix)?;
        self.by_end.remove(&(ban.until_ms, ban.prefix));
        let key = length_key(prefix);
        if let Some(count) = self.lengths.get_mut(&key) {
            *count -= 1;
            if *count == 0 {
                self.lengths.remove(&key);
            }
        }
        Some(ban)
    }

    /// Takes off the next ban that has ended.
    pub(crate) fn take_ended(&mut self, now_ms: u64) -> Option<Ban> {
        let (until_ms, prefix) = *self.by_end.first()?;
        if until_ms > now_ms {
            return None;
        }
        self.remove(&prefix)
    }

    pub(crate) fn next_end_ms(&self) -> Option<u64> {
        self.by_end.first().map(|(until_ms, _)| *until_ms)
    }

    fn first_automatic(&self) -> Option<IpNet> {
        let is_automatic = |prefix: &&IpNet| self.by_prefix.get(*prefix).is_some_and(|ban| !ban.is_operators());
        self.by_end.iter().map(|(_, prefix)| prefix).find(is_automatic).copied()
    }
}

fn length_key(prefix: &IpNet) -> (bool, u8) {
    (prefix.addr().is_ipv6(), prefix.prefix_len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ban::BanReason;

    fn ban(n: usize, operators: bool) -> Ban {
        let address = std::net::Ipv4Addr::from(0x0a00_0000 + n as u32);
        let guessed = BanReason::FailedAuthentication { failures: 5, window_s: 600 };
        let by_hand = BanReason::Operator { by: "alice".to_owned(), note: String::new() };
        Ban {
            prefix: IpNet::from(IpAddr::from(address)),
            since_ms: 0,
            until_ms: 1000 + n as u64,
            reason: if operators { by_hand } else { guessed },
            repeat: 1,
            failures: 5,
            names_tried: Vec::new(),
            user_agent: None,
        }
    }

    #[test]
    fn a_full_list_gives_up_the_automatic_ban_that_ends_soonest() {
        let mut bans = Bans::default();
        for n in 0..MAX_BANS {
            assert!(matches!(bans.insert(ban(n, n < 2)), Insertion::Added));
        }
        let soonest_automatic = ban(2, false).prefix;
        assert!(
            matches!(bans.insert(ban(MAX_BANS, true)), Insertion::Displaced(prefix) if prefix == soonest_automatic)
        );
        assert_eq!((bans.by_prefix.len(), bans.by_end.len()), (MAX_BANS, MAX_BANS));
        assert!(bans.covering(ban(2, false).prefix.addr(), 0).next().is_none());
        assert!(bans.covering(ban(0, true).prefix.addr(), 0).next().is_some());
    }

    #[test]
    fn a_list_full_of_operators_bans_takes_no_more() {
        let mut bans = Bans::default();
        for n in 0..MAX_BANS {
            bans.insert(ban(n, true));
        }
        assert!(matches!(bans.insert(ban(MAX_BANS, false)), Insertion::Full));
        assert!(matches!(bans.insert(ban(7, true)), Insertion::Added), "replaced, not added");
    }
}
