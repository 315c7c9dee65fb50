//! Spending as drawings: by day against what is usual, and by country. Made from sums that are kept, so that no call is
//! read for them.

use askama::Template;
use billing::{Country, Money};
use store::Usage;

use crate::access::Scope;
use crate::words::count;
use crate::zone::Zone;

/// Days drawn, today among them.
const DRAWN: u32 = 14;
/// Days before today that say what is usual.
pub(super) const USUAL_DAYS: u32 = 28;
/// Countries drawn.
const COUNTRIES: usize = 8;
/// The drawing of days, units.
const LEFT: f64 = 4.0;
const RIGHT: f64 = 356.0;
const TOP: f64 = 22.0;
const BOTTOM: f64 = 128.0;

struct Bar {
    x: String,
    y: String,
    width: String,
    height: String,
    is_today: bool,
    says: String,
}

struct Label {
    x: String,
    anchor: &'static str,
    text: String,
}

/// Spending by day.
#[derive(Template)]
#[template(path = "days.html")]
pub(super) struct Days {
    says: String,
    most: String,
    bars: Vec<Bar>,
    usual_y: String,
    labels: Vec<Label>,
}

/// What an account usually spends in a day, over the days of the last four weeks since its first call in them.
pub(super) struct Usual {
    pub(super) charge: Money,
    /// Over so many days; none where there was no call before today.
    pub(super) days: u32,
}

impl Usual {
    /// From sums by day, before today.
    pub(super) fn of(days: &[Usage], today: u32) -> Self {
        let before = days.iter().filter_map(|sum| Some((sum.of.parse::<u32>().ok()?, sum.charge)));
        let before: Vec<(u32, Money)> = before.filter(|(day, _)| *day < today).collect();
        let span = before.iter().map(|(day, _)| today - day).max().unwrap_or(0);
        let sum: i64 = before.iter().map(|(_, charge)| charge.micros()).sum();
        Self { charge: Money::from_micros(sum / i64::from(span.max(1))), days: span }
    }

    /// How long a balance lasts at this pace, in words.
    pub(super) fn lasts(&self, scope: &Scope, balance: Money) -> String {
        if !balance.is_positive() {
            return "Nothing is left for calls that cost money".to_owned();
        }
        if !self.charge.is_positive() {
            return "Nothing is usually spent, so it lasts".to_owned();
        }
        let pace = format!("at the usual {} a day", scope.money(self.charge));
        match balance.micros() / self.charge.micros() {
            ..1 => format!("Lasts less than a day {pace}"),
            1 => format!("Lasts about a day {pace}"),
            days @ 2..=730 => format!("Lasts about {days} days {pace}"),
            _ => format!("Lasts for more than two years {pace}"),
        }
    }
}

/// Draws the last days; `None` where nothing was spent in them.
pub(super) fn days(scope: &Scope, sums: &[Usage], today: u32, usual: &Usual) -> Option<Days> {
    let first = today.saturating_sub(DRAWN - 1);
    let of = |day: u32| sums.iter().find(|sum| sum.of.parse() == Ok(day));
    let most = (first..=today).filter_map(of).map(|sum| sum.charge.micros()).max()?.max(usual.charge.micros());
    if most <= 0 {
        return None;
    }
    let step = (RIGHT - LEFT) / f64::from(DRAWN);
    let y = |micros: i64| BOTTOM - (BOTTOM - TOP) * micros.max(0) as f64 / most as f64;
    let bar = |day: u32| {
        let (charge, calls) = of(day).map_or((Money::ZERO, 0), |sum| (sum.charge, sum.calls));
        let calls = count(usize::try_from(calls).unwrap_or(usize::MAX), "call");
        Bar {
            x: format!("{:.1}", LEFT + step * f64::from(day - first) + 2.0),
            y: format!("{:.1}", y(charge.micros())),
            width: format!("{:.1}", step - 4.0),
            height: format!("{:.1}", BOTTOM - y(charge.micros())),
            is_today: day == today,
            says: format!("{}: {}, {calls}", Zone::day_name(day), scope.money(charge)),
        }
    };
    let spent = of(today).map_or(Money::ZERO, |sum| sum.charge);
    Some(Days {
        says: format!(
            "Spending on the last {DRAWN} days: {} today so far, {} on a usual day, at most {}.",
            scope.money(spent),
            scope.money(usual.charge),
            scope.money(Money::from_micros(most))
        ),
        most: scope.money(Money::from_micros(most)),
        bars: (first..=today).map(bar).collect(),
        usual_y: format!("{:.1}", y(usual.charge.micros())),
        labels: vec![
            Label { x: format!("{LEFT}"), anchor: "start", text: Zone::day_name(first) },
            Label { x: format!("{RIGHT}"), anchor: "end", text: "today".to_owned() },
        ],
    })
}

/// One country's part.
pub(super) struct Part {
    pub(super) name: String,
    pub(super) charge: String,
    pub(super) calls: String,
    /// Of 100.
    pub(super) width: i64,
}

/// Where the money went: the dearest countries, and all others together.
pub(super) fn countries(scope: &Scope, sums: &[Usage]) -> Vec<Part> {
    let mut spent: Vec<&Usage> = sums.iter().filter(|sum| sum.charge.is_positive()).collect();
    spent.sort_by(|a, b| b.charge.cmp(&a.charge).then_with(|| a.of.cmp(&b.of)));
    let rest = spent.split_off(spent.len().min(COUNTRIES));
    let most = spent.first().map_or(1, |sum| sum.charge.micros()).max(1);
    let part = |name: String, charge: Money, calls: u64| Part {
        name,
        charge: scope.money(charge),
        calls: count(usize::try_from(calls).unwrap_or(usize::MAX), "call"),
        width: (charge.micros().saturating_mul(100) / most).clamp(1, 100),
    };
    let named = |sum: &&Usage| part(name(&sum.of), sum.charge, sum.calls);
    let mut parts: Vec<Part> = spent.iter().map(named).collect();
    if !rest.is_empty() {
        let charge = rest.iter().fold(Money::ZERO, |all, sum| all.saturating_add(sum.charge));
        let calls = rest.iter().map(|sum| sum.calls).sum();
        parts.push(part(count(rest.len(), "other place"), charge, calls));
    }
    parts
}

fn name(code: &str) -> String {
    match code.parse::<Country>() {
        Ok(country) => country.name().to_owned(),
        Err(_) => "no country (satellites and the like)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(day: u32, cents: i64) -> Usage {
        Usage { of: day.to_string(), calls: 1, charge: Money::from_cents(cents), ..Usage::default() }
    }

    #[test]
    fn what_is_usual_counts_from_the_first_day_with_calls() {
        let usual = Usual::of(&[sum(90, 100), sum(98, 300), sum(100, 5_000)], 100);
        assert_eq!((usual.charge, usual.days), (Money::from_cents(40), 10));
        let new = Usual::of(&[sum(100, 5_000)], 100);
        assert_eq!((new.charge, new.days), (Money::ZERO, 0));
    }
}
