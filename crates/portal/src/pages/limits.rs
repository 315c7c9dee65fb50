//! What the owner allows whatever the guard thinks, as a form: of the account, and of one line.

mod map;

use std::collections::BTreeSet;

use account::{Change, Hours, Limits, Line, Settings};
use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use billing::{Country, Money};

use super::line::find;
use crate::access::Scope;
use crate::forms::Signed;
use crate::frame::{Frame, Tab, page};
use crate::problem::Problem;
use crate::words::{line_in_full, sentence};

/// A country to choose.
struct Choice {
    code: String,
    name: &'static str,
    chosen: bool,
}

/// What the fields hold: texts as people type them, empty for no limit.
struct Fields {
    international: bool,
    /// Only the chosen countries, not all but them.
    only: bool,
    max_rate: String,
    max_calls: String,
    minutes_a_day: String,
    money_a_day: String,
    hours: String,
    /// The exposure ceiling; of an account alone.
    ceiling: Option<String>,
}

#[derive(Template)]
#[template(path = "limits.html")]
struct LimitsPage {
    f: Frame,
    lead: String,
    currency: String,
    fields: Fields,
    /// Those that are chosen, in words.
    chosen: String,
    countries: Vec<Choice>,
    map: map::Allowed,
    action: String,
    back: String,
    back_name: String,
    may_change: bool,
}

/// The account's limits.
pub(crate) async fn show_account(scope: Scope) -> Result<Response, Problem> {
    let settings = &scope.account.settings;
    let calls = Some(settings.max_calls);
    let ceiling = Some(settings.exposure_ceiling.to_string());
    let fields = fields(&settings.limits, settings.international, calls, ceiling);
    let lead = "These hold for all lines of the account together, whatever the guard thinks. Emergency calls and calls \
                among your own phones are free of them.";
    let ways = (scope.path("/limits"), scope.path("/lines"), "Lines".to_owned());
    show(&scope, "Limits of the account", lead, (fields, &settings.limits), ways)
}

/// A line's limits.
pub(crate) async fn show_line(scope: Scope, Path((_, line)): Path<(String, String)>) -> Result<Response, Problem> {
    let line = find(&scope, &line).await?.line;
    let fields = fields(&line.limits, line.international, line.max_calls, None);
    let lead = "These hold for this line, beside those of the account. Emergency calls and calls among your own phones are \
                free of them.";
    let here = scope.path(&format!("/lines/{}", line.id));
    let title = format!("Limits of {}", line_in_full(&line));
    show(&scope, &title, lead, (fields, &line.limits), (format!("{here}/limits"), here, line_in_full(&line)))
}

fn fields(limits: &Limits, international: bool, max_calls: Option<u32>, ceiling: Option<String>) -> Fields {
    let text = |value: Option<String>| value.unwrap_or_default();
    Fields {
        international,
        only: !limits.allowed.is_empty(),
        max_rate: text(limits.max_rate.map(|rate| rate.to_string())),
        max_calls: text(max_calls.map(|most| most.to_string())),
        minutes_a_day: text(limits.minutes_a_day.map(|minutes| minutes.to_string())),
        money_a_day: text(limits.money_a_day.map(|money| money.to_string())),
        hours: text(limits.hours.as_ref().map(ToString::to_string)),
        ceiling,
    }
}

/// The chosen countries in words.
fn chosen(limits: &Limits) -> String {
    let all: Vec<&str> =
        countries(limits).iter().filter(|country| country.chosen).map(|country| country.name).collect();
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}

/// Countries in order of their names, the chosen ones first.
fn countries(limits: &Limits) -> Vec<Choice> {
    let chosen: BTreeSet<Country> = if limits.allowed.is_empty() {
        limits.denied.clone()
    } else {
        limits.allowed.difference(&limits.denied).copied().collect()
    };
    let all = Country::all().filter(|country| country.calling_code().is_some());
    let mut all: Vec<(bool, &'static str, Country)> =
        all.map(|country| (!chosen.contains(&country), country.name(), country)).collect();
    all.sort_unstable();
    all.into_iter()
        .map(|(other, name, country)| Choice { code: country.code().to_owned(), name, chosen: !other })
        .collect()
}

fn show(
    scope: &Scope,
    title: &str,
    lead: &str,
    (fields, limits): (Fields, &Limits),
    (action, back, back_name): (String, String, String),
) -> Result<Response, Problem> {
    page(&LimitsPage {
        f: Frame::of_account(scope, Tab::Lines, title),
        lead: lead.to_owned(),
        currency: scope.account.settings.currency.to_string(),
        chosen: chosen(limits),
        countries: countries(limits),
        map: map::draw(limits, fields.international, scope.account.settings.country),
        fields,
        action,
        back,
        back_name,
        may_change: scope.visitor.is_allowed_to_change(),
    })
}

/// A form's fields as they were sent; a country once for each.
type Sent = Vec<(String, String)>;

fn one<'a>(sent: &'a Sent, name: &str) -> &'a str {
    sent.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value.trim())
}

