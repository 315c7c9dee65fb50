//! What an account answers: verdicts, leases and other replies, and the effects that are journalled.

use std::net::IpAddr;

use billing::{CallId, CarrierId, Cdr, E164, LedgerEntry, LineId, Money};
use guard::Incident;
use serde::{Deserialize, Serialize};

use super::{Actor, CallEnd, Caller, ChangeError, Done};
use crate::{Binding, Cut, Did, Line, Settings};

/// How long a call may talk before the account must be asked again.
///
/// Times are seconds since the answer. At `check_at_s` the edge sends [`Input::Extend`]; at `paid_until_s` it hangs
/// up if no longer lease has come by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// When to ask again; `None`: never.
    pub check_at_s: Option<u32>,
    /// What is paid for; `None`: without end (calls that cost nothing).
    pub paid_until_s: Option<u32>,
}

/// Where an allowed call goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Permit {
    /// To phones of the account, all at once.
    Lines {
        /// Where they are.
        bindings: Vec<(LineId, Binding)>,
        /// What they are shown.
        caller: Caller,
        /// What was called, the number in E.164 or the extension: for the To header, and for the user part of the
        /// Request-URI where a whole PBX (a trunk) has to find the phone.
        called: String,
    },
    /// To a carrier.
    Carrier {
        /// Carriers in order.
        carriers: Vec<CarrierId>,
        /// The number in E.164, or the emergency number as dialled.
        number: String,
        /// What the carrier is shown: one of the account's numbers.
        caller: Caller,
        /// An emergency call.
        emergency: bool,
    },
}

/// Why a call is refused; the edge turns it into a SIP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum RefusalCode {
    /// Not a number anybody can dial (484).
    BadNumber,
    /// No such extension or DID (404).
    NoSuchLine,
    /// The line exists and no phone is registered (480).
    NotRegistered,
    /// The owner's settings do not allow it (403).
    NotPermitted,
    /// Cut by an incident (403).
    Cut,
    /// The guard refuses it (403).
    Guard,
    /// The balance does not cover it (402).
    NoCredit,
    /// Above the exposure ceiling (403).
    Exposure,
    /// Too many calls at once (503).
    TooManyCalls,
    /// No carrier for it (503).
    NoCarrier,
    /// Above the owner's limit for a day or a month (403).
    Limit,
    /// Nothing can be written down, so that nothing may be spent (503).
    DiskFull,
}

impl RefusalCode {
    /// The SIP status it is answered with (RFC 3261 section 21), also on the CDR.
    #[must_use]
    pub const fn sip_status(self) -> u16 {
        match self {
            Self::BadNumber => 484,
            Self::NoSuchLine => 404,
            Self::NotRegistered => 480,
            Self::NotPermitted | Self::Cut | Self::Guard | Self::Exposure | Self::Limit => 403,
            Self::NoCredit => 402,
            Self::TooManyCalls | Self::NoCarrier | Self::DiskFull => 503,
        }
    }
}

/// A refusal with its sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Why.
    pub code: RefusalCode,
    /// One sentence the owner understands.
    pub text: String,
}

/// The answer to [`Input::Screen`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// Go on.
    Allowed {
        /// Where to.
        permit: Permit,
        /// How long.
        lease: Lease,
    },
    /// Stop here.
    Refused(Refusal),
}

/// What an input leads to, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// Durable consequences, journalled with the input and projected into tables.
    pub effects: Vec<Effect>,
    /// Replies, released once the record that carries the input is durable if `spends` is set, at once otherwise.
    pub replies: Vec<Reply>,
    /// Whether the replies spend money or promise something (an INVITE to a carrier, a longer lease, an answer, a
    /// changed secret).
    pub spends: bool,
}

