//! Reads the databases that say where an address is.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use geo::{GeoError, NamedNetwork, PlaceSources, Places, SHIPPED_COUNTRY};

use crate::config::Config;

/// The largest database that is read into memory, bytes (GeoIP2 Enterprise has about 500 MB).
const MAX_DATABASE_BYTES: u64 = 2 << 30;

/// Why the places cannot be looked up.
#[derive(Debug, thiserror::Error)]
pub enum PlacesError {
    /// A file cannot be read.
    #[error("cannot read the database {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A file is far larger than any such database.
    #[error("{} is larger than any such database: is it the right file?", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// A file is not such a database, or a network is named wrongly.
    #[error(transparent)]
    Geo(#[from] GeoError),
}

/// Opens what the configuration names; the shipped country database where it names none.
///
/// # Errors
/// [`PlacesError`] for the first file that cannot be used.
pub fn load(config: &Config) -> Result<Places, PlacesError> {
    let named = config.geo.networks.clone();
    open(config.geo.city.as_deref(), config.geo.asn.as_deref(), config.geo.country.as_deref(), named)
}

/// Opens these databases; the shipped one of countries where there is no other.
///
/// # Errors
/// [`PlacesError`] for the first file that cannot be used.
pub fn open(
    city: Option<&Path>,
    asn: Option<&Path>,
    country: Option<&Path>,
    named: Vec<NamedNetwork>,
) -> Result<Places, PlacesError> {
    let file = |path: Option<&Path>| path.map(read).transpose();
    let sources = PlaceSources {
        city: file(city)?,
        asn: file(asn)?,
        country: file(country)?.or(Some(Cow::Borrowed(SHIPPED_COUNTRY))),
        named,
    };
    Ok(Places::new(sources)?)
}

fn read(path: &Path) -> Result<Cow<'static, [u8]>, PlacesError> {
    let unreadable = |source| PlacesError::Unreadable { path: path.to_owned(), source };
    if path.metadata().map_err(unreadable)?.len() > MAX_DATABASE_BYTES {
        return Err(PlacesError::TooLarge { path: path.to_owned() });
    }
    std::fs::read(path).map(Cow::Owned).map_err(unreadable)
}
