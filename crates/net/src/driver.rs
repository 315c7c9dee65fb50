//! The worker's thread: wait for packets, letters and deadlines; feed the worker; carry out what it wants.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use account::Transport;
use media::RelayCommand;
use mio::{Events, Poll, Registry, Token, Waker};
use node::{Command, NodeState, Output, Record, Worker};
use store::WriterHandle;

use crate::mailbox::{Answer, Letter, Mailbox, mailbox};
use crate::relay::Relay;
use crate::streams::Streams;
use crate::udp::{MAX_DATAGRAM, Sockets};
use crate::{Clock, Handle, Identity, NetError};

const WAKE: Token = Token(usize::MAX);
/// The longest sleep without a deadline.
const IDLE: Duration = Duration::from_secs(1);
/// How long running calls may take to end at a stop (BYE and its answer, settlement on disk).
const STOP_MS: u64 = 5_000;
/// How often a free port is asked for that is free for UDP and for TCP.
const BIND_TRIES: usize = 16;

/// What the driver needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// SIP over UDP and TCP: the addresses to listen on.
    pub listen: Vec<SocketAddr>,
    /// SIP over TLS.
    pub tls: TlsConfig,
    /// The relay's own address.
    pub relay_ip: IpAddr,
    /// The address that goes into SDP, where it differs (behind a static NAT).
    pub relay_advertised: IpAddr,
    /// First and last relay port.
    pub relay_ports: (u16, u16),
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
    /// Our certificate; without one nobody can come over TLS.
    pub identity: Option<Arc<Identity>>,
    /// Authorities whose certificates carriers may have besides the public ones: a PEM file.
    pub trusted: Option<PathBuf>,
}

/// A bound node that has not yet a worker.
pub struct Running {
    /// The way to the worker.
    pub handle: Handle,
    /// The SIP addresses that are bound.
    pub addresses: Vec<SocketAddr>,
    thread: JoinHandle<NodeState>,
}

impl Running {
    /// Ends all calls, waits for the worker and returns its last state (all records of it were handed to the journal).
    pub fn stop(self) -> Option<NodeState> {
        self.handle.stop();
        self.thread.join().ok()
    }

    /// Waits until the worker ends by itself (after [`Command::Shutdown`], or because the journal failed).
    pub fn join(self) -> Option<NodeState> {
        self.thread.join().ok()
    }

    /// Whether the worker has ended.
    pub fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }
}

/// Binds the sockets, then starts the worker that `make` builds for the bound addresses.
///
/// `journal` receives the handle that the journal's thread reports durability to, and gives back where records go.
/// `snapshots` takes a copy of the state now and then; a full channel skips one.
///
/// # Errors
/// [`NetError`] where an address or a port range cannot be used.
pub fn start(
    config: Config,
    clock: Clock,
    make: impl FnOnce(&[SocketAddr]) -> Worker,
    journal: impl FnOnce(Handle) -> WriterHandle<Record>,
    snapshots: SyncSender<NodeState>,
) -> Result<Running, NetError> {
    let system = |what| move |source| NetError::System { what, source };
    let poll = Poll::new().map_err(system("poller"))?;
    let (sockets, streams) = bind(&config, poll.registry(), clock)?;
    let waker = Waker::new(poll.registry(), WAKE).map_err(system("waker"))?;
    let (postbox, mailbox) = mailbox(waker);
    let relay = Relay::start(&config, clock, postbox.clone())?;
    let handle = Handle::new(postbox);
    let addresses = sockets.addresses();
    let driver = Driver {
        worker: make(&addresses),
        journal: journal(handle.clone()),
        poll,
        sockets,
        streams,
        mailbox,
        relay,
        clock,
        answers: BTreeMap::new(),
        next_token: 0,
        snapshots,
        snapshot_every: config.snapshot_every,
        snapshot_lsn: 0,
        drain_until_ms: None,
    };
    let thread = Builder::new().name("worker".into()).spawn(move || driver.run()).map_err(system("thread"))?;
    Ok(Running { handle, addresses, thread })
}

/// Binds every address for UDP and for TCP; where any port will do, both get the same.
fn bind(config: &Config, registry: &Registry, clock: Clock) -> Result<(Sockets, Streams), NetError> {
    let listen = &config.listen;
    let tries = if listen.iter().any(|address| address.port() == 0) { BIND_TRIES } else { 1 };
    let mut left = tries;
    loop {
        left -= 1;
        let sockets = Sockets::bind(listen, registry)?;
        match Streams::bind(&sockets.addresses(), &config.tls, registry, clock.now_ms()) {
            Ok(streams) => return Ok((sockets, streams)),
            Err(error) if left == 0 => return Err(error),
            Err(_) => {}
        }
    }
}

struct Driver {
    worker: Worker,
    poll: Poll,
    sockets: Sockets,
    streams: Streams,
    mailbox: Mailbox,
    relay: Relay,
    clock: Clock,
    journal: WriterHandle<Record>,
    answers: BTreeMap<u64, Answer>,
    next_token: u64,
    snapshots: SyncSender<NodeState>,
    snapshot_every: u64,
    snapshot_lsn: u64,
    /// Until when running calls may go on, while the node drains.
    drain_until_ms: Option<u64>,
}

