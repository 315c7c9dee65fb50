//! Webhooks of accounts, and what was delivered to them: queued once for each event, tried until it is taken, kept so that
//! it can be sent again.

use std::fmt;
use std::str::FromStr;

use billing::AccountId;
use rusqlite::{Row, params};

use super::Desk;
use super::outbox::{Queued, queued};
use super::row::{from_json, int, json, maybe_unsigned, parsed, unsigned};
use crate::Error;

/// Webhooks that one account may have.
pub const MAX_WEBHOOKS: usize = 10;
/// Notices handed on at once.
const HANDED_AT_ONCE: u32 = 100;
/// Deliveries of one webhook that are kept.
const MAX_KEPT: u32 = 1_000;

/// The longest address, bytes.
const MAX_URL_BYTES: usize = 500;
/// What an address may be, in a sentence.
pub const HOOK_URL_RULE: &str = "a webhook's address begins with https:// or http://, names a host, and has at most 500 \
                                 characters without spaces";

/// All events that webhooks are told of, with what each is told for.
pub const HOOK_EVENTS: &[(&str, &str)] = &[
    ("incident.opened", "an incident was opened"),
    ("incident.updated", "an incident goes further, or was answered"),
    ("incident.closed", "an incident ended"),
    ("balance.low", "the balance fell below the threshold"),
    ("country.new", "a country was called for the first time"),
    ("network.new", "a line was used from a network for the first time"),
    ("emergency.placed", "an emergency number was dialled"),
];

/// How a webhook is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookFormat {
    /// Our own JSON.
    Json,
    /// A message as Slack's incoming webhooks take it.
    Slack,
}

impl HookFormat {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Slack => "slack",
        }
    }
}

impl FromStr for HookFormat {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self, Error> {
        let mut all = [Self::Json, Self::Slack].into_iter();
        all.find(|format| format.as_str() == word).ok_or_else(|| Error::NoFormat(word.to_owned()))
    }
}

impl fmt::Display for HookFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A webhook.
#[derive(Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its number; 0 until it is kept.
    pub id: i64,
    /// Whose events it gets.
    pub account: AccountId,
    /// Where they are sent.
    pub url: String,
    /// How.
    pub format: HookFormat,
    /// Which events; all where there is none.
    pub events: Vec<String>,
    /// What signs them, sealed with the portal's key.
    pub secret: Vec<u8>,
    /// Whether it is on.
    pub is_on: bool,
    /// When it was made.
    pub created_ms: u64,
}

impl Webhook {
    /// Whether a text may be its address.
    #[must_use]
    pub fn is_url(text: &str) -> bool {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let has_host = rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', ':', '?', '#']));
        has_host && text.len() <= MAX_URL_BYTES && text.bytes().all(|byte| byte.is_ascii_graphic())
    }

    /// Whether it wants an event.
    #[must_use]
    pub fn wants(&self, event: &str) -> bool {
        self.is_on && (self.events.is_empty() || self.events.iter().any(|wanted| wanted == event))
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Webhook({}, {}, {})", self.id, self.account, self.format)
    }
}

/// An event on its way to a webhook, or what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its number; the same whenever it is sent again.
    pub id: i64,
    /// To which webhook.
    pub webhook: i64,
    /// Which event.
    pub event: String,
    /// What is sent.
    pub body: String,
    /// When it was queued.
    pub created_ms: u64,
    /// "queued", "sent" or "failed".
    pub state: String,
    /// Failed attempts so far.
    pub attempts: u32,
    /// When it is tried next.
    pub next_try_ms: u64,
    /// When it was taken.
    pub done_ms: Option<u64>,
    /// What the other side said last.
    pub answer: String,
}

/// A delivery to queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDelivery {
    /// To which webhook.
    pub webhook: i64,
    /// Which event.
    pub event: String,
    /// What is sent.
    pub body: String,
    /// When, milliseconds since the Unix epoch.
    pub at_ms: u64,
}

impl NewDelivery {
    /// Something that tells a webhook that it is heard.
    #[must_use]
    pub fn test(hook: &Webhook, node: &str, now_ms: u64) -> Self {
        let text = format!("A test from {node} for account {}.", hook.account);
        let body = match hook.format {
            HookFormat::Json => serde_json::json!({
                "event": "test", "at_ms": now_ms, "node": node, "account": hook.account, "text": text,
            }),
            HookFormat::Slack => serde_json::json!({ "text": text }),
        };
        Self { webhook: hook.id, event: "test".to_owned(), body: body.to_string(), at_ms: now_ms }
    }
}

