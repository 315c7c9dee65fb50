//! A place: what is known of where an address is, and how it is told to people.

use std::fmt;
use std::sync::Arc;

use billing::Country;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::distance;

/// Where an address is, as far as the databases and the operator's own networks tell. Cheap to clone.
///
/// Every field may be missing; a place of which nothing is known is `Place::default()`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// ISO 3166-1 alpha-2 code in capitals, e.g. `*b"PS"`.
    pub country: Option<[u8; 2]>,
    /// City name in English.
    pub city: Option<Arc<str>>,
    /// Latitude and longitude in degrees times 10^4 (about 11 m), north and east positive.
    pub lat_lon_e4: Option<(i32, i32)>,
    /// Number of the autonomous system that announces the address.
    pub asn: Option<u32>,
    /// Organisation behind that autonomous system; for addresses that no database can know, what range they are in
    /// ("private network").
    pub network: Option<Arc<str>>,
    /// The operator's own name for the network, e.g. "Head office".
    pub named: Option<Arc<str>>,
    /// The range the operator gave that name to.
    pub named_range: Option<IpNet>,
    /// Whether the address belongs to a hosting or VPN business. `None`: nothing says so either way.
    pub hosting: Option<bool>,
}

impl Place {
    /// The country by its English name, e.g. "Palestine"; the code where no country has it.
    pub fn country_name(&self) -> Option<&str> {
        self.country.as_ref().map(country_name)
    }

    /// The country code as text, e.g. "PS".
    pub fn country_str(&self) -> Option<&str> {
        self.country.as_ref().and_then(|code| std::str::from_utf8(code).ok())
    }

    /// Whether nothing at all is known of the place.
    pub fn is_unknown(&self) -> bool {
        *self == Place::default()
    }

    /// Great-circle distance in whole kilometres, if both places have coordinates. The same on every machine.
    pub fn distance_km(&self, other: &Place) -> Option<u32> {
        Some(distance::km(self.lat_lon_e4?, other.lat_lon_e4?))
    }

    /// The place in words: "Khan Yunis, Palestine (AS12975 PalTel)", "Head office (192.0.2.0/24)", "unknown place".
    pub fn describe(&self) -> String {
        self.to_string()
    }

    fn origin(&self) -> Option<String> {
        match (&self.city, self.country_name()) {
            (Some(city), Some(country)) => Some(format!("{city}, {country}")),
            (Some(city), None) => Some(city.to_string()),
            (None, Some(country)) => Some(country.to_owned()),
            (None, None) => None,
        }
    }

    fn carrier(&self) -> Option<String> {
        match (self.asn, &self.network) {
            (Some(asn), Some(network)) => Some(format!("AS{asn} {network}")),
            (Some(asn), None) => Some(format!("AS{asn}")),
            (None, Some(network)) => Some(network.to_string()),
            (None, None) => None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(named) = &self.named {
            return match self.named_range {
                Some(range) => write!(f, "{named} ({range})"),
                None => f.write_str(named),
            };
        }
        match (self.origin(), self.carrier()) {
            (Some(origin), Some(carrier)) => write!(f, "{origin} ({carrier})"),
            (Some(origin), None) => f.write_str(&origin),
            (None, Some(carrier)) => f.write_str(&carrier),
            (None, None) => f.write_str("unknown place"),
        }
    }
}

/// The English name of a country, e.g. "Palestine"; the code itself where no country has it.
pub fn country_name(code: &[u8; 2]) -> &str {
    let code = std::str::from_utf8(code).unwrap_or("");
    match code.parse::<Country>() {
        Ok(country) => country.name(),
        Err(_) => code,
    }
}

/// Reads a two-letter ISO 3166-1 code in either case. Codes that stand for no country (ZZ, XX, and the regions AP and
/// EU that some databases use) are `None`.
pub fn parse_country(text: &str) -> Option<[u8; 2]> {
    let code: [u8; 2] = text.as_bytes().try_into().ok()?;
    let code = code.map(|letter| letter.to_ascii_uppercase());
    let is_country = code.iter().all(u8::is_ascii_uppercase) && ![*b"ZZ", *b"XX", *b"AP", *b"EU"].contains(&code);
    is_country.then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_as_people_say_it() {
        let mut place = Place {
            country: Some(*b"PS"),
            city: Some("Khan Yunis".into()),
            asn: Some(12975),
            network: Some("PalTel".into()),
            ..Place::default()
        };
        assert_eq!(place.describe(), "Khan Yunis, Palestine (AS12975 PalTel)");
        place.city = None;
        assert_eq!(place.describe(), "Palestine (AS12975 PalTel)");
        place.network = None;
        assert_eq!(place.describe(), "Palestine (AS12975)");
        place.country = None;
        assert_eq!(place.describe(), "AS12975");
        assert_eq!(Place::default().describe(), "unknown place");
        assert!(Place::default().is_unknown());
    }

    #[test]
    fn the_operators_name_comes_first() {
        let place = Place {
            country: Some(*b"US"),
            named: Some("Head office".into()),
            named_range: "192.0.2.0/24".parse().ok(),
            ..Place::default()
        };
        assert_eq!(place.describe(), "Head office (192.0.2.0/24)");
    }

    #[test]
    fn only_countries_are_countries() {
        assert_eq!(parse_country("ps"), Some(*b"PS"));
        for not_a_country in ["", "P", "PSE", "ZZ", "EU", "1A", "é", "--"] {
            assert_eq!(parse_country(not_a_country), None, "{not_a_country}");
        }
    }

    #[test]
    fn a_place_survives_postcard() {
        let place = Place {
            country: Some(*b"PS"),
            city: Some("Gaza".into()),
            lat_lon_e4: Some((315_000, 344_667)),
            named_range: "2001:db8::/32".parse().ok(),
            hosting: Some(false),
            ..Place::default()
        };
        let bytes = postcard::to_stdvec(&place).unwrap();
        assert_eq!(postcard::from_bytes::<Place>(&bytes).unwrap(), place);
    }
}
