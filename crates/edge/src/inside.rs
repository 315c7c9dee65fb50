//! Calls of the node that call one another: SIP as between strangers, by letter instead of over a network.
//!
//! A transfer joins two calls. Each stays a call of its own, with its worker, its relay session, its hold and its record,
//! and has the other in the place of the party who transferred: one sends the other an INVITE, as any two user agents
//! would. What is sent on a flow made here goes to no socket but to a worker of this node, perhaps the same; nobody
//! outside can send on it, so that what comes by it needs no credentials, and brings its errand along.

use account::{Attempt, Flow, Transport};
use billing::AccountId;
use serde::{Deserialize, Serialize};
use sip::Message;

use crate::core::Core;
use crate::flow;

/// Marks the number of a flow within the node: those of connections begin with the time and stay below it for ages. The
/// lowest byte says which worker is at the other end, as with any connection, and the next one which is at this end.
const INSIDE: u64 = 1 << 63;

/// Brings the errand of an INVITE along; read of those that come from inside alone.
const ERRAND_HEADER: &str = "P-Tollguard-Errand";

/// In whose name one call calls another: the transfer as the account is asked about it, if it has to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Errand {
    pub account: AccountId,
    /// Of the call that sends it, until the call it leads to has a number of its own.
    pub attempt: Attempt,
}

impl Errand {
    /// Its header.
    pub fn header(&self) -> (&'static str, String) {
        let bytes = postcard::to_stdvec(self).expect("plain data of strings and numbers always encodes");
        (ERRAND_HEADER, sip::hex::encode(&bytes))
    }

    /// What an INVITE from inside brings along.
    pub fn of(invite: &Message) -> Option<Self> {
        postcard::from_bytes(&sip::hex::decode_all(invite.header_named(ERRAND_HEADER)?)?).ok()
    }
}

/// The flow from this worker to another, or to itself.
pub(crate) fn flow_to(core: &Core, worker: usize) -> sip::Flow {
    let address = core.settings.advertised;
    let connection = INSIDE | (core.worker as u64) << 8 | worker as u64;
    flow::to_sip(Flow { local: address, remote: address, transport: Transport::Tcp, connection })
}

/// Whether a flow leads to a worker of this node.
pub(crate) const fn is_inside(flow: sip::Flow) -> bool {
    flow.connection & INSIDE != 0
}

/// A flow within the node as the worker at its other end has it; `None` for one that leads out.
pub fn from_other_end(flow: Flow) -> Option<Flow> {
    let ends = flow.connection & 0xffff;
    let turned = INSIDE | (ends & 0xff) << 8 | ends >> 8;
    (flow.connection & INSIDE != 0).then_some(Flow { connection: turned, ..flow })
}
