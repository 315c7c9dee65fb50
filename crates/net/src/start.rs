//! Starting the workers: their sockets, mailboxes and threads; and waiting for their end.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread::{Builder, JoinHandle};

use account::Transport;
use mio::{Poll, Waker};
use node::{NodeState, Record, Share, Worker};
use sip::locate::Families;
use store::WriterHandle;

use crate::driver::{Driver, Place, WAKE};
use crate::mailbox::mailbox;
use crate::post::{Post, Pulse};
use crate::relay::Relay;
use crate::resolver::Resolver;
use crate::rtpengine::RtpengineConfig;
use crate::snapshots::Snapshots;
use crate::streams::Streams;
use crate::udp::Sockets;
use crate::{Clock, Handle, Identity, NetError};

/// How often a free port is asked for that is free for UDP and for TCP.
const BIND_TRIES: usize = 16;

/// What the drivers need to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// How many workers, at least 1.
    pub workers: usize,
    /// SIP over UDP and TCP: the addresses to listen on.
    pub listen: Vec<SocketAddr>,
    /// SIP over TLS.
    pub tls: TlsConfig,
    /// DNS servers that tell where carriers known by a name are; those of the system where there are none.
    pub dns: Vec<SocketAddr>,
    /// The relay's own address.
    pub relay_ip: IpAddr,
    /// The address that goes into SDP, where it differs (behind a static NAT).
    pub relay_advertised: IpAddr,
    /// One of the other IP family, opened and told to peers of that family.
    pub relay_other_ip: Option<IpAddr>,
    /// First and last relay port.
    pub relay_ports: (u16, u16),
    /// rtpengines that carry the calls in place of the built-in relay.
    pub rtpengine: RtpengineConfig,
    /// RTP silence that ends a call.
    pub silence_ms: u64,
    /// A snapshot is handed over after so many records.
    pub snapshot_every: u64,
}

/// SIP over TLS.
#[derive(Clone, Debug, Default)]
pub struct TlsConfig {
    /// The addresses to listen on.
    pub listen: Vec<SocketAddr>,
    /// Our certificates; without one nobody can come over TLS.
    pub identity: Option<Arc<Identity>>,
    /// Authorities that may vouch for the domains of trunks: a PEM file.
    pub clients: Option<PathBuf>,
    /// Authorities whose certificates carriers may have besides the public ones: a PEM file.
    pub trusted: Option<PathBuf>,
}

/// Running workers.
pub struct Running {
    /// The way to them.
    pub handle: Handle,
    /// The SIP addresses that are bound.
    pub addresses: Vec<SocketAddr>,
    threads: Vec<JoinHandle<Share>>,
}

impl Running {
    /// Ends all calls, waits for the workers and returns their shares of the last state (all records of it were handed to
    /// the journal).
    pub fn stop(self) -> Option<Vec<Share>> {
        self.handle.stop();
        self.join()
    }

    /// Waits until the workers end by themselves (after [`node::Command::Shutdown`], or because the journal failed).
    /// `None` where one of them panicked.
    pub fn join(self) -> Option<Vec<Share>> {
        let ended: Vec<_> = self.threads.into_iter().map(JoinHandle::join).collect();
        ended.into_iter().collect::<Result<_, _>>().ok()
    }

    /// Whether the workers have ended.
    pub fn is_finished(&self) -> bool {
        self.threads.iter().all(JoinHandle::is_finished)
    }
}

