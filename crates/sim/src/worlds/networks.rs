//! The address plan of the worlds: cities, networks, and the geo databases that describe them.
//!
//! Addresses are from the two ranges that belong to nobody (RFC 2544, RFC 6598); cities and coordinates are real, the
//! networks and their numbers (from the private range, RFC 6996) are invented. Hosting businesses have hosting names, as
//! they mostly do.

use std::net::Ipv4Addr;

use geo::fixture::{Value, database, map};

use crate::Dice;

/// What a network is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Offices and homes.
    Access,
    /// Mobile phones; addresses change all day.
    Mobile,
    /// Rented servers.
    Hosting,
    /// A commercial VPN's exits.
    Vpn,
}

/// One network in one city: a /21 of its own.
#[derive(Clone, Copy, Debug)]
pub struct Network {
    /// ISO country.
    pub country: &'static str,
    /// City.
    pub city: &'static str,
    lat: f64,
    lon: f64,
    asn: u32,
    name: &'static str,
    /// What it is used for.
    pub usage: Use,
}

const fn net(
    country: &'static str,
    city: &'static str,
    (lat, lon): (f64, f64),
    asn: u32,
    name: &'static str,
    usage: Use,
) -> Network {
    Network { country, city, lat, lon, asn: 4_200_000_000 + asn, name, usage }
}

const DENVER: (f64, f64) = (39.74, -104.98);
const AUSTIN: (f64, f64) = (30.27, -97.74);
const SEATTLE: (f64, f64) = (47.61, -122.33);
const ATLANTA: (f64, f64) = (33.75, -84.39);
const BOSTON: (f64, f64) = (42.36, -71.06);
const OMAHA: (f64, f64) = (41.26, -95.93);

/// Every network; the first are the firms' own cities.
pub const NETWORKS: &[Network] = &[
    net("US", "Denver", DENVER, 1, "Prairie Cable", Use::Access),
    net("US", "Denver", DENVER, 2, "Westline Fiber", Use::Access),
    net("US", "Austin", AUSTIN, 1, "Prairie Cable", Use::Access),
    net("US", "Austin", AUSTIN, 3, "Lone Star Broadband", Use::Access),
    net("US", "Seattle", SEATTLE, 4, "Cascade Communications", Use::Access),
    net("US", "Seattle", SEATTLE, 2, "Westline Fiber", Use::Access),
    net("US", "Atlanta", ATLANTA, 5, "Peachtree Telephone", Use::Access),
    net("US", "Atlanta", ATLANTA, 1, "Prairie Cable", Use::Access),
    net("US", "Boston", BOSTON, 6, "Harbor Net", Use::Access),
    net("US", "Boston", BOSTON, 2, "Westline Fiber", Use::Access),
    net("US", "Omaha", OMAHA, 1, "Prairie Cable", Use::Access),
    net("US", "Omaha", OMAHA, 7, "Platte Valley Telco", Use::Access),
    net("US", "Denver", DENVER, 20, "Bluebird Wireless", Use::Mobile),
    net("US", "Atlanta", ATLANTA, 20, "Bluebird Wireless", Use::Mobile),
    net("US", "Seattle", SEATTLE, 21, "Coastal Mobile", Use::Mobile),
    net("US", "Austin", AUSTIN, 22, "Third Mobile", Use::Mobile),
    net("US", "Dallas", (32.78, -96.80), 30, "Longhorn Hosting", Use::Hosting),
    net("US", "Ashburn", (39.04, -77.49), 31, "Beltway Cloud Servers", Use::Hosting),
    net("US", "Chicago", (41.88, -87.63), 32, "Lakeside Datacenters", Use::Hosting),
    net("US", "New York", (40.71, -74.01), 40, "Hidden Path VPN", Use::Vpn),
    net("NL", "Amsterdam", (52.37, 4.90), 40, "Hidden Path VPN", Use::Vpn),
    net("NL", "Amsterdam", (52.37, 4.90), 33, "Polder VPS", Use::Hosting),
    net("DE", "Frankfurt", (50.11, 8.68), 34, "Mainufer Server GmbH", Use::Hosting),
    net("FR", "Lille", (50.63, 3.06), 35, "Nord Dedicated Hosting", Use::Hosting),
    net("PS", "Gaza", (31.50, 34.47), 50, "Strip Telecom", Use::Access),
    net("PS", "Khan Yunis", (31.35, 34.30), 50, "Strip Telecom", Use::Access),
    net("PS", "Nablus", (32.22, 35.26), 51, "Hilltop Net", Use::Access),
    net("RO", "Iasi", (47.16, 27.58), 52, "Moldavia Cablu", Use::Access),
    net("EG", "Alexandria", (31.20, 29.92), 53, "Delta Internet", Use::Access),
    net("PK", "Lahore", (31.55, 74.34), 54, "Ravi Broadband", Use::Access),
    net("CN", "Shenzhen", (22.54, 114.06), 55, "Pearl River Telecom", Use::Access),
    net("UA", "Kharkiv", (49.99, 36.23), 56, "Slobozhan Net", Use::Access),
    net("VN", "Da Nang", (16.05, 108.20), 57, "Dragon Bridge Net", Use::Access),
    net("GB", "London", (51.51, -0.13), 60, "Thames Access", Use::Access),
    net("DE", "Hamburg", (53.55, 9.99), 61, "Elbe Kabel", Use::Access),
    net("MX", "Monterrey", (25.69, -100.32), 62, "Regio Internet", Use::Access),
    net("PT", "Porto", (41.15, -8.61), 63, "Douro Telecom", Use::Access),
    net("JP", "Osaka", (34.69, 135.50), 64, "Kansai Net", Use::Access),
    net("IN", "Pune", (18.52, 73.86), 65, "Deccan Fibre", Use::Access),
    net("BR", "Recife", (-8.05, -34.88), 66, "Capibaribe Net", Use::Access),
    net("KE", "Mombasa", (-4.04, 39.67), 67, "Coast Wireless", Use::Mobile),
    net("PH", "Cebu", (10.32, 123.89), 68, "Visayas Cable", Use::Access),
    net("CA", "Calgary", (51.05, -114.07), 69, "Bow River Cable", Use::Access),
];

