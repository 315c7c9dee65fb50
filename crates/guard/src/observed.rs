//! What the guard is shown (registrations, attempts, ends of calls) and what it answers (a screening).

use std::net::IpAddr;
use std::sync::Arc;

use billing::{CallId, Destination, E164, LineId, Money};
use geo::Place;
use serde::{Deserialize, Serialize};

use crate::{Action, Decibans, Evidence};

/// Where a registration or a call comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Source address of the packet.
    pub ip: IpAddr,
    /// What is known of that address.
    pub place: Place,
    /// User-Agent header, empty where there was none (at most 128 bytes are kept).
    pub user_agent: Arc<str>,
}

/// Why a call is placed, where it is not simply dialled (DESIGN: a redirect or transfer is a new call by that line).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// The phone answered with 3xx, or a forwarding setting did.
    Forward,
    /// The phone sent REFER.
    Transfer,
}

/// A successful registration of a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// The line.
    pub line: LineId,
    /// Where it registered from.
    pub origin: Origin,
    /// Failed authentications seen from this address in the lock-out window before this success.
    pub failures_before: u32,
}

/// One call attempt of a line towards a carrier, as the guard sees it before it is placed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    /// Our id of the call.
    pub call: CallId,
    /// The line that places it.
    pub line: LineId,
    /// Where the INVITE came from.
    pub origin: Origin,
    /// The number called.
    pub number: E164,
    /// Its country and class.
    pub destination: Destination,
    /// Whether a cut would stop it (DESIGN section 2, cut class).
    pub cut_class: bool,
    /// Price a minute from the deck; the default price where `priced` is false.
    pub per_minute: Money,
    /// Whether the deck has a price for it.
    pub priced: bool,
    /// Forwarded or transferred, or `None` where it was dialled.
    pub cause: Option<Cause>,
    /// Where the phone behind a trunk is, as the customer's PBX tells; not proven.
    pub told: Option<Place>,
    /// Failed authentications from this address before this call's success.
    pub failures_before: u32,
    /// The account's offset from UTC at this moment, minutes.
    pub utc_offset_min: i16,
}

/// The end of a call the guard screened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// The call.
    pub call: CallId,
    /// Talk time in milliseconds, 0 where it was not answered.
    pub talk_ms: u64,
    /// SIP status of the final answer.
    pub status: u16,
}

/// The guard's answer about one attempt or running call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Screening {
    /// Whether the call may go (on).
    pub allowed: bool,
    /// The sum of evidence for a hijack of the line now.
    pub score: Decibans,
    /// The facts behind it, strongest first.
    pub evidence: Vec<Evidence>,
    /// What the guard wants done beyond this call; the account does it and opens an incident.
    pub action: Option<Action>,
    /// Running calls (by id) that the same evidence makes suspect: to be hung up with a cut.
    pub suspects: Vec<CallId>,
}
