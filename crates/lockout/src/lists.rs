//! Block lists from outside: addresses and ranges that others have seen attack, refused as banned ones are.
//!
//! Their makers know nothing of our customers: an address that somebody has logged in from passes, and so does the exact
//! flow of a live binding.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::lockout::Lockout;
use crate::prefixes::Prefixes;

/// Most block lists at once.
pub const MAX_LISTS: usize = 16;
/// Most addresses and ranges of one list; the rest of a longer one is left out.
pub const MAX_LIST_PREFIXES: usize = 200_000;

/// A list as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockList {
    prefixes: Prefixes,
    skipped: usize,
}

impl BlockList {
    /// Reads a plain list: an address or a CIDR range at the beginning of each line; what follows, empty lines and lines
    /// that begin with # or ; are comments. In a JSON document (APIBAN's) every string that is an address or a range
    /// counts. A range wider than /8 (IPv6: /16) is a slip or worse, and skipped.
    pub fn parse(text: &str) -> Self {
        let mut list = BlockList::default();
        if text.trim_start().starts_with(['{', '[']) {
            for prefix in text.split('"').filter_map(prefix_of) {
                list.add(Some(prefix));
            }
            return list;
        }
        for line in text.lines() {
            let word = line.split([' ', '\t', '\r', ',', ';', '#']).next().unwrap_or_default();
            if !word.is_empty() {
                list.add(prefix_of(word));
            }
        }
        list
    }

    fn add(&mut self, prefix: Option<IpNet>) {
        match prefix.filter(|prefix| !is_too_wide(prefix)) {
            Some(prefix) if self.prefixes.len() < MAX_LIST_PREFIXES => self.prefixes.insert(prefix),
            _ => self.skipped += 1,
        }
    }

    /// How many addresses and ranges it holds.
    pub fn len(&self) -> usize {
        self.prefixes.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many lines were neither a comment nor taken.
    pub fn skipped(&self) -> usize {
        self.skipped
    }
}

fn prefix_of(word: &str) -> Option<IpNet> {
    let prefix = word.parse::<IpNet>().ok().or_else(|| word.parse::<IpAddr>().ok().map(IpNet::from));
    prefix.map(|prefix| prefix.trunc())
}

/// A range so wide can only be a slip of the hand.
pub(crate) fn is_too_wide(prefix: &IpNet) -> bool {
    let widest = if prefix.addr().is_ipv4() { 8 } else { 16 };
    prefix.prefix_len() < widest
}

#[derive(Debug, Default)]
pub(crate) struct Lists {
    by_name: BTreeMap<String, BlockList>,
}

impl Lockout {
    /// Puts a block list in force in place of the one of the same name; an empty one takes it off. `false` if there are
    /// [`MAX_LISTS`] others.
    pub fn set_list(&mut self, name: &str, list: BlockList) -> bool {
        let lists = &mut self.lists.by_name;
        lists.remove(name);
        if list.is_empty() {
            return true;
        }
        let has_room = lists.len() < MAX_LISTS;
        if has_room {
            lists.insert(name.to_owned(), list);
        }
        has_room
    }

    /// The block lists in force: name and size.
    pub fn lists(&self) -> impl Iterator<Item = (&str, usize)> {
        self.lists.by_name.iter().map(|(name, list)| (name.as_str(), list.len()))
    }

    /// The block list that an address is refused for, if any. Allow-lists win, and so does a success from there.
    pub fn listed(&self, from: SocketAddr, now_ms: u64) -> Option<&str> {
        let ip = from.ip().to_canonical();
        let (name, _) = self.lists.by_name.iter().find(|(_, list)| list.prefixes.contains(ip))?;
        let passes = self.is_allowed(ip) || self.is_welcome(ip, now_ms) || self.flows.is_live(from, now_ms);
        (!passes).then_some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Admission, Attempt, Gate, Settings};

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn plain_lists_and_ranges_are_read() {
        let text = "# VoIP black list\n198.51.100.7\r\n203.0.113.0/24 ; scanner\n2001:db8::1,x\n\n0.0.0.0/0\n::/0\nnonsense\n; end";
        let list = BlockList::parse(text);
        assert_eq!((list.len(), list.skipped()), (3, 3));
        for (ip, listed) in [
            ("198.51.100.7", true),
            ("198.51.100.8", false),
            ("203.0.113.200", true),
            ("2001:db8::1", true),
            ("2001:db8::2", false),
        ] {
            assert_eq!(list.prefixes.contains(ip.parse().unwrap()), listed, "{ip}");
        }
    }

    #[test]
    fn the_strings_of_a_document_are_read() {
        let list = BlockList::parse("{\"ipaddress\":[\"198.51.100.7\",\"203.0.113.0/24\"],\"ID\":\"1772323200\"}\n");
        assert_eq!((list.len(), list.skipped()), (2, 0));
        assert!(list.prefixes.contains("203.0.113.9".parse().unwrap()));
    }

    #[test]
    fn strangers_on_a_list_are_refused_and_those_who_logged_in_are_not() {
        let allow_list = vec!["203.0.113.1/32".parse().unwrap()];
        let mut lockout = Lockout::new(Settings { allow_list, ..Settings::default() });
        let office = Attempt { from: at("203.0.113.7:5060"), name: "101", asn: &|| None, own: None };
        let Admission::Verify(ticket) = lockout.reserve(&office, 0) else { panic!("refused") };
        lockout.succeeded(ticket, 0);
        assert!(lockout.set_list("voipbl", BlockList::parse("203.0.113.0/24")));
        assert_eq!(lockout.before_parse(at("203.0.113.9:5060"), 1), Gate::Banned);
        assert_eq!(lockout.listed(at("203.0.113.9:5060"), 1), Some("voipbl"));
        for passes in ["203.0.113.7:1", "203.0.113.1:1", "198.51.100.1:1"] {
            assert_eq!(lockout.before_parse(at(passes), 1), Gate::Pass, "{passes}");
        }
        lockout.flow_registered(at("203.0.113.9:5060"), 100);
        assert_eq!(lockout.before_parse(at("203.0.113.9:5060"), 1), Gate::Pass);
        assert!(lockout.set_list("voipbl", BlockList::default()));
        assert_eq!(lockout.before_parse(at("203.0.113.10:5060"), 1), Gate::Pass, "taken off");
    }

    #[test]
    fn lists_are_bounded() {
        let mut lockout = Lockout::new(Settings::default());
        let list = || BlockList::parse("198.51.100.7");
        assert!((0..MAX_LISTS).all(|n| lockout.set_list(&n.to_string(), list())));
        assert!(!lockout.set_list("one more", list()));
        assert!(lockout.set_list("0", list()), "replaced");
        let long: String = (0..MAX_LIST_PREFIXES + 5)
            .map(|n| format!("{}\n", std::net::Ipv4Addr::from(n as u32 + (9 << 24))))
            .collect();
        let long = BlockList::parse(&long);
        assert_eq!((long.len(), long.skipped()), (MAX_LIST_PREFIXES, 5));
    }
}
