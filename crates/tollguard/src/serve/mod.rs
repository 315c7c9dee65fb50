//! A node at work: opens its data directory, starts its threads in order, and ends them in the opposite order.
//!
//! ```text
//! workers (net) -> journal -> projector -> outbox -> mail (notify)
//!       \\-> keeper of snapshots   (the three threads of store::Threads)
//! runtime (tokio): control socket, mail, portal
//! supervisor: waits for the workers' end, then stops the others and saves the last state
//! ```

pub mod banner;
pub mod boot;
mod disk_alarm;
mod error;
mod fetch;
mod lists;
mod open;
mod packet_filter;
mod places;
mod privileges;
mod retention;
mod run_file;
mod services;
mod tls;
mod told;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread::{Builder, JoinHandle};

use account::Actor;
use geo::SourceInfo;
use net::{Clock, Handle};
use node::{Command, NodeChange, NodeState, Setup};
use notify::{Clock as _, SystemClock};
use store::{FileDisk, Threads};
use tokio::sync::watch;

pub use error::ServeError;
pub use open::{OpenError, Opened};
pub use places::{PlacesError, load as load_places, open as open_places};
pub use privileges::PrivilegesError;
pub use run_file::{RunFile, read as read_run_file};

use crate::config::Config;
use crate::control::{Control, ProcessFacts};
use privileges::Privileges;
use services::{Parts, Services};
use told::Told;

/// A snapshot is saved after so many records.
const SNAPSHOT_EVERY: u64 = 50_000;

/// A running node.
pub struct Running {
    /// Commands from inside this process.
    pub control: Control,
    /// The SIP addresses that are bound.
    pub addresses: Vec<SocketAddr>,
    /// Where the portal is reached, if there is one.
    pub portal_url: Option<String>,
    /// What was found when it started.
    pub found: Found,
    ended: watch::Receiver<bool>,
    supervisor: JoinHandle<Result<(), ServeError>>,
}

/// What a node found when it started, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// How many accounts.
    pub accounts: usize,
    /// How many lines.
    pub lines: usize,
    /// Calls of before a crash, which are being hung up now.
    pub calls: usize,
    /// The carriers' names.
    pub carriers: Vec<String>,
    /// Databases of places.
    pub sources: Vec<SourceInfo>,
}

impl Running {
    /// The way to the workers.
    pub fn handle(&self) -> &Handle {
        self.control.handle()
    }

    /// Waits until the node ends by itself: a command to shut down, or a journal that failed.
    pub async fn ended(&self) {
        let mut ended = self.ended.clone();
        // A supervisor that is gone has ended, too.
        let _ = ended.wait_for(|ended| *ended).await;
    }

    /// Takes no new calls and lets the running ones go on for at most so many seconds; then the node ends by itself.
    pub fn drain(&self, limit_s: u32) {
        // A worker that is gone has nothing to drain. The answer is for people.
        self.handle().send(Command::Drain { limit_s }, Box::new(drop));
    }

    /// Ends all calls, settles them, saves a snapshot and waits until everything is on disk. Must not be called on a
    /// thread of an async runtime.
    ///
    /// # Errors
    /// What ended the node, if it was not this call.
    pub fn stop(self) -> Result<(), ServeError> {
        // A worker that has ended already does not answer; its supervisor says why.
        let _ = self.handle().ask(Command::Shutdown);
        self.supervisor.join().unwrap_or(Err(ServeError::Panicked))
    }
}

