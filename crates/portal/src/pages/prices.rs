//! What calls cost: the account's deck with its mark-up, looked up by number, digits or destination.

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use billing::{Money, Rate};
use serde::Deserialize;

use crate::access::Scope;
use crate::frame::{Frame, Tab, page};
use crate::problem::Problem;
use crate::state::now_ms;

/// Prices listed.
const MAX_LISTED: u32 = 100;

struct Row {
    prefix: String,
    destination: String,
    per_minute: String,
    connect: String,
    steps: String,
}

#[derive(Template)]
#[template(path = "prices.html")]
struct PricesPage {
    f: Frame,
    wanted: String,
    rows: Vec<Row>,
    is_all: bool,
    here: String,
    money: String,
    /// Whether there is a deck at all.
    has_deck: bool,
}

/// What is asked for.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    q: String,
}

/// The page.
pub(crate) async fn show(scope: Scope, Query(Wanted { q }): Query<Wanted>) -> Result<Response, Problem> {
    let (deck, asked) = (scope.account.settings.deck.clone(), q.clone());
    let found = scope.visitor.state.read(move |reader| {
        let has_deck = reader.decks()?.iter().any(|row| row.id == deck);
        // One more than is shown tells whether there are others.
        Ok((has_deck, reader.find_rates(&deck, now_ms(), &asked, "", MAX_LISTED + 1)?))
    });
    let (has_deck, mut rates) = found.await?;
    let is_all = rates.len() <= MAX_LISTED as usize;
    rates.truncate(MAX_LISTED as usize);
    page(&PricesPage {
        f: Frame::of_account(&scope, Tab::Money, "What calls cost"),
        is_all,
        rows: rates.iter().map(|rate| row(&scope, rate)).collect(),
        wanted: q,
        here: scope.path("/prices"),
        money: scope.path("/money"),
        has_deck,
    })
}

fn row(scope: &Scope, rate: &Rate) -> Row {
    let markup_bp = scope.account.settings.terms.markup_bp;
    let rate = if markup_bp == 0 { rate.clone() } else { rate.marked_up(markup_bp) };
    Row {
        prefix: format!("+{}", rate.prefix.as_digits().as_str()),
        destination: rate.destination.to_string(),
        per_minute: rate.per_minute.format_exact(&scope.account.settings.currency),
        connect: if rate.connect_fee == Money::ZERO { "none".to_owned() } else { scope.money(rate.connect_fee) },
        steps: steps(&rate),
    }
}

/// How the length of a call is billed, in words.
pub(super) fn steps(rate: &Rate) -> String {
    let mut steps = match (rate.minimum_s, rate.increment_s) {
        (0 | 1, 1) => "by the second".to_owned(),
        (0 | 1, step) => format!("in steps of {step} s"),
        (least, 1) => format!("at least {least} s, then by the second"),
        (least, step) => format!("at least {least} s, then in steps of {step} s"),
    };
    if rate.free_s > 0 {
        steps.push_str(&format!("; the first {} s are free", rate.free_s));
    }
    steps
}
