//! What goes into the call machine and what comes out of it.

use std::net::SocketAddr;

use account::{Attempt, CallEnd, Failures, Flow, Reply};
use billing::{AccountId, CallId, LineId};
use media::{RelayCommand, RelayEvent};
use sip::Message;

use crate::Directory;
use crate::certificate::Certificate;
use crate::remote::{Report, Screened};
use std::sync::Arc;

/// Everything that can happen to the edge.
#[derive(Debug)]
pub enum Input {
    /// A message of this worker's arrived (ban check already passed).
    Message {
        /// From where, to which of our addresses.
        flow: Flow,
        /// As it was framed.
        message: Message,
    },
    /// A new call that was to go to another worker finds no room there.
    TurnAway {
        /// Where the answer goes.
        flow: Flow,
        /// The INVITE.
        message: Message,
    },
    /// The peer of a TLS connection has proven this, before its first message.
    Proven {
        /// The number of the connection.
        connection: u64,
        /// What.
        certificate: Arc<Certificate>,
    },
    /// Nothing can be sent on this flow any more.
    FlowFailed(Flow),
    /// An account answered.
    Reply(Reply),
    /// The relay reports.
    Relay(RelayEvent),
    /// A new directory.
    Directory(Arc<Directory>),
    /// May this address try one more password? The answer to [`Output::Verify`].
    Verify {
        /// The token of the question.
        token: u64,
        /// What to do with the request.
        leave: Leave,
        /// Failed authentications seen from the address before.
        failures_before: Failures,
    },
    /// A call of before a restart: send BYE on both legs and settle it as recovered.
    Recover {
        /// Its account.
        account: AccountId,
        /// The call.
        call: CallId,
        /// Serialised legs as given with `Answered`; `None` where the call was not answered.
        legs: Option<Vec<u8>>,
    },
    /// End all calls of a line (secret changed, line removed).
    HangUpLine {
        /// The account.
        account: AccountId,
        /// The line.
        line: LineId,
        /// Why.
        end: CallEnd,
    },
    /// Another switch asks whether it may place a call of a line; answered with [`Output::Screened`].
    Screen {
        /// The token of the question.
        token: u64,
        /// Whose line it is.
        account: AccountId,
        /// The call; its id is given here.
        attempt: Box<Attempt>,
        /// How long the call may talk if nobody reports its end, seconds.
        limit_s: u32,
    },
    /// The switch that carries a call reports; answered with [`Output::Screened`].
    Report {
        /// The token of the report.
        token: u64,
        /// The call, one of this worker's.
        call: CallId,
        /// Whose it must be; anybody's where `None`.
        account: Option<AccountId>,
        /// What.
        report: Report,
    },
    /// Refuse new calls, let the running ones go on. Calls to short numbers are still taken: those of emergency services
    /// are among them.
    Drain,
    /// Refuse new calls, end the running ones.
    Shutdown,
    /// A deadline came.
    Tick,
}

/// Whether credentials may be verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// Verify them now and report the outcome with [`Output::Auth`].
    Granted,
    /// Verify them as those of a name that does not exist, and report that they failed: they are not to be looked at, and
    /// nobody is to notice.
    Blind,
    /// Drop the request in silence.
    Refused,
    /// Answer 503: the sender is new to a name that is being guessed at.
    Later {
        /// Retry-After, seconds.
        retry_after_s: u32,
    },
}

/// The result of verifying one set of credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthReport {
    /// Wrong password, unknown user: the same to everybody.
    Failed,
    /// Right.
    Succeeded,
    /// Right, with a nonce that is too old or was used before: neither a failure nor a success, the reservation is to be
    /// taken back.
    Stale,
}

/// What the edge wants done.
#[derive(Debug)]
pub enum Output {
    /// Send these bytes.
    Send {
        /// Which way.
        flow: Flow,
        /// What.
        bytes: Arc<[u8]>,
    },
    /// Ask or tell an account; replies come back as [`Input::Reply`].
    Account {
        /// Which.
        account: AccountId,
        /// What; look-ups are still empty and are filled by the node.
        input: Box<account::Input>,
    },
    /// Work for the relay; events come back as [`Input::Relay`].
    Relay(RelayCommand),
    /// Credentials are about to be verified for the first time; the node reserves a failure at the lock-out first.
    Verify {
        /// Handle.
        token: u64,
        /// Source address and port.
        from: SocketAddr,
        /// The user name tried (at most 64 bytes, lossy).
        name: String,
    },
    /// The outcome of a verification that leave was granted for: exactly one for each.
    Auth {
        /// The token of the question.
        token: u64,
        /// The outcome.
        report: AuthReport,
        /// User agent of one who failed (at most 128 bytes).
        user_agent: String,
    },
    /// The answer to another switch.
    Screened {
        /// The token of the question.
        token: u64,
        /// What it is told.
        screened: Screened,
    },
    /// A carrier registration or keep-alive changed state, for people.
    CarrierState {
        /// The carrier.
        carrier: billing::CarrierId,
        /// Whether it is usable.
        up: bool,
        /// One sentence.
        text: String,
    },
}

/// One running call, for people.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CallView {
    /// The call.
    pub call: CallId,
    /// Its account.
    pub account: AccountId,
    /// The line that placed it or that it rings.
    pub line: Option<LineId>,
    /// Caller as shown.
    pub caller: String,
    /// Number or extension called.
    pub callee: String,
    /// Since when.
    pub start_ms: u64,
    /// Since when it talks.
    pub answer_ms: Option<u64>,
    /// Whether another switch carries it, which asked before it placed it.
    pub is_remote: bool,
    /// Why that switch must hang it up, where it must.
    pub hang_up: Option<String>,
    /// When what is paid for ends for good: that switch must have hung it up by then.
    pub ends_ms: Option<u64>,
}
