//! What the worker needs of the store: notices that wait, their states, and the facts a mail is made of.

use account::{LineKind, Notice};
use billing::{AccountId, E164, LineId, Money};

/// News told in one mail; more of it comes in the next.
pub const MAX_NEWS: u32 = 40;

/// A notice that waits.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    /// Its number.
    pub id: i64,
    /// Whose contacts are told.
    pub account: AccountId,
    /// When it was queued.
    pub created_ms: u64,
    /// What they are told.
    pub notice: Notice,
    /// Failed attempts so far.
    pub attempts: u32,
}

/// What a mail says of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountFacts {
    /// Its settings: name, time zone, currency, contacts.
    pub settings: account::Settings,
    /// Paid in less captured.
    pub balance: Money,
    /// Of which set aside for running calls.
    pub held: Money,
}

/// What a mail says of a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineFacts {
    /// Its id in the account; blank where there is no line.
    pub id: String,
    /// Extension or trunk; `None` where the line is gone by now.
    pub kind: Option<LineKind>,
    /// Its display name, may be empty.
    pub name: String,
    /// The number it shows, where it has one of its own.
    pub caller_id: Option<E164>,
}

/// The store did not answer.
#[derive(Debug, thiserror::Error)]
#[error("the outbox cannot be read or written")]
pub struct OutboxError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// The durable queue of notices, and what mails are made of. Calls may block (the worker keeps them off the async
/// threads); a change is durable when its call returns.
pub trait Outbox: Send + Sync + 'static {
    /// The notice that is due first, if one is due.
    ///
    /// # Errors
    /// The store did not answer.
    fn next_due(&self, now_ms: u64) -> Result<Option<Waiting>, OutboxError>;

    /// News of an account that waits, due or not, the oldest first; at most [`MAX_NEWS`] of it.
    ///
    /// # Errors
    /// The store did not answer.
    fn news(&self, account: &AccountId) -> Result<Vec<Waiting>, OutboxError>;

    /// When the next notice is due; `None` while none waits.
    ///
    /// # Errors
    /// The store did not answer.
    fn next_due_ms(&self) -> Result<Option<u64>, OutboxError>;

    /// A notice was sent to all that could be reached.
    ///
    /// # Errors
    /// The store did not answer; the notice may be sent again.
    fn mark_sent(&self, id: i64, now_ms: u64) -> Result<(), OutboxError>;

    /// A notice was not sent: tried again at `next_try_ms`, or given up where that is `None`, and kept with `error`.
    ///
    /// # Errors
    /// The store did not answer; the notice stays as it was.
    fn mark_failed(&self, id: i64, error: &str, next_try_ms: Option<u64>) -> Result<(), OutboxError>;

    /// An account, if there is one of that id.
    ///
    /// # Errors
    /// The store did not answer.
    fn account(&self, id: &AccountId) -> Result<Option<AccountFacts>, OutboxError>;

    /// A line of an account, if it (still) has one of that id.
    ///
    /// # Errors
    /// The store did not answer.
    fn line(&self, account: &AccountId, line: &LineId) -> Result<Option<LineFacts>, OutboxError>;

    /// One copy of a notice was taken by the mail server, under this Message-ID. For those who keep a record of it.
    fn delivered(&self, _notice: &Waiting, _to: &account::Contact, _message_id: &str, _now_ms: u64) {}
}
