//! Look-ups in both layouts, in the shipped database, and in damaged ones.

use std::borrow::Cow;

use proptest::prelude::*;

use super::*;
use crate::fixture::{Value, database, map};

fn located(places: &Places, ip: &str) -> Place {
    places.locate(ip.parse().unwrap())
}

fn text(text: &'static str) -> Value {
    Value::Text(text)
}

/// GeoLite2-City.
fn nested_city() -> Vec<u8> {
    let khan_yunis = map([
        ("city", map([("geoname_id", Value::Whole(282_457)), ("names", map([("en", text("Khan Yunis"))]))])),
        ("country", map([("iso_code", text("PS")), ("names", map([("en", text("Palestine"))]))])),
        ("location", map([("latitude", Value::Double(31.3462)), ("longitude", Value::Double(34.3025))])),
    ]);
    let somewhere_in_france = map([("country", map([("iso_code", text("FR"))]))]);
    database(vec![("198.51.100.0/24", khan_yunis), ("2001:db8:f::/48", somewhere_in_france)])
}

/// GeoLite2-ASN and dbip-asn are alike.
fn asn() -> Vec<u8> {
    let network = |number, name| {
        map([("autonomous_system_number", Value::Whole(number)), ("autonomous_system_organization", text(name))])
    };
    database(vec![("198.51.100.0/25", network(12_975, "PalTel")), ("203.0.113.0/24", network(64_500, "Bulk VPS BV"))])
}

/// dbip-city from ip-location-db.
fn flat_city() -> Vec<u8> {
    let denver = map([
        ("city", text("Denver")),
        ("country_code", text("US")),
        ("latitude", Value::Float(39.7392)),
        ("longitude", Value::Float(-104.9903)),
        ("postcode", text("")),
        ("state1", text("Colorado")),
    ]);
    let nowhere = map([("city", text("")), ("country_code", text("ZZ")), ("latitude", text("north"))]);
    database(vec![("192.0.2.0/24", denver), ("2001:db8::/48", nowhere)])
}

fn places(city: Vec<u8>) -> Places {
    let sources = PlaceSources { city: Some(city.into()), asn: Some(asn().into()), ..PlaceSources::default() };
    Places::new(sources).unwrap()
}

#[test]
fn the_nested_layout_is_read() {
    let places = places(nested_city());
    let place = located(&places, "198.51.100.7");
    assert_eq!(place.describe(), "Khan Yunis, Palestine (AS12975 PalTel)");
    assert_eq!(place.lat_lon_e4, Some((313_462, 343_025)));
    assert_eq!(place.hosting, None);
    assert_eq!(located(&places, "::ffff:198.51.100.7"), place, "IPv4-mapped");
    assert_eq!(located(&places, "198.51.100.200").describe(), "Khan Yunis, Palestine");
    assert_eq!(located(&places, "2001:db8:f::1").describe(), "France");
    assert_eq!(located(&places, "203.0.113.1").describe(), "AS64500 Bulk VPS BV");
    assert_eq!(located(&places, "203.0.113.1").hosting, Some(true));
    assert!(located(&places, "8.8.8.8").is_unknown());
}

#[test]
fn the_flat_layout_is_read() {
    let places = places(flat_city());
    let place = located(&places, "192.0.2.7");
    assert_eq!((place.describe().as_str(), place.lat_lon_e4), ("Denver, United States", Some((397_392, -1_049_903))));
    assert!(located(&places, "2001:db8::1").is_unknown(), "empty, no country, not a number");
}

#[test]
fn a_provider_flag_tells_hosting_too() {
    let record = |flag| map([("traits", map([("is_hosting_provider", Value::Flag(flag))]))]);
    let places = places(database(vec![("192.0.2.0/25", record(true)), ("192.0.2.128/25", record(false))]));
    assert_eq!(located(&places, "192.0.2.1").hosting, Some(true));
    assert_eq!(located(&places, "192.0.2.129").hosting, Some(false));
}

