//! What keeps a node from starting or going on.

use std::io;

use super::{OpenError, PlacesError, PrivilegesError};

/// Why a node does not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The data directory.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The databases of places.
    #[error(transparent)]
    Places(#[from] PlacesError),
    /// The user to run as.
    #[error(transparent)]
    Privileges(#[from] PrivilegesError),
    /// Addresses and ports.
    #[error(transparent)]
    Net(#[from] net::NetError),
    /// The first command to the new node.
    #[error(transparent)]
    Command(#[from] node::CommandError),
    /// The count of starts.
    #[error("cannot count this start in the data directory")]
    Starts(#[source] io::Error),
    /// The portal's address.
    #[error("the portal cannot listen on {address}: is the address of this machine and its port free?")]
    Portal {
        /// The address.
        address: std::net::SocketAddr,
        /// The system's reason.
        source: io::Error,
    },
    /// The file with the secrets of payments.
    #[error("cannot read {}, which portal.payment_secret_file names", path.display())]
    PaymentSecretFile {
        /// The file.
        path: std::path::PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// What is in it.
    #[error("{} holds no good secret", path.display())]
    PaymentSecret {
        /// The file.
        path: std::path::PathBuf,
        /// Why not.
        source: portal::SecretError,
    },
    /// The mail server.
    #[error(transparent)]
    Mail(#[from] notify::SettingsError),
    /// The control socket.
    #[error("cannot open the control socket in the data directory")]
    Control(#[source] io::Error),
    /// The file that tells others where the node listens.
    #[error("cannot write run.json in the data directory")]
    RunFile(#[source] io::Error),
    /// The system gives no thread or runtime.
    #[error("the system refuses a thread")]
    Thread(#[source] io::Error),
    /// The store cannot be written: nothing done after it would have survived, so the node stopped.
    #[error("the node stopped because its data directory could not be written")]
    Failed(#[source] store::Error),
    /// Everything is in the journal, but the node did not end cleanly.
    #[error("the node did not stop cleanly; nothing is lost")]
    Stop(#[source] store::Error),
    /// A thread of the node ended in a way that it must not.
    #[error("a thread of the node panicked: please report it with the lines before this one")]
    Panicked,
}
