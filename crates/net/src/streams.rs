//! SIP over connections: listeners, connections opened by peers and by us, their bounds in number and in time.
//!
//! A connection has a number that no other of this node ever has; a flow with the number 0 stands for whichever
//! connection leads to its remote address, and one is opened if there is none (RFC 3261 section 18.1.1, reuse).

mod channel;
mod connection;
mod listener;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use account::{Flow, Transport};
use edge::Certificate;
use mio::event::Event;
use mio::{Interest, Registry, Token};
use rustls::ClientConfig;

use self::channel::Channel;
use self::connection::{Connection, Step};
use self::listener::Listener;
use crate::start::Sharing;
use crate::tls::Server;
use crate::{NetError, TlsConfig};

/// Connections of the node at once, in equal parts of its workers; when a further one comes, one that owes a message gives way, or the one that was quiet longest.
const MAX_CONNECTIONS: usize = 4_096;
/// Connections at once with one worker that one address has opened: an office behind one address has a phone on each.
const MAX_CONNECTIONS_PER_IP: usize = 256;
/// Connections accepted before everything else gets its turn.
const ACCEPT_BURST: usize = 32;
/// Reads from one connection before the others get their turn.
const READ_BURST: usize = 8;
/// Tokens of listeners begin here; those below are of UDP sockets.
const FIRST_LISTENER: usize = 1 << 10;
/// Tokens of connections begin here.
const FIRST_CONNECTION: usize = 1 << 16;
/// From a connection's number to the next: the lowest byte stays the worker's (`node::worker_of_connection`).
const NUMBER_STEP: u64 = 256;
/// How often overdue connections are looked for.
const SWEEP_EVERY_MS: u64 = 1_000;

/// What a connection brings.
pub enum Arrived<'a> {
    /// What its peer has proven by a certificate.
    Certificate(Certificate),
    /// A message.
    Message(&'a [u8]),
}

/// All listeners and connections.
pub struct Streams {
    listeners: Vec<Listener>,
    /// How TLS begins from either side; nobody comes over TLS where there is no certificate.
    server: Option<Server>,
    client: Arc<ClientConfig>,
    connections: BTreeMap<u64, Connection>,
    /// The connection that leads to an address where a flow does not say which.
    ways: BTreeMap<(SocketAddr, Transport), u64>,
    /// How many connections each address has opened.
    opened_by: BTreeMap<IpAddr, usize>,
    /// Connections that may have more to read than was read.
    unread: BTreeSet<u64>,
    /// Listeners that may have more to accept.
    unaccepted: BTreeSet<usize>,
    /// Flows on which something could not be sent, for the worker.
    failed: Vec<Flow>,
    first_number: u64,
    next_number: u64,
    swept_ms: u64,
    /// This worker's part of what the node may have.
    max_connections: usize,
}

impl Streams {
    /// Listens on every address, for TCP and, where there is a certificate, for TLS.
    pub fn bind(
        tcp: &[SocketAddr],
        tls: &TlsConfig,
        sharing: Sharing,
        registry: &Registry,
        now_ms: u64,
    ) -> Result<Self, NetError> {
        let mut listeners = Vec::new();
        let tcp = tcp.iter().map(|address| (*address, Transport::Tcp));
        let over_tls = tls.listen.iter().map(|address| (*address, Transport::Tls));
        for (index, (address, transport)) in tcp.chain(over_tls).enumerate() {
            let listen = |source| NetError::Listen { address, source };
            let token = Token(FIRST_LISTENER + index);
            listeners.push(Listener::bind(address, transport, sharing, token, registry).map_err(listen)?);
        }
        let server = tls.identity.clone().map(|identity| Server::new(identity, tls.clients.as_deref())).transpose()?;
        let client = crate::tls::client(tls.trusted.as_deref(), tls.identity.as_ref())?;
        // Numbers of an earlier run are in its journal: beginning with the time, none of them comes again. The lowest
        // byte is the worker's.
        let first_number = now_ms << 16 | sharing.worker as u64;
        Ok(Self {
            listeners,
            server,
            client,
            connections: BTreeMap::new(),
            ways: BTreeMap::new(),
            opened_by: BTreeMap::new(),
            unread: BTreeSet::new(),
            unaccepted: BTreeSet::new(),
            failed: Vec::new(),
            first_number,
            next_number: first_number,
            swept_ms: now_ms,
            max_connections: MAX_CONNECTIONS.div_ceil(sharing.workers),
        })
    }

