//! The calls that are asked for as drawings: by hour of the day, and by country.

use std::collections::BTreeMap;

use askama::Template;
use billing::Country;

use crate::access::Scope;
use crate::words::count;

/// Countries drawn; the others are added up.
const COUNTRIES: usize = 8;
/// The drawing of hours, units.
const STEP: usize = 15;
const BOTTOM: usize = 110;
const TALLEST: usize = 90;

struct Bar {
    x: usize,
    y: usize,
    height: usize,
    says: String,
}

/// One country's part.
pub(super) struct Part {
    pub(super) name: String,
    pub(super) calls: String,
    /// Of 100.
    pub(super) width: usize,
}

/// Calls by hour of the day.
#[derive(Template)]
#[template(path = "hours.html")]
pub(super) struct Hours {
    says: String,
    most: String,
    bars: Vec<Bar>,
}

/// Draws hours; `None` where there are no calls.
pub(super) fn hours(scope: &Scope, calls: &[(u64, Option<Country>)]) -> Option<Hours> {
    let mut by_hour = [0_usize; 24];
    for (start_ms, _) in calls {
        if let Some(calls) = by_hour.get_mut(scope.zone.hour(*start_ms)) {
            *calls += 1;
        }
    }
    let most = by_hour.iter().copied().max().filter(|most| *most > 0)?;
    let busiest = by_hour.iter().position(|calls| *calls == most).unwrap_or(0);
    let bar = |(hour, calls): (usize, usize)| {
        let height = (calls * TALLEST).div_ceil(most);
        let says = format!("{hour}:00 to {}:00: {}", hour + 1, count(calls, "call"));
        Bar { x: hour * STEP + 1, y: BOTTOM - height, height, says }
    };
    Some(Hours {
        says: format!("Calls by hour of the day: most of them, {most}, between {busiest}:00 and {}:00.", busiest + 1),
        most: count(most, "call"),
        bars: by_hour.into_iter().enumerate().map(bar).collect(),
    })
}

/// Where the calls went, most of them first.
pub(super) fn countries(calls: &[(u64, Option<Country>)]) -> Vec<Part> {
    let mut by_country: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, country) in calls {
        *by_country.entry(country.map_or("no country", Country::name)).or_default() += 1;
    }
    let mut sums: Vec<(&str, usize)> = by_country.into_iter().collect();
    sums.sort_by_key(|(name, calls)| (std::cmp::Reverse(*calls), *name));
    let rest = sums.split_off(sums.len().min(COUNTRIES));
    let most = sums.first().map_or(1, |(_, calls)| *calls);
    let part = |name: String, calls: usize| Part {
        name,
        calls: count(calls, "call"),
        width: (calls * 100 / most).clamp(1, 100),
    };
    let mut parts: Vec<Part> = sums.into_iter().map(|(name, calls)| part(name.to_owned(), calls)).collect();
    if !rest.is_empty() {
        parts.push(part(count(rest.len(), "other place"), rest.iter().map(|(_, calls)| calls).sum()));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_are_named_and_the_rest_is_added_up() {
        let codes = ["AL", "AL", "US", "GB", "DE", "FR", "IT", "ES", "PT", "CH", "AT"];
        let mut calls: Vec<_> = codes.iter().map(|code| (1, code.parse().ok())).collect();
        calls.push((1, None));
        let parts = countries(&calls);
        assert_eq!((parts[0].name.as_str(), parts[0].calls.as_str(), parts[0].width), ("Albania", "2 calls", 100));
        assert_eq!((parts.len(), parts[8].name.as_str()), (9, "3 other places"));
        assert!(countries(&[]).is_empty());
    }
}
