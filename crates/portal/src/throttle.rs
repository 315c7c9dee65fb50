//! How often a login may fail: counted by address and by login name, in memory, bounded.

use std::collections::BTreeMap;
use std::net::IpAddr;

/// Failures of one address within the window.
const PER_ADDRESS: u32 = 10;
/// Failures as one login name within the window, from wherever: above that of an address, so that one address alone
/// cannot shut an owner out.
const PER_LOGIN: u32 = 30;
/// The window, milliseconds: it begins with the first failure.
const WINDOW_MS: u64 = 10 * 60 * 1000;
/// Addresses and names counted at once; beyond it the one whose window began first is forgotten.
const MAX_COUNTED: usize = 10_000;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    Address(IpAddr),
    Login(String),
    /// Somebody who is logged in.
    Again(String),
}

#[derive(Clone, Copy, Debug)]
struct Count {
    failures: u32,
    since_ms: u64,
}

impl Count {
    /// Failures that count now: none once the window is over.
    fn counts_at(self, now_ms: u64) -> u32 {
        if now_ms < self.since_ms.saturating_add(WINDOW_MS) { self.failures } else { 0 }
    }
}

/// The counters.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    counts: BTreeMap<Who, Count>,
}

impl Throttle {
    /// Takes one try; it counts as failed until [`Throttle::succeeded`]. `Err`: so many seconds are to be waited.
    pub(crate) fn try_login(&mut self, ip: IpAddr, login: &str, now_ms: u64) -> Result<(), u64> {
        self.take(&[(Who::Address(network(ip)), PER_ADDRESS), (Who::Login(login.to_owned()), PER_LOGIN)], now_ms)
    }

    /// Takes one try of somebody who is logged in, and shows the password or a code once more.
    pub(crate) fn try_name(&mut self, login: &str, now_ms: u64) -> Result<(), u64> {
        self.take(&[(Who::Again(login.to_owned()), PER_ADDRESS)], now_ms)
    }

    /// The try was good.
    pub(crate) fn name_succeeded(&mut self, login: &str) {
        self.counts.remove(&Who::Again(login.to_owned()));
    }

    fn take(&mut self, tried: &[(Who, u32)], now_ms: u64) -> Result<(), u64> {
        for (who, limit) in tried {
            if let Some(count) = self.counts.get(who).filter(|count| count.counts_at(now_ms) >= *limit) {
                let left_ms = count.since_ms.saturating_add(WINDOW_MS).saturating_sub(now_ms);
                return Err(left_ms.div_ceil(1000));
            }
        }
        for (who, _) in tried {
            self.make_room(who, now_ms);
            let count = self.counts.entry(who.clone()).or_insert(Count { failures: 0, since_ms: now_ms });
            if count.counts_at(now_ms) == 0 {
                *count = Count { failures: 0, since_ms: now_ms };
            }
            count.failures = count.failures.saturating_add(1);
        }
        Ok(())
    }

    /// The try was good: what this address and name failed before is forgotten.
    pub(crate) fn succeeded(&mut self, ip: IpAddr, login: &str) {
        self.counts.remove(&Who::Address(network(ip)));
        self.counts.remove(&Who::Login(login.to_owned()));
    }

    fn make_room(&mut self, who: &Who, now_ms: u64) {
        if self.counts.len() < MAX_COUNTED || self.counts.contains_key(who) {
            return;
        }
        self.counts.retain(|_, count| count.counts_at(now_ms) > 0);
        if self.counts.len() < MAX_COUNTED {
            return;
        }
        let oldest = self.counts.iter().min_by_key(|(_, count)| count.since_ms).map(|(who, _)| who.clone());
        if let Some(oldest) = oldest {
            self.counts.remove(&oldest);
        }
    }
}

/// One IPv4 address; an IPv6 /64, since one customer has all of it.
pub(crate) fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() >> 64 << 64).into()),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IP: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    #[test]
    fn an_address_that_fails_too_often_waits() {
        let mut throttle = Throttle::default();
        for n in 0..PER_ADDRESS {
            assert_eq!(throttle.try_login(IP, &format!("user{n}"), 1000), Ok(()));
        }
        assert_eq!(throttle.try_login(IP, "anna", 1000), Err(600));
        assert_eq!(throttle.try_login(IP, "anna", 1000 + WINDOW_MS - 1), Err(1));
        assert_eq!(throttle.try_login(IP, "anna", 1000 + WINDOW_MS), Ok(()));
    }

    #[test]
    fn one_name_is_not_guessed_from_everywhere() {
        let mut throttle = Throttle::default();
        for n in 0..PER_LOGIN {
            let ip = IpAddr::from([198, 51, 100, n as u8]);
            assert_eq!(throttle.try_login(ip, "anna", 0), Ok(()));
        }
        assert!(throttle.try_login(IP, "anna", 0).is_err());
        assert_eq!(throttle.try_login(IP, "bert", 0), Ok(()));
    }

    #[test]
    fn whoever_gets_in_starts_anew() {
        let mut throttle = Throttle::default();
        for _ in 0..3 * PER_ADDRESS {
            assert_eq!(throttle.try_login(IP, "anna", 0), Ok(()));
            throttle.succeeded(IP, "anna");
        }
    }

    #[test]
    fn memory_is_bounded() {
        let mut throttle = Throttle::default();
        for n in 0..u32::try_from(MAX_COUNTED / 2).unwrap() + 100 {
            throttle.try_login(IpAddr::from(n.to_be_bytes()), &n.to_string(), u64::from(n)).unwrap();
        }
        assert!(throttle.counts.len() <= MAX_COUNTED);
        let net: IpAddr = "2001:db8:1:2:3::4".parse().unwrap();
        assert_eq!(network(net), "2001:db8:1:2::".parse::<IpAddr>().unwrap());
    }
}