    /// The addresses that are listened on with a transport.
    pub fn addresses(&self, transport: Transport) -> Vec<SocketAddr> {
        self.listeners.iter().filter(|one| one.transport == transport).map(|one| one.local).collect()
    }

    /// Notes what a poller's event says is possible now.
    pub fn ready(&mut self, event: &Event, now_ms: u64) {
        let token = event.token().0;
        if let Some(index) = token.checked_sub(FIRST_LISTENER).filter(|index| *index < self.listeners.len()) {
            self.unaccepted.insert(index);
        }
        let Some(offset) = token.checked_sub(FIRST_CONNECTION) else { return };
        let number = u64::try_from(offset)
            .ok()
            .and_then(|offset| self.first_number.checked_add(offset.checked_mul(NUMBER_STEP)?));
        let Some(number) = number else { return };
        let Some(connection) = self.connections.get_mut(&number) else { return };
        if event.is_writable() && connection.write(now_ms) == Step::Closed {
            return self.close(number);
        }
        if event.is_readable() || event.is_read_closed() || event.is_error() {
            self.unread.insert(number);
        }
    }

    /// Accepts what is ready, at most a burst; who is not admitted is closed at once, without a byte read.
    pub fn accept_ready(&mut self, registry: &Registry, now_ms: u64, admits: impl Fn(SocketAddr) -> bool) {
        for index in std::mem::take(&mut self.unaccepted) {
            self.accept(index, registry, now_ms, &admits);
        }
    }

