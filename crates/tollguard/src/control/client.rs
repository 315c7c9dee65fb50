//! The command line's end: the running node's socket, or the store itself where no node runs.

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use node::{Command, CommandError, CommandReply};
use store::Home;

use super::{Answer, Offline};
use crate::config::Config;
use crate::serve::OpenError;

/// Why a command was not done.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The node refused it.
    #[error(transparent)]
    Refused(#[from] CommandError),
    /// No node runs and the store cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// No node runs and the store cannot be written.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A node died in the middle of calls.
    #[error(
        "the node was stopped in the middle of {calls} calls, which must be hung up first: start it with \
         `tollguard serve`, then try again"
    )]
    CallsPending {
        /// How many.
        calls: usize,
    },
    /// The socket is there and does not work.
    #[error("the running node does not answer on {}", path.display())]
    Socket {
        /// The socket.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// An answer that makes no sense: the node is of another version than this command line.
    #[error("the running node speaks another version: use the same tollguard for both")]
    Version(#[source] serde_json::Error),
}

/// The node that commands go to.
pub enum Node {
    /// One that runs.
    Running(Running),
    /// One that does not: its store.
    Stopped(Box<Offline>),
}

/// A connection to a running node.
pub struct Running {
    path: PathBuf,
    reader: BufReader<UnixStream>,
}

impl Node {
    /// Reaches the node of this configuration.
    ///
    /// # Errors
    /// [`AskError`] where it neither runs nor can be opened.
    pub fn reach(config: &Config) -> Result<Self, AskError> {
        let path = Home::control_socket_in(&config.data_dir);
        match UnixStream::connect(&path) {
            Ok(stream) => Ok(Self::Running(Running { path, reader: BufReader::new(stream) })),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => {
                Ok(Self::Stopped(Box::new(Offline::open(config)?)))
            }
            Err(source) => Err(AskError::Socket { path, source }),
        }
    }

    /// Whether it runs.
    pub fn is_running(&self) -> bool {
        matches!(self, Self::Running(_))
    }

    /// Sends a command and waits until it is done.
    ///
    /// # Errors
    /// [`AskError`], the node's refusal among them.
    pub fn ask(&mut self, command: &Command) -> Result<CommandReply, AskError> {
        match self {
            Self::Running(running) => Ok(running.ask(command)??),
            Self::Stopped(store) => Ok(store.ask(command.clone())??),
        }
    }
}

impl Running {
    fn ask(&mut self, command: &Command) -> Result<Answer, AskError> {
        let broken = |source| AskError::Socket { path: self.path.clone(), source };
        let mut line = serde_json::to_vec(command).map_err(AskError::Version)?;
        line.push(b'\n');
        self.reader.get_mut().write_all(&line).map_err(broken)?;
        line.clear();
        if self.reader.read_until(b'\n', &mut line).map_err(broken)? == 0 {
            return Err(broken(ErrorKind::UnexpectedEof.into()));
        }
        serde_json::from_slice(&line).map_err(AskError::Version)
    }
}