#[test]
fn databases_fill_what_others_leave_open() {
    let country = |code| map([("country_code", text(code))]);
    let countries = database(vec![("198.51.100.0/24", country("IL")), ("203.0.113.0/24", country("NL"))]);
    let sources = PlaceSources {
        city: Some(nested_city().into()),
        asn: Some(asn().into()),
        country: Some(countries.into()),
        named: vec![NamedNetwork::new("Head office", "198.51.100.128/25".parse().unwrap())],
    };
    let places = Places::new(sources).unwrap();
    assert_eq!(located(&places, "198.51.100.7").country_str(), Some("PS"), "the city database comes first");
    assert_eq!(located(&places, "203.0.113.7").describe(), "Netherlands (AS64500 Bulk VPS BV)");
    let office = located(&places, "198.51.100.200");
    assert_eq!(office.describe(), "Head office (198.51.100.128/25)");
    assert_eq!(office.city.as_deref(), Some("Khan Yunis"));
    let kinds: Vec<_> = places.sources().into_iter().map(|info| info.kind).collect();
    assert_eq!(kinds, [DatabaseKind::City, DatabaseKind::Asn, DatabaseKind::Country]);
}

#[test]
fn without_databases_only_the_range_is_known() {
    let places = Places::default();
    assert_eq!(located(&places, "127.0.0.2").describe(), "this machine (loopback)");
    assert_eq!(located(&places, "::ffff:10.0.0.1").describe(), "private network");
    assert_eq!(located(&places, "100.64.0.1").describe(), "shared carrier network (CGNAT)");
    assert_eq!(located(&places, "198.51.100.7").describe(), "unknown place");
    assert_eq!(located(&places, "127.0.0.2").country, None);
}

#[test]
fn a_private_range_may_have_a_name() {
    let named = vec![NamedNetwork::new("Head office", "10.0.0.0/8".parse().unwrap())];
    let places = Places::new(PlaceSources { named, ..PlaceSources::shipped() }).unwrap();
    assert_eq!(located(&places, "10.1.2.3").describe(), "Head office (10.0.0.0/8)");
}

#[test]
fn the_shipped_database_knows_countries() {
    let places = Places::new(PlaceSources::shipped()).unwrap();
    let info = places.sources().remove(0);
    assert!(info.built_epoch_s > 1_780_000_000, "built in June 2026: {info:?}");
    for (ip, country) in [
        ("8.8.8.8", Some("US")),
        ("212.58.244.22", Some("GB")),
        ("193.0.6.139", Some("NL")),
        ("2001:67c:2e8:22::c100:68b", Some("NL")),
        ("127.0.0.1", None),
        ("192.168.1.1", None),
        ("198.51.100.1", None),
        ("::1", None),
    ] {
        assert_eq!(located(&places, ip).country_str(), country, "{ip}");
    }
    assert_eq!(located(&places, "192.168.1.1").describe(), "private network");
}

#[test]
fn what_is_no_database_is_refused() {
    let sources = PlaceSources { asn: Some(Cow::Borrowed(b"not a database")), ..PlaceSources::default() };
    let error = Places::new(sources).unwrap_err();
    assert_eq!(error.to_string(), "the network (ASN) database cannot be read as a MaxMind database (.mmdb)");
}

proptest! {
    #[test]
    fn damage_never_panics(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        cut in any::<prop::sample::Index>(),
        ips in prop::collection::vec(any::<std::net::IpAddr>(), 4),
    ) {
        let mut bytes = nested_city();
        for (at, byte) in &damage {
            *at.get_mut(&mut bytes) = *byte;
        }
        let truncated = bytes[..cut.index(bytes.len())].to_vec();
        for bytes in [bytes, truncated] {
            let sources = PlaceSources { city: Some(bytes.into()), ..PlaceSources::default() };
            let Ok(places) = Places::new(sources) else { continue };
            for ip in ips.iter().copied().chain(["198.51.100.7".parse().unwrap(), "2001:db8:f::1".parse().unwrap()]) {
                let place = places.locate(ip);
                prop_assert!(place.city.is_none_or(|city| city.len() <= 128));
            }
        }
    }
}
