//! Bans that a packet filter outside may carry out as well.
//!
//! A packet filter knows addresses only. What passes a ban here (the exact flow of a live binding, an address that somebody
//! has logged in from, what is on an allow-list) would not pass it there: bans that cover any of these are not handed out.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::ban::Ban;
use crate::flows::{Flows, Peer};
use crate::known::Known;
use crate::lockout::Lockout;
use crate::source::{Source, truncated};

impl Lockout {
    /// The bans in force that nobody may pass, with their ends in milliseconds since the Unix epoch; of nested ones the
    /// widest alone. Ordered by prefix.
    pub fn outward_bans(&self, now_ms: u64) -> Vec<(IpNet, u64)> {
        let holds = |ban: &&Ban| ban.until_ms > now_ms && (self.settings.enabled || ban.is_operators());
        let is_passed = |prefix: &IpNet| {
            let overlaps = |allowed: &IpNet| allowed.contains(prefix) || prefix.contains(allowed);
            self.settings.allow_list.iter().chain(self.welcome.iter()).any(overlaps)
                || self.flows.live_within(prefix, now_ms)
                || self.known.seen_within(prefix, now_ms)
        };
        let mut outward: Vec<(IpNet, u64)> = Vec::new();
        // By prefix: a range stands before everything within it.
        for ban in self.bans.iter().filter(holds).filter(|ban| !is_passed(&ban.prefix)) {
            if !outward.last().is_some_and(|(widest, _)| widest.contains(&ban.prefix)) {
                outward.push((ban.prefix, ban.until_ms));
            }
        }
        outward
    }

    /// Counts what may have changed [`Lockout::outward_bans`] besides time.
    pub fn outward_version(&self) -> u64 {
        self.outward_version
    }

    /// Notes that somebody may pass now, or no more, at a banned address.
    pub(crate) fn passage_changed(&mut self, ip: IpAddr) {
        if self.bans.covering(ip.to_canonical(), 0).next().is_some() {
            self.outward_version += 1;
        }
    }
}

impl Flows {
    /// Whether a binding lives at an address of the prefix.
    fn live_within(&self, prefix: &IpNet, now_ms: u64) -> bool {
        let (first, last) = (Peer::at(prefix.network(), 0), Peer::at(last_of(prefix), u16::MAX));
        self.until_ms.range(first..=last).any(|(_, until_ms)| *until_ms > now_ms)
    }
}

impl Known {
    /// Whether anybody has logged in from an address of the prefix.
    fn seen_within(&self, prefix: &IpNet, now_ms: u64) -> bool {
        let (first, last) = (Source::of(prefix.network()), Source::of(last_of(prefix)));
        self.sources_between(first, last, now_ms)
    }
}

/// The last address of a prefix, an IPv4 broadcast address included.
fn last_of(prefix: &IpNet) -> IpAddr {
    truncated(prefix.broadcast(), prefix.max_prefix_len()).addr()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Admission, Attempt, Settings};

    fn net(text: &str) -> IpNet {
        text.parse().unwrap()
    }

    fn outward(lockout: &Lockout, now_ms: u64) -> Vec<String> {
        lockout.outward_bans(now_ms).iter().map(|(prefix, _)| prefix.to_string()).collect()
    }

    #[test]
    fn who_may_pass_a_ban_is_not_handed_out_to_a_packet_filter() {
        let mut lockout = Lockout::new(Settings::default());
        for prefix in
            ["203.0.113.7/32", "203.0.113.0/24", "203.0.114.9/32", "198.51.100.0/24", "2001:db8:1::/48", "192.0.2.1/32"]
        {
            lockout.ban(net(prefix), "alice", "", 60, 0).unwrap();
        }
        assert_eq!(
            outward(&lockout, 1),
            ["192.0.2.1/32", "198.51.100.0/24", "203.0.113.0/24", "203.0.114.9/32", "2001:db8:1::/48"]
        );
        let version = lockout.outward_version();
        lockout.flow_registered("203.0.113.200:5060".parse().unwrap(), 1_000);
        lockout.remember("101", "2001:db8:1:2::3".parse().unwrap(), 1);
        lockout.set_settings(Settings { allow_list: vec![net("198.51.100.77/32")], ..Settings::default() }, 1);
        assert!(lockout.outward_version() > version);
        assert_eq!(
            outward(&lockout, 2),
            ["192.0.2.1/32", "203.0.113.7/32", "203.0.114.9/32"],
            "a phone talks from 203.0.113.200"
        );
        assert_eq!(outward(&lockout, 1_000), ["192.0.2.1/32", "203.0.113.0/24", "203.0.114.9/32"], "and no longer");
        lockout.lift(net("192.0.2.1/32"), 2);
        assert_eq!(outward(&lockout, 60_000), [""; 0], "all have ended");
    }

    #[test]
    fn a_login_at_a_banned_address_is_noticed() {
        let mut lockout = Lockout::new(Settings::default());
        let from = "203.0.113.7:5060".parse().unwrap();
        let Admission::Verify(ticket) = lockout.reserve(&Attempt { from, name: "101", asn: &|| None, own: None }, 0)
        else {
            panic!()
        };
        lockout.ban(net("203.0.113.7/32"), "alice", "", 60, 0).unwrap();
        assert_eq!(outward(&lockout, 1).len(), 1);
        let version = lockout.outward_version();
        lockout.succeeded(ticket, 1);
        assert!(lockout.outward_version() > version && outward(&lockout, 1).is_empty());
    }
}