/// Networks of 2,048 addresses each begin here, one after the other.
const FIRST: u32 = u32::from_be_bytes([198, 18, 0, 0]);
const SIZE: u32 = 2_048;

/// An address in the network with this place in [`NETWORKS`].
pub fn address(dice: &mut Dice, network: usize) -> Ipv4Addr {
    let within = dice.between(4, u64::from(SIZE) - 4) as u32;
    Ipv4Addr::from(FIRST + network as u32 * SIZE + within)
}

/// The places of all networks that satisfy a wish.
pub fn networks(wish: impl Fn(&Network) -> bool) -> Vec<usize> {
    NETWORKS.iter().enumerate().filter(|(_, network)| wish(network)).map(|(at, _)| at).collect()
}

/// A network that satisfies a wish; the first of all where none does.
pub fn pick_at(dice: &mut Dice, wish: impl Fn(&Network) -> bool) -> usize {
    dice.pick(&networks(wish)).copied().unwrap_or_default()
}

/// City and network databases of the whole plan.
pub fn databases() -> (Vec<u8>, Vec<u8>) {
    let range = |at: usize| format!("{}/21", Ipv4Addr::from(FIRST + at as u32 * SIZE));
    let ranges: Vec<String> = (0..NETWORKS.len()).map(range).collect();
    let city = |network: &Network| {
        map([
            ("country", map([("iso_code", Value::Text(network.country))])),
            ("city", map([("names", map([("en", Value::Text(network.city))]))])),
            ("location", map([("latitude", Value::Double(network.lat)), ("longitude", Value::Double(network.lon))])),
        ])
    };
    let asn = |network: &Network| {
        map([
            ("autonomous_system_number", Value::Whole(network.asn)),
            ("autonomous_system_organization", Value::Text(network.name)),
        ])
    };
    let records = |make: &dyn Fn(&Network) -> Value| {
        database(
            ranges.iter().map(String::as_str).zip(NETWORKS).map(|(range, network)| (range, make(network))).collect(),
        )
    };
    (records(&city), records(&asn))
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::{PlaceSources, Places};

    #[test]
    fn every_address_is_where_the_plan_says() {
        let (city, asn) = databases();
        let places =
            Places::new(PlaceSources { city: Some(city.into()), asn: Some(asn.into()), ..PlaceSources::default() })
                .unwrap();
        let mut dice = Dice::new(1);
        for (at, network) in NETWORKS.iter().enumerate() {
            let place = places.locate(address(&mut dice, at).into());
            assert_eq!(place.country_str(), Some(network.country));
            assert_eq!(place.city.as_deref(), Some(network.city));
            assert_eq!(
                place.hosting == Some(true),
                matches!(network.usage, Use::Hosting | Use::Vpn),
                "{}",
                network.name
            );
        }
    }
}