impl Desk {
    /// Keeps a new webhook; its number, or `None` where the account has as many as it may.
    ///
    /// # Errors
    /// Database errors.
    pub fn add_webhook(&self, hook: &Webhook) -> Result<Option<i64>, Error> {
        let events = json("event", &hook.events)?;
        self.together("add a webhook", |connection| {
            let sql = "SELECT count(*) FROM webhooks WHERE account = ?1";
            let present: i64 = connection.query_row(sql, [hook.account.as_str()], |row| row.get(0))?;
            if present >= MAX_WEBHOOKS as i64 {
                return Ok(None);
            }
            connection.execute(
                "INSERT INTO webhooks (account, url, format, events, secret, is_on, created_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    hook.account.as_str(),
                    hook.url,
                    hook.format.as_str(),
                    events,
                    hook.secret,
                    hook.is_on,
                    int(hook.created_ms)
                ],
            )?;
            Ok(Some(connection.last_insert_rowid()))
        })
    }

    /// Webhooks of one account, or of all.
    ///
    /// # Errors
    /// Database errors.
    pub fn webhooks(&self, account: Option<&AccountId>) -> Result<Vec<Webhook>, Error> {
        let sql = "SELECT * FROM webhooks WHERE ?1 IS NULL OR account = ?1 ORDER BY account, id LIMIT ?2";
        self.all("list webhooks", sql, params![account.map(AccountId::as_str), super::MAX_ROWS], webhook)
    }

    /// One webhook.
    ///
    /// # Errors
    /// Database errors.
    pub fn webhook(&self, id: i64) -> Result<Option<Webhook>, Error> {
        self.one("find a webhook", "SELECT * FROM webhooks WHERE id = ?1", [id], webhook)
    }

    /// Turns a webhook on or off.
    ///
    /// # Errors
    /// Database errors.
    pub fn switch_webhook(&self, id: i64, is_on: bool) -> Result<(), Error> {
        self.run("switch a webhook", "UPDATE webhooks SET is_on = ?2 WHERE id = ?1", params![id, is_on]).map(drop)
    }

    /// Removes a webhook with its deliveries.
    ///
    /// # Errors
    /// Database errors.
    pub fn remove_webhook(&self, id: i64) -> Result<(), Error> {
        self.run("remove a webhook", "DELETE FROM webhooks WHERE id = ?1", [id]).map(drop)
    }

    /// The next notices that no webhook has heard of.
    ///
    /// # Errors
    /// Database errors.
    pub fn not_handed_on(&self) -> Result<Vec<Queued>, Error> {
        let sql = "SELECT * FROM outbox WHERE id > (SELECT notice FROM handed_on) ORDER BY id LIMIT ?1";
        self.all("find notices", sql, [HANDED_AT_ONCE], queued)
    }

    /// Queues what webhooks get of the notices up to one; each is handed on once.
    ///
    /// # Errors
    /// Database errors.
    pub fn hand_on(&self, last_notice: i64, deliveries: &[NewDelivery]) -> Result<(), Error> {
        self.together("queue events for webhooks", |connection| {
            for new in deliveries {
                insert(connection, new)?;
            }
            connection.execute("UPDATE handed_on SET notice = max(notice, ?1)", [last_notice]).map(drop)
        })
    }

    /// Queues one delivery by hand, and says its number.
    ///
    /// # Errors
    /// Database errors.
    pub fn queue_delivery(&self, new: &NewDelivery) -> Result<i64, Error> {
        self.together("queue an event", |connection| {
            insert(connection, new)?;
            Ok(connection.last_insert_rowid())
        })
    }

    /// The delivery that is due first, if one is, with its webhook.
    ///
    /// # Errors
    /// Database errors.
    pub fn next_delivery(&self, now_ms: u64) -> Result<Option<(Delivery, Webhook)>, Error> {
        let found = self.one(
            "find an event to deliver",
            "SELECT deliveries.* FROM deliveries JOIN webhooks ON webhooks.id = webhook
             WHERE state = 'queued' AND next_try_ms <= ?1 AND is_on ORDER BY next_try_ms, deliveries.id LIMIT 1",
            [int(now_ms)],
            delivery,
        )?;
        let Some(found) = found else { return Ok(None) };
        Ok(self.webhook(found.webhook)?.map(|hook| (found, hook)))
    }

    /// A delivery was taken.
    ///
    /// # Errors
    /// Database errors.
    pub fn delivered(&self, id: i64, answer: &str, now_ms: u64) -> Result<(), Error> {
        let sql = "UPDATE deliveries SET state = 'sent', done_ms = ?2, answer = ?3 WHERE id = ?1";
        self.run("mark an event as delivered", sql, params![id, int(now_ms), answer]).map(drop)
    }

    /// A delivery was not taken; tried again at `next_try_ms`, or given up where that is `None`.
    ///
    /// # Errors
    /// Database errors.
    pub fn not_delivered(&self, id: i64, answer: &str, next_try_ms: Option<u64>) -> Result<(), Error> {
        self.run(
            "mark an event as not delivered",
            "UPDATE deliveries SET attempts = attempts + 1, answer = ?2, next_try_ms = coalesce(?3, next_try_ms),
                    state = iif(?3 IS NULL, 'failed', 'queued') WHERE id = ?1 AND state = 'queued'",
            params![id, answer, next_try_ms.map(int)],
        )
        .map(drop)
    }

    /// Sends a delivery once more, whatever became of it, where it is of one of an account's webhooks, or of any; false where
    /// there is none.
    ///
    /// # Errors
    /// Database errors.
    pub fn send_again(&self, account: Option<&AccountId>, id: i64, now_ms: u64) -> Result<bool, Error> {
        let sql = "UPDATE deliveries SET state = 'queued', attempts = 0, next_try_ms = ?2, done_ms = NULL
                   WHERE id = ?1 AND webhook IN (SELECT id FROM webhooks WHERE ?3 IS NULL OR account = ?3)";
        let values = params![id, int(now_ms), account.map(AccountId::as_str)];
        Ok(self.run("send an event again", sql, values)? == 1)
    }

    /// The latest deliveries to an account's webhooks before one (by its number), or of all.
    ///
    /// # Errors
    /// Database errors.
    pub fn deliveries(&self, account: &AccountId, before: Option<i64>, limit: u32) -> Result<Vec<Delivery>, Error> {
        self.all(
            "list deliveries",
            "SELECT deliveries.* FROM deliveries JOIN webhooks ON webhooks.id = webhook WHERE account = ?1
             AND (?3 IS NULL OR deliveries.id < ?3) ORDER BY deliveries.id DESC LIMIT ?2",
            params![account.as_str(), limit.min(super::MAX_ROWS), before],
            delivery,
        )
    }
}

