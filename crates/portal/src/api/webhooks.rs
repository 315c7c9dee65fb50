//! Webhooks of an account: where its events are sent, what was delivered, and sending it again.

use std::sync::Arc;

use axum::Json;
use axum::http::StatusCode;
use serde::Deserialize;
use store::{NewDelivery, Webhook as Held};
use utoipa::IntoParams;

use super::accounts::AtAccount;
use super::client::{At, Reach, Read, Write};
use super::extract::{Body, Place};
use super::fault::{Answer, Fault};
use super::page::{Listing, Page, Paging};
use super::shapes::{Delivery, Done, MadeWebhook, NewWebhook, Webhook, WebhookChange};
use crate::kept;
use crate::state::now_ms;

/// A webhook in an address.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct AtWebhook {
    /// The number of the webhook.
    webhook: i64,
}

/// A delivery in an address.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct AtDelivery {
    /// The number of the delivery.
    delivery: i64,
}

impl Reach {
    async fn webhook(&self, id: i64) -> Result<Held, Fault> {
        let found = self.client.portal().desk(move |desk| desk.webhook(id)).await?;
        let own = found.filter(|hook| hook.account == self.account.id);
        own.ok_or_else(|| Fault::not_found(format!("there is no webhook {id} on this account")))
    }
}

/// Where an account's events are sent.
#[utoipa::path(get, path = "/accounts/{account}/webhooks", tag = "webhooks", params(AtAccount, Paging),
    responses((status = 200, body = Page<Webhook>)))]
pub(super) async fn list(reach: At<Read>, listing: Listing) -> Answer<Page<Webhook>> {
    let id = reach.id().clone();
    let hooks = reach.client.portal().desk(move |desk| desk.webhooks(Some(&id))).await?;
    // As many as an account may have stay in their order so.
    listing.page_of_all(hooks, |hook| format!("{:020}", hook.id), |hook| Webhook::from(&hook))
}

/// Send an account's events to an address. The secret that signs them is made up and shown this once.
#[utoipa::path(post, path = "/accounts/{account}/webhooks", tag = "webhooks", params(AtAccount),
    request_body = NewWebhook, responses((status = 201, body = MadeWebhook)))]
pub(super) async fn add(
    reach: At<Write>,
    Body(new): Body<NewWebhook>,
) -> Result<(StatusCode, Json<MadeWebhook>), Fault> {
    let account = reach.id().clone();
    let new = kept::NewWebhook { account, url: new.url, format: new.format.into(), events: new.events };
    let vault = Arc::clone(&reach.client.portal().vault);
    let (hook, secret) = reach.client.kept(move |desk, hand| kept::add_webhook(desk, &vault, hand, new)).await?;
    Ok((StatusCode::CREATED, Json(MadeWebhook { webhook: Webhook::from(&hook), secret })))
}

/// Turn a webhook on or off.
#[utoipa::path(patch, path = "/accounts/{account}/webhooks/{webhook}", tag = "webhooks", params(AtAccount, AtWebhook),
    request_body = WebhookChange, responses((status = 200, body = Webhook)))]
pub(super) async fn change(
    reach: At<Write>,
    Place(at): Place<AtWebhook>,
    Body(WebhookChange { is_on }): Body<WebhookChange>,
) -> Answer<Webhook> {
    let hook = reach.webhook(at.webhook).await?;
    reach.client.kept(move |desk, hand| kept::switch_webhook(desk, hand, &hook, is_on)).await?;
    Ok(Json(Webhook::from(&reach.webhook(at.webhook).await?)))
}

/// Remove a webhook with what was delivered to it.
#[utoipa::path(delete, path = "/accounts/{account}/webhooks/{webhook}", tag = "webhooks", params(AtAccount, AtWebhook),
    responses((status = 200, body = Done)))]
pub(super) async fn remove(reach: At<Write>, Place(at): Place<AtWebhook>) -> Answer<Done> {
    let hook = reach.webhook(at.webhook).await?;
    Ok(Json(reach.client.kept(move |desk, hand| kept::remove_webhook(desk, hand, &hook)).await?.into()))
}

/// Send something to a webhook, to see whether it is heard.
#[utoipa::path(post, path = "/accounts/{account}/webhooks/{webhook}/test", tag = "webhooks",
    params(AtAccount, AtWebhook), responses((status = 200, body = Done)))]
pub(super) async fn test(reach: At<Write>, Place(at): Place<AtWebhook>) -> Answer<Done> {
    let hook = reach.webhook(at.webhook).await?;
    let new = NewDelivery::test(&hook, &reach.client.portal().settings.node_name, now_ms());
    let number = reach.client.portal().desk(move |desk| desk.queue_delivery(&new)).await?;
    Ok(Json(format!("Delivery {number} is on its way.").into()))
}

/// What was sent to an account's webhooks, the latest first.
#[utoipa::path(get, path = "/accounts/{account}/deliveries", tag = "webhooks", params(AtAccount, Paging),
    responses((status = 200, body = Page<Delivery>)))]
pub(super) async fn deliveries(reach: At<Read>, listing: Listing) -> Answer<Page<Delivery>> {
    let (id, limit) = (reach.id().clone(), listing.wanted());
    let before = listing.after(|text| text.parse().ok())?;
    let found = reach.client.portal().desk(move |desk| desk.deliveries(&id, before, limit)).await?;
    listing.page(found, |delivery| delivery.id.to_string(), |delivery| Delivery::from(&delivery))
}

/// Send a delivery once more, whatever became of it.
#[utoipa::path(post, path = "/accounts/{account}/deliveries/{delivery}/replay", tag = "webhooks",
    params(AtAccount, AtDelivery), responses((status = 200, body = Done)))]
pub(super) async fn replay(reach: At<Write>, Place(at): Place<AtDelivery>) -> Answer<Done> {
    let (id, delivery) = (reach.id().clone(), at.delivery);
    if !reach.client.portal().desk(move |desk| desk.send_again(Some(&id), delivery, now_ms())).await? {
        return Err(Fault::not_found(format!("there is no delivery {delivery} of this account")));
    }
    Ok(Json(format!("Delivery {delivery} is on its way once more.").into()))
}
