//! The node: where the call machine meets the accounts, the lock-out and the journal; still without any I/O.
//!
//! A [`Worker`] owns one [`edge::Edge`] and a share of the accounts. Its driver feeds it datagrams, letters of the other
//! workers, relay events, commands and time, and after each of them drains [`Worker::poll_output`]. Replies of an account
//! that spend money or promise something wait in the worker until the driver reports the journal record they depend on as
//! durable.
#![forbid(unsafe_code)]

mod acquaintances;
mod admission;
mod book;
mod commands;
mod directory;
mod doors;
mod full;
mod io;
mod letter;
mod locate;
mod log;
mod look_ups;
mod record;
mod registry;
mod share;
mod state;
mod status;
mod strangers;
mod wakes;
mod worker;
mod zones;

pub use book::{Decks, NodeBook, NodeChange, PricesAt, address_or_prefix};
pub use full::MAX_WAITING_FOR_ROOM;
pub use io::{Command, CommandError, CommandReply, Output};
pub use letter::{Letter, Question, Remote, Tell, Told};
pub use record::{Audit, Body, Record};
pub use share::Share;
pub use state::{NodeState, RecoveryError};
pub use status::{Process, Status};
pub use worker::{Setup, Worker, worker_of_connection, worker_of_relay, workers};