/// Queues one; the webhook's oldest beyond what is kept go, if they are done with.
fn insert(connection: &rusqlite::Connection, new: &NewDelivery) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO deliveries (webhook, event, body, created_ms, next_try_ms) VALUES (?1, ?2, ?3, ?4, ?4)",
        params![new.webhook, new.event, new.body, int(new.at_ms)],
    )?;
    let id = connection.last_insert_rowid();
    connection.execute(
        "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries WHERE webhook = ?1 AND state <> 'queued'
         ORDER BY id DESC LIMIT -1 OFFSET ?2)",
        params![new.webhook, MAX_KEPT],
    )?;
    // `last_insert_rowid` stays that of the insertion.
    debug_assert_eq!(connection.last_insert_rowid(), id);
    Ok(())
}

fn webhook(row: &Row<'_>) -> rusqlite::Result<Webhook> {
    Ok(Webhook {
        id: row.get("id")?,
        account: parsed(row, "account")?,
        url: row.get("url")?,
        format: parsed(row, "format")?,
        events: from_json(row, "events")?,
        secret: row.get("secret")?,
        is_on: row.get("is_on")?,
        created_ms: unsigned(row, "created_ms")?,
    })
}

fn delivery(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    Ok(Delivery {
        id: row.get("id")?,
        webhook: row.get("webhook")?,
        event: row.get("event")?,
        body: row.get("body")?,
        created_ms: unsigned(row, "created_ms")?,
        state: row.get("state")?,
        attempts: row.get("attempts")?,
        next_try_ms: unsigned(row, "next_try_ms")?,
        done_ms: maybe_unsigned(row, "done_ms")?,
        answer: row.get("answer")?,
    })
}
