//! Webhooks: where an account's events are sent.

use billing::AccountId;
use store::{Desk, HOOK_EVENTS, HookFormat, Vault, Webhook};

use super::{Hand, KeptError, changed};
use crate::random;

/// A webhook to be added.
#[derive(Clone, Debug)]
pub struct NewWebhook {
    /// Whose events it gets.
    pub account: AccountId,
    /// Where they are sent.
    pub url: String,
    /// How.
    pub format: HookFormat,
    /// Which events; all where there is none.
    pub events: Vec<String>,
}

/// Adds a webhook; it, and the secret that signs its events, which nobody can find out later.
///
/// # Errors
/// [`KeptError`]: an address that is none, no such event, as many webhooks as may be; database errors.
pub fn add_webhook(desk: &Desk, vault: &Vault, hand: &Hand, new: NewWebhook) -> Result<(Webhook, String), KeptError> {
    if !Webhook::is_url(&new.url) {
        return Err(KeptError::Url);
    }
    let known = |event: &String| HOOK_EVENTS.iter().any(|(name, _)| name == event);
    if let Some(unknown) = new.events.iter().find(|event| !known(event)) {
        return Err(KeptError::NoEvent(unknown.clone()));
    }
    let mut events = new.events;
    events.sort_unstable();
    events.dedup();
    if events.len() == HOOK_EVENTS.len() {
        events.clear();
    }
    let secret = random::token();
    let mut hook = Webhook {
        id: 0,
        account: new.account,
        url: new.url,
        format: new.format,
        events,
        secret: vault.seal(secret.as_bytes())?,
        is_on: true,
        created_ms: hand.at_ms,
    };
    hook.id = desk.add_webhook(&hook)?.ok_or(KeptError::ManyWebhooks)?;
    let text = format!("Events are sent to {} now (webhook {}).", hook.url, hook.id);
    hand.note(desk, Some(&hook.account), &text, changed(named(&hook), "", &hook.url))?;
    Ok((hook, secret))
}

fn named(hook: &Webhook) -> String {
    format!("webhook {}", hook.id)
}

/// Turns a webhook on or off; what waits for one that is off waits on. What was done, in a sentence.
///
/// # Errors
/// Database errors.
pub fn switch_webhook(desk: &Desk, hand: &Hand, hook: &Webhook, is_on: bool) -> Result<String, KeptError> {
    let word = |is_on: bool| if is_on { "on" } else { "off" };
    desk.switch_webhook(hook.id, is_on)?;
    let text = format!("The webhook to {} is {}.", hook.url, word(is_on));
    hand.note(desk, Some(&hook.account), &text, changed(named(hook), word(hook.is_on), word(is_on)))?;
    Ok(text)
}

/// Removes a webhook with what was delivered to it. What was done, in a sentence.
///
/// # Errors
/// Database errors.
pub fn remove_webhook(desk: &Desk, hand: &Hand, hook: &Webhook) -> Result<String, KeptError> {
    desk.remove_webhook(hook.id)?;
    let text = format!("No more events are sent to {}.", hook.url);
    hand.note(desk, Some(&hook.account), &text, changed(named(hook), &hook.url, ""))?;
    Ok(text)
}
