//! The look-up itself: the operator's networks over the databases over what the address alone says.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use crate::database::{Database, DatabaseKind, SourceInfo};
use crate::named::{NamedNetwork, NamedNetworks};
use crate::special::Ranges;
use crate::{GeoError, Place, SHIPPED_COUNTRY};

/// What to look places up in. Databases are MaxMind DB files as bytes; one file may serve in several roles.
#[derive(Default)]
pub struct PlaceSources {
    /// Country, city and coordinates (GeoLite2-City, dbip-city and the like).
    pub city: Option<Cow<'static, [u8]>>,
    /// Autonomous system number and organisation.
    pub asn: Option<Cow<'static, [u8]>>,
    /// Country alone; asked where the city database has no country.
    pub country: Option<Cow<'static, [u8]>>,
    /// The operator's own networks; they override the databases.
    pub named: Vec<NamedNetwork>,
}

impl PlaceSources {
    /// Only the country database that ships with the product.
    pub fn shipped() -> Self {
        PlaceSources { country: Some(Cow::Borrowed(SHIPPED_COUNTRY)), ..PlaceSources::default() }
    }
}

/// Answers where an address is. Without any source every public address is an unknown place.
#[derive(Default)]
pub struct Places {
    /// In the order they are asked; each fills only what those before it left open.
    databases: Vec<Database>,
    named: NamedNetworks,
    /// Where no database can place an address.
    ranges: Ranges,
}

impl Places {
    /// Opens the databases.
    ///
    /// # Errors
    /// A database that is not in MaxMind DB format; named networks that are too many, nameless or given twice.
    pub fn new(sources: PlaceSources) -> Result<Self, GeoError> {
        let PlaceSources { city, asn, country, named } = sources;
        let by_kind = [(DatabaseKind::City, city), (DatabaseKind::Asn, asn), (DatabaseKind::Country, country)];
        let databases = by_kind
            .into_iter()
            .filter_map(|(kind, bytes)| bytes.map(|bytes| Database::new(kind, bytes)))
            .collect::<Result<_, _>>()?;
        Ok(Places { databases, named: NamedNetworks::new(named)?, ranges: Ranges::default() })
    }

    /// Where the address is. IPv4-mapped IPv6 addresses count as the IPv4 address they hold.
    pub fn locate(&self, ip: IpAddr) -> Place {
        let ip = ip.to_canonical();
        let mut place = Place::default();
        for database in &self.databases {
            database.fill(ip, &mut place);
        }
        if place.is_unknown() {
            place.network = self.ranges.of(ip).cloned();
        }
        self.named.apply(ip, &mut place);
        place
    }

    /// What databases are loaded, and how old they are.
    pub fn sources(&self) -> Vec<SourceInfo> {
        self.databases.iter().map(Database::info).collect()
    }
}

impl fmt::Debug for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Places").field("sources", &self.sources()).field("named", &self.named).finish()
    }
}

#[cfg(test)]
mod tests;