/// A durable consequence of an input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(clippy::large_enum_variant, reason = "effects are moved once into the journal record")]
pub enum Effect {
    /// A call ended (or was refused).
    Cdr(Cdr),
    /// Money moved.
    Ledger(LedgerEntry),
    /// Settings, new or changed.
    Settings(Settings),
    /// A line, new or changed (secret, cut, bindings, last seen).
    Line(Line),
    /// A line is gone.
    LineRemoved(LineId),
    /// A DID, new or changed.
    Did(Did),
    /// A DID is gone.
    DidRemoved(E164),
    /// An incident, new or changed.
    Incident(Incident),
    /// The cut of the whole account, new, or `None` where it was lifted.
    AccountCut(Option<Cut>),
    /// The account's balance and what is held now, after this input (only where they changed).
    Balance {
        /// Paid in less captured.
        balance: Money,
        /// Set aside for running calls.
        held: Money,
    },
    /// Something to tell the account's contacts.
    Notice(Notice),
    /// A change by a person, in words (audit log).
    Audit {
        /// Who.
        by: Actor,
        /// What.
        text: String,
    },
}

/// Something to tell the account's contacts (an outbox row each).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Notice {
    /// An incident was opened and its first account is complete (running suspicious calls were hung up and settled).
    Incident(Box<Incident>),
    /// An emergency number was dialled (Kari's Law).
    Emergency {
        /// The line.
        line: LineId,
        /// The number.
        number: String,
        /// From where.
        place: String,
    },
    /// A charge took the balance below the owner's threshold.
    LowBalance {
        /// What is left.
        balance: Money,
        /// The owner's threshold.
        threshold: Money,
    },
    /// An incident that was told goes further: it cuts more, or was answered.
    IncidentUpdated(Box<Incident>),
    /// An incident ended.
    IncidentClosed(Box<Incident>),
    /// The account called a country for the first time.
    NewCountry {
        /// The line that called.
        line: LineId,
        /// The country's two letters.
        country: String,
        /// The number.
        number: String,
    },
    /// A line was used from a network for the first time.
    NewNetwork {
        /// The line.
        line: LineId,
        /// From which address.
        ip: IpAddr,
        /// Where that is.
        place: String,
    },
}

impl Notice {
    /// Whether it can wait to be told together with others of its kind.
    pub fn is_news(&self) -> bool {
        !matches!(self, Self::Incident(_) | Self::Emergency { .. } | Self::LowBalance { .. })
    }

    /// The incident it is about.
    pub fn incident(&self) -> Option<&Incident> {
        match self {
            Self::Incident(incident) | Self::IncidentUpdated(incident) | Self::IncidentClosed(incident) => {
                Some(incident)
            }
            _ => None,
        }
    }

    /// The line it is about.
    pub fn line(&self) -> Option<&LineId> {
        match self {
            Self::LowBalance { .. } => None,
            Self::Emergency { line, .. } | Self::NewCountry { line, .. } | Self::NewNetwork { line, .. } => Some(line),
            Self::Incident(incident) | Self::IncidentUpdated(incident) | Self::IncidentClosed(incident) => {
                Some(&incident.line)
            }
        }
    }
}

/// What goes back.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// To [`Input::Screen`].
    Verdict {
        /// The call.
        call: CallId,
        /// The verdict.
        verdict: Verdict,
    },
    /// To [`Input::Answered`] and [`Input::Extend`]: the lease from now on.
    Leased {
        /// The call.
        call: CallId,
        /// The lease.
        lease: Lease,
    },
    /// End this call now.
    HangUp {
        /// The call.
        call: CallId,
        /// Why.
        end: CallEnd,
    },
    /// To [`Input::Register`]: where the line is registered now.
    Registered {
        /// The token of the request.
        token: u64,
        /// All its contacts, each with the moment at which it lapses.
        contacts: Vec<(String, u64)>,
    },
    /// To [`Input::Register`] out of order (RFC 3261 10.3 step 7) or above the maximum.
    RegisterRefused {
        /// The token of the request.
        token: u64,
        /// SIP status.
        status: u16,
    },
    /// To [`Input::Change`].
    Changed(Result<Done, ChangeError>),
}
