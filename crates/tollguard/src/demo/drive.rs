//! Drives simulated stations over real UDP sockets: one thread, a socket for every SIP address and every voice port.

mod station;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token, Waker};
use net::Clock;
use sim::ua::Output;

pub(super) use station::{Happening, Order, Station};

const WAKE: Token = Token(usize::MAX);
/// The longest sleep without a deadline.
const IDLE: Duration = Duration::from_secs(1);
/// The largest datagram.
const MAX_DATAGRAM: usize = 65_535;
/// Orders that may wait for the thread.
const MAX_ORDERS: usize = 4_096;
/// Happenings that may wait to be read; further ones are lost.
const MAX_TOLD: usize = 65_536;

/// The name of a station.
pub(super) type Who = &'static str;

/// A station with its name and addresses.
pub(super) struct Player {
    pub(super) who: Who,
    pub(super) station: Station,
    /// Its SIP address.
    pub(super) address: SocketAddr,
    /// Its voice ports.
    pub(super) voice: Vec<SocketAddr>,
}

/// Something that happened to a station.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) at_ms: u64,
    pub(super) who: Who,
    pub(super) what: Happening,
}

enum Letter {
    Order { at_ms: u64, who: Who, order: Order },
    End,
}

/// The stations at work.
pub(super) struct Stage {
    clock: Clock,
    began_ms: u64,
    letters: SyncSender<Letter>,
    waker: Waker,
    told: Receiver<Told>,
    /// Everything that has happened so far.
    log: Vec<Told>,
    thread: Option<JoinHandle<()>>,
}