/// A number or an amount, if one was typed.
fn read<T: std::str::FromStr>(sent: &Sent, name: &str, words: &str) -> Result<Option<T>, Problem> {
    match one(sent, name) {
        "" => Ok(None),
        text => {
            let wrong = |_| Problem::Typed(format!("{words}: `{text}` cannot be read; leave it empty for no limit"));
            text.parse().map(Some).map_err(wrong)
        }
    }
}

fn amount(sent: &Sent, name: &str, words: &str) -> Result<Option<Money>, Problem> {
    match read::<Money>(sent, name, words)? {
        Some(amount) if amount.is_negative() => Err(Problem::Typed(format!("{words} must not be below zero"))),
        amount => Ok(amount),
    }
}

/// What was wanted of countries, prices and times.
fn wanted(sent: &Sent) -> Result<Limits, Problem> {
    let chosen = sent.iter().filter(|(field, _)| field == "country").map(|(_, code)| code.parse::<Country>());
    let chosen: BTreeSet<Country> =
        chosen.collect::<Result<_, _>>().map_err(|error| Problem::Typed(sentence(&error.to_string())))?;
    let only = one(sent, "countries") == "only";
    if only && chosen.is_empty() {
        return Err(Problem::Typed("choose the countries that may be called, or allow all but the chosen ones".into()));
    }
    let (allowed, denied) = if only { (chosen, BTreeSet::new()) } else { (BTreeSet::new(), chosen) };
    let hours = match one(sent, "hours") {
        "" => None,
        text => Some(text.parse::<Hours>().map_err(|error| Problem::Typed(error.to_string()))?),
    };
    Ok(Limits {
        allowed,
        denied,
        max_rate: amount(sent, "max_rate", "the dearest call")?,
        minutes_a_day: read(sent, "minutes_a_day", "minutes a day")?,
        money_a_day: amount(sent, "money_a_day", "money a day")?,
        hours,
    })
}

/// Sets the account's limits.
pub(crate) async fn set_account(scope: Scope, Signed(sent): Signed<Sent>) -> Result<Response, Problem> {
    let done = match settings(&scope, &sent) {
        Ok(settings) => scope.change(Change::Settings(settings)).await,
        Err(problem) => Err(problem),
    };
    scope.visitor.then(done, &scope.page("/limits"))
}

fn settings(scope: &Scope, sent: &Sent) -> Result<Settings, Problem> {
    let old = &scope.account.settings;
    let max_calls = read(sent, "max_calls", "calls at once")?.unwrap_or(old.max_calls);
    if max_calls > old.max_calls && !scope.visitor.is_admin() {
        return Err(Problem::Typed("only whoever runs this node can allow the account more calls at once".into()));
    }
    Ok(Settings {
        international: one(sent, "international") == "on",
        limits: wanted(sent)?,
        exposure_ceiling: amount(sent, "ceiling", "the exposure ceiling")?.unwrap_or(old.exposure_ceiling),
        max_calls,
        ..old.clone()
    })
}

/// Sets a line's limits.
pub(crate) async fn set_line(
    scope: Scope,
    Path((_, line)): Path<(String, String)>,
    Signed(sent): Signed<Sent>,
) -> Result<Response, Problem> {
    let line = find(&scope, &line).await?.line;
    let back = scope.page(&format!("/lines/{}/limits", line.id));
    let put = || -> Result<Line, Problem> {
        Ok(Line {
            international: one(&sent, "international") == "on",
            limits: wanted(&sent)?,
            max_calls: read(&sent, "max_calls", "calls at once")?,
            // Without digests: the machine keeps those it has.
            secrets: None,
            ..line
        })
    };
    let done = match put() {
        Ok(line) => scope.change(Change::PutLine(line)).await,
        Err(problem) => Err(problem),
    };
    scope.visitor.then(done, &back)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(fields: &[(&str, &str)]) -> Sent {
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_form_is_read_as_limits() {
        let all = sent(&[
            ("countries", "only"),
            ("country", "GB"),
            ("country", "DE"),
            ("max_rate", " 0.50 "),
            ("minutes_a_day", "120"),
            ("money_a_day", ""),
            ("hours", "Mon-Fri 08:00-18:00"),
        ]);
        let limits = wanted(&all).unwrap();
        let words = limits.in_words(&billing::Currency::USD).join("; ");
        assert_eq!(
            words,
            "abroad only Germany, United Kingdom; at most $0.50 a minute; at most 120 minutes a day; only Mon-Fri 08:00-18:00"
        );
        assert_eq!(wanted(&sent(&[])).unwrap(), Limits::default());
        let but = wanted(&sent(&[("countries", "but"), ("country", "CU")])).unwrap();
        assert!(but.allowed.is_empty() && but.denied.len() == 1);
        for wrong in [
            ("max_rate", "cheap"),
            ("money_a_day", "-1"),
            ("hours", "always"),
            ("country", "Mars"),
            ("countries", "only"),
        ] {
            assert!(matches!(wanted(&sent(&[wrong])), Err(Problem::Typed(_))), "{wrong:?}");
        }
    }
}
