//! What people ask of a node, and what a node wants done by its driver.

use account::{Actor, CertificateName, Change, ChangeError, Done, ExposureView, Flow, LockView};
use billing::{AccountId, CallId, CarrierId, DeckId};
use edge::CallView;
use ipnet::IpNet;
use lockout::{Ban, BanChange, BlockList, Pressed};
use media::RelayCommand;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

use crate::{Letter, NodeChange, Record, Remote, Share, Status};

/// What a person (portal or command line) asks of a running node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(clippy::large_enum_variant, reason = "commands are rare")]
pub enum Command {
    /// Change an account (the first [`Change::Settings`] creates it).
    Account {
        /// Which.
        account: AccountId,
        /// Who asks.
        by: Actor,
        /// What.
        change: Change,
    },
    /// Change the node's book (carriers, decks, lock-out settings; bans have commands of their own).
    Node {
        /// Who asks.
        by: Actor,
        /// What.
        change: NodeChange,
    },
    /// Lock an address or prefix out.
    Ban {
        /// Who asks.
        by: Actor,
        /// Which.
        prefix: IpNet,
        /// Why.
        note: String,
        /// For how long, seconds.
        length_s: u64,
    },
    /// Lift a ban.
    LiftBan {
        /// Who asks.
        by: Actor,
        /// Which.
        prefix: IpNet,
    },
    /// Another switch asks about a call of its own, or reports on it.
    Remote(Remote),
    /// Running calls, of one account or of all.
    Calls {
        /// Which account.
        account: Option<AccountId>,
    },
    /// The exposure of one account, or of all.
    Exposure {
        /// Which account.
        account: Option<AccountId>,
    },
    /// Addresses that incidents locked out of an account's lines.
    Locks {
        /// Which account.
        account: AccountId,
    },
    /// Bans in force.
    Bans,
    /// Bans that a packet filter may carry out, unless they are those of this version still.
    OutwardBans {
        /// The version that is known; 0 for none.
        known: u64,
    },
    /// Names and networks that are guessed at so much that strangers must wait.
    Guessed,
    /// Put a block list in force in place of the one of the same name; an empty one takes it off. Kept in memory: whoever
    /// puts it puts it again after a restart.
    PutBlockList {
        /// Its name for people.
        name: String,
        /// What it holds.
        list: BlockList,
    },
    /// Block lists in force.
    BlockLists,
    /// State of the carriers.
    Carriers,
    /// How the node itself fares.
    Status,
    /// Refuse new calls and stop once the running ones are over, or after so many seconds.
    Drain {
        /// How long running calls may go on, seconds.
        limit_s: u32,
    },
    /// Stop: refuse new calls, end running ones, write a snapshot.
    Shutdown,
}

/// The answer to a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CommandReply {
    /// It is done, durably.
    Done(Done),
    /// What another switch is told of a call that it carries.
    Screened(edge::Screened),
    /// Running calls.
    Calls(Vec<CallView>),
    /// What accounts may lose, by account.
    Exposure(Vec<ExposureView>),
    /// Addresses locked out of lines, by line.
    Locks(Vec<LockView>),
    /// Bans.
    Bans(Vec<Ban>),
    /// Bans for a packet filter, with their ends in milliseconds since the Unix epoch; `None` where nothing has changed.
    OutwardBans {
        /// The version they are of.
        version: u64,
        /// Prefixes, none within another.
        bans: Option<Vec<(IpNet, u64)>>,
    },
    /// What is guessed at, that with most failures first.
    Guessed(Vec<Pressed>),
    /// Block lists: name, and how many addresses and ranges.
    BlockLists(Vec<(String, usize)>),
    /// Carriers: id, whether usable, one sentence.
    Carriers(Vec<(CarrierId, bool, String)>),
    /// How the node itself fares.
    Status(Status),
}

/// Why a command was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum CommandError {
    /// The account refused.
    #[error("{0}")]
    Account(ChangeError),
    /// No such account.
    #[error("there is no account {0}")]
    NoAccount(AccountId),
    /// A digest user name must be unique on the node.
    #[error("the user name {0} is taken by another line of this node")]
    NameTaken(String),
    /// A trunk address must be unique on the node.
    #[error("the address {0} already proves another trunk of this node")]
    AddressTaken(std::net::IpAddr),
    /// So must what its certificate proves.
    #[error("the certificate {0} already proves another trunk of this node")]
    CertificateTaken(CertificateName),
    /// A DID belongs to one account.
    #[error("the number {0} belongs to another account")]
    DidTaken(billing::E164),
    /// No such carrier.
    #[error("there is no carrier {0}")]
    NoCarrier(CarrierId),
    /// No such deck.
    #[error("there is no deck {0}")]
    NoDeck(DeckId),
    /// Still in use.
    #[error("{0} is still in use by account {1}")]
    InUse(String, AccountId),
    /// Still a carrier's.
    #[error("deck {0} still tells what carrier {1} asks")]
    DeckOfCarrier(DeckId, CarrierId),
    /// A carrier whose secret is neither given nor known.
    #[error("carrier {0} has a user name: give its secret, too")]
    NoSecret(CarrierId),
    /// A ban that makes no sense.
    #[error("{0}")]
    Ban(String),
    /// No such ban.
    #[error("{0} is not locked out")]
    NotBanned(IpNet),
    /// No such call.
    #[error("call {0} is not running")]
    NoCall(CallId),
    /// Too much at once.
    #[error("the node has too many changes to make: try again in a moment")]
    Busy,
    /// The node is going down.
    #[error("the node is shutting down")]
    ShuttingDown,
}

/// What the node wants its driver to do.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "an output is moved once, from the worker to its driver")]
pub enum Output {
    /// Send a message; where that cannot be done over a connection, report it through `Worker::flow_failed`.
    Send {
        /// Which way.
        flow: Flow,
        /// What.
        bytes: Arc<[u8]>,
    },
    /// Work for the relay.
    Relay(RelayCommand),
    /// From now on find out and keep finding out where these names lead, and no others; every answer that is another than
    /// before goes to `Worker::located` of the first worker.
    Locate(Vec<sip::locate::Destination>),
    /// Append to the journal, which numbers it; report durability through `Worker::durable`.
    Journal(Record),
    /// Hand to another worker (`Worker::letter`), in order. A letter that is refusable may come back through
    /// `Worker::undelivered`.
    Letter {
        /// The number of the worker.
        to: usize,
        /// What.
        letter: Letter,
    },
    /// This worker's share of a snapshot, all of it durable; the answer to `Worker::share`.
    Share(Share),
    /// Answer a command.
    Reply {
        /// The driver's handle of the command.
        token: u64,
        /// The answer.
        reply: Result<CommandReply, CommandError>,
    },
    /// The ban set changed (for mirrors outside the worker, such as packet filters).
    Ban(BanChange),
}