    /// Reads what is ready, at most a burst of each; `each` gets every message, and before them what a peer has proven by
    /// its certificate. True where more may wait.
    pub fn receive(&mut self, now_ms: u64, buffer: &mut [u8], mut each: impl FnMut(Flow, Arrived<'_>)) -> bool {
        for number in std::mem::take(&mut self.unread) {
            let Some(connection) = self.connections.get_mut(&number) else { continue };
            let mut step = Step::More;
            for _ in 0..READ_BURST {
                step = connection.read(now_ms, buffer, &mut each);
                if step != Step::More {
                    break;
                }
            }
            match step {
                Step::More => drop(self.unread.insert(number)),
                Step::Blocked => {}
                Step::Closed => self.close(number),
            }
        }
        self.sweep(now_ms);
        !self.unread.is_empty() || !self.unaccepted.is_empty()
    }

    fn accept(&mut self, index: usize, registry: &Registry, now_ms: u64, admits: &impl Fn(SocketAddr) -> bool) {
        for _ in 0..ACCEPT_BURST {
            let Some(listener) = self.listeners.get(index) else { return };
            let transport = listener.transport;
            let Some((stream, local, remote)) = listener.accept() else { return };
            if !admits(remote) {
                continue;
            }
            if self.opened_by.get(&remote.ip()).is_some_and(|count| *count >= MAX_CONNECTIONS_PER_IP) {
                tracing::debug!(%remote, "a connection was refused: its address has {MAX_CONNECTIONS_PER_IP}");
                continue;
            }
            let flow = Flow { local, remote, transport, connection: 0 };
            let Ok(channel) = Channel::accepted(stream, transport, self.server.as_ref()) else { continue };
            if self.add(registry, now_ms, |flow| Connection::accepted(channel, flow, now_ms), flow).is_some() {
                *self.opened_by.entry(remote.ip()).or_default() += 1;
            }
        }
        self.unaccepted.insert(index);
    }

    /// Sends a message on its flow, or notes that the flow has failed. `name` is what a peer we go to over TLS must prove.
    pub fn send(&mut self, registry: &Registry, now_ms: u64, flow: &Flow, name: &str, bytes: &[u8]) {
        let known = self.ways.get(&(flow.remote, flow.transport)).copied();
        let number = match flow.connection {
            0 => known.or_else(|| self.open(registry, now_ms, flow, name)),
            number => Some(number),
        };
        let connection = number.and_then(|number| self.connections.get_mut(&number));
        let Some(connection) = connection else { return self.failed.push(*flow) };
        connection.used_as(*flow);
        let number = connection.number();
        if connection.send(now_ms, bytes) == Step::Closed {
            self.close(number);
        }
    }

    fn open(&mut self, registry: &Registry, now_ms: u64, flow: &Flow, name: &str) -> Option<u64> {
        let from = self.source_for(flow);
        let channel = listener::connect(from, flow.remote)
            .and_then(|stream| Channel::opened(stream, flow.transport, &self.client, name))
            .inspect_err(|error| tracing::debug!(remote = %flow.remote, %error, "no connection"))
            .ok()?;
        let number = self.add(registry, now_ms, |flow| Connection::opened(channel, flow, now_ms), *flow)?;
        self.ways.insert((flow.remote, flow.transport), number);
        Some(number)
    }

    /// Our own address towards a peer: the one the flow names if we listen there, or whichever the system takes.
    fn source_for(&self, flow: &Flow) -> Option<IpAddr> {
        let fits = |ip: &IpAddr| !ip.is_unspecified() && ip.is_ipv4() == flow.remote.is_ipv4();
        let own: Vec<IpAddr> = self.listeners.iter().map(|listener| listener.local.ip()).filter(fits).collect();
        own.iter().find(|ip| **ip == flow.local.ip()).or(own.first()).copied()
    }

    fn add(
        &mut self,
        registry: &Registry,
        now_ms: u64,
        make: impl FnOnce(Flow) -> Connection,
        flow: Flow,
    ) -> Option<u64> {
        if self.connections.len() >= self.max_connections {
            let least = self.connections.values().min_by_key(|connection| connection.worth()).map(Connection::number);
            if let Some(least) = least {
                self.close(least);
            }
        }
        self.next_number += NUMBER_STEP;
        let number = self.next_number;
        let mut connection = make(Flow { connection: number, ..flow });
        let offset = usize::try_from((number - self.first_number) / NUMBER_STEP).ok()?;
        let token = Token(FIRST_CONNECTION.checked_add(offset)?);
        let interest = Interest::READABLE | Interest::WRITABLE;
        if let Err(error) = registry.register(connection.source(), token, interest) {
            tracing::warn!(%error, remote = %flow.remote, now_ms, "a connection cannot be watched");
            return None;
        }
        self.connections.insert(number, connection);
        Some(number)
    }

    fn close(&mut self, number: u64) {
        let Some(connection) = self.connections.remove(&number) else { return };
        let flow = connection.flow();
        self.unread.remove(&number);
        if self.ways.get(&(flow.remote, flow.transport)) == Some(&number) {
            self.ways.remove(&(flow.remote, flow.transport));
        }
        if connection.is_accepted()
            && let Some(count) = self.opened_by.get_mut(&flow.remote.ip())
        {
            *count -= 1;
            if *count == 0 {
                self.opened_by.remove(&flow.remote.ip());
            }
        }
        self.failed.extend(connection.into_flows());
    }

    /// Closes what is overdue.
    fn sweep(&mut self, now_ms: u64) {
        if now_ms < self.swept_ms + SWEEP_EVERY_MS {
            return;
        }
        self.swept_ms = now_ms;
        let overdue: Vec<u64> =
            self.connections.values().filter(|one| one.is_overdue(now_ms)).map(Connection::number).collect();
        for number in overdue {
            self.close(number);
        }
    }

    /// The next flow that is gone, once.
    pub fn next_failed(&mut self) -> Option<Flow> {
        self.failed.pop()
    }
}
