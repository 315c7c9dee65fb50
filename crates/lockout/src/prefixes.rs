//! A set of addresses and ranges that is quick to ask about one address.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::source::truncated;

/// Addresses and ranges.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Prefixes {
    all: BTreeSet<IpNet>,
    /// Their lengths (IPv6 or not, length): an address is looked up once for each.
    lengths: BTreeSet<(bool, u8)>,
}

impl Prefixes {
    pub(crate) fn insert(&mut self, prefix: IpNet) {
        self.lengths.insert((prefix.addr().is_ipv6(), prefix.prefix_len()));
        self.all.insert(prefix.trunc());
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &IpNet> {
        self.all.iter()
    }

    /// Whether an address is one of them or within one.
    pub(crate) fn contains(&self, ip: IpAddr) -> bool {
        let family = ip.is_ipv6();
        let mut lengths = self.lengths.range((family, 0)..=(family, u8::MAX));
        lengths.any(|(_, length)| self.all.contains(&truncated(ip, *length)))
    }
}

impl FromIterator<IpNet> for Prefixes {
    fn from_iter<I: IntoIterator<Item = IpNet>>(all: I) -> Self {
        let mut prefixes = Prefixes::default();
        all.into_iter().for_each(|prefix| prefixes.insert(prefix));
        prefixes
    }
}
