//! One call of a station: what it is, how far it has come, and what it still waits for.

use sip::transaction::{AckWait, ClientKey, ServerKey};
use sip::{Dialog, Flow, Message};

use super::outgoing::Invitation;

/// How far a call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LegState {
    /// Invited, not answered.
    Inviting,
    /// We gave up; the INVITE's final answer is still due.
    Cancelling,
    /// Answered.
    Talking,
    /// Our BYE is under way.
    Ending,
}

/// Which end began it.
#[derive(Debug)]
pub(super) enum Role {
    /// We called.
    Caller(Box<Outgoing>),
    /// We were called.
    Callee(Box<Incoming>),
}

/// What is kept of a call of ours until it is answered.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub invitation: Invitation,
    pub flow: Flow,
    pub call_id: String,
    pub tag: String,
    pub cseq: u32,
    /// How often credentials were sent.
    pub tries: u8,
    /// Whether the last INVITE carried credentials.
    pub authorised: bool,
    /// Whether a proxy (407) asked for them.
    pub proxy: bool,
    pub client: Option<ClientKey>,
    /// The INVITE as last sent.
    pub sent: Vec<u8>,
}

/// What is kept of a call to us until it is answered.
#[derive(Debug)]
pub(super) struct Incoming {
    pub server: ServerKey,
    pub invite: Message,
    pub tag: String,
    pub flow: Flow,
}

/// One call.
#[derive(Debug)]
pub(super) struct Leg {
    pub role: Role,
    pub state: LegState,
    pub dialog: Option<Dialog>,
    /// A 2xx of ours that waits for its ACK.
    pub ack_wait: Option<(ServerKey, AckWait)>,
    /// Whether a new offer of ours is under way.
    pub offering: bool,
    /// When we hung up; the BYE may take longer to arrive.
    pub hung_up_ms: Option<u64>,
}

impl Leg {
    pub(super) fn new(role: Role) -> Leg {
        Leg { role, state: LegState::Inviting, dialog: None, ack_wait: None, offering: false, hung_up_ms: None }
    }

    pub(super) fn deadline_ms(&self) -> Option<u64> {
        self.ack_wait.as_ref().map(|(_, wait)| wait.deadline_ms())
    }
}
