//! Keeps the machine's packet filter in step with the bans: put in place at the start, followed every second, taken away
//! at the end.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use node::{Command, CommandReply};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::config::{Config, Nftables};
use crate::control::Control;
use crate::nftables::{Mirror, NftError, OutwardBan, Table};

/// How often the bans are looked at. They hold in this process at once.
const EVERY: Duration = Duration::from_secs(1);
/// After so many looks they are handed over even if nothing has changed: what a node knows of addresses fades.
const LOOKS_UNTIL_ANEW: u32 = 60;

/// The packet filter's table of this node.
pub(super) struct PacketFilter {
    mirror: Arc<Mutex<Mirror>>,
}

impl PacketFilter {
    /// The table that the configuration asks for.
    pub(super) fn new(config: &Config, bound: &[SocketAddr]) -> Option<Self> {
        let dry_run = match config.nftables.mode {
            Nftables::Off => return None,
            Nftables::DryRun => true,
            Nftables::On => false,
        };
        let tls = config.tls.iter().flat_map(|tls| &tls.listen);
        let ports = bound.iter().chain(tls).map(SocketAddr::port).filter(|port| *port > 0).collect();
        let table = Table { name: config.nftables.table.clone(), ports };
        Some(Self { mirror: Arc::new(Mutex::new(Mirror::new(table, dry_run))) })
    }

    /// Shows the bans until the node stops.
    pub(super) async fn follow(mirror: Arc<Mutex<Mirror>>, control: Control, mut stopped: watch::Receiver<()>) {
        let (mut known, mut looks) = (0, 0);
        loop {
            looks += 1;
            if looks % LOOKS_UNTIL_ANEW == 0 {
                known = 0;
            }
            if let Ok(CommandReply::OutwardBans { version, bans: Some(bans) }) =
                control.ask(Command::OutwardBans { known }).await
            {
                // What was refused is tried again.
                known = if show(&mirror, bans).await { version } else { 0 };
            }
            tokio::select! {
                _ = stopped.changed() => return,
                () = sleep(EVERY) => {}
            }
        }
    }

    /// The table, to follow the bans with.
    pub(super) fn mirror(&self) -> Arc<Mutex<Mirror>> {
        Arc::clone(&self.mirror)
    }

    /// Takes the table away.
    pub(super) fn clear(self) {
        tell(self.mirror.lock().unwrap_or_else(PoisonError::into_inner).clear());
    }
}

async fn show(mirror: &Arc<Mutex<Mirror>>, bans: Vec<OutwardBan>) -> bool {
    let mirror = Arc::clone(mirror);
    let work = move || {
        let now_ms = jiff::Timestamp::now().as_millisecond().try_into().unwrap_or_default();
        tell(mirror.lock().unwrap_or_else(PoisonError::into_inner).show(bans, now_ms))
    };
    spawn_blocking(work).await.unwrap_or(false)
}

fn tell(done: Result<(), NftError>) -> bool {
    if let Err(error) = &done {
        tracing::warn!("the packet filter does not carry bans out: {error}");
    }
    done.is_ok()
}
