//! What is being guessed at so much that strangers must wait, for people to see.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::lockout::Lockout;
use crate::tally::Key;

/// Most entries of one answer; those with most failures come first.
pub const MAX_PRESSED: usize = 100;

/// Something whose bucket of failures is full though nobody is banned for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pressed {
    /// What.
    pub target: Target,
    /// Failed authentications in the run that filled it.
    pub failures: u32,
    /// From how many addresses; counted up to [`MAX_TALLY_ADDRESSES`](crate::MAX_TALLY_ADDRESSES).
    pub addresses: u32,
    /// When it lets in the next one, in milliseconds since the Unix epoch.
    pub next_ms: u64,
}

/// What is pressed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// A name, existing or not: it can be tried only from where it has logged in before.
    Name(String),
    /// A name in the networks it logs in from: it can be tried only from the very addresses.
    NameNearBy(String),
    /// A name at one address it has logged in from.
    NameAt(String, IpAddr),
    /// An autonomous system: no name can be tried there that is new to its address.
    Asn(u32),
    /// The lines of an account with numbers of its own, at one address where they are new: nothing they are tried with
    /// there is looked at.
    Account(String, IpAddr),
    /// A name of such an account: nothing it is tried with from where it is new is looked at.
    OwnName(String),
}

impl Lockout {
    /// What is pressed now, that with most failures first; at most [`MAX_PRESSED`]. Nothing while lock-out is off.
    pub fn pressed(&self, now_ms: u64) -> Vec<Pressed> {
        let mut all: Vec<Pressed> = self
            .tallies
            .iter()
            .filter(|_| self.settings.enabled)
            .filter_map(|(key, tally)| {
                let target = target(key)?;
                let wait_ms = self.wait_ms(key, now_ms);
                let (failures, addresses) = (tally.run.failures, tally.addresses());
                (wait_ms > 0).then(|| Pressed { target, failures, addresses, next_ms: now_ms.saturating_add(wait_ms) })
            })
            .collect();
        all.sort_by_key(|pressed| std::cmp::Reverse(pressed.failures));
        all.truncate(MAX_PRESSED);
        all
    }
}

fn target(key: &Key) -> Option<Target> {
    Some(match key {
        Key::Line(name) => Target::Name(name.to_string()),
        Key::Neighbour(name) => Target::NameNearBy(name.to_string()),
        Key::Known(source, name) => Target::NameAt(name.to_string(), source.prefix().addr()),
        Key::Asn(asn) => Target::Asn(*asn),
        Key::OwnAddress(account, source, _) => Target::Account(account.to_string(), source.prefix().addr()),
        Key::OwnLine(name, _) => Target::OwnName(name.to_string()),
        Key::Address(_) | Key::Network(_) | Key::Flow(_) => return None,
    })
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Name(name) => write!(f, "{name}, from networks it never logged in from"),
            Target::NameNearBy(name) => write!(f, "{name}, from new addresses in networks it logs in from"),
            Target::NameAt(name, ip) => write!(f, "{name}, from {ip}"),
            Target::Account(account, ip) => {
                write!(f, "lines of account {account}, from {ip} (the account's own limit)")
            }
            Target::OwnName(name) => write!(f, "{name}, from where it never logged in (its account's own limit)"),
            Target::Asn(asn) => write!(f, "names new to their address in AS{asn}"),
        }
    }
}
