//! Who calls: the address at the other end, or the one that a reverse proxy of ours tells of.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap};
use ipnet::IpNet;

/// The header of reverse proxies: each appends the address that it was called from.
const FORWARDED_FOR: &str = "x-forwarded-for";
/// Proxies that may stand one behind the other.
const MAX_HOPS: usize = 8;

/// The caller's address. What `proxies` say of whom they were called from is believed, and nobody else's word.
pub(crate) fn caller(extensions: &Extensions, headers: &HeaderMap, proxies: &[IpNet]) -> IpAddr {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>();
    let mut ip = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip()).to_canonical();
    let told = headers.get_all(FORWARDED_FOR).into_iter().filter_map(|line| line.to_str().ok());
    let told: Vec<&str> = told.flat_map(|line| line.split(',')).collect();
    for hop in told.iter().rev().take(MAX_HOPS) {
        if !proxies.iter().any(|net| net.contains(&ip)) {
            break;
        }
        let Ok(further) = hop.trim().parse::<IpAddr>() else { break };
        ip = further.to_canonical();
    }
    ip
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_proxies_are_believed() {
        let proxies: Vec<IpNet> = vec!["127.0.0.1/32".parse().unwrap(), "10.0.0.0/8".parse().unwrap()];
        for (peer, told, caller_is) in [
            ("192.0.2.1", "198.51.100.7", "192.0.2.1"),
            ("127.0.0.1", "198.51.100.7", "198.51.100.7"),
            ("127.0.0.1", "203.0.113.66, 198.51.100.7", "198.51.100.7"),
            ("127.0.0.1", "203.0.113.66, 198.51.100.7, 10.1.2.3", "198.51.100.7"),
            ("127.0.0.1", "nonsense", "127.0.0.1"),
            ("127.0.0.1", "", "127.0.0.1"),
            ("::ffff:127.0.0.1", "2001:db8::1", "2001:db8::1"),
        ] {
            let mut extensions = Extensions::new();
            extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1)));
            let mut headers = HeaderMap::new();
            headers.insert(FORWARDED_FOR, told.parse().unwrap());
            let is: IpAddr = caller_is.parse().unwrap();
            assert_eq!(caller(&extensions, &headers, &proxies), is, "{peer} tells {told:?}");
        }
    }
}
