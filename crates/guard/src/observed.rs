//! What the guard is shown (registrations, attempts, ends of calls) and what it answers (a screening).

use std::net::IpAddr;

use billing::{CallId, Destination, E164, LineId, Money};
use geo::Place;
use serde::{Deserialize, Serialize};

use crate::{Action, Decibans, Elsewhere, Evidence, Report, UserAgent};

/// Where a registration or a call comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Source address of the packet.
    pub ip: IpAddr,
    /// What is known of that address.
    pub place: Place,
    /// User-Agent header, empty where there was none (at most 128 bytes are kept).
    pub user_agent: UserAgent,
}

/// Why a call is placed, where it is not simply dialled (DESIGN: a redirect or transfer is a new call by that line).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// The phone answered with 3xx, or a forwarding setting did.
    Forward,
    /// The phone sent REFER.
    Transfer,
}

/// Failed authentications before the success behind a registration or a call, as the lock-out counts them within a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failures {
    /// From this address as this line, within the lock-out window.
    pub here: u32,
    /// From this address as other names: scanners try one name after another.
    pub other_names: u32,
    /// As this line from networks it never logged in from.
    pub line: u32,
    /// From how many addresses those came.
    pub line_addresses: u32,
}

impl Failures {
    /// None.
    pub const NONE: Self = Self { here: 0, other_names: 0, line: 0, line_addresses: 0 };

    /// The more of both, count by count.
    #[must_use]
    pub(crate) fn max(self, other: Self) -> Self {
        Self {
            here: self.here.max(other.here),
            other_names: self.other_names.max(other.other_names),
            line: self.line.max(other.line),
            line_addresses: self.line_addresses.max(other.line_addresses),
        }
    }
}

/// A successful registration of a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// The line.
    pub line: LineId,
    /// Where it registered from.
    pub origin: Origin,
    /// Failed authentications before this success.
    pub failures_before: Failures,
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
    /// Failed authentications before this call's success.
    pub failures_before: Failures,
    /// What the bulletin says of its number and its place.
    pub elsewhere: Elsewhere,
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
    /// Where it cuts: whether the place the call comes from is a stranger's who has the line's secret.
    pub stranger: bool,
    /// What other accounts should know of, where it cuts.
    pub report: Report,
}
