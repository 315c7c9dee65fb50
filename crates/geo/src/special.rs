//! Ranges that no database can place: private, loopback, link-local and shared addresses (RFC 6890).

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// The kinds of such ranges in words. Whole offices are in one: they share the text.
pub(crate) struct Ranges {
    loopback: Arc<str>,
    private: Arc<str>,
    shared: Arc<str>,
    link_local: Arc<str>,
}

impl Default for Ranges {
    fn default() -> Self {
        Self {
            loopback: "this machine (loopback)".into(),
            private: "private network".into(),
            shared: "shared carrier network (CGNAT)".into(),
            link_local: "link-local network".into(),
        }
    }
}

impl Ranges {
    /// What kind of range an address is in, if it is not on the public Internet.
    pub(crate) fn of(&self, ip: IpAddr) -> Option<&Arc<str>> {
        match ip {
            IpAddr::V4(ip) if ip.is_loopback() => Some(&self.loopback),
            IpAddr::V4(ip) if ip.is_private() => Some(&self.private),
            IpAddr::V4(ip) if is_shared(ip) => Some(&self.shared),
            IpAddr::V4(ip) if ip.is_link_local() => Some(&self.link_local),
            IpAddr::V6(ip) if ip.is_loopback() => Some(&self.loopback),
            IpAddr::V6(ip) if ip.is_unique_local() => Some(&self.private),
            IpAddr::V6(ip) if ip.is_unicast_link_local() => Some(&self.link_local),
            _ => None,
        }
    }
}

/// 100.64.0.0/10 (RFC 6598), between a carrier's NAT and its customers.
fn is_shared(ip: Ipv4Addr) -> bool {
    let [first, second, ..] = ip.octets();
    first == 100 && (64..128).contains(&second)
}

#[cfg(test)]
mod tests {
    use super::Ranges;

    #[test]
    fn ranges_off_the_public_internet_have_a_name() {
        let ranges = Ranges::default();
        let name = |ip: &str| ranges.of(ip.parse().unwrap()).map(|name| &**name);
        assert_eq!(name("127.0.0.2"), Some("this machine (loopback)"));
        assert_eq!(name("10.1.2.3"), Some("private network"));
        assert_eq!(name("192.168.1.1"), Some("private network"));
        assert_eq!(name("fd00::1"), Some("private network"));
        assert_eq!(name("fe80::1"), Some("link-local network"));
        assert_eq!(name("100.64.0.1"), Some("shared carrier network (CGNAT)"));
        assert_eq!(name("100.127.255.255"), Some("shared carrier network (CGNAT)"));
        assert_eq!(name("100.128.0.0"), None);
        assert_eq!(name("8.8.8.8"), None);
        assert_eq!(name("2606:4700::1111"), None);
    }
}
