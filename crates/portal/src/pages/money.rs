//! The account's money: what there is, and every change of it.

use account::{Change, Settings, Terms};
use askama::Template;
use axum::response::Response;
use billing::{LedgerEntry, Money};
use serde::Deserialize;

use super::table::non_empty;
use crate::access::Scope;
use crate::forms::Signed;
use crate::frame::{Frame, Tab, page};
use crate::problem::Problem;

/// Entries listed.
const MAX_LISTED: u32 = 200;
/// The longest reference of a payment, characters.
const MAX_REFERENCE_CHARS: usize = 80;

struct Row {
    when: String,
    iso: String,
    kind: &'static str,
    amount: String,
    is_in: bool,
    balance: String,
    note: String,
    call: Option<String>,
    by: String,
}

#[derive(Template)]
#[template(path = "money.html")]
struct MoneyPage {
    f: Frame,
    balance: String,
    held: String,
    free: String,
    currency: String,
    rows: Vec<Row>,
    is_all: bool,
    top_up: Option<String>,
    /// What the owner has agreed: as it is typed, empty for none.
    terms: Typed,
    /// Where they are set.
    terms_action: String,
    prices: String,
    may_change: bool,
}

/// Thresholds and limits as they are typed.
struct Typed {
    low_balance: String,
    monthly_limit: String,
    auto_top_up_max: String,
}

/// The page.
pub(crate) async fn show(scope: Scope) -> Result<Response, Problem> {
    let id = scope.id().clone();
    let entries = scope.visitor.state.read(move |reader| reader.statement(&id, MAX_LISTED)).await?;
    let account = &scope.account;
    page(&MoneyPage {
        f: Frame::of_account(&scope, Tab::Money, "Money"),
        balance: scope.money(account.balance),
        held: scope.money(account.held),
        free: scope.money(account.balance.saturating_sub(account.held)),
        currency: account.settings.currency.to_string(),
        is_all: entries.len() < MAX_LISTED as usize,
        rows: entries.iter().map(|entry| row(&scope, entry)).collect(),
        top_up: scope.visitor.is_admin().then(|| scope.path("/money/topup")),
        terms: typed(&account.settings.terms),
        terms_action: scope.path("/money/terms"),
        prices: scope.path("/prices"),
        may_change: scope.visitor.is_allowed_to_change(),
    })
}

fn row(scope: &Scope, entry: &LedgerEntry) -> Row {
    let change = entry.change();
    let is_in = change.is_positive();
    let amount = scope.money(change);
    Row {
        when: scope.zone.short(entry.at_ms),
        iso: scope.zone.iso(entry.at_ms),
        kind: entry.kind.as_str(),
        amount: if is_in { format!("+{amount}") } else { amount },
        is_in,
        balance: scope.money(entry.balance),
        note: non_empty(&entry.note, "no remark"),
        call: entry.call.map(|call| scope.path(&format!("/calls/{call}"))),
        by: entry.by.clone(),
    }
}

fn typed(terms: &Terms) -> Typed {
    let text = |amount: Option<Money>| amount.map(|amount| amount.to_string()).unwrap_or_default();
    Typed {
        low_balance: text(terms.low_balance),
        monthly_limit: text(terms.monthly_limit),
        auto_top_up_max: text(terms.auto_top_up_max),
    }
}

/// Thresholds and limits, empty for none.
#[derive(Deserialize)]
pub(crate) struct NewTerms {
    low_balance: String,
    monthly_limit: String,
    auto_top_up_max: String,
}

/// Sets when the owner is told, and what calls may cost in a month.
pub(crate) async fn set_terms(scope: Scope, Signed(form): Signed<NewTerms>) -> Result<Response, Problem> {
    let amounts = || {
        Ok(Terms {
            low_balance: amount(&form.low_balance)?,
            monthly_limit: amount(&form.monthly_limit)?,
            auto_top_up_max: amount(&form.auto_top_up_max)?,
            ..scope.account.settings.terms.clone()
        })
    };
    let done = match amounts() {
        Ok(terms) => scope.change(Change::Settings(Settings { terms, ..scope.account.settings.clone() })).await,
        Err(problem) => Err(problem),
    };
    scope.visitor.then(done, &scope.page("/money"))
}

fn amount(text: &str) -> Result<Option<Money>, Problem> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = || Problem::Typed(format!("`{text}` is no amount such as 20.00"));
    text.parse().ok().filter(|amount: &Money| !amount.is_negative()).map(Some).ok_or_else(wrong)
}

/// A payment.
#[derive(Deserialize)]
pub(crate) struct Payment {
    amount: String,
    reference: String,
}

/// Books a payment; administrators only.
pub(crate) async fn top_up(scope: Scope, Signed(payment): Signed<Payment>) -> Result<Response, Problem> {
    if !scope.visitor.is_admin() {
        return Err(Problem::NotAllowed);
    }
    let done = match change(&payment) {
        Ok(change) => scope.change(change).await,
        Err(problem) => Err(problem),
    };
    scope.visitor.then(done, &scope.page("/money"))
}

fn change(payment: &Payment) -> Result<Change, Problem> {
    let amount: Money = payment.amount.parse().map_err(|error: billing::Error| Problem::Typed(error.to_string()))?;
    let reference = payment.reference.trim();
    if reference.is_empty() || reference.chars().count() > MAX_REFERENCE_CHARS {
        return Err(Problem::Typed(format!("a payment needs a reference of 1 to {MAX_REFERENCE_CHARS} characters")));
    }
    Ok(Change::TopUp { amount, reference: reference.to_owned() })
}
