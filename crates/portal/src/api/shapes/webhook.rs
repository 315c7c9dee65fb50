//! Webhooks, and what was sent to them.

use serde::{Deserialize, Serialize};
use store::{Delivery as HeldDelivery, HookFormat, Webhook as HeldHook};
use utoipa::ToSchema;

use super::text::AccountName;

/// How a webhook is spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = WebhookFormat)]
pub(crate) enum Format {
    /// Our own JSON, signed.
    #[default]
    Json,
    /// A message as Slack's incoming webhooks take it.
    Slack,
}

impl From<HookFormat> for Format {
    fn from(format: HookFormat) -> Self {
        match format {
            HookFormat::Json => Self::Json,
            HookFormat::Slack => Self::Slack,
        }
    }
}

impl From<Format> for HookFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Json => Self::Json,
            Format::Slack => Self::Slack,
        }
    }
}

/// Where an account's events are sent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Webhook {
    pub(crate) id: i64,
    #[schema(value_type = AccountName)]
    account: String,
    url: String,
    format: Format,
    /// Which events; empty: all of them.
    events: Vec<String>,
    is_on: bool,
    created_ms: u64,
}

impl From<&HeldHook> for Webhook {
    fn from(hook: &HeldHook) -> Self {
        Self {
            id: hook.id,
            account: hook.account.to_string(),
            url: hook.url.clone(),
            format: hook.format.into(),
            events: hook.events.clone(),
            is_on: hook.is_on,
            created_ms: hook.created_ms,
        }
    }
}

/// A webhook to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewWebhook {
    #[schema(pattern = "^https?://[A-Za-z0-9][!-~]{0,480}$", examples("https://hooks.example.com/tollguard"))]
    pub(crate) url: String,
    #[serde(default)]
    pub(crate) format: Format,
    /// Which events, by the names in docs/portal.md; all where none are given.
    #[serde(default)]
    #[schema(max_items = 16)]
    pub(crate) events: Vec<String>,
}

/// A webhook with the secret that signs its events, which is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MadeWebhook {
    pub(crate) webhook: Webhook,
    pub(crate) secret: String,
}

/// What is to be different about a webhook.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookChange {
    /// What waits for a webhook that is off waits on.
    pub(crate) is_on: bool,
}

/// An event on its way to a webhook, or what became of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Delivery {
    /// The same whenever it is sent again.
    pub(crate) id: i64,
    webhook: i64,
    event: String,
    created_ms: u64,
    /// queued, sent or failed.
    state: String,
    /// Failed attempts so far.
    attempts: u32,
    /// When it is tried next.
    next_try_ms: u64,
    /// When it was taken.
    done_ms: Option<u64>,
    /// What the other side said last.
    answer: String,
    /// What is sent.
    body: String,
}

impl From<&HeldDelivery> for Delivery {
    fn from(delivery: &HeldDelivery) -> Self {
        Self {
            id: delivery.id,
            webhook: delivery.webhook,
            event: delivery.event.clone(),
            created_ms: delivery.created_ms,
            state: delivery.state.clone(),
            attempts: delivery.attempts,
            next_try_ms: delivery.next_try_ms,
            done_ms: delivery.done_ms,
            answer: delivery.answer.clone(),
            body: delivery.body.clone(),
        }
    }
}
