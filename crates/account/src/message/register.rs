//! An authenticated REGISTER as the account is told of it.

use billing::LineId;
use serde::{Deserialize, Serialize};

use super::Via;

/// An authenticated REGISTER.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// The edge's handle of the transaction that waits for the reply.
    pub token: u64,
    /// The line.
    pub line: LineId,
    /// What it asks.
    pub change: RegistrationChange,
    /// Call-ID.
    pub call_id: String,
    /// CSeq number.
    pub cseq: u32,
    /// Where it came from.
    pub via: Via,
    /// The version of the secret that proved it; `None` where none did. A secret that was changed meanwhile proves
    /// nothing.
    pub secret_version: Option<u32>,
}

/// What an authenticated REGISTER asks (RFC 3261 section 10.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RegistrationChange {
    /// No Contact: only list them.
    Query,
    /// `Contact: *` with Expires 0.
    RemoveAll,
    /// Add, refresh or (0 seconds) remove these: contact URI and seconds granted.
    Put(Vec<(String, u32)>),
}
