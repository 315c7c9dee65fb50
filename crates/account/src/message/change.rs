//! What people change about an account, and what they are told.

use billing::{CallId, E164, IncidentId, LineId, Money};
use lockout::OwnMistake;
use serde::{Deserialize, Serialize};

use crate::{Did, GuardMode, Line, Secrets, Settings};

/// Who changes something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Actor {
    /// The command line on the node itself.
    CommandLine,
    /// A portal user, by login name.
    User(String),
    /// Whoever holds the signed link in a warning's mail.
    Link,
    /// The configuration, when the node is started for the first time.
    Configuration,
}

impl Actor {
    /// The actor's name for logs, ledger and bans.
    pub fn name(&self) -> &str {
        match self {
            Self::CommandLine => "the command line",
            Self::User(login) => login,
            Self::Link => "the link in a mail",
            Self::Configuration => "the configuration",
        }
    }
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
    /// A correction by an administrator; idempotent by reference.
    Adjust {
        /// How much, with its sign.
        amount: Money,
        /// Why.
        note: String,
        /// The correction's own reference, unique among payments and corrections.
        reference: String,
    },
    /// Money paid in without anybody asking for it by hand; idempotent by reference.
    AutoTopUp {
        /// How much, above zero.
        amount: Money,
        /// The payment's own reference, unique.
        reference: String,
    },
    /// Turn the cut class back on for one line or, `None`, for the account and all its lines; closes the incidents.
    LiftCut {
        /// The line.
        line: Option<LineId>,
    },
    /// The owner's answer to an incident: these calls were the account's own.
    ThatWasUs {
        /// The incident.
        incident: IncidentId,
    },
    /// The owner's answer to an incident: these calls were somebody else's.
    ThatWasNotUs {
        /// The incident.
        incident: IncidentId,
    },
    /// The owner takes the answer to an incident back.
    TakeBack {
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
    /// Nothing to take back.
    #[error("there is no answer to incident {0} that can be taken back")]
    NoAnswer(IncidentId),
    /// No such call.
    #[error("call {0} is not running")]
    NoCall(CallId),
    /// Nothing is cut there.
    #[error("international calling is not cut there")]
    NotCut,
    /// The payment or correction was booked before.
    #[error("the payment {0} is already booked")]
    DuplicatePayment(String),
    /// An amount that makes no sense.
    #[error("the amount must be above zero and leave the balance above zero")]
    BadAmount,
    /// The owner takes no automatic payments.
    #[error("automatic payments are switched off for this account")]
    NoAutoTopUp,
    /// Automatic payments stand still.
    #[error("automatic payments stand still while incident {0} is open")]
    IncidentOpen(IncidentId),
    /// Automatic payments have brought in what they may.
    #[error("automatic payments may bring in no more than {left} now, by the owner's limit for 24 hours")]
    AutoTopUpMax {
        /// What is left of the limit.
        left: Money,
    },
    /// A mark-up nobody means.
    #[error("a mark-up is from -100% to 900%")]
    BadMarkup,
    /// A number or network for guesses at its lines that makes no sense.
    #[error("{0}")]
    BadLockout(OwnMistake),
    /// A named maximum.
    #[error("an account can have at most {max} {what}")]
    TooMany {
        /// Of what.
        what: String,
        /// How many.
        max: u32,
    },
    /// Money is counted in the currency it was paid in.
    #[error("the currency of an account cannot be changed once money was paid in")]
    CurrencyFixed,
    /// The digests of a secret are made with the user name.
    #[error("a line that gets another user name needs a new secret with it")]
    SecretNeeded,
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
