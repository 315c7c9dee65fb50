//! Webhooks of an account: where its events are sent, what was delivered, and sending it again.

use std::sync::Arc;

use askama::Template;
use axum::response::Response;
use billing::AccountId;
use serde::Deserialize;
use store::{Delivery, HOOK_EVENTS, HookFormat, NewDelivery, Webhook};

use super::table::non_empty;
use crate::access::Scope;
use crate::forms::Signed;
use crate::frame::{Frame, Tab, page};
use crate::kept::{self, NewWebhook};
use crate::problem::Problem;
use crate::state::now_ms;
use crate::words::{Badge, Tone};

/// Deliveries listed.
const MAX_LISTED: u32 = 50;
const PAGE: &str = "/webhooks";

struct Hook {
    id: i64,
    url: String,
    format: HookFormat,
    events: String,
    is_on: bool,
}

struct Row {
    id: i64,
    when: String,
    event: String,
    url: String,
    state: Badge,
    answer: String,
}

#[derive(Template)]
#[template(path = "webhooks.html")]
struct WebhooksPage {
    f: Frame,
    hooks: Vec<Hook>,
    rows: Vec<Row>,
    events: &'static [(&'static str, &'static str)],
    may_change: bool,
    here: String,
    settings: String,
}

#[derive(Template)]
#[template(path = "webhook_secret.html")]
struct SecretPage {
    f: Frame,
    url: String,
    secret: String,
    back: String,
}

/// The page.
pub(crate) async fn show(scope: Scope) -> Result<Response, Problem> {
    let id = scope.id().clone();
    let found =
        scope.visitor.state.desk(move |desk| Ok((desk.webhooks(Some(&id))?, desk.deliveries(&id, None, MAX_LISTED)?)));
    let (hooks, deliveries) = found.await?;
    let rows = deliveries.iter().map(|delivery| row(&scope, &hooks, delivery)).collect();
    let hook = |hook: &Webhook| Hook {
        id: hook.id,
        url: hook.url.clone(),
        format: hook.format,
        events: if hook.events.is_empty() { "all events".to_owned() } else { hook.events.join(", ") },
        is_on: hook.is_on,
    };
    page(&WebhooksPage {
        f: Frame::of_account(&scope, Tab::Settings, "Webhooks"),
        hooks: hooks.iter().map(hook).collect(),
        rows,
        events: HOOK_EVENTS,
        may_change: scope.visitor.is_allowed_to_change(),
        here: scope.path(PAGE),
        settings: scope.path("/settings"),
    })
}

fn row(scope: &Scope, hooks: &[Webhook], delivery: &Delivery) -> Row {
    let state = match delivery.state.as_str() {
        "sent" => Badge::new("delivered", Tone::Good),
        "failed" => Badge::new("given up", Tone::Bad),
        _ if delivery.attempts > 0 => {
            let next = scope.zone.time(delivery.next_try_ms);
            Badge::new(format!("tried {} times, next at {next}", delivery.attempts), Tone::Warn)
        }
        _ => Badge::new("on its way", Tone::Plain),
    };
    Row {
        id: delivery.id,
        when: scope.zone.short(delivery.created_ms),
        event: delivery.event.clone(),
        url: hooks.iter().find(|hook| hook.id == delivery.webhook).map_or_else(String::new, |hook| hook.url.clone()),
        state,
        answer: non_empty(&delivery.answer, "no answer yet"),
    }
}

/// A new webhook: form fields come as pairs, since several events may be ticked.
pub(crate) async fn add(scope: Scope, Signed(fields): Signed<Vec<(String, String)>>) -> Result<Response, Problem> {
    scope.visitor.may_change()?;
    let field = |name: &str| fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim());
    let ticked = fields.iter().filter(|(key, _)| key == "event").map(|(_, event)| event.clone());
    let added = match field("format").parse() {
        Ok(format) => {
            let (url, account) = (field("url").to_owned(), scope.id().clone());
            let new = NewWebhook { account, url, format, events: ticked.collect() };
            let vault = Arc::clone(&scope.visitor.state.vault);
            scope.visitor.kept(move |desk, hand| kept::add_webhook(desk, &vault, hand, new)).await
        }
        Err(error) => Err(Problem::Typed(store::Error::to_string(&error))),
    };
    let (hook, secret) = match added {
        Ok(added) => added,
        Err(problem) => return scope.visitor.then(Err(problem), &scope.page(PAGE)),
    };
    page(&SecretPage {
        f: Frame::of_account(&scope, Tab::Settings, "The webhook's secret"),
        url: hook.url,
        secret,
        back: scope.path(PAGE),
    })
}

/// A webhook on the page.
#[derive(Deserialize)]
pub(crate) struct Chosen {
    webhook: i64,
}

/// A webhook of the account.
async fn find(scope: &Scope, id: i64) -> Result<Webhook, Problem> {
    scope.visitor.may_change()?;
    let own: AccountId = scope.id().clone();
    let found = scope.visitor.state.desk(move |desk| desk.webhook(id)).await?;
    found.filter(|hook| hook.account == own).ok_or(Problem::NotFound)
}

/// Turns a webhook on, or off.
pub(crate) async fn switch(scope: Scope, Signed(Chosen { webhook }): Signed<Chosen>) -> Result<Response, Problem> {
    let hook = find(&scope, webhook).await?;
    let done = scope.visitor.kept(move |desk, hand| kept::switch_webhook(desk, hand, &hook, !hook.is_on)).await;
    scope.visitor.then(done, &scope.page(PAGE))
}

/// Removes a webhook.
pub(crate) async fn remove(scope: Scope, Signed(Chosen { webhook }): Signed<Chosen>) -> Result<Response, Problem> {
    let hook = find(&scope, webhook).await?;
    let done = scope.visitor.kept(move |desk, hand| kept::remove_webhook(desk, hand, &hook)).await;
    scope.visitor.then(done, &scope.page(PAGE))
}

/// Sends something to a webhook, to see whether it is heard.
pub(crate) async fn test(scope: Scope, Signed(Chosen { webhook }): Signed<Chosen>) -> Result<Response, Problem> {
    let hook = find(&scope, webhook).await?;
    let new = NewDelivery::test(&hook, &scope.visitor.state.settings.node_name, now_ms());
    scope.visitor.state.desk(move |desk| desk.queue_delivery(&new)).await?;
    scope.visitor.then(Ok("A test is on its way; reload the page to see the answer.".to_owned()), &scope.page(PAGE))
}

/// A delivery on the page.
#[derive(Deserialize)]
pub(crate) struct Again {
    delivery: i64,
}

/// Sends a delivery once more.
pub(crate) async fn again(scope: Scope, Signed(Again { delivery }): Signed<Again>) -> Result<Response, Problem> {
    scope.visitor.may_change()?;
    let own = scope.id().clone();
    if !scope.visitor.state.desk(move |desk| desk.send_again(Some(&own), delivery, now_ms())).await? {
        return Err(Problem::NotFound);
    }
    scope.visitor.then(Ok("It is on its way once more.".to_owned()), &scope.page(PAGE))
}
