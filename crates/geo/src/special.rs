//! Ranges that no database can place: private, loopback, link-local and shared addresses (RFC 6890).

use std::net::{IpAddr, Ipv4Addr};

/// What kind of range an address is in, in words, if it is not on the public Internet.
pub(crate) fn range_name(ip: IpAddr) -> Option<&'static str> {
    match ip {
        IpAddr::V4(ip) if ip.is_loopback() => Some("this machine (loopback)"),
        IpAddr::V4(ip) if ip.is_private() => Some("private network"),
        IpAddr::V4(ip) if is_shared(ip) => Some("shared carrier network (CGNAT)"),
        IpAddr::V4(ip) if ip.is_link_local() => Some("link-local network"),
        IpAddr::V6(ip) if ip.is_loopback() => Some("this machine (loopback)"),
        IpAddr::V6(ip) if ip.is_unique_local() => Some("private network"),
        IpAddr::V6(ip) if ip.is_unicast_link_local() => Some("link-local network"),
        _ => None,
    }
}

/// 100.64.0.0/10 (RFC 6598), between a carrier's NAT and its customers.
fn is_shared(ip: Ipv4Addr) -> bool {
    let [first, second, ..] = ip.octets();
    first == 100 && (64..128).contains(&second)
}

#[cfg(test)]
mod tests {
    use super::range_name;

    #[test]
    fn ranges_off_the_public_internet_have_a_name() {
        let name = |ip: &str| range_name(ip.parse().unwrap());
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
