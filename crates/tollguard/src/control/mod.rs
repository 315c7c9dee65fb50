//! How people's commands reach a node: through the control socket of a running one, or straight into the store of one
//! that does not run.
//!
//! The socket lies in the data directory and belongs to its owner alone. Each line in is a [`node::Command`] as JSON,
//! each line out the `Result` of a [`node::CommandReply`].

mod client;
mod inside;
mod offline;
mod process;
mod server;

use node::{CommandError, CommandReply};

pub use client::{AskError, Node};
pub use inside::Control;
pub use offline::Offline;
pub use process::{Parts, ProcessFacts};
pub use server::listen;

/// The answer to a command.
pub type Answer = Result<CommandReply, CommandError>;

/// The longest request, bytes: a deck of half a million rows fits.
pub const MAX_REQUEST_BYTES: usize = 256 << 20;

/// Connections served at once.
pub const MAX_CONNECTIONS: usize = 16;
