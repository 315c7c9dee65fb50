//! What the workers of a node tell one another.

use std::sync::Arc;

use account::{Actor, Attempt, CallEnd, Change, Effect, Flow, Input, Reply};
use billing::{AccountId, CallId, LineId};
use edge::{Certificate, Directory, is_new_call};
use guard::{Bulletin, Incident};
use serde::{Deserialize, Serialize};
use sip::Message;

use crate::book::Decks;
use crate::{CommandError, CommandReply};

/// The worker that keeps the registry: the book, the directory, and what people ask.
pub(crate) const FIRST: usize = 0;

/// A letter from one worker to another. Letters from one to the other arrive in the order in which they were sent.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "a letter is moved twice: into the box and out of it")]
pub enum Letter {
    /// A message of the network that belongs to the addressee.
    Message {
        /// The way it came, and the way its answers go.
        flow: Flow,
        /// As it was framed.
        message: Message,
    },
    /// To be sent on a connection that the addressee has.
    Send {
        /// The connection.
        flow: Flow,
        /// What.
        bytes: Arc<[u8]>,
    },
    /// The peer of a connection has proven this.
    Proven {
        /// The number of the connection.
        connection: u64,
        /// What.
        certificate: Arc<Certificate>,
    },
    /// Nothing can be sent on that connection any more.
    FlowFailed(Flow),
    /// A call or a REGISTER of the sender's tells or asks an account of the addressee's.
    Account {
        /// Which.
        account: AccountId,
        /// What.
        input: Box<Input>,
    },
    /// The account's reply.
    Reply(Reply),
    /// The account has lost a line: its calls end.
    HangUpLine {
        /// The account.
        account: AccountId,
        /// The line.
        line: LineId,
        /// Why.
        end: CallEnd,
    },
    /// What the registry tells.
    Registry(Told),
    /// What the registry is told.
    ToRegistry(Tell),
}

/// What the registry tells the workers.
#[derive(Debug)]
pub enum Told {
    /// The directory and the decks from now on.
    Published {
        /// Who may speak.
        directory: Arc<Directory>,
        /// Prices.
        decks: Decks,
    },
    /// A person changes an account of the addressee's; answered with [`Tell::Changed`] at once and with
    /// [`Tell::Answer`] when it is durable.
    Change {
        /// The handle of the question.
        token: u64,
        /// Which account.
        account: AccountId,
        /// Who.
        by: Actor,
        /// What.
        change: Box<Change>,
    },
    /// What other accounts are attacked with, from this minute on.
    Bulletin(Arc<Bulletin>),
    /// A person asks what every worker knows a part of; answered with [`Tell::Part`].
    Ask {
        /// The handle of the question.
        token: u64,
        /// The question.
        question: Question,
    },
    /// Another switch asks about a call or reports on one; answered with [`Tell::Answer`].
    Remote {
        /// The handle of the question.
        token: u64,
        /// The question.
        asked: Box<Remote>,
    },
    /// Refuse new calls.
    Drain,
    /// Refuse new calls, end the running ones.
    Shutdown,
}

/// What another switch asks or reports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Remote {
    /// May it place this call?
    Screen {
        /// Whose line it is.
        account: AccountId,
        /// The call; its id is given by the node.
        attempt: Box<Attempt>,
        /// How long it may talk if nobody reports its end, seconds.
        limit_s: u32,
    },
    /// How a call goes that it carries.
    Report {
        /// The call.
        call: CallId,
        /// Whose it must be; anybody's where `None`.
        account: Option<AccountId>,
        /// What.
        report: edge::Report,
    },
}

/// What every worker knows a part of: of one account, or of all.
#[derive(Clone, Debug)]
pub enum Question {
    /// Which calls run.
    Calls(Option<AccountId>),
    /// What accounts may lose.
    Exposure(Option<AccountId>),
    /// Which addresses are locked out of an account's lines.
    Locks(AccountId),
}

/// What the workers tell the registry.
#[derive(Debug)]
pub enum Tell {
    /// A change was handled; what of it concerns the registry.
    Changed {
        /// Which account.
        account: AccountId,
        /// New settings, lines and DIDs.
        effects: Vec<Effect>,
    },
    /// The answer to a person.
    Answer {
        /// The handle of the question.
        token: u64,
        /// The answer.
        reply: Result<CommandReply, CommandError>,
    },
    /// The addresser's part of an answer.
    Part {
        /// The handle of the question.
        token: u64,
        /// What it knows.
        part: CommandReply,
    },
    /// The lock-out has banned, or lifted a ban.
    Bans,
    /// An incident is new or has changed.
    Incident(Box<Incident>),
}

impl Letter {
    /// Whether it may be given back to its sender where the addressee has too much to do: a new call, which is then
    /// refused. Everything else finds its way in the end.
    pub fn is_refusable(&self) -> bool {
        matches!(self, Self::Message { message, .. } if is_new_call(message))
    }
}
