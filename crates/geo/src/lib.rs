//! Where an address is: country, city, network, and the operator's own name for it.
//!
//! Pure: databases come in as bytes (MaxMind DB format), no file is opened here. Two layouts are read: the nested one of
//! GeoLite2 and GeoIP2 (`country.iso_code`, `city.names.en`, `location.latitude`) and the flat one of DB-IP and
//! ip-location-db (`country_code`, `city`, `latitude`). Whatever is missing is `None`: a look-up never fails.
#![forbid(unsafe_code)]

mod database;
mod distance;
#[cfg(any(test, feature = "fixture"))]
pub mod fixture;
mod hosting;
mod named;
mod place;
mod places;
mod special;

use ipnet::IpNet;

pub use database::{DatabaseKind, SourceInfo};
pub use named::{MAX_NAME_BYTES, MAX_NAMED_NETWORKS, NamedNetwork};
pub use place::{Place, country_name, parse_country};
pub use places::{PlaceSources, Places};

/// The country database that ships with the product (IPtoASN, public domain; see `crates/geo/data/README.md`): an
/// address has a country with no set-up. It knows no cities and no networks.
pub static SHIPPED_COUNTRY: &[u8] = include_bytes!("../data/iptoasn-country.mmdb");

/// What can be wrong with the sources of places.
#[derive(Debug, thiserror::Error)]
pub enum GeoError {
    /// The bytes are not a MaxMind database.
    #[error("the {kind} database cannot be read as a MaxMind database (.mmdb)")]
    Unreadable {
        /// Which of the databases.
        kind: DatabaseKind,
        /// What the reader found.
        source: maxminddb::MaxMindDbError,
    },
    /// More named networks than are looked through.
    #[error("{count} named networks are more than the {MAX_NAMED_NETWORKS} allowed")]
    TooManyNamedNetworks {
        /// How many there are.
        count: usize,
    },
    /// A network without a name, or with one that is too long.
    #[error("the network {range} needs a name of 1 to {MAX_NAME_BYTES} bytes")]
    BadNetworkName {
        /// The network.
        range: IpNet,
    },
    /// The same range with two names.
    #[error("the network {range} is named twice")]
    NetworkNamedTwice {
        /// The network.
        range: IpNet,
    },
}
