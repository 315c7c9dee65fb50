//! Why a command was not done, in a sentence.

use std::error::Error;
use std::path::PathBuf;

use crate::backup::BackupError;
use crate::config::ConfigError;
use crate::control::AskError;
use crate::demo::DemoError;
use crate::serve::{OpenError, PlacesError, ServeError};

/// Why a command was not done.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The node.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// The node does not start or ended.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// A copy of the data.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// The demonstration.
    #[error(transparent)]
    Demo(#[from] DemoError),
    /// The data directory.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The databases of places.
    #[error(transparent)]
    Places(#[from] PlacesError),
    /// The database.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A user, webhook or API key.
    #[error(transparent)]
    Kept(#[from] portal::kept::KeptError),
    /// A number, name, price or deck.
    #[error(transparent)]
    Billing(#[from] billing::Error),
    /// A password.
    #[error(transparent)]
    Password(#[from] store::PasswordError),
    /// What was given does not make sense or is not there; the sentence says what to do.
    #[error("{0}")]
    Refused(String),
    /// A file.
    #[error("cannot {what} {}", path.display())]
    File {
        /// The operation ("read").
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The terminal.
    #[error("cannot {what}")]
    Terminal {
        /// The operation ("ask for a password").
        what: &'static str,
        /// The system's reason.
        source: std::io::Error,
    },
}

/// An error with its causes, each once.
pub fn in_full(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let sentence = error.to_string();
        if !text.ends_with(&sentence) {
            text.push_str(": ");
            text.push_str(&sentence);
        }
        cause = error.source();
    }
    text
}

/// A refusal with its sentence.
pub fn refused<T>(text: impl Into<String>) -> Result<T, CliError> {
    Err(CliError::Refused(text.into()))
}
