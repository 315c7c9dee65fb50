//! A ban: who is refused, until when, and why, in words.

use std::fmt;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::tally::MAX_TALLY_ADDRESSES;

/// A source that is refused for a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ban {
    /// The addresses refused: one IPv4 address or /24, one IPv6 /64 or /48, or what an operator gave.
    pub prefix: IpNet,
    /// When it began, in milliseconds since the Unix epoch.
    pub since_ms: u64,
    /// When it ends, in milliseconds since the Unix epoch.
    pub until_ms: u64,
    /// Why.
    pub reason: BanReason,
    /// How many bans in a row this is for the source (1 for the first); each lasts twice as long as the one before.
    pub repeat: u32,
    /// Failed authentications seen from the source lately, those it was not banned for included.
    pub failures: u32,
    /// Some of the names it tried (at most eight), in the order they were first tried.
    pub names_tried: Vec<String>,
    /// What its last failed request called itself.
    pub user_agent: Option<String>,
}

/// Why a source is banned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BanReason {
    /// Too many failed authentications.
    FailedAuthentication {
        /// How many.
        failures: u32,
        /// Within how many seconds (the window set at the time).
        window_s: u64,
    },
    /// Too many failed authentications, each time too slowly to be locked out at once.
    SlowGuessing {
        /// How many.
        failures: u32,
        /// In how many seconds.
        span_s: u64,
    },
    /// Too many failed authentications from one network, spread over its addresses.
    GuessingNetwork {
        /// How many.
        failures: u32,
        /// From how many addresses; counted up to [`MAX_TALLY_ADDRESSES`](crate::MAX_TALLY_ADDRESSES).
        addresses: u32,
    },
    /// A person decided it.
    Operator {
        /// Who.
        by: String,
        /// What they wrote about it; may be empty.
        note: String,
    },
}

/// A change to the list of bans, for the store and the other surfaces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BanChange {
    /// A new ban, or a ban that replaces the one of the same prefix.
    Added(Ban),
    /// Taken off by a person or by the allow-list.
    Lifted(IpNet),
    /// Its time was up, or the list was full and it was the one to end soonest.
    Expired(IpNet),
}

impl BanChange {
    /// What was or is banned.
    #[must_use]
    pub fn prefix(&self) -> IpNet {
        match self {
            Self::Added(ban) => ban.prefix,
            Self::Lifted(prefix) | Self::Expired(prefix) => *prefix,
        }
    }
}

/// Why an operator's ban was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BanError {
    /// The allow-list covers all of it, and the allow-list wins.
    #[error("{prefix} is on the allow-list: take it off there first")]
    AllowListed {
        /// What was to be banned.
        prefix: IpNet,
    },
    /// A range so wide can only be a slip of the hand.
    #[error("{prefix} is too wide to ban: at the widest /8 for IPv4 and /16 for IPv6")]
    TooWide {
        /// What was to be banned.
        prefix: IpNet,
    },
    /// The list is full of operators' bans.
    #[error("the list of bans is full: lift some first")]
    Full,
}

impl Ban {
    /// The reason in words: "5 failed passwords within 10 minutes, tried 100, 101, test".
    pub fn describe(&self) -> String {
        let mut words = self.reason.to_string();
        if !self.names_tried.is_empty() {
            words.push_str(", tried ");
            words.push_str(&self.names_tried.join(", "));
        }
        words
    }

    /// Whether a person made it.
    pub fn is_operators(&self) -> bool {
        matches!(self.reason, BanReason::Operator { .. })
    }
}

impl fmt::Display for BanChange {
    /// One line for the log. The address stands before anything that a stranger wrote, so that programs can read it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BanChange::Added(ban) => {
                let length_s = ban.until_ms.saturating_sub(ban.since_ms) / 1000;
                write!(f, "locked out {} for {length_s} s: {}", shortest(&ban.prefix), ban.describe())
            }
            BanChange::Lifted(prefix) => write!(f, "let in {}: its lock-out was lifted", shortest(prefix)),
            BanChange::Expired(prefix) => write!(f, "let in {}: its lock-out is over", shortest(prefix)),
        }
    }
}

