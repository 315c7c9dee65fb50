//! What one account sets for guesses at its own lines, beside what holds for the whole node.
//!
//! Nobody may learn from it which names exist: how a stranger is answered, when they must wait and when they are banned
//! follows from the node's settings alone, for invented names as for those of every account. What is the account's own shows
//! in two ways only:
//!
//! - Beyond its own numbers a password is no longer looked at. The request is answered, and counted at the node, as one
//!   for a name that does not exist: 401, though the password be right.
//! - From the networks on its own allow-list its lines are known, as if each had logged in from there, with one bucket for
//!   each line in each network. Whoever guesses there can tell its lines from invented names, as at the address of any
//!   phone.
//!
//! So an account may be stricter than the node. It cannot be laxer towards strangers: that its names bear more guesses than
//! others would tell which they are.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::settings::{MAX_DAY_FAILURES, MAX_FAILURES, MAX_WINDOW_S};

/// Most networks on the allow-list of an account.
pub const MAX_OWN_ALLOW_LIST: usize = 16;
/// The widest network on the allow-list of an account, as prefix lengths of IPv4 and IPv6.
const WIDEST: (u8, u8) = (16, 32);

/// What an account sets; by default nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OwnSettings {
    /// Failures at its lines from one new address that shut the address out of them, for as long as a ban of the node
    /// lasts; the node's `failures` where only the window is set.
    pub failures: Option<u32>,
    /// In a leaky bucket that drains in so many seconds; the node's `window_s` where only the failures are set.
    pub window_s: Option<u64>,
    /// Failures a day at one of its lines from new addresses, all together.
    pub line_day: Option<u32>,
    /// Where its lines are known from the beginning; an automatic ban does not stop them there.
    pub allow_list: Vec<IpNet>,
}

/// Whose line is tried.
#[derive(Clone, Copy, Debug)]
pub struct Own<'a> {
    /// The account.
    pub account: &'a str,
    /// What it sets.
    pub settings: &'a OwnSettings,
}

impl OwnSettings {
    /// Everything that is wrong with them, in words.
    pub fn mistakes(&self) -> Vec<OwnMistake> {
        let is_too_wide = |prefix: &&IpNet| {
            let widest = if prefix.addr().is_ipv4() { WIDEST.0 } else { WIDEST.1 };
            prefix.prefix_len() < widest
        };
        let numbers = [
            self.failures.filter(|count| !(1..=MAX_FAILURES).contains(count)).map(OwnMistake::Failures),
            self.window_s.filter(|length_s| !(1..=MAX_WINDOW_S).contains(length_s)).map(OwnMistake::Window),
            self.line_day.filter(|count| !(1..=MAX_DAY_FAILURES).contains(count)).map(OwnMistake::LineDay),
            (self.allow_list.len() > MAX_OWN_ALLOW_LIST).then_some(OwnMistake::AllowList(self.allow_list.len())),
        ];
        let wide = self.allow_list.iter().filter(is_too_wide).map(|prefix| OwnMistake::TooWide(*prefix));
        numbers.into_iter().flatten().chain(wide).collect()
    }

    /// In words, one for each; none where nothing is set.
    pub fn in_words(&self) -> Vec<String> {
        let mut words = Vec::new();
        let (failures, window_s) = (self.failures.map(|count| count.to_string()), self.window_s);
        if failures.is_some() || window_s.is_some() {
            let failures = failures.unwrap_or_else(|| "as many as the node bears".to_owned());
            let window = window_s.map_or_else(|| "the node's window".to_owned(), |window_s| format!("{window_s} s"));
            words.push(format!("a new address is shut out after {failures} failures within {window}"));
        }
        words.extend(self.line_day.map(|count| format!("{count} failures a day at a line from new addresses")));
        if !self.allow_list.is_empty() {
            let networks: Vec<String> = self.allow_list.iter().map(ToString::to_string).collect();
            words.push(format!("known in {}", networks.join(", ")));
        }
        words
    }

    /// The network on the allow-list that an address lies in; of several the narrowest.
    pub(crate) fn allows(&self, ip: IpAddr) -> Option<IpNet> {
        let covering = self.allow_list.iter().filter(|network| network.contains(&ip));
        covering.max_by_key(|network| network.prefix_len()).map(IpNet::trunc)
    }
}

/// A setting of an account out of its range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum OwnMistake {
    /// `failures`.
    #[error("failures that shut an address out: {0} is not 1 to {MAX_FAILURES}")]
    Failures(u32),
    /// `window_s`.
    #[error("the window of failures: {0} s is not 1 to {MAX_WINDOW_S} s")]
    Window(u64),
    /// `line_day`.
    #[error("failures a day at a line: {0} is not 1 to {MAX_DAY_FAILURES}")]
    LineDay(u32),
    /// `allow_list`.
    #[error("networks where lines are known: {0} are more than {MAX_OWN_ALLOW_LIST}")]
    AllowList(usize),
    /// An entry of `allow_list`.
    #[error("{0} is too wide a network for lines to be known in: at the widest /16 for IPv4 and /32 for IPv6")]
    TooWide(IpNet),
}
