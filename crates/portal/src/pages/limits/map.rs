//! Which countries may be called, on a map: a point for each.

use account::Limits;
use askama::Template;
use billing::Country;

use crate::words::count;
use crate::world::{BORDERS, HEIGHT, LAND, Point, WIDTH};

struct Mark {
    x: String,
    y: String,
    name: &'static str,
    is_allowed: bool,
}

/// The drawing.
#[derive(Template)]
#[template(path = "limits_map.html")]
pub(super) struct Allowed {
    width: f64,
    height: f64,
    land: &'static str,
    borders: &'static str,
    marks: Vec<Mark>,
    says: String,
}

/// Draws it, for an account or line at home in a country.
pub(super) fn draw(limits: &Limits, international: bool, home: Country) -> Allowed {
    let is_allowed = |country: Country| {
        let is_home = country == home;
        let chosen = limits.allowed.is_empty() || limits.allowed.contains(&country);
        is_home || international && chosen && !limits.denied.contains(&country)
    };
    let marks: Vec<Mark> = Country::all()
        .filter(|country| country.calling_code().is_some())
        .filter_map(|country| {
            let Point { x, y } = Point::of_country(country)?;
            let (x, y) = (format!("{x:.1}"), format!("{y:.1}"));
            Some(Mark { x, y, name: country.name(), is_allowed: is_allowed(country) })
        })
        .collect();
    let many = marks.iter().filter(|mark| mark.is_allowed).count();
    let says = match marks.len() - many {
        0 => "All countries may be called.".to_owned(),
        refused if many < refused => {
            let names: Vec<&str> = marks.iter().filter(|mark| mark.is_allowed).map(|mark| mark.name).take(12).collect();
            format!(
                "{} may be called: {}{}.",
                counted(many),
                names.join(", "),
                if many > 12 { " and others" } else { "" }
            )
        }
        refused => {
            let names: Vec<&str> =
                marks.iter().filter(|mark| !mark.is_allowed).map(|mark| mark.name).take(12).collect();
            let others = if refused > 12 { " and others" } else { "" };
            format!("All but {} may be called; not {}{others}.", counted(refused), names.join(", "))
        }
    };
    Allowed { width: WIDTH, height: HEIGHT, land: LAND, borders: BORDERS, marks, says }
}

fn counted(many: usize) -> String {
    if many == 1 { "1 country".to_owned() } else { count(many, "countrie") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(allowed: &[&str], denied: &[&str]) -> Limits {
        let set = |codes: &[&str]| codes.iter().map(|code| code.parse().unwrap()).collect();
        Limits { allowed: set(allowed), denied: set(denied), ..Limits::default() }
    }

    #[test]
    fn the_map_says_in_words_what_it_shows() {
        for (allowed, denied, international, says) in [
            (&[][..], &[][..], true, "All countries may be called."),
            (&[], &[], false, "1 country may be called: United States."),
            (&["GB"], &[], true, "2 countries may be called: "),
            (&[], &["CU"], true, "All but 1 country may be called; not Cuba."),
        ] {
            let drawn = draw(&limits(allowed, denied), international, Country::US);
            assert!(drawn.says.starts_with(says), "{}", drawn.says);
        }
    }
}
