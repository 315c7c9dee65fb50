//! The event format of a replay, version 1: JSON Lines in the order of their time, read without copying.

use std::borrow::Cow;
use std::net::IpAddr;

use billing::{AccountId, Country};
use guard::Cause;
use serde::{Deserialize, Serialize};

/// Longest ringing that is believed, seconds; what says longer rings this long.
pub const MAX_RING_S: f64 = 600.0;
/// Longest talk that is believed, seconds (a day); what says longer talks this long.
pub const MAX_TALK_S: f64 = 86_400.0;

/// Accounts replayed at once.
pub const MAX_ACCOUNTS: usize = 100_000;

/// One event with its time.
#[derive(Clone, Debug, PartialEq)]
pub struct Event<'a> {
    /// When, milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// What.
    pub kind: Kind<'a>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind<'a> {
    /// An account is there, or has changed.
    Account(AccountRow),
    /// A phone or trunk tried to register.
    Register(RegisterRow<'a>),
    /// A line placed a call.
    Call(CallRow<'a>),
}

/// An account.
#[derive(Clone, Debug, PartialEq)]
pub struct AccountRow {
    /// Its name.
    pub account: AccountId,
    /// Where its home numbering area is.
    pub country: Country,
    /// Its clock, minutes east of UTC.
    pub utc_offset_min: i16,
}

/// The line behind an event, and where it was then.
#[derive(Clone, Debug, PartialEq)]
pub struct Who<'a> {
    /// Whose line.
    pub account: Cow<'a, str>,
    /// Which line.
    pub line: Cow<'a, str>,
    /// From which address; `0.0.0.0`, of which nothing is known, where the source does not tell.
    pub ip: IpAddr,
    /// User-Agent header; empty where there was none.
    pub user_agent: Cow<'a, str>,
}

/// A registration.
#[derive(Clone, Debug, PartialEq)]
pub struct RegisterRow<'a> {
    /// Which line, of which account.
    pub who: Who<'a>,
    /// Whether the password was right.
    pub ok: bool,
}

/// A call attempt, and what the network makes of it if it is let through.
#[derive(Clone, Debug, PartialEq)]
pub struct CallRow<'a> {
    /// Its id in the file.
    pub id: Cow<'a, str>,
    /// Which line places it, of which account.
    pub who: Who<'a>,
    /// As dialled.
    pub dialled: Cow<'a, str>,
    /// Forwarded or transferred; `None` where it was dialled.
    pub cause: Option<Cause>,
    /// From where the phone behind a trunk calls, as the customer's PBX tells; not proven.
    pub told_ip: Option<IpAddr>,
    /// What will become of it. A screener is told each part when it happens, not before.
    pub fate: Fate,
}

/// What the network does with a call that is let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fate {
    /// Milliseconds until it is answered, or given up.
    pub ring_ms: u64,
    /// Milliseconds it talks if nobody cuts it; 0 where it is not answered.
    pub talk_ms: u64,
    /// How it ends.
    pub result: CallResult,
}

/// How a call ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallResult {
    /// Somebody answered.
    Answered,
    /// It rang and nobody answered.
    NoAnswer,
    /// Busy.
    Busy,
    /// It did not go through.
    Failed,
}

impl CallResult {
    /// The SIP status of the final answer (RFC 3261 §21).
    #[must_use]
    pub const fn sip_status(self) -> u16 {
        match self {
            Self::Answered => 200,
            Self::NoAnswer => 480,
            Self::Busy => 486,
            Self::Failed => 503,
        }
    }
}

mod members;
mod row;

pub use row::rfc3339;

/// Why a row is not an event.
#[derive(Debug, thiserror::Error)]
pub enum RowError {
    /// Not JSON, or a field is of the wrong type.
    #[error("it is not a JSON object of the event format")]
    Json(#[source] serde_json::Error),
    /// Not text.
    #[error("it is not UTF-8")]
    Utf8,
    /// A field is missing.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A field says nothing that makes sense.
    #[error("`{field}` is {value:?}, which is no {expected}")]
    Value {
        /// Which field.
        field: &'static str,
        /// What it says.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
    /// An event that is older than the one before it.
    #[error("it is older than the row before it; events have to be in the order of time")]
    Order,
    /// An account of which no row has told.
    #[error("there is no account {0:?}: its row of type account has to come first")]
    NoAccount(String),
    /// A line whose name cannot be one.
    #[error("{0:?} is no name of a line (1 to 64 of a-z, A-Z, 0-9, `.`, `_` and `-`)")]
    Line(String),
    /// One line more than an account may have.
    #[error("the account has more than {} lines", guard::MAX_LINES)]
    TooManyLines,
    /// One account more than are replayed at once.
    #[error("there are more than {MAX_ACCOUNTS} accounts")]
    TooManyAccounts,
    /// A label more than are read.
    #[error("there are more than {} labels", crate::MAX_LABELS)]
    TooManyLabels,
    /// A call that would have to wait in too long a queue.
    #[error("more than {} calls run at once or wait for one that runs", crate::MAX_WAITING)]
    TooManyWaiting,
    /// A type this version does not know.
    #[error("`type` is {0:?}; it can be account, register or call")]
    Type(String),
}
