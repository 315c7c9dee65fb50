//! Money: the ledger, and payments.

use account::Change;
use axum::Json;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use super::accounts::AtAccount;
use super::client::{At, AtNode, Money, Read};
use super::extract::Body;
use super::fault::{Answer, Fault};
use super::page::{Listing, Page, Paging};
use super::shapes::{Done, Entry, NewPayment};

/// Which entries.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// With the holds of running calls and their releases, which move money within the balance.
    #[serde(default)]
    holds: bool,
}

/// The ledger, the latest entry first.
#[utoipa::path(get, path = "/accounts/{account}/ledger", tag = "money", params(AtAccount, Filter, Paging),
    responses((status = 200, body = Page<Entry>)))]
pub(super) async fn ledger(reach: At<Read>, listing: Listing<Filter>) -> Answer<Page<Entry>> {
    let before = listing.after(|text| text.parse().ok())?.unwrap_or(u64::MAX);
    let (holds, limit) = (listing.filter.holds, listing.wanted());
    let found = reach.read(move |reader, id| reader.ledger_before(id, before, holds, limit)).await?;
    listing.page(found, |entry| entry.seq.to_string(), |entry| Entry::from(&entry))
}

/// Book a payment; a key of the whole node is needed. The reference is booked once, whatever the Idempotency-Key.
#[utoipa::path(post, path = "/accounts/{account}/payments", tag = "money", params(AtAccount), request_body = NewPayment,
    responses((status = 201, body = Done)))]
pub(super) async fn pay(
    _: AtNode<Money>,
    reach: At<Money>,
    Body(payment): Body<NewPayment>,
) -> Result<(StatusCode, Json<Done>), Fault> {
    let (amount, reference) = payment.read()?;
    let done = reach.change(Change::TopUp { amount, reference }).await?;
    Ok((StatusCode::CREATED, Json(done.into())))
}
