//! SIP transactions (RFC 3261 section 17, RFC 6026): a file per state machine, and the table
//! that finds the right one for a message.
//!
//! Nothing here reads a clock or a socket. A machine takes an input and the time, appends
//! [`Action`]s, and says when it wants to be woken next.

mod accepted;
mod derived;
mod invite_client;
mod invite_server;
mod key;
mod lingering;
mod non_invite_client;
mod non_invite_server;
mod side;
mod table;
pub mod timer;

#[cfg(test)]
mod script;

use std::sync::Arc;

pub use accepted::{AckWait, AckWaitStep};
pub use invite_client::{InviteClient, InviteClientInput, InviteClientState};
pub use invite_server::{InviteServer, InviteServerInput, InviteServerState};
pub use non_invite_client::{NonInviteClient, NonInviteClientInput, NonInviteClientState};
pub use non_invite_server::{NonInviteServer, NonInviteServerInput, NonInviteServerState};
pub use table::{
    Answer, ClientKey, Incoming, MAX_CLIENTS, MAX_HEAD_BYTES, MAX_SERVERS, Output, SendError, ServerKey,
    TransactionTable,
};

/// A serialised message, shared so that a retransmission copies nothing.
pub type Wire = Arc<[u8]>;

/// What a transaction machine asks of whoever drives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Put these bytes on the transaction's flow.
    Send(Wire),
    /// Hand the message just received to the transaction user.
    PassUp,
    /// Send a CANCEL for this INVITE, in a transaction of its own (RFC 3261 section 9.1).
    SendCancel,
    /// Tell the user: the peer did not answer, or did not acknowledge, in time.
    Timeout,
    /// Tell the user: the transport could not deliver.
    TransportError,
    /// The machine is done and may be dropped. Always the last action it yields.
    Terminated,
}