impl Driver {
    fn run(mut self) -> NodeState {
        let mut events = Events::with_capacity(64);
        let mut buffer = vec![0; MAX_DATAGRAM];
        let mut stop_at_ms = None;
        let mut more = false;
        self.flush();
        loop {
            let patience = if more { Duration::ZERO } else { self.patience() };
            if let Err(error) = self.poll.poll(&mut events, Some(patience))
                && error.kind() != std::io::ErrorKind::Interrupted
            {
                tracing::error!(%error, "the poller failed");
                return self.worker.state();
            }
            let now_ms = self.clock.now_ms();
            for event in &events {
                self.streams.ready(event, now_ms);
            }
            more = self.receive(&mut buffer);
            let told_to_stop = self.letters() || self.has_drained();
            let now_ms = self.clock.now_ms();
            if told_to_stop && stop_at_ms.is_none() {
                stop_at_ms = Some(now_ms + STOP_MS);
            }
            if self.worker.next_wake_ms().is_some_and(|at_ms| at_ms <= now_ms) {
                self.worker.tick(now_ms);
            }
            self.flush();
            if self.mailbox.journal_failed() {
                tracing::error!("the journal failed: the node stops, since nothing it did now would survive");
                return self.worker.state();
            }
            if stop_at_ms.is_some_and(|at_ms| self.worker.is_idle() || now_ms >= at_ms) {
                return self.worker.state();
            }
        }
    }

    /// Whether a drain has come to its end; the calls that are left are then being ended.
    fn has_drained(&mut self) -> bool {
        let now_ms = self.clock.now_ms();
        let over = |until_ms: u64| now_ms >= until_ms || self.worker.is_idle();
        let drained = self.drain_until_ms.is_some_and(over);
        if drained {
            self.drain_until_ms = None;
            self.worker.command(now_ms, 0, Command::Shutdown);
            self.flush();
        }
        drained
    }

    fn patience(&self) -> Duration {
        let now_ms = self.clock.now_ms();
        self.worker.next_wake_ms().map_or(IDLE, |at_ms| Duration::from_millis(at_ms.saturating_sub(now_ms)).min(IDLE))
    }

    /// Reads all sockets and connections; true where more waits than was read.
    fn receive(&mut self, buffer: &mut [u8]) -> bool {
        let mut more = false;
        for number in 0..self.sockets.addresses().len() {
            let (worker, clock) = (&mut self.worker, &self.clock);
            more |= self.sockets.receive(number, buffer, |flow, bytes| worker.datagram(clock.now_ms(), flow, bytes));
            self.flush();
        }
        let now_ms = self.clock.now_ms();
        self.streams.accept_ready(self.poll.registry(), now_ms, |remote| self.worker.admits(now_ms, remote));
        let (worker, clock) = (&mut self.worker, &self.clock);
        let each = |flow, bytes: &[u8]| worker.datagram(clock.now_ms(), flow, bytes);
        more |= self.streams.receive(clock.now_ms(), buffer, each);
        self.flush();
        more
    }

    /// Opens the letters; true where one says stop.
    fn letters(&mut self) -> bool {
        let mut stop = false;
        self.worker.durable(self.clock.now_ms(), self.mailbox.durable_lsn());
        self.worker.disk_full(self.clock.now_ms(), self.mailbox.disk_full());
        while let Some(letter) = self.mailbox.take() {
            let now_ms = self.clock.now_ms();
            match letter {
                Letter::Command(command, answer) => {
                    stop |= *command == Command::Shutdown;
                    if let Command::Drain { limit_s } = *command {
                        let until_ms = now_ms + u64::from(limit_s) * 1_000;
                        self.drain_until_ms = Some(self.drain_until_ms.map_or(until_ms, |known| known.min(until_ms)));
                    }
                    self.next_token += 1;
                    self.answers.insert(self.next_token, answer);
                    self.worker.command(now_ms, self.next_token, *command);
                }
                Letter::Relay(event) => self.worker.relay(now_ms, event),
                Letter::Stop => {
                    stop = true;
                    self.worker.command(now_ms, 0, Command::Shutdown);
                }
            }
            self.flush();
        }
        stop
    }

    /// Carries out everything the worker wants.
    fn flush(&mut self) {
        self.carry_out();
        while let Some(flow) = self.streams.next_failed() {
            self.worker.flow_failed(self.clock.now_ms(), flow);
            self.carry_out();
        }
    }

    fn carry_out(&mut self) {
        while let Some(output) = self.worker.poll_output() {
            match output {
                Output::Send { flow, bytes } => match flow.transport {
                    Transport::Udp => self.sockets.send(&flow, &bytes),
                    Transport::Tcp | Transport::Tls => {
                        let name = self.worker.peer_name(&flow);
                        self.streams.send(self.poll.registry(), self.clock.now_ms(), &flow, &name, &bytes);
                    }
                },
                Output::Relay(command) => self.relay(command),
                Output::Journal(record) => self.append(record),
                Output::Reply { token, reply } => {
                    if let Some(answer) = self.answers.remove(&token) {
                        answer(reply);
                    }
                }
                Output::Ban(change) => tracing::info!("{change}"),
            }
        }
    }

    fn relay(&mut self, command: RelayCommand) {
        if let Some(event) = self.relay.command(command) {
            self.worker.relay(self.clock.now_ms(), event);
        }
    }

    fn append(&mut self, record: Record) {
        let lsn = record.lsn;
        // A stopped writer has said so through the mailbox, which ends this thread.
        let _ = self.journal.submit(record);
        if lsn >= self.snapshot_lsn + self.snapshot_every {
            self.snapshot_lsn = lsn;
            let _ = self.snapshots.try_send(self.worker.state());
        }
    }
}
