//! What runs on the async runtime beside the worker: control socket, mail and portal.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use store::{Desk, Home};
use tokio::runtime::Runtime;

use super::ServeError;
use crate::config::Config;
use crate::control::{self, Control};

/// Threads of the runtime: the portal's database questions run elsewhere.
const RUNTIME_THREADS: usize = 2;
/// How long services may take to end.
const STOP: Duration = Duration::from_secs(2);

/// The running services.
pub(super) struct Services {
    runtime: Runtime,
    socket: PathBuf,
    /// Where the portal is reached, if there is one.
    pub(super) portal_url: Option<String>,
}

impl Services {
    /// Starts them.
    pub(super) fn start(config: &Config, home: &Home, control: &Control, desk: &Arc<Desk>) -> Result<Self, ServeError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(RUNTIME_THREADS)
            .thread_name("services")
            .enable_all()
            .build()
            .map_err(ServeError::Thread)?;
        let inside = runtime.enter();
        let socket = home.control_socket();
        runtime.spawn(control::listen(&socket, control.clone()).map_err(ServeError::Control)?);
        // Mail: notify's worker goes here, over `desk`; `control.applied_lsn()` moves when the outbox may have something new.
        // Portal: bind `config.portal.listen` here, spawn it over `control`, `desk` and a reader, and set `portal_url`.
        let _ = (config, desk);
        drop(inside);
        Ok(Self { runtime, socket, portal_url: None })
    }

    /// Ends them; whoever is still connected is cut off after a moment.
    pub(super) fn stop(self) {
        self.runtime.shutdown_timeout(STOP);
        // A socket that stays is dead, and whoever finds it sees that.
        let _ = std::fs::remove_file(self.socket);
    }
}
