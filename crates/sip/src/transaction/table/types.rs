//! What goes into and comes out of the transaction table.

use super::super::Wire;
use crate::arena::Slot;
use crate::flow::Flow;

/// Most server transactions a table holds unless told otherwise. Each stays for at least 32 s on UDP, and requests that begin
/// something fill three quarters at most: 18,000 a second together with what ends it, of 9,000 calls. At 0.5 KB each with the
/// response it keeps this is 400 MB.
pub const MAX_SERVERS: usize = 786_432;
/// Most client transactions a table holds unless told otherwise, and most CANCELs on top of them.
pub const MAX_CLIENTS: usize = 786_432;

/// Longest head of an INVITE, which is kept until its user says something.
pub const MAX_HEAD_BYTES: usize = 16_384;

/// A server transaction: one received request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerKey(pub(super) Slot);

impl ServerKey {
    /// Its place, for what is kept beside the table.
    pub const fn slot(self) -> Slot {
        self.0
    }

    /// Of no transaction: for a request that is answered without one.
    pub const NONE: Self = Self(Slot { index: u32::MAX, generation: u32::MAX });
}

/// A client transaction: one request of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientKey(pub(super) Slot);

impl ClientKey {
    /// Its place, for what is kept beside the table.
    pub const fn slot(self) -> Slot {
        self.0
    }
}

/// What a received request is to its receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A new request. Answer it with [`TransactionTable::respond`](super::TransactionTable::respond).
    New(ServerKey),
    /// A CANCEL, itself to be answered: 200 if it found an INVITE (which then gets 487 if it has
    /// no final response yet), else 481 (RFC 3261 section 9.2).
    Cancel {
        /// The CANCEL's own transaction.
        cancel: ServerKey,
        /// The INVITE it means, if that transaction is alive.
        invite: Option<ServerKey>,
    },
    /// An ACK that belongs to a dialog: find the dialog by its tags. Never answered.
    Ack,
    /// A retransmission or the ACK of a failure: dealt with.
    Absorbed,
    /// No room: answer 503 by [`TransactionTable::send`](super::TransactionTable::send), or drop it.
    Full,
    /// It lacks a usable Via, From or CSeq, or its head is absurdly long ([`MAX_HEAD_BYTES`]): answer 400 or drop it.
    Malformed,
}

/// What a received response is to its receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It answers this request and is news.
    To(ClientKey),
    /// A retransmission, or the answer to a CANCEL: dealt with.
    Absorbed,
    /// No transaction of ours. Drop it (RFC 6026 section 8), unless it is a 2xx to an INVITE of
    /// a call we gave up: then the callee has answered and is owed ACK and BYE.
    Stray,
}

/// What the table wants done or known; drain with [`TransactionTable::poll_output`](super::TransactionTable::poll_output).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Put these bytes on this flow.
    Send {
        /// Where to.
        flow: Flow,
        /// The message.
        bytes: Wire,
    },
    /// No final response came in time; to be treated as 408 (RFC 3261 section 8.1.3.1).
    Timeout(ClientKey),
    /// The request could not be sent; to be treated as 503 (RFC 3261 section 8.1.3.1).
    Failed(ClientKey),
    /// The transaction is over and its key finds nothing any more.
    ClientEnded(ClientKey),
    /// No ACK came for a failure, or the user never answered: nothing more will be sent.
    ServerTimeout(ServerKey),
    /// A response could not be sent.
    ServerFailed(ServerKey),
    /// The transaction is over and its key finds nothing any more.
    ServerEnded(ServerKey),
}

/// Why a request was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The table holds as many client transactions as it may.
    #[error("the table of client transactions is full")]
    Full,
    /// A request with this branch and method is under way.
    #[error("the branch is in use")]
    BranchInUse,
}
