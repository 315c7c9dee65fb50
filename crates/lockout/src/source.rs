//! What counts as one sender, and how text from senders is kept.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

/// Longest user or line name kept, in bytes.
pub const MAX_NAME_BYTES: usize = 64;
/// Longest user agent or note kept, in bytes.
pub const MAX_TEXT_BYTES: usize = 200;

/// One sender: an IPv4 address, or the /64 of an IPv6 address, since its holder can use any address in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Source(IpNet);

impl Source {
    /// IPv4-mapped IPv6 addresses count as the IPv4 address they hold.
    pub(crate) fn of(ip: IpAddr) -> Self {
        let ip = ip.to_canonical();
        let prefix_len = if ip.is_ipv4() { 32 } else { 64 };
        Source(truncated(ip, prefix_len))
    }

    /// A whole network as one sender.
    pub(crate) fn network_of(network: IpNet) -> Self {
        Source(network)
    }

    pub(crate) fn prefix(self) -> IpNet {
        self.0
    }

    /// The network around it, as it is usually given to one customer or one site: IPv4 /24, IPv6 /48.
    pub(crate) fn network(self) -> IpNet {
        let ip = self.0.addr();
        truncated(ip, if ip.is_ipv4() { 24 } else { 48 })
    }
}

/// The network of that length around an address. A length beyond the family's is the address alone.
pub(crate) fn truncated(ip: IpAddr, prefix_len: u8) -> IpNet {
    IpNet::new(ip, prefix_len).map_or_else(|_| IpNet::from(ip), |net| net.trunc())
}

/// The flow with an IPv4-mapped address as IPv4, and without IPv6 scope and flow label.
pub(crate) fn canonical(from: SocketAddr) -> SocketAddr {
    SocketAddr::new(from.ip().to_canonical(), from.port())
}

/// Text from the network, safe to show: cut to `max_bytes` and without control characters.
pub(crate) fn shown(text: &str, max_bytes: usize) -> Cow<'_, str> {
    if text.len() <= max_bytes && text.bytes().all(|b| b.is_ascii_graphic() || b == b' ') {
        return Cow::Borrowed(text);
    }
    let mut kept = String::new();
    for c in text.chars() {
        let c = if c.is_control() { '?' } else { c };
        if kept.len() + c.len_utf8() > max_bytes {
            break;
        }
        kept.push(c);
    }
    Cow::Owned(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_sender_is_its_64() {
        let of = |ip: &str| Source::of(ip.parse().unwrap()).prefix().to_string();
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(of("::ffff:192.0.2.7"), "192.0.2.7/32");
        assert_eq!(of("192.0.2.7"), "192.0.2.7/32");
        let network = |ip: &str| Source::of(ip.parse().unwrap()).network().to_string();
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1::/48");
        assert_eq!(network("192.0.2.7"), "192.0.2.0/24");
    }

    #[test]
    fn shown_text_is_short_and_printable() {
        assert_eq!(shown("a\r\nb\u{7f}", 64), "a??b?");
        assert_eq!(shown("éé", 3), "é");
        assert_eq!(shown(&"x".repeat(200), MAX_NAME_BYTES).len(), MAX_NAME_BYTES);
    }
}
