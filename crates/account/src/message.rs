//! What goes into an account machine and what comes out of it.

mod answer;
mod attempt;
mod bytes;
mod change;
mod register;
mod settlement;

use std::sync::Arc;

use billing::{CallId, LineId};
use serde::{Deserialize, Serialize};

pub use answer::{Answer, Effect, Lease, Notice, Permit, Refusal, RefusalCode, Reply, Verdict};
pub use attempt::{Attempt, Caller, LookUps, Party, Told, Via};
pub use change::{Actor, Change, ChangeError, Done};
pub use register::{Registration, RegistrationChange};
pub use settlement::{CallEnd, HungUpBy, Settlement};

/// Everything that can happen to an account. Inputs are journalled in the order they were handled; replaying them
/// through a new machine gives the same state, effects and replies. What is large in them is boxed: they travel through queues.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Input {
    /// Somebody wants to place a call. The running call and the journal's record share it.
    Screen(Arc<Attempt>),
    /// The callee answered; `legs` lets a restarted node hang up (opaque to the account).
    Answered {
        /// The call.
        call: CallId,
        /// Serialised dialogs of both legs.
        #[serde(with = "bytes")]
        legs: Vec<u8>,
    },
    /// The time the lease named has come: look again and set aside more money.
    Extend {
        /// The call.
        call: CallId,
    },
    /// A screened call has ended, answered or not.
    Settle(Settlement),
    /// An authenticated REGISTER.
    Register(Box<Registration>),
    /// An owner, an administrator or an applied file changes something.
    Change {
        /// Who.
        by: Actor,
        /// What.
        change: Box<Change>,
    },
    /// The phones of these bindings (line and contact) have not registered again in time.
    Lapse(Vec<(LineId, String)>),
    /// Time passed: incident reports become due.
    Tick,
}
