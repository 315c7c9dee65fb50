//! `tollguard serve`: runs a node until it is told to stop.

use std::io::Write;
use std::path::Path;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::CliError;
use crate::config::Config;
use crate::serve::{Running, banner, start};

/// Run the node until SIGTERM or Ctrl-C.
#[derive(Debug, Args)]
#[command(long_about = "\
Run the node until SIGTERM or Ctrl-C. All mistakes of the configuration are told together before anything is opened. \
At SIGTERM no new calls are taken and running ones may finish (sip.drain_s); a second one, \
or Ctrl-C, ends and settles them at once. After a crash the next start does it, so that no carrier bills on.

The bound addresses are printed and written to run.json in the data directory; the last line of the start-up is \
`Tollguard is ready.` RUST_LOG chooses what is logged to stderr (RUST_LOG=debug, RUST_LOG=edge=trace).

Example:
  tollguard serve --config /etc/tollguard/tollguard.toml")]
pub struct Serve {}

impl Serve {
    /// Runs the node.
    pub fn run(&self, config: &Path) -> Result<(), CliError> {
        let config = Config::load(config)?;
        let signals = Signals::listen().map_err(|source| CliError::Terminal { what: "listen for signals", source })?;
        let running = start(&config)?;
        // A closed standard output is no reason not to serve.
        let _ = std::io::stdout().write_all(banner::text(&config, &running).as_bytes());
        let _ = std::io::stdout().flush();
        signals.wait(&running, config.sip.drain_s);
        running.stop()?;
        Ok(())
    }
}

/// SIGTERM and SIGINT.
struct Signals {
    runtime: tokio::runtime::Runtime,
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let inside = runtime.enter();
        let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        drop(inside);
        Ok(Self { runtime, terminate, interrupt })
    }

    /// Waits for a signal or the node's own end; after SIGTERM until running calls are over, but for a second signal.
    fn wait(mut self, running: &Running, limit_s: u32) {
        self.runtime.block_on(async {
            tokio::select! {
                _ = self.terminate.recv() => tracing::info!("SIGTERM: no new calls; running ones may take {limit_s} s"),
                _ = self.interrupt.recv() => {
                    tracing::info!("interrupted: the node stops");
                    return;
                }
                () = running.ended() => return,
            }
            running.drain(limit_s);
            tokio::select! {
                _ = self.terminate.recv() => tracing::info!("SIGTERM again: the node stops"),
                _ = self.interrupt.recv() => tracing::info!("interrupted: the node stops"),
                () = running.ended() => {}
            }
        });
    }
}
