//! Money: the ledger, and payments.

use account::Change;
use axum::Json;
use axum::http::StatusCode;
use serde::Deserialize;
use store::KeyScope;
use utoipa::IntoParams;

use super::accounts::AtAccount;
use super::client::Client;
use super::extract::{Asked, Body, Place};
use super::fault::{Answer, Fault, Kind};
use super::page::{self, Cursor, Limit, Page};
use super::shapes::{Done, Entry, NewPayment};

/// Which entries.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// With the holds of running calls and their releases, which move money within the balance.
    #[serde(default)]
    holds: bool,
    /// Rows at most.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000, default = 100)]
    limit: Option<Limit>,
    /// The `next` of the page before.
    #[param(value_type = Option<String>, max_length = 100)]
    after: Option<Cursor>,
}

/// The ledger, the latest entry first.
#[utoipa::path(get, path = "/accounts/{account}/ledger", tag = "money", params(AtAccount, Filter),
    responses((status = 200, body = Page<Entry>)))]
pub(super) async fn ledger(
    client: Client,
    Place(at): Place<AtAccount>,
    Asked(filter): Asked<Filter>,
) -> Answer<Page<Entry>> {
    let reach = client.at(&at.account, KeyScope::Read).await?;
    let rows = page::rows(filter.limit);
    let before = page::cursor(filter.after.as_ref(), |text| text.parse().ok())?.unwrap_or(u64::MAX);
    let (id, holds) = (reach.id().clone(), filter.holds);
    let found = reach.client.portal().read(move |reader| reader.ledger_before(&id, before, holds, rows + 1)).await?;
    Ok(Json(Page::cut(found, rows, |entry| entry.seq.to_string(), |entry| Entry::from(&entry))))
}

/// Book a payment; a key of the whole node is needed. The reference is booked once, whatever the Idempotency-Key.
#[utoipa::path(post, path = "/accounts/{account}/payments", tag = "money", params(AtAccount), request_body = NewPayment,
    responses((status = 201, body = Done)))]
pub(super) async fn pay(
    client: Client,
    Place(at): Place<AtAccount>,
    Body(payment): Body<NewPayment>,
) -> Result<(StatusCode, Json<Done>), Fault> {
    if !client.is_of_node() {
        return Err(Fault::new(Kind::NotAllowed, "this needs a key of the whole node"));
    }
    let reach = client.at(&at.account, KeyScope::Money).await?;
    let (amount, reference) = payment.read()?;
    let done = reach.change(Change::TopUp { amount, reference }).await?;
    Ok((StatusCode::CREATED, Json(done.into())))
}
