//! Decks and mark-up, for administrators: which there are, who uses them, imported from CSV, removed.

mod upload;

use askama::Template;
use axum::extract::{Path, Query};
use axum::response::Response;
use billing::{DeckId, Money, Rate};
use node::{Command, NodeChange};
use serde::Deserialize;
use store::{AccountRow, DeckRow};

use super::prices::steps;
use crate::access::{Admin, Scope};
use crate::forms::{Button, Signed};
use crate::frame::{Frame, Tab, page};
use crate::problem::Problem;
use crate::state::now_ms;
use crate::words::count;
use crate::zone::Zone;

pub(crate) use upload::{MAX_TABLE_BYTES, put};

const PAGE: &str = "/decks";
/// Prices listed.
const MAX_LISTED: u32 = 100;

struct Row {
    href: String,
    id: String,
    versions: Vec<String>,
    users: String,
}

struct Account {
    href: String,
    id: String,
    name: String,
    deck: String,
    markup: String,
}

#[derive(Template)]
#[template(path = "decks.html")]
struct DecksPage {
    f: Frame,
    rows: Vec<Row>,
    accounts: Vec<Account>,
    here: String,
}

struct Price {
    prefix: String,
    destination: String,
    per_minute: String,
    connect: String,
    steps: String,
}

#[derive(Template)]
#[template(path = "deck.html")]
struct DeckPage {
    f: Frame,
    all: String,
    here: String,
    versions: Vec<String>,
    users: Vec<(String, String)>,
    wanted: String,
    rows: Vec<Price>,
    is_all: bool,
}

/// "300 prices since the beginning, imported 3 Mar 2026 09:00".
fn version(row: &DeckRow, zone: &Zone) -> String {
    let from = if row.from_ms == 0 { "the beginning".to_owned() } else { zone.short(row.from_ms) };
    format!("{} from {from} on, imported {}", count(row.rates as usize, "price"), zone.short(row.changed_ms))
}

/// Accounts and carriers that a deck is for: where each is found, and its name.
fn users(admin: &Admin, deck: &DeckId, accounts: &[AccountRow], carriers: &[edge::Carrier]) -> Vec<(String, String)> {
    let accounts = accounts.iter().filter(|row| row.settings.deck == *deck);
    let accounts = accounts.map(|row| (admin.path(&format!("/accounts/{}", row.id)), row.settings.name.clone()));
    let carriers = carriers.iter().filter(|carrier| carrier.cost_deck.as_ref() == Some(deck));
    let carriers = carriers.map(|one| (admin.path(&format!("/carriers/{}", one.id)), format!("costs of {}", one.name)));
    accounts.chain(carriers).collect()
}

/// All decks, the mark-up of all accounts, and the form for another.
pub(crate) async fn list(admin: Admin) -> Result<Response, Problem> {
    let found = admin.state.read(|reader| Ok((reader.decks()?, reader.accounts()?, reader.carriers()?)));
    let (decks, accounts, carriers) = found.await?;
    let zone = Zone::named("UTC");
    let mut rows: Vec<Row> = Vec::new();
    for deck in &decks {
        if let Some(row) = rows.last_mut().filter(|row| row.id == deck.id.as_str()) {
            row.versions.push(version(deck, &zone));
            continue;
        }
        let users: Vec<String> =
            users(&admin, &deck.id, &accounts, &carriers).into_iter().map(|(_, name)| name).collect();
        rows.push(Row {
            href: admin.path(&format!("{PAGE}/{}", deck.id)),
            id: deck.id.to_string(),
            versions: vec![version(deck, &zone)],
            users: if users.is_empty() { "used by nobody".to_owned() } else { users.join(", ") },
        });
    }
    let account = |row: &AccountRow| Account {
        href: admin.path(&format!("/accounts/{}", row.id)),
        id: row.id.to_string(),
        name: row.settings.name.clone(),
        deck: row.settings.deck.to_string(),
        markup: percent(row.settings.terms.markup_bp),
    };
    page(&DecksPage {
        accounts: accounts.iter().map(account).collect(),
        f: Frame::of_node(&admin, Tab::Decks, "Decks", zone.words()),
        rows,
        here: admin.path(PAGE),
    })
}

/// "12.5" of 1250 hundredths of a percent.
fn percent(bp: i32) -> String {
    let sign = if bp < 0 { "-" } else { "" };
    let (whole, rest) = (bp.unsigned_abs() / 100, bp.unsigned_abs() % 100);
    if rest == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest:02}") }
}

