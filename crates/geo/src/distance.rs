//! Great-circle distance that comes out the same on every machine.
//!
//! The platform's sine differs in the last bit between C libraries, and a replay must not. So the trigonometry here is
//! built from addition, multiplication, division and square root alone, which IEEE 754 fixes exactly.

use std::f64::consts::{FRAC_PI_2, PI};

/// Mean radius of the Earth (IUGG R1) in kilometres.
const EARTH_RADIUS_KM: f64 = 6371.0088;

/// Distance in whole kilometres between two points, each latitude and longitude in degrees times 10^4.
pub fn km(a: (i32, i32), b: (i32, i32)) -> u32 {
    let ((lat_a, lon_a), (lat_b, lon_b)) = (radians(a), radians(b));
    let half_lat = sin((lat_a - lat_b) / 2.0);
    let half_lon = sin((lon_a - lon_b) / 2.0);
    // The haversine formula; rounding can carry it a hair past one at the antipode.
    let haversine = half_lat * half_lat + sin(FRAC_PI_2 - lat_a) * sin(FRAC_PI_2 - lat_b) * half_lon * half_lon;
    (2.0 * EARTH_RADIUS_KM * asin(haversine.clamp(0.0, 1.0).sqrt())).round() as u32
}

/// Radians, with the latitude held to the poles and the longitude to one turn.
fn radians((lat, lon): (i32, i32)) -> (f64, f64) {
    let to_radians = |e4: i32| f64::from(e4) / 10_000.0 * PI / 180.0;
    (to_radians(lat.clamp(-900_000, 900_000)), to_radians(lon.clamp(-1_800_000, 1_800_000)))
}

/// Sine for angles in [-pi, pi], by its Taylor series around zero.
fn sin(angle: f64) -> f64 {
    let folded = if angle > FRAC_PI_2 {
        PI - angle
    } else if angle < -FRAC_PI_2 {
        -PI - angle
    } else {
        angle
    };
    let square = folded * folded;
    let (mut term, mut sum) = (folded, folded);
    for k in 1..12 {
        let k = f64::from(k);
        term *= -square / ((2.0 * k) * (2.0 * k + 1.0));
        sum += term;
    }
    sum
}

/// Arcsine for [0, 1]: the series up to one half, the half-angle identity above it.
fn asin(x: f64) -> f64 {
    if x > 0.5 {
        return FRAC_PI_2 - 2.0 * asin(((1.0 - x) / 2.0).sqrt());
    }
    let square = x * x;
    let (mut power, mut sum) = (x, x);
    for k in 1..26 {
        let k = f64::from(k);
        power *= square * (2.0 * k - 1.0) / (2.0 * k);
        sum += power / (2.0 * k + 1.0);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DENVER: (i32, i32) = (397_392, -1_049_903);
    const KHAN_YUNIS: (i32, i32) = (313_462, 343_025);

    #[test]
    fn known_distances() {
        assert_eq!(km(DENVER, DENVER), 0);
        assert_eq!(km((0, 0), (0, 10_000)), 111);
        assert_eq!(km((0, 1_799_999), (0, -1_799_999)), 0, "across the date line");
        assert_eq!(km((900_000, 0), (-900_000, 0)), 20_015, "pole to pole");
        assert_eq!(km((0, 0), (0, 1_800_000)), 20_015, "antipodes on the equator");
        assert_eq!(km((515_074, -1_278), (488_566, 23_522)), 344, "London to Paris");
        assert_eq!(km(DENVER, KHAN_YUNIS), 11_065);
    }

    proptest! {
        #[test]
        fn agrees_with_the_platforms_trigonometry(
            a in (-900_000..=900_000i32, -1_800_000..=1_800_000i32),
            b in (-900_000..=900_000i32, -1_800_000..=1_800_000i32),
        ) {
            let ((lat_a, lon_a), (lat_b, lon_b)) = (radians(a), radians(b));
            let h = ((lat_a - lat_b) / 2.0).sin().powi(2)
                + lat_a.cos() * lat_b.cos() * ((lon_a - lon_b) / 2.0).sin().powi(2);
            let expected = 2.0 * EARTH_RADIUS_KM * h.clamp(0.0, 1.0).sqrt().asin();
            prop_assert!((f64::from(km(a, b)) - expected).abs() <= 0.501);
            prop_assert_eq!(km(a, b), km(b, a));
        }
    }
}
