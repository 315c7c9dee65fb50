//! How the portal reaches the running node.

use std::future::Future;
use std::pin::Pin;

use node::{Command, CommandError, CommandReply};

/// The answer to a command, once it is there.
pub type Asked = Pin<Box<dyn Future<Output = Result<CommandReply, CommandError>> + Send>>;

/// A way to the running node.
pub trait Control: Send + Sync {
    /// Sends a command. The future ends with the node's answer; where the node is gone, with
    /// [`CommandError::ShuttingDown`].
    fn send(&self, command: Command) -> Asked;
}
