//! One MaxMind database, read field by field in either of the two known layouts.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use maxminddb::{LookupResult, PathElement, Reader};
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize};

use crate::{GeoError, Place, hosting, parse_country};

/// Longest city or network name kept from a database, in bytes.
const MAX_TEXT_BYTES: usize = 128;

/// Which question a database answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum DatabaseKind {
    /// Country, city and coordinates.
    City,
    /// Autonomous system number and organisation.
    Asn,
    /// Country alone.
    Country,
}

impl fmt::Display for DatabaseKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DatabaseKind::City => "city",
            DatabaseKind::Asn => "network (ASN)",
            DatabaseKind::Country => "country",
        })
    }
}

/// What a loaded database says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceInfo {
    /// Which question it answers.
    pub kind: DatabaseKind,
    /// The type its maker gave it, e.g. "GeoLite2-City".
    pub database_type: String,
    /// When it was built, in seconds since the Unix epoch.
    pub built_epoch_s: u64,
}

pub(crate) struct Database {
    kind: DatabaseKind,
    reader: Reader<Cow<'static, [u8]>>,
}

type Record<'a> = LookupResult<'a, Cow<'static, [u8]>>;

impl Database {
    pub(crate) fn new(kind: DatabaseKind, bytes: Cow<'static, [u8]>) -> Result<Self, GeoError> {
        let reader = Reader::from_source(bytes).map_err(|source| GeoError::Unreadable { kind, source })?;
        Ok(Database { kind, reader })
    }

    pub(crate) fn info(&self) -> SourceInfo {
        let metadata = self.reader.metadata();
        SourceInfo {
            kind: self.kind,
            database_type: metadata.database_type.clone(),
            built_epoch_s: metadata.build_epoch,
        }
    }

    /// Adds to the place what this database knows and the place still lacks.
    pub(crate) fn fill(&self, ip: IpAddr, place: &mut Place) {
        // An IPv6 address in an IPv4-only database is an error to the reader and merely unknown to us.
        let Ok(record) = self.reader.lookup(ip) else {
            return;
        };
        if !record.has_data() {
            return;
        }
        self.fill_country_and_city(&record, place);
        if place.asn.is_none() && place.network.is_none() {
            place.asn = number(&record, &["autonomous_system_number"]).and_then(whole_u32);
            place.network = text(&record, &["autonomous_system_organization"]);
        }
        if place.hosting.is_none() {
            place.hosting = flag(&record, &["traits", "is_hosting_provider"])
                .or_else(|| flag(&record, &["is_hosting_provider"]))
                .or_else(|| place.network.as_deref().and_then(hosting::from_network_name));
        }
    }

    fn fill_country_and_city(&self, record: &Record<'_>, place: &mut Place) {
        let country = text(record, &["country", "iso_code"])
            .or_else(|| text(record, &["country_code"]))
            .and_then(|code| parse_country(&code));
        // A city of one country with the code of another would be worse than either alone.
        if place.country.is_some() && country != place.country {
            return;
        }
        place.country = country;
        if place.city.is_none() {
            place.city = text(record, &["city", "names", "en"]).or_else(|| text(record, &["city"]));
        }
        if place.lat_lon_e4.is_none() {
            place.lat_lon_e4 = coordinates(record, &["location", "latitude"], &["location", "longitude"])
                .or_else(|| coordinates(record, &["latitude"], &["longitude"]));
        }
    }
}

/// A field by its path. A missing field, a field of another type and a damaged record are all just unknown.
fn field<'a, T: Deserialize<'a>>(record: &Record<'a>, path: &[&str]) -> Option<T> {
    let mut elements = [const { PathElement::Key("") }; 3];
    let elements = elements.get_mut(..path.len())?;
    for (element, key) in elements.iter_mut().zip(path) {
        *element = PathElement::Key(key);
    }
    record.decode_path(elements).ok().flatten()
}

fn text(record: &Record<'_>, path: &[&str]) -> Option<Arc<str>> {
    let text = field::<&str>(record, path)?.trim();
    let is_told = !text.is_empty() && !matches!(text, "-" | "None" | "Unknown");
    is_told.then(|| truncated(text).into())
}

/// Cuts at a character boundary: names from databases end up in mails and pages.
fn truncated(text: &str) -> &str {
    let cut = (0..=MAX_TEXT_BYTES.min(text.len())).rev().find(|&at| text.is_char_boundary(at));
    cut.and_then(|at| text.get(..at)).unwrap_or_default()
}

fn flag(record: &Record<'_>, path: &[&str]) -> Option<bool> {
    field(record, path)
}

fn number(record: &Record<'_>, path: &[&str]) -> Option<f64> {
    field::<Number>(record, path).map(|number| number.0)
}

fn whole_u32(number: f64) -> Option<u32> {
    let in_range = number.fract() == 0.0 && (1.0..=f64::from(u32::MAX)).contains(&number);
    in_range.then_some(number as u32)
}

fn coordinates(record: &Record<'_>, lat: &[&str], lon: &[&str]) -> Option<(i32, i32)> {
    Some((degrees_e4(number(record, lat)?, 90.0)?, degrees_e4(number(record, lon)?, 180.0)?))
}

fn degrees_e4(degrees: f64, limit: f64) -> Option<i32> {
    (degrees.abs() <= limit).then(|| (degrees * 10_000.0).round() as i32)
}

/// A number however the database stores it: float, double, integer of any width, or digits in a string.
struct Number(f64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor)
    }
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Number, E> {
        Ok(Number(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Number, E> {
        Ok(Number(value as f64))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Number, E> {
        Ok(Number(value as f64))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Number, E> {
        value.trim().trim_start_matches("AS").parse().map(Number).map_err(E::custom)
    }
}
