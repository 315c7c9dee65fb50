//! The map of an incident: from where the calls came, to where they went. Drawn on the server, with a list in words.

use std::collections::BTreeMap;
use std::net::IpAddr;

use askama::Template;
use billing::{Country, Money};

use super::Case;
use crate::access::Scope;
use crate::words::{count, whereabouts};
use crate::world::{BORDERS, HEIGHT, LAND, Point, WIDTH};

/// Destinations drawn; the list names all.
const MAX_DRAWN: usize = 12;
/// The narrowest part of the world shown, units: a map of a village says nothing.
const MIN_WIDTH: f64 = 200.0;
/// The map's shape: width by height.
const SHAPE: f64 = 2.1;

struct Mark {
    x: String,
    y: String,
    label_x: String,
    label_y: String,
    anchor: &'static str,
    name: String,
    is_source: bool,
}

struct Way {
    source: String,
    destination: String,
    calls: String,
    charge: String,
}

/// The drawing and its list.
#[derive(Template)]
#[template(path = "incident_map.html")]
pub(super) struct WorldMap {
    view: String,
    land: &'static str,
    borders: &'static str,
    /// Curves from sources to destinations.
    curves: Vec<String>,
    marks: Vec<Mark>,
    radius: String,
    font: String,
    ways: Vec<Way>,
    says: String,
}

struct Flow {
    calls: usize,
    charge: Money,
}

/// `None` where nothing is known of any place.
pub(super) fn draw(scope: &Scope, case: &Case) -> Option<WorldMap> {
    let flows = flows(case);
    let places: BTreeMap<IpAddr, &geo::Place> =
        case.incident.origins.iter().map(|(ip, place)| (ip.to_canonical(), place)).collect();
    let source_name = |ip: &IpAddr| places.get(ip).map_or_else(|| ip.to_string(), |place| whereabouts(*ip, place));
    let ways: Vec<Way> = flows
        .iter()
        .map(|((ip, country), flow)| Way {
            source: source_name(ip),
            destination: country.name().to_owned(),
            calls: count(flow.calls, "call"),
            charge: scope.money(flow.charge),
        })
        .collect();
    let mut sources: Vec<(Point, String)> = Vec::new();
    let mut destinations: Vec<(Point, String)> = Vec::new();
    let mut pairs = Vec::new();
    for (ip, country) in flows.keys().take(MAX_DRAWN) {
        let from =
            places.get(ip).and_then(|place| Point::of_place(place).map(|point| (point, whereabouts(*ip, place))));
        let to = Point::of_country(*country).map(|point| (point, country.name().to_owned()));
        if let (Some(from), Some(to)) = (&from, &to) {
            pairs.push((from.0, to.0));
        }
        sources.extend(from.filter(|one| !sources.contains(one)));
        destinations.extend(to.filter(|one| !destinations.contains(one)));
    }
    if sources.is_empty() && destinations.is_empty() {
        return None;
    }
    let all: Vec<Point> = sources.iter().chain(&destinations).map(|(point, _)| *point).collect();
    let (left, top, width) = window(&all);
    let says: Vec<String> =
        ways.iter().map(|way| format!("{} to {}, {}", way.source, way.destination, way.calls)).collect();
    Some(WorldMap {
        view: format!("{left:.1} {top:.1} {width:.1} {:.1}", width / SHAPE),
        land: LAND.trim_end(),
        borders: BORDERS.trim_end(),
        curves: pairs.iter().map(|(from, to)| curve(*from, *to)).collect(),
        marks: marks(&sources, &destinations, (left, width)),
        radius: format!("{:.2}", width / 110.0),
        font: format!("{:.2}", width / 34.0),
        says: format!("Map: calls from {}.", says.join("; from ")),
        ways,
    })
}

/// Calls and money by source and country called.
fn flows(case: &Case) -> BTreeMap<(IpAddr, Country), Flow> {
    let mut flows = BTreeMap::new();
    for cdr in &case.cdrs {
        let Some(country) = cdr.number.country else { continue };
        let flow = flows.entry((cdr.from.ip.to_canonical(), country)).or_insert(Flow { calls: 0, charge: Money::ZERO });
        flow.calls += 1;
        flow.charge = flow.charge.saturating_add(cdr.money.charge);
    }
    flows
}

/// The part of the map that holds all points with room around them: left, top, width.
fn window(points: &[Point]) -> (f64, f64, f64) {
    let least = |of: fn(&Point) -> f64| points.iter().map(of).fold(f64::INFINITY, f64::min);
    let most = |of: fn(&Point) -> f64| points.iter().map(of).fold(f64::NEG_INFINITY, f64::max);
    let (x0, x1, y0, y1) = (least(|p| p.x), most(|p| p.x), least(|p| p.y), most(|p| p.y));
    let width = ((x1 - x0) * 1.5).max((y1 - y0) * 1.6 * SHAPE).clamp(MIN_WIDTH, HEIGHT * SHAPE);
    let height = width / SHAPE;
    let place = |middle: f64, size: f64, whole: f64| (middle - size / 2.0).min(whole - size).max(0.0);
    (place(f64::midpoint(x0, x1), width, WIDTH), place(f64::midpoint(y0, y1), height, HEIGHT), width)
}

/// An arc that bends to the north.
fn curve(from: Point, to: Point) -> String {
    let (dx, dy) = (to.x - from.x, to.y - from.y);
    let bend = 0.22 * dx.hypot(dy);
    let (x, y) = (f64::midpoint(from.x, to.x), f64::midpoint(from.y, to.y) - bend);
    format!("M{:.1} {:.1}Q{x:.1} {y:.1} {:.1} {:.1}", from.x, from.y, to.x, to.y)
}

/// Marks with labels that keep out of one another's way.
fn marks(sources: &[(Point, String)], destinations: &[(Point, String)], (left, width): (f64, f64)) -> Vec<Mark> {
    let (gap, line) = (width / 70.0, width / 30.0);
    let mut taken: Vec<(f64, bool)> = Vec::new();
    let all = sources.iter().map(|one| (one, true)).chain(destinations.iter().map(|one| (one, false)));
    let mark = |((point, name), is_source): (&(Point, String), bool)| {
        let is_left = point.x > left + width * 0.6;
        let mut y = point.y + line / 3.0;
        while let Some((other, _)) = taken.iter().find(|(other, side)| *side == is_left && (other - y).abs() < line) {
            y = other + line * 1.01;
        }
        taken.push((y, is_left));
        Mark {
            x: format!("{:.1}", point.x),
            y: format!("{:.1}", point.y),
            label_x: format!("{:.1}", if is_left { point.x - gap } else { point.x + gap }),
            label_y: format!("{y:.1}"),
            anchor: if is_left { "end" } else { "start" },
            name: name.clone(),
            is_source,
        }
    };
    all.map(mark).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_holds_all_points_and_stays_on_the_map() {
        for points in [
            vec![Point::of(31.3, 34.3), Point::of(41.1, 20.0)],
            vec![Point::of(-41.0, 174.0), Point::of(65.0, -150.0)],
            vec![Point::of(-50.0, -179.0)],
        ] {
            let (left, top, width) = window(&points);
            assert!(left >= 0.0 && top >= 0.0 && left + width <= WIDTH + 0.01 && top + width / SHAPE <= HEIGHT + 0.01);
            for point in points {
                assert!((left..=left + width).contains(&point.x) && (top..=top + width / SHAPE).contains(&point.y));
            }
        }
    }
}
