//! How a call ended, from the call machine.

use billing::{CallId, CarrierId, LineId};
use serde::{Deserialize, Serialize};

/// Who ended a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HungUpBy {
    /// The caller (BYE or CANCEL).
    Caller,
    /// The callee (BYE or a failure answer).
    Callee,
    /// This node: see the reason.
    Node,
}

/// Why this node ended a call; also what a person reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CallEnd {
    /// One of the parties ended it.
    Normal,
    /// The credit ran out.
    CreditEnded,
    /// The guard's cut.
    Cut,
    /// The line's secret was changed.
    SecretChanged,
    /// An owner or administrator hung it up.
    Operator,
    /// No voice from either side. What is talked is billed until then, not until the hang-up.
    Silence {
        /// When one was last heard, milliseconds since the Unix epoch.
        heard_ms: u64,
    },
    /// The node restarted during the call.
    Recovered,
    /// The node is shutting down.
    Shutdown,
}

impl CallEnd {
    /// Why, in words: the same in the BYE's Reason header and in the call record.
    #[must_use]
    pub const fn why(self) -> &'static str {
        match self {
            Self::Normal => "no answer",
            Self::CreditEnded => "the credit or a limit of the day ran out",
            Self::Cut => "cut by the guard",
            Self::SecretChanged => "the secret of the line was changed",
            Self::Operator => "hung up by the owner or an administrator",
            Self::Silence { .. } => "no voice from either side",
            Self::Recovered => "the node restarted during the call",
            Self::Shutdown => "the node was shut down",
        }
    }
}

/// How a call ended, from the call machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settlement {
    /// The call.
    pub call: CallId,
    /// When it began to ring, if it did.
    pub ring_ms: Option<u64>,
    /// When the callee answered, if so. The end is the input's own time.
    pub answer_ms: Option<u64>,
    /// SIP status of the final answer to the caller (200 for an answered call, 487 cancelled).
    pub status: u16,
    /// The peer's reason phrase or ours (at most 128 bytes).
    pub reason: String,
    /// Who ended it.
    pub hung_up_by: HungUpBy,
    /// Why, where the node did.
    pub end: CallEnd,
    /// The carrier that took it, or the line that answered.
    pub carrier: Option<CarrierId>,
    /// The line that answered, for calls to phones.
    pub callee: Option<LineId>,
}
