//! The world as a map: its outline, a point in each country, and where on the map a place lies.

use billing::Country;

/// Land, as an SVG path in the map's units.
pub(crate) const LAND: &str = include_str!("../static/world/land.txt");
/// Borders between countries.
pub(crate) const BORDERS: &str = include_str!("../static/world/borders.txt");
/// A point in each country: code, latitude, longitude.
const CENTRES: &str = include_str!("../static/world/centres.txt");

/// The map's width, units.
pub(crate) const WIDTH: f64 = 720.0;
/// The map's height, units: from 84 degrees north to 56 south.
pub(crate) const HEIGHT: f64 = 322.0;

/// A point of the map, units from its upper left corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

impl Point {
    /// Where degrees of latitude and longitude lie (an equirectangular projection).
    pub(crate) fn of(latitude: f64, longitude: f64) -> Self {
        let (x, y) = (2.0 * (longitude + 180.0), 2.3 * (84.0 - latitude));
        Self { x: x.clamp(0.0, WIDTH), y: y.clamp(0.0, HEIGHT) }
    }

    /// Where a country lies.
    pub(crate) fn of_country(country: Country) -> Option<Self> {
        CENTRES.lines().find_map(|line| {
            let mut words = line.split(' ');
            (words.next()? == country.code()).then_some(())?;
            Some(Self::of(words.next()?.parse().ok()?, words.next()?.parse().ok()?))
        })
    }

    /// Where a place lies: by its coordinates, or in the middle of its country.
    pub(crate) fn of_place(place: &geo::Place) -> Option<Self> {
        match place.lat_lon_e4 {
            Some((latitude, longitude)) => Some(Self::of(f64::from(latitude) / 1e4, f64::from(longitude) / 1e4)),
            None => Self::of_country(place.country_str()?.parse().ok()?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_country_is_on_the_map() {
        for country in Country::all() {
            assert!(Point::of_country(country).is_some(), "{}", country.name());
        }
        assert_eq!(CENTRES.lines().count(), Country::all().len());
    }

    #[test]
    fn places_lie_where_they_are_said_to() {
        let denver = geo::Place { lat_lon_e4: Some((397_392, -1_049_903)), ..geo::Place::default() };
        let point = Point::of_place(&denver).unwrap();
        assert!((point.x - 150.02).abs() < 0.1 && (point.y - 101.8).abs() < 0.1, "{point:?}");
        let somewhere = geo::Place { country: Some(*b"AL"), ..geo::Place::default() };
        assert!(Point::of_place(&somewhere).is_some_and(|point| point.x > 390.0 && point.x < 410.0));
        assert_eq!(Point::of_place(&geo::Place::default()), None);
    }

    #[test]
    fn the_outline_is_small() {
        assert!(LAND.len() + BORDERS.len() < 40_000);
    }
}
