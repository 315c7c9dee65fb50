//! The node: where the call machine meets the accounts, the lock-out and the journal; still without any I/O.
#![forbid(unsafe_code)]

mod book;
mod io;
mod record;

pub use book::{DidOwner, NodeBook, NodeChange};
pub use io::{Command, CommandError, CommandReply, Output};
pub use record::{Body, Record};
