//! The journal record: one input of an account (with its effects) or one change of the node.

use account::{Actor, Effect, Input};
use billing::AccountId;
use serde::{Deserialize, Serialize};

use crate::NodeChange;

/// One line of the journal. `lsn` counts from 1 without gaps; it is given by the journal as it takes the records of all
/// workers, and 0 until then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Log sequence number.
    pub lsn: u64,
    /// The node's clock when it was handled, milliseconds.
    pub at_ms: u64,
    /// What happened.
    pub body: Body,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(clippy::large_enum_variant, reason = "a record is serialised at once")]
pub enum Body {
    /// An account handled an input.
    Account {
        /// Which.
        account: AccountId,
        /// The account's own count of inputs.
        seq: u64,
        /// The input.
        input: Input,
        /// What it led to: rows are projected from here; recovery checks that a replay leads to the same.
        effects: Vec<Effect>,
    },
    /// The node's own book changed.
    Node {
        /// What.
        change: NodeChange,
        /// Who did it, where a person did.
        audit: Option<Audit>,
    },
}

/// What the audit log says of a person's change of the node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    /// Who.
    pub by: Actor,
    /// What, in a sentence.
    pub text: String,
}

impl Body {
    /// A change of the node's book that no person made.
    #[must_use]
    pub fn node(change: NodeChange) -> Self {
        Self::Node { change, audit: None }
    }
}
