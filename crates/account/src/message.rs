//! What goes into an account machine and what comes out of it.

use billing::{CallId, CarrierId, Cdr, Destination, Dialled, E164, IncidentId, LedgerEntry, LineId, Money, Rate};
use geo::Place;
use guard::{Cause, Incident};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

use crate::{Binding, Did, Flow, GuardMode, Line, Secrets, Settings};

/// Everything that can happen to an account. Inputs are journalled in the order they were handled; replaying them
/// through a new machine gives the same state, effects and replies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(clippy::large_enum_variant, reason = "an input is moved once into the journal record")]
pub enum Input {
    /// Somebody wants to place a call.
    Screen(Attempt),
    /// The callee answered; `legs` lets a restarted node hang up (opaque to the account).
    Answered {
        /// The call.
        call: CallId,
        /// Serialised dialogs of both legs.
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
    Register(Registration),
    /// An owner, an administrator or an applied file changes something.
    Change {
        /// Who.
        by: Actor,
        /// What.
        change: Change,
    },
    /// Time passed: bindings lapse, incident reports become due.
    Tick,
}

/// Who changes something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Actor {
    /// The command line on the node itself.
    CommandLine,
    /// A portal user, by login name.
    User(String),
}

impl Actor {
    /// The actor's name for logs and bans.
    pub fn name(&self) -> &str {
        match self {
            Self::CommandLine => "the command line",
            Self::User(login) => login,
        }
    }
}

/// Who places a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Party {
    /// A line of this account.
    Line(LineId),
    /// A carrier, calling one of the account's DIDs.
    Carrier(CarrierId),
}

/// Where a request came from, for binding, CDR and guard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Via {
    /// The exact flow.
    pub flow: Flow,
    /// User-Agent (at most 128 bytes).
    pub user_agent: Arc<str>,
    /// What is known of the address.
    pub place: Place,
    /// Failed authentications from this address within the lock-out window before this success.
    pub failures_before: u32,
}

/// What the customer's PBX tells about a call on its trunk, not proven.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The extension behind the trunk.
    pub extension: String,
    /// The address it calls from, in the PBX's words ("203.0.113.9 Khan Yunis, PS").
    pub address: String,
}

/// Look-ups made outside the machine for an attempt, journalled with it so that a replay needs no deck.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LookUps {
    /// What the digits mean by the account's dial plan.
    pub dialled: Dialled,
    /// Country and class, for a number.
    pub destination: Option<Destination>,
    /// The deck's row; `None` where the deck has no price (then `Rate` defaults of the node apply: 0.40 a minute).
    pub rate: Option<Rate>,
    /// The account's offset from UTC now, minutes.
    pub utc_offset_min: i16,
}

/// One call attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// Our id of it.
    pub call: CallId,
    /// Who places it.
    pub from: Party,
    /// Digits or user part as dialled.
    pub dialled: String,
    /// The caller ID the caller claims (user part of From or P-Asserted-Identity) and display name.
    pub caller: Caller,
    /// Where it came from.
    pub via: Via,
    /// Forwarded or transferred.
    pub cause: Option<Cause>,
    /// What the customer's PBX told.
    pub told: Option<Told>,
    /// Look-ups.
    pub look_ups: LookUps,
}

/// A caller as shown to the callee.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// User part: a number or an extension.
    pub user: String,
    /// Display name, may be empty.
    pub name: String,
    /// Whether the caller asked for privacy (RFC 3323).
    pub private: bool,
}

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
    /// Not a number anybody can dial (484/404).
    BadNumber,
    /// No such extension or DID, or nobody registered there: 404 / 480.
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
    /// Too many calls at once (486/503).
    TooManyCalls,
    /// No carrier for it (503).
    NoCarrier,
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
    /// No voice from either side.
    Silence,
    /// The node restarted during the call.
    Recovered,
    /// The node is shutting down.
    Shutdown,
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

/// What an authenticated REGISTER asks (RFC 3261 section 10.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RegistrationChange {
    /// No Contact: only list them.
    Query,
    /// `Contact: *` with Expires 0.
    RemoveAll,
    /// Add, refresh or (0 seconds) remove these: contact URI and seconds granted.
    Put(Vec<(String, u32)>),
}

/// An authenticated REGISTER.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// The edge's handle of the transaction that waits for the reply.
    pub token: u64,
    /// The line.
    pub line: LineId,
    /// What it asks.
    pub change: RegistrationChange,
    /// Call-ID.
    pub call_id: String,
    /// CSeq number.
    pub cseq: u32,
    /// Where it came from.
    pub via: Via,
}

/// A change to the account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(clippy::large_enum_variant, reason = "changes are rare")]
pub enum Change {
    /// The first input of a new account, and later changes of its settings.
    Settings(Settings),
    /// Add a line or change one (bindings, cut and last seen of an existing line are kept).
    PutLine(Line),
    /// Remove a line: its bindings go, its calls are hung up.
    RemoveLine(LineId),
    /// A new secret: bindings dropped, nonces void, running calls hung up, in one step (invariant 13).
    SetSecret {
        /// The line.
        line: LineId,
        /// The new digests (the machine sets the version).
        secrets: Secrets,
    },
    /// Add or change a DID.
    PutDid(Did),
    /// Remove a DID.
    RemoveDid(E164),
    /// Money paid in; idempotent by reference.
    TopUp {
        /// How much, above zero.
        amount: Money,
        /// The payment's own reference, unique.
        reference: String,
    },
    /// A correction by an administrator.
    Adjust {
        /// How much, with its sign.
        amount: Money,
        /// Why.
        note: String,
    },
    /// Turn the cut class back on for one line or, `None`, for the account and all its lines; closes the incidents.
    LiftCut {
        /// The line.
        line: Option<LineId>,
    },
    /// The owner's answer to an incident.
    ThatWasUs {
        /// The incident.
        incident: IncidentId,
    },
    /// Guard active or watching.
    Guard(GuardMode),
    /// Drop one binding of a line.
    DropBinding {
        /// The line.
        line: LineId,
        /// Its contact.
        contact: String,
    },
    /// Hang up a running call.
    HangUp {
        /// The call.
        call: CallId,
    },
}

/// Why a change was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum ChangeError {
    /// No such line.
    #[error("there is no line {0} on this account")]
    NoLine(LineId),
    /// No such DID.
    #[error("{0} is not a number of this account")]
    NoDid(E164),
    /// No such incident.
    #[error("there is no incident {0} on this account")]
    NoIncident(IncidentId),
    /// No such call.
    #[error("call {0} is not running")]
    NoCall(CallId),
    /// Nothing is cut there.
    #[error("international calling is not cut there")]
    NotCut,
    /// The payment was booked before.
    #[error("the payment {0} is already booked")]
    DuplicatePayment(String),
    /// An amount that makes no sense.
    #[error("the amount must be above zero and leave the balance above zero")]
    BadAmount,
    /// A named maximum.
    #[error("an account can have at most {max} {what}")]
    TooMany {
        /// Of what.
        what: String,
        /// How many.
        max: u32,
    },
    /// The account has no settings yet.
    #[error("the account does not exist")]
    NoAccount,
}

/// What a change did, for the person who asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// One sentence ("Extension 107 has a new secret; 2 bindings dropped, 1 call hung up.").
    pub text: String,
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
    /// To [`Input::Register`]: the line's bindings now.
    Registered {
        /// The token of the request.
        token: u64,
        /// All bindings of the line.
        bindings: Vec<Binding>,
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