/// Starts a node. Must not be called on a thread of an async runtime.
///
/// # Errors
/// [`ServeError`]: whatever keeps it from running, told before any call is taken.
pub fn start(config: &Config) -> Result<Running, ServeError> {
    let places = Arc::new(places::load(config)?);
    let own = Privileges::lower(config.user.as_deref())?;
    let tls = Privileges::as_root(own.as_ref(), || tls::load(config))?.map_err(net::NetError::from)?;
    let Opened { home, parts, state, last_ms } = Opened::open(&config.data_dir)?;
    let boot_epoch = boot::count_start(home.path()).map_err(ServeError::Starts)?;
    let seed = boot::seed().map_err(OpenError::Random)?;
    let found = found(&state, &places);
    let sets_lockout = boot_epoch == 1 && takes_lockout(config, &state);
    let (workers, first_lsn) = (config.workers(), state.lsn);
    let (desk, process) = (Arc::clone(&parts.desk), Arc::new(ProcessFacts::new(home.path(), SystemClock.now_ms())));
    let told = Told::new(parts.journal.durable_lsn(), Arc::clone(&process));
    let (states, receiver) = sync_channel(1);
    let threads = Threads::start(parts, workers, receiver, &told.listener()).map_err(OpenError::Store)?;
    let clock = Clock::start(last_ms);
    let make = |bound: &[SocketAddr]| {
        let setup = Setup { edge: config.edge(bound), seed, boot_epoch, places: Arc::clone(&places) };
        node::workers(setup, state, workers, clock.now_ms())
    };
    let attach = |handle| {
        told.attach(handle);
        (0..workers).map(|worker| threads.handle(worker)).collect()
    };
    let net = net_config(config, tls.clone(), rtpengine_name(boot_epoch, clock.now_ms()));
    let bind = || net::start(&net, clock, make, attach, states);
    let running = match Privileges::bound(own, bind) {
        Ok(running) => running,
        Err(error) => {
            // That there are no workers is the reason to tell.
            let _ = threads.stop::<NodeState>(None);
            return Err(error);
        }
    };
    let addresses = running.addresses.clone();
    let control = Control::new(running.handle.clone(), told.durable_lsn(), told.applied_lsn(), process);
    let parts =
        Parts { config, home: &home, control: &control, desk: &desk, places: &places, bound: &addresses, tls: &tls };
    let ready = Services::start(&parts).and_then(|services| {
        if sets_lockout {
            let change = NodeChange::Lockout(config.lockout.clone());
            control.handle().ask(Command::Node { by: Actor::Configuration, change })?;
        }
        run_file::write(home.path(), &addresses, services.portal_url.as_deref()).map_err(ServeError::RunFile)?;
        Ok(services)
    });
    let (services, failure) = match ready {
        Ok(services) => (Some(services), None),
        Err(error) => (None, Some(error)),
    };
    let portal_url = services.as_ref().and_then(|services| services.portal_url.clone());
    let (end, ended) = watch::channel(false);
    let supervise = move || {
        let result = supervise(running, first_lsn, services, threads, &told);
        run_file::remove(home.path());
        drop(home);
        // Nobody may be waiting.
        let _ = end.send(true);
        result
    };
    let supervisor = Builder::new().name("supervisor".into()).spawn(supervise).map_err(ServeError::Thread)?;
    let running = Running { control, addresses, portal_url, found, ended, supervisor };
    match failure {
        None => Ok(running),
        Some(error) => {
            // What kept it from starting is the reason to tell.
            let _ = running.stop();
            Err(error)
        }
    }
}

/// Whether the configuration says something of the lock-out that a node which has heard nothing else takes up.
fn takes_lockout(config: &Config, state: &NodeState) -> bool {
    state.book.lockout == lockout::Settings::default() && config.lockout != state.book.lockout
}

/// Waits for the workers' end, then ends everything else in order.
fn supervise(
    workers: net::Running,
    first_lsn: u64,
    services: Option<Services>,
    threads: Threads<FileDisk>,
    told: &Told,
) -> Result<(), ServeError> {
    let state = workers.join().map(|shares| NodeState::of_all(first_lsn, shares));
    if let Some(services) = services {
        services.stop();
    }
    let stopped = threads.stop(state.as_ref());
    match told.failure() {
        Some(failure) => Err(ServeError::Failed(failure)),
        None if state.is_none() => Err(ServeError::Panicked),
        None => stopped.map_err(ServeError::Stop),
    }
}

/// How our calls at rtpengines are named: by this run of this node.
fn rtpengine_name(boot_epoch: u32, now_ms: u64) -> String {
    format!("tg{boot_epoch:x}-{:x}-{now_ms:x}-", std::process::id())
}

fn net_config(config: &Config, tls: net::TlsConfig, rtpengine_name: String) -> net::Config {
    net::Config {
        workers: config.workers(),
        listen: config.sip.listen.clone(),
        tls,
        dns: config.sip.dns.clone(),
        relay_ip: config.media.ip,
        relay_advertised: config.media.advertised,
        relay_other_ip: config.media.other_ip,
        relay_ports: config.media.ports,
        rtpengine: net::RtpengineConfig {
            servers: config.media.rtpengine.clone(),
            falls_back: config.media.rtpengine_falls_back,
            name: rtpengine_name,
        },
        silence_ms: u64::from(config.media.silence_s) * 1000,
        snapshot_every: SNAPSHOT_EVERY,
    }
}

fn found(state: &NodeState, places: &geo::Places) -> Found {
    Found {
        accounts: state.accounts.values().filter(|account| account.settings().is_some()).count(),
        lines: state.accounts.values().map(|account| account.lines().len()).sum(),
        calls: state.accounts.values().map(|account| account.running().len()).sum(),
        carriers: state.book.carriers.keys().map(ToString::to_string).collect(),
        sources: places.sources(),
    }
}
