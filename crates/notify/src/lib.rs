//! Telling people: the outbox worker, the mails and the way they are sent.
//!
//! A notice waits in the [`Outbox`] (rows of the store). The [`Worker`] takes what is due, [`render()`]s one mail in text
//! and HTML, and hands one copy for each contact of the account to the [`Mailer`]. A row is marked after it was sent, so
//! a crash in between sends it again under the same Message-ID: at least once, and recognisable. What concerns the node's
//! own disk goes by no table ([`Alarms`]).
#![forbid(unsafe_code)]

mod alarm;
mod hook;
mod hooks;
mod letters;
mod limit;
mod links;
mod mailer;
mod outbox;
mod render;
mod settings;
mod store_outbox;
#[cfg(test)]
mod testing;
mod worker;

pub use alarm::{AlarmError, Alarms};
pub use hooks::{Hooks, signature};
pub use letters::Letters;
pub use limit::{HOUR_MS, KEPT_FOR_EMERGENCIES, MAX_MAILS_AN_HOUR};
pub use links::{PortalUrl, PortalUrlError};
pub use mailer::{Mailer, SendError, message_id};
pub use outbox::{AccountFacts, LineFacts, MAX_NEWS, Outbox, OutboxError, Waiting};
pub use render::{DiskAlarm, Mail, MailContext, OnceLinks, RenderError, render};
pub use settings::{Security, Settings, SettingsError};
pub use store_outbox::StoreOutbox;
pub use worker::{Clock, FIRST_RETRY_MS, GIVE_UP_AFTER_MS, LAST_RETRY_MS, SystemClock, Worker, retry_in_ms};