/// Binds the sockets, then starts the workers that `make` builds for the bound addresses, as many as configured.
///
/// `journal` receives the handle that the journal's thread reports durability to, and gives back where the records of
/// each worker go. `snapshots` takes a copy of the state now and then; a full channel skips one.
///
/// # Errors
/// [`NetError`] where an address or a port range cannot be used.
pub fn start(
    config: &Config,
    clock: Clock,
    make: impl FnOnce(&[SocketAddr]) -> Vec<Worker>,
    journal: impl FnOnce(Handle) -> Vec<WriterHandle<Record>>,
    snapshots: SyncSender<NodeState>,
) -> Result<Running, NetError> {
    let system = |what| move |source| NetError::System { what, source };
    let places = bind_all(config, clock)?;
    let addresses = places.first().map(|place| place.sockets.addresses()).unwrap_or_default();
    let mut boxes = Vec::new();
    let mut mailboxes = Vec::new();
    for place in &places {
        let waker = Waker::new(place.poll.registry(), WAKE).map_err(system("waker"))?;
        let (postbox, mailbox) = mailbox(waker);
        boxes.push(postbox);
        mailboxes.push(mailbox);
    }
    let boxes: Arc<[_]> = boxes.into();
    let relay = Relay::start(config, clock, &boxes)?;
    let first = boxes.first().cloned().expect("a node has one worker at least");
    let resolver = Resolver::start(&config.dns, Families::of(&addresses), clock, first)?;
    let snapshots = Arc::new(Snapshots::new(config.snapshot_every, config.workers, snapshots));
    let handle = Handle::new(Arc::clone(&boxes), Arc::clone(&snapshots));
    let pulse = Pulse::new(config.workers);
    let (workers, journals) = (make(&addresses), journal(handle.clone()));
    let mut threads = Vec::new();
    for (number, (((worker, journal), place), mailbox)) in
        workers.into_iter().zip(journals).zip(places).zip(mailboxes).enumerate()
    {
        let helpers = (relay.clone(), resolver.clone());
        let post = Post::new(Arc::clone(&boxes), Arc::clone(&pulse));
        let ends = (Arc::clone(&pulse), Arc::clone(&boxes));
        let driver = Driver::new(number, worker, place, mailbox, post, helpers, clock, journal, ends, &snapshots);
        let thread = Builder::new().name(format!("worker {number}")).spawn(move || driver.run());
        threads.push(thread.map_err(system("thread"))?);
    }
    Ok(Running { handle, addresses, threads })
}

/// The sockets of every worker. The first worker's decide about ports; the others share them.
fn bind_all(config: &Config, clock: Clock) -> Result<Vec<Place>, NetError> {
    let first = bind(config, &config.listen, &config.tls, 0, clock)?;
    let sip = first.sockets.addresses();
    let tls = TlsConfig { listen: first.streams.addresses(Transport::Tls), ..config.tls.clone() };
    let mut places = vec![first];
    for worker in 1..config.workers {
        places.push(bind(config, &sip, &tls, worker, clock)?);
    }
    Ok(places)
}

/// Binds every address for UDP and for TCP; where any port will do, both get the same.
fn bind(
    config: &Config,
    listen: &[SocketAddr],
    tls: &TlsConfig,
    worker: usize,
    clock: Clock,
) -> Result<Place, NetError> {
    let poll = Poll::new().map_err(|source| NetError::System { what: "poller", source })?;
    let sharing = Sharing::of(worker, config.workers);
    let mut left = if listen.iter().any(|address| address.port() == 0) { BIND_TRIES } else { 1 };
    loop {
        left -= 1;
        let sockets = Sockets::bind(listen, sharing, poll.registry())?;
        match Streams::bind(&sockets.addresses(), tls, sharing, poll.registry(), clock.now_ms()) {
            Ok(streams) => return Ok(Place { poll, sockets, streams }),
            Err(error) if left == 0 => return Err(error),
            Err(_) => {}
        }
    }
}

/// How the workers share an address: the kernel spreads what comes over their sockets (SO_REUSEPORT).
#[derive(Clone, Copy, Debug)]
pub struct Sharing {
    /// Whose socket it is.
    pub worker: usize,
    /// Of how many.
    pub workers: usize,
}

impl Sharing {
    pub const fn of(worker: usize, workers: usize) -> Self {
        Self { worker, workers }
    }

    /// Whether there are others, and all of them have bound theirs.
    pub const fn is_last(self) -> bool {
        self.workers > 1 && self.worker + 1 == self.workers
    }

    /// Binds a socket. The first one of an address is bound alone, so that another program that has it is found, and
    /// only then lets the others in.
    pub fn bind(self, socket: &socket2::Socket, address: SocketAddr) -> std::io::Result<()> {
        let share = |socket: &socket2::Socket| if self.workers > 1 { socket.set_reuse_port(true) } else { Ok(()) };
        if self.worker > 0 {
            share(socket)?;
        }
        socket.bind(&address.into())?;
        if self.worker == 0 { share(socket) } else { Ok(()) }
    }
}