/// A prefix as block lists have it: one address without its length.
pub fn shortest(prefix: &IpNet) -> String {
    let is_one = prefix.prefix_len() == prefix.max_prefix_len();
    if is_one { prefix.addr().to_string() } else { prefix.to_string() }
}

impl fmt::Display for BanReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BanReason::FailedAuthentication { failures, window_s } => {
                let plural = if *failures == 1 { "" } else { "s" };
                write!(f, "{failures} failed password{plural} within {}", span(*window_s))
            }
            BanReason::SlowGuessing { failures, span_s } => {
                write!(f, "{failures} failed passwords, spread over {}", span(span_s.div_ceil(3600) * 3600))
            }
            BanReason::GuessingNetwork { failures, addresses } => {
                let many = if *addresses as usize >= MAX_TALLY_ADDRESSES { " or more" } else { "" };
                let plural = if *addresses == 1 { "" } else { "es" };
                write!(f, "{failures} failed passwords lately from {addresses}{many} address{plural} of this network")
            }
            BanReason::Operator { by, note } if note.is_empty() => write!(f, "banned by {by}"),
            BanReason::Operator { by, note } => write!(f, "banned by {by}: {note}"),
        }
    }
}

/// A length of time in the largest unit that divides it.
fn span(seconds: u64) -> String {
    let units = [(86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")];
    let divides = |(length, _): &(u64, &str)| seconds >= *length && seconds.is_multiple_of(*length);
    let (length, unit) = units.into_iter().find(divides).unwrap_or((1, "second"));
    match seconds / length {
        1 => format!("1 {unit}"),
        count => format!("{count} {unit}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ban(reason: BanReason, names: &[&str]) -> Ban {
        Ban {
            prefix: "192.0.2.1/32".parse().unwrap(),
            since_ms: 0,
            until_ms: 1,
            reason,
            repeat: 1,
            failures: 5,
            names_tried: names.iter().map(ToString::to_string).collect(),
            user_agent: Some("friendly-scanner".to_owned()),
        }
    }

    #[test]
    fn the_log_names_the_address_before_what_a_stranger_wrote() {
        let guessed = BanReason::FailedAuthentication { failures: 5, window_s: 600 };
        let added = BanChange::Added(Ban { until_ms: 60_000, ..ban(guessed, &["locked out 8.8.8.8 for 1 s:"]) });
        assert_eq!(
            added.to_string(),
            "locked out 192.0.2.1 for 60 s: 5 failed passwords within 10 minutes, tried locked out 8.8.8.8 for 1 s:"
        );
        let lifted = BanChange::Lifted("192.0.2.0/24".parse().unwrap());
        assert_eq!(lifted.to_string(), "let in 192.0.2.0/24: its lock-out was lifted");
    }

    #[test]
    fn reasons_read_as_words() {
        let guessed = BanReason::FailedAuthentication { failures: 5, window_s: 600 };
        let words = ban(guessed, &["100", "101", "test"]).describe();
        assert_eq!(words, "5 failed passwords within 10 minutes, tried 100, 101, test");
        let once = BanReason::FailedAuthentication { failures: 1, window_s: 90 };
        assert_eq!(ban(once, &[]).describe(), "1 failed password within 90 seconds");
        let network = BanReason::GuessingNetwork { failures: 60, addresses: 16 };
        assert_eq!(network.to_string(), "60 failed passwords lately from 16 or more addresses of this network");
        let slow = BanReason::SlowGuessing { failures: 20, span_s: 4000 };
        assert_eq!(slow.to_string(), "20 failed passwords, spread over 2 hours");
        let by_hand = BanReason::Operator { by: "alice".to_owned(), note: "scanner".to_owned() };
        assert_eq!(ban(by_hand, &[]).describe(), "banned by alice: scanner");
        assert_eq!([span(3600), span(86_400), span(7200), span(0)], ["1 hour", "1 day", "2 hours", "0 seconds"]);
    }

    #[test]
    fn a_ban_survives_postcard() {
        let ban = ban(BanReason::FailedAuthentication { failures: 5, window_s: 600 }, &["100"]);
        let bytes = postcard::to_stdvec(&ban).unwrap();
        assert_eq!(postcard::from_bytes::<Ban>(&bytes).unwrap(), ban);
    }
}
