//! The thin drivers around a node's workers: their threads, sockets, timers and relay ports. No decision is taken here.

mod batch;
mod clock;
mod driver;
mod handle;
mod mailbox;
mod outbox;
mod post;
mod relay;
mod reports;
mod resolver;
mod rtpengine;
mod snapshots;
mod start;
mod steer;
mod streams;
mod tls;
mod udp;

pub use clock::Clock;
pub use handle::Handle;
pub use rtpengine::RtpengineConfig;
pub use start::{Config, Running, TlsConfig, start};
pub use tls::{Identity, TlsError};

/// What keeps a node from starting or running.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// A SIP address cannot be used.
    #[error("cannot listen on {address} ({source}): is the address of this machine and its port free?")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// The system's reason.
        source: std::io::Error,
    },
    /// TLS cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The relay's port range makes no sense.
    #[error("the relay's port range {0}-{1} is empty or too small: give at least 8 ports above 1023")]
    RelayPorts(u16, u16),
    /// The system gives no poller, thread or waker.
    #[error("the system refuses a {what}: {source}")]
    System {
        /// Of what.
        what: &'static str,
        /// The system's reason.
        source: std::io::Error,
    },
}