/// 1250 of "12.5".
fn bp_of(text: &str) -> Option<i32> {
    let (sign, digits) = text.trim().strip_prefix('-').map_or((1, text.trim()), |digits| (-1, digits));
    let (whole, rest) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || rest.len() > 2 || !is_number(whole) || !is_number(rest) {
        return None;
    }
    let whole = whole.parse::<i32>().ok()?.checked_mul(100)?;
    whole.checked_add(format!("{rest:0<2}").parse().ok()?).map(|bp| sign * bp)
}

/// What is asked for.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    q: String,
}

/// One deck, looked up by number, digits or destination.
pub(crate) async fn show(
    admin: Admin,
    Path(deck): Path<String>,
    Query(Wanted { q }): Query<Wanted>,
) -> Result<Response, Problem> {
    let deck: DeckId = deck.parse().map_err(|_| Problem::NotFound)?;
    let (id, asked) = (deck.clone(), q.clone());
    let found = admin.state.read(move |reader| {
        let versions: Vec<DeckRow> = reader.decks()?.into_iter().filter(|row| row.id == id).collect();
        let rates = reader.find_rates(&id, now_ms(), &asked, "", MAX_LISTED + 1)?;
        Ok((versions, rates, reader.accounts()?, reader.carriers()?))
    });
    let (versions, mut rates, accounts, carriers) = found.await?;
    if versions.is_empty() {
        return Err(Problem::NotFound);
    }
    let zone = Zone::named("UTC");
    let is_all = rates.len() <= MAX_LISTED as usize;
    rates.truncate(MAX_LISTED as usize);
    page(&DeckPage {
        f: Frame::of_node(&admin, Tab::Decks, &format!("Deck {deck}"), zone.words()),
        all: admin.path(PAGE),
        here: admin.path(&format!("{PAGE}/{deck}")),
        versions: versions.iter().map(|row| version(row, &zone)).collect(),
        users: users(&admin, &deck, &accounts, &carriers),
        wanted: q,
        rows: rates.iter().map(price).collect(),
        is_all,
    })
}

/// A deck is in the currency of the accounts that use it, so that no sign of one is shown.
fn price(rate: &Rate) -> Price {
    Price {
        prefix: format!("+{}", rate.prefix.as_digits().as_str()),
        destination: rate.destination.to_string(),
        per_minute: rate.per_minute.to_string(),
        connect: if rate.connect_fee == Money::ZERO { "none".to_owned() } else { rate.connect_fee.to_string() },
        steps: steps(rate),
    }
}

/// Removes a deck that no account and no carrier uses.
pub(crate) async fn remove(
    admin: Admin,
    Path(deck): Path<String>,
    Signed(Button {}): Signed<Button>,
) -> Result<Response, Problem> {
    let deck: DeckId = deck.parse().map_err(|_| Problem::NotFound)?;
    let change = NodeChange::RemoveDeck(deck.clone());
    let done = admin.command(Command::Node { by: admin.actor(), change }).await;
    let back = if done.is_ok() { PAGE.to_owned() } else { format!("{PAGE}/{deck}") };
    admin.then(done, &back)
}

/// Another deck and mark-up for an account.
#[derive(Deserialize)]
pub(crate) struct Priced {
    account: String,
    deck: String,
    markup: String,
}

/// Prices an account's calls by another deck, with another mark-up; calls that run keep their price.
pub(crate) async fn price_account(admin: Admin, Signed(form): Signed<Priced>) -> Result<Response, Problem> {
    let account = form.account.parse().map_err(|_| Problem::NotFound)?;
    let scope = Scope::of(admin.visitor(), account).await?;
    let wrong = |text: &str| Problem::Typed(format!("`{text}` is no percentage such as 12.5"));
    let done = match (form.deck.parse::<DeckId>(), bp_of(&form.markup)) {
        (_, None) => Err(wrong(&form.markup)),
        (Err(error), _) => Err(Problem::Typed(error.to_string())),
        (Ok(deck), Some(markup_bp)) => {
            let old = &scope.account.settings;
            let terms = account::Terms { markup_bp, ..old.terms.clone() };
            scope.change(account::Change::Settings(account::Settings { deck, terms, ..old.clone() })).await
        }
    };
    admin.then(done, PAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_read_as_they_are_shown() {
        for (text, bp) in [("12.5", 1_250), ("0", 0), ("-5", -500), ("3.07", 307), (" 20 ", 2_000)] {
            assert_eq!(bp_of(text), Some(bp), "{text}");
            assert_eq!(bp_of(&percent(bp)), Some(bp));
        }
        for wrong in ["", "-", "1.234", "a", "1,5", "99999999999"] {
            assert_eq!(bp_of(wrong), None, "{wrong}");
        }
    }
}