impl Stage {
    /// Binds all addresses and starts the thread.
    ///
    /// # Errors
    /// The first address that cannot be bound, or a system without threads.
    pub(super) fn start(clock: Clock, players: Vec<Player>) -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), WAKE)?;
        let (letters, orders) = sync_channel(MAX_ORDERS);
        let (tell, told) = sync_channel(MAX_TOLD);
        let mut driver = Driver {
            clock,
            poll,
            players,
            ports: Vec::new(),
            by_local: BTreeMap::new(),
            orders,
            agenda: BTreeMap::new(),
            taken: 0,
            tell,
        };
        driver.bind()?;
        let thread = Builder::new().name("stage".into()).spawn(move || driver.run())?;
        let began_ms = clock.now_ms();
        Ok(Self { clock, began_ms, letters, waker, told, log: Vec::new(), thread: Some(thread) })
    }

    /// The time the stations go by.
    pub(super) fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }

    /// When the stations began.
    pub(super) fn began_ms(&self) -> u64 {
        self.began_ms
    }

    /// Has a station do something now.
    pub(super) fn order(&self, who: Who, order: impl Into<Order>) {
        self.order_at(0, who, order);
    }

    /// Has a station do something later.
    pub(super) fn order_at(&self, at_ms: u64, who: Who, order: impl Into<Order>) {
        // A thread that is gone does nothing more; whoever waits for it will say so.
        let _ = self.letters.send(Letter::Order { at_ms, who, order: order.into() });
        let _ = self.waker.wake();
    }

    /// How much has happened until now: what [`Stage::wait`] begins after.
    pub(super) fn mark(&mut self) -> usize {
        self.log.extend(self.told.try_iter());
        self.log.len()
    }

    /// What has happened since a mark.
    pub(super) fn since(&mut self, mark: usize) -> &[Told] {
        self.log.extend(self.told.try_iter());
        self.log.get(mark..).unwrap_or_default()
    }

    /// Waits until anything happens, at most for `patience`.
    pub(super) fn news(&mut self, patience: Duration) {
        self.log.extend(self.told.recv_timeout(patience));
    }

    /// Waits until something after `mark` is what `sought` seeks; `None` where nothing is within `patience`.
    pub(super) fn wait<T>(
        &mut self,
        mark: usize,
        patience: Duration,
        mut sought: impl FnMut(&Told) -> Option<T>,
    ) -> Option<T> {
        let until = Instant::now() + patience;
        let mut at = mark;
        loop {
            while let Some(told) = self.log.get(at) {
                at += 1;
                if let Some(found) = sought(told) {
                    return Some(found);
                }
            }
            let told = self.told.recv_timeout(until.saturating_duration_since(Instant::now())).ok()?;
            self.log.push(told);
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.letters.send(Letter::End);
        let _ = self.waker.wake();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// One bound socket.
struct Port {
    socket: UdpSocket,
    local: SocketAddr,
    /// Whose it is.
    player: usize,
    voice: bool,
}

struct Driver {
    clock: Clock,
    poll: Poll,
    players: Vec<Player>,
    ports: Vec<Port>,
    by_local: BTreeMap<SocketAddr, usize>,
    orders: Receiver<Letter>,
    /// What is to be done, by time and order of arrival.
    agenda: BTreeMap<(u64, u64), (usize, Order)>,
    taken: u64,
    tell: SyncSender<Told>,
}

impl Driver {
    fn bind(&mut self) -> io::Result<()> {
        for (player, Player { address, voice, .. }) in self.players.iter().enumerate() {
            let addresses = std::iter::once((*address, false)).chain(voice.iter().map(|address| (*address, true)));
            for (local, voice) in addresses {
                let mut socket = UdpSocket::bind(local)?;
                let number = self.ports.len();
                self.poll.registry().register(&mut socket, Token(number), Interest::READABLE)?;
                self.by_local.insert(local, number);
                self.ports.push(Port { socket, local, player, voice });
            }
        }
        Ok(())
    }

    fn run(mut self) {
        let mut events = Events::with_capacity(256);
        let mut buffer = vec![0; MAX_DATAGRAM];
        loop {
            let now_ms = self.clock.now_ms();
            let patience = self.next_ms().map_or(IDLE, |at_ms| Duration::from_millis(at_ms.saturating_sub(now_ms)));
            if self
                .poll
                .poll(&mut events, Some(patience.min(IDLE)))
                .is_err_and(|e| e.kind() != io::ErrorKind::Interrupted)
            {
                return;
            }
            let ready: Vec<usize> = events.iter().map(|event| event.token().0).collect();
            for number in ready {
                self.receive(number, &mut buffer);
            }
            if !self.take_letters() {
                return;
            }
            self.due();
        }
    }

    fn next_ms(&self) -> Option<u64> {
        let ordered = self.agenda.keys().next().map(|(at_ms, _)| *at_ms);
        let wanted = self.players.iter().filter_map(|player| player.station.next_wake_ms()).min();
        [ordered, wanted].into_iter().flatten().min()
    }

    fn receive(&mut self, number: usize, buffer: &mut [u8]) {
        while let Some(port) = self.ports.get(number) {
            let (player, voice) = (port.player, port.voice.then_some(port.local));
            match port.socket.recv_from(buffer) {
                Ok((length, from)) => {
                    let now_ms = self.clock.now_ms();
                    if let (Some(player), Some(bytes)) = (self.players.get_mut(player), buffer.get(..length)) {
                        player.station.datagram(now_ms, voice, from, bytes);
                    }
                    self.flush(player);
                }
                // A refusal of an earlier packet (ICMP) is told here, too.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
                Err(_) => return,
            }
        }
    }

    /// Takes the orders that have come; false at the end.
    fn take_letters(&mut self) -> bool {
        loop {
            match self.orders.try_recv() {
                Ok(Letter::Order { at_ms, who, order }) => {
                    let Some(player) = self.players.iter().position(|player| player.who == who) else { continue };
                    self.taken += 1;
                    self.agenda.insert((at_ms, self.taken), (player, order));
                }
                Err(TryRecvError::Empty) => return true,
                Ok(Letter::End) | Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    fn due(&mut self) {
        let now_ms = self.clock.now_ms();
        while let Some(entry) = self.agenda.first_entry().filter(|entry| entry.key().0 <= now_ms) {
            let (player, order) = entry.remove();
            if let Some(player) = self.players.get_mut(player) {
                player.station.order(now_ms, order);
            }
            self.flush(player);
        }
        for number in 0..self.players.len() {
            let Some(player) = self.players.get_mut(number) else { continue };
            if player.station.next_wake_ms().is_some_and(|at_ms| at_ms <= now_ms) {
                player.station.tick(now_ms);
                self.flush(number);
            }
        }
    }

    /// Carries out what a station wants.
    fn flush(&mut self, number: usize) {
        let Some(player) = self.players.get_mut(number) else { return };
        while let Some(output) = player.station.poll_output() {
            match output {
                Output::Send { to, bytes } => send(&self.ports, &self.by_local, player.address, to, &bytes),
                Output::Rtp { local, to, bytes } => send(&self.ports, &self.by_local, local, to, &bytes),
                // A reader that has stopped reading misses it.
                Output::Event(what) => {
                    drop(self.tell.try_send(Told { at_ms: self.clock.now_ms(), who: player.who, what }))
                }
            }
        }
    }
}

/// Sends; what cannot be sent is lost, as on any network.
fn send(ports: &[Port], by_local: &BTreeMap<SocketAddr, usize>, local: SocketAddr, to: SocketAddr, bytes: &[u8]) {
    if let Some(port) = by_local.get(&local).and_then(|number| ports.get(*number)) {
        let _ = port.socket.send_to(bytes, to);
    }
}
