//! Networks the operator has named ("Head office 192.0.2.0/24"); they override what the databases say.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net};
use serde::{Deserialize, Serialize};

use crate::{GeoError, Place};

/// Most networks an operator may name; each look-up goes past all of them.
pub const MAX_NAMED_NETWORKS: usize = 4096;

/// Longest name of a network, in bytes.
pub const MAX_NAME_BYTES: usize = 200;

/// A network the operator has a name for. What it leaves out comes from the databases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedNetwork {
    /// The name people know it by, e.g. "Head office".
    pub name: Arc<str>,
    /// Its addresses. Where two networks overlap, the narrower one counts.
    pub range: IpNet,
    /// ISO 3166-1 alpha-2 code in capitals.
    pub country: Option<[u8; 2]>,
    /// City.
    pub city: Option<Arc<str>>,
    /// Latitude and longitude in degrees times 10^4.
    pub lat_lon_e4: Option<(i32, i32)>,
    /// Autonomous system number.
    pub asn: Option<u32>,
    /// Organisation behind the network.
    pub network: Option<Arc<str>>,
}

impl NamedNetwork {
    /// A network with a name and nothing more.
    pub fn new(name: impl Into<Arc<str>>, range: IpNet) -> Self {
        let name = name.into();
        NamedNetwork { name, range, country: None, city: None, lat_lon_e4: None, asn: None, network: None }
    }

    /// Puts what the operator said in place of what the databases said.
    fn override_place(&self, place: &mut Place) {
        place.named = Some(self.name.clone());
        place.named_range = Some(self.range);
        // A database's city or coordinates may lie in another country than the operator says: drop them together.
        let moved = self.country.is_some_and(|country| Some(country) != place.country) || self.city.is_some();
        if moved {
            place.city = None;
            place.lat_lon_e4 = None;
        }
        place.country = self.country.or(place.country);
        place.city = self.city.clone().or(place.city.take());
        place.lat_lon_e4 = self.lat_lon_e4.or(place.lat_lon_e4);
        if self.asn.is_some() || self.network.is_some() {
            place.asn = self.asn;
            place.network = self.network.clone();
        }
    }
}

/// The named networks, narrowest first.
#[derive(Debug, Default)]
pub(crate) struct NamedNetworks(Vec<NamedNetwork>);

impl NamedNetworks {
    pub(crate) fn new(mut networks: Vec<NamedNetwork>) -> Result<Self, GeoError> {
        if networks.len() > MAX_NAMED_NETWORKS {
            return Err(GeoError::TooManyNamedNetworks { count: networks.len() });
        }
        for network in &mut networks {
            if network.name.trim().is_empty() || network.name.len() > MAX_NAME_BYTES {
                return Err(GeoError::BadNetworkName { range: network.range });
            }
            network.range = unmapped(network.range);
        }
        networks.sort_by(|a, b| b.range.prefix_len().cmp(&a.range.prefix_len()).then(a.range.cmp(&b.range)));
        if let Some(pair) = networks.windows(2).find(|pair| pair[0].range == pair[1].range) {
            return Err(GeoError::NetworkNamedTwice { range: pair[0].range });
        }
        Ok(NamedNetworks(networks))
    }

    pub(crate) fn apply(&self, ip: IpAddr, place: &mut Place) {
        if let Some(network) = self.0.iter().find(|network| network.range.contains(&ip)) {
            network.override_place(place);
        }
    }
}

/// The range without host bits; one of IPv4-mapped addresses (::ffff:192.0.2.0/120) as the IPv4 range it is.
fn unmapped(range: IpNet) -> IpNet {
    let range = range.trunc();
    let (IpAddr::V6(address), Some(prefix_len)) = (range.addr(), range.prefix_len().checked_sub(96)) else {
        return range;
    };
    mapped_range(address, prefix_len).unwrap_or(range)
}

fn mapped_range(address: Ipv6Addr, prefix_len: u8) -> Option<IpNet> {
    Some(Ipv4Net::new(address.to_ipv4_mapped()?, prefix_len).ok()?.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(text: &str) -> IpNet {
        text.parse().unwrap()
    }

    fn locate(networks: &[(&str, &str)], ip: &str) -> Option<String> {
        let networks = networks.iter().map(|(name, range)| NamedNetwork::new(*name, net(range))).collect();
        let mut place = Place::default();
        NamedNetworks::new(networks).unwrap().apply(ip.parse().unwrap(), &mut place);
        place.named.map(|name| name.to_string())
    }

    #[test]
    fn the_narrowest_network_counts() {
        let networks = [("Campus", "192.0.2.0/24"), ("Reception", "192.0.2.7/32"), ("V6", "2001:db8::/32")];
        assert_eq!(locate(&networks, "192.0.2.7").as_deref(), Some("Reception"));
        assert_eq!(locate(&networks, "192.0.2.8").as_deref(), Some("Campus"));
        assert_eq!(locate(&networks, "2001:db8::1").as_deref(), Some("V6"));
        assert_eq!(locate(&networks, "192.0.3.8"), None);
    }

    #[test]
    fn a_range_of_mapped_addresses_is_an_ipv4_range() {
        assert_eq!(locate(&[("Office", "::ffff:192.0.2.0/120")], "192.0.2.9").as_deref(), Some("Office"));
        assert_eq!(unmapped(net("192.0.2.9/24")), net("192.0.2.0/24"));
        assert_eq!(unmapped(net("2001:db8::/112")), net("2001:db8::/112"));
    }

    #[test]
    fn what_the_operator_says_replaces_what_it_contradicts() {
        let mut office = NamedNetwork::new("Office", net("192.0.2.0/24"));
        office.country = Some(*b"US");
        office.network = Some("Front Range Cable".into());
        let mut place = Place {
            country: Some(*b"CA"),
            city: Some("Toronto".into()),
            lat_lon_e4: Some((436_532, -793_832)),
            asn: Some(64_512),
            network: Some("Ontario Net".into()),
            ..Place::default()
        };
        office.override_place(&mut place);
        assert_eq!((place.country, place.city, place.lat_lon_e4), (Some(*b"US"), None, None));
        assert_eq!((place.asn, place.network.as_deref()), (None, Some("Front Range Cable")));
    }

    #[test]
    fn mistakes_are_named() {
        let twice = vec![NamedNetwork::new("A", net("192.0.2.0/24")), NamedNetwork::new("B", net("192.0.2.1/24"))];
        assert!(matches!(NamedNetworks::new(twice), Err(GeoError::NetworkNamedTwice { .. })));
        let nameless = vec![NamedNetwork::new(" ", net("192.0.2.0/24"))];
        assert!(matches!(NamedNetworks::new(nameless), Err(GeoError::BadNetworkName { .. })));
    }
}
