//! The way to the relay, and the built-in one's thread: opens ports, moves packets as the sessions decide, reports silence.

mod session;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::mpsc::TryRecvError;
use std::thread::Builder;
use std::time::Duration;

use media::{PortPool, RelayCommand, RelayEvent, RelayId};
use mio::{Events, Poll, Token, Waker};
use sip::arena::{Arena, Slot};
use store::{Pace, QueueReceiver, QueueSender, queue};

use crate::Config;
use crate::batch::Inbox;
use crate::mailbox::Postbox;
use crate::reports::Reports;
use crate::{Clock, NetError, rtpengine};
use session::Session;

pub const WAKE: Token = Token(usize::MAX);
/// How often silence is looked for; commands and packets wake the thread at once.
const LOOK_MS: u64 = 500;
/// Commands that may wait.
const COMMANDS: usize = 4096;
/// Packets read from one socket with one call of the system.
const AT_ONCE: usize = 8;
/// While much comes in, it is read in steps: waking up costs as much as relaying a few packets.
const STEP: Duration = Duration::from_millis(1);
/// So many packets in one step make the next ones wait for its end.
const BUSY_PACKETS: u32 = 8;

/// A worker's way to the relay's thread; the thread ends when the last of them is dropped.
#[derive(Clone)]
pub struct Relay {
    commands: QueueSender<RelayCommand>,
    waker: Arc<Waker>,
}

impl Relay {
    /// Starts what the configuration wants: the built-in relay, or what speaks with rtpengines, or both.
    pub fn start(config: &Config, clock: Clock, boxes: &Arc<[Postbox]>) -> Result<Self, NetError> {
        let rtpengine = &config.rtpengine;
        let built_in = || Self::start_built_in(config, clock, Reports::new(Arc::clone(boxes)));
        if rtpengine.servers.is_empty() {
            return built_in();
        }
        let (relay, poll, inbox) = Self::channel()?;
        let built_in = if rtpengine.falls_back { Some(built_in()?) } else { None };
        let settings = media::rtpengine::Settings {
            servers: rtpengine.servers.len(),
            name: rtpengine.name.clone(),
            silence_ms: config.silence_ms,
            falls_back: rtpengine.falls_back,
            is_v6: config.relay_ip.is_ipv6(),
        };
        rtpengine::start(rtpengine, settings, clock, (poll, inbox), Reports::new(Arc::clone(boxes)), built_in)?;
        Ok(relay)
    }

    /// A way to a thread that does not run yet, and the thread's end of it.
    fn channel() -> Result<(Self, Poll, QueueReceiver<RelayCommand>), NetError> {
        let system = |what| move |source| NetError::System { what, source };
        let poll = Poll::new().map_err(system("poller"))?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKE).map_err(system("waker"))?);
        let (commands, inbox) = queue(COMMANDS);
        Ok((Self { commands, waker }, poll, inbox))
    }

    fn start_built_in(config: &Config, clock: Clock, reports: Reports) -> Result<Self, NetError> {
        let system = |what| move |source| NetError::System { what, source };
        let (first, last) = config.relay_ports;
        let ports =
            PortPool::new(first, last, media::ports::COOL_DOWN_MS).map_err(|_| NetError::RelayPorts(first, last))?;
        let (relay, poll, inbox) = Self::channel()?;
        let thread = Thread {
            ip: config.relay_ip,
            advertised: config.relay_advertised,
            other_ip: config.relay_other_ip,
            silence_ms: config.silence_ms,
            poll,
            inbox,
            reports,
            ports,
            clock,
            calls: Arena::default(),
            places: BTreeMap::new(),
        };
        Builder::new().name("relay".into()).spawn(move || thread.run()).map_err(system("thread"))?;
        Ok(relay)
    }

    /// Passes a command on; an `Open` that finds no room comes back as failed at once.
    pub fn command(&self, command: RelayCommand) -> Option<RelayEvent> {
        let failed = match &command {
            RelayCommand::Open { relay, .. } => Some(RelayEvent::OpenFailed { relay: *relay }),
            _ => None,
        };
        if self.commands.try_send(command).is_err() {
            return failed;
        }
        if let Err(error) = self.waker.wake() {
            tracing::error!(%error, "the relay cannot be woken");
        }
        None
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // The thread sees that the channel is closed when it is woken; it looks every half second in any case.
        let (closed, _) = queue(1);
        self.commands = closed;
        let _ = self.waker.wake();
    }
}

struct Thread {
    ip: IpAddr,
    advertised: IpAddr,
    other_ip: Option<IpAddr>,
    silence_ms: u64,
    poll: Poll,
    inbox: QueueReceiver<RelayCommand>,
    reports: Reports,
    ports: PortPool,
    clock: Clock,
    /// The relayed calls, where packets find them by the token of their socket.
    calls: Arena<(RelayId, Session)>,
    places: BTreeMap<RelayId, Slot>,
}

impl Thread {
    fn run(mut self) {
        let mut events = Events::with_capacity(1024);
        let mut inbox = Inbox::new(AT_ONCE, media::relay::MAX_MEDIA_BYTES + 1);
        let mut pace = Pace::new(STEP, BUSY_PACKETS);
        let mut look_at_ms = self.clock.now_ms() + LOOK_MS;
        loop {
            let wait = Duration::from_millis(look_at_ms.saturating_sub(self.clock.now_ms()));
            if let Err(error) = self.poll.poll(&mut events, Some(wait))
                && error.kind() != std::io::ErrorKind::Interrupted
            {
                tracing::error!(%error, "the relay's poller failed");
                return;
            }
            let now_ms = self.clock.now_ms();
            let relayed = events.iter().map(|event| self.packets(event.token(), now_ms, &mut inbox)).sum();
            pace.done(relayed);
            if !self.commands(now_ms) {
                return;
            }
            if now_ms >= look_at_ms {
                look_at_ms = now_ms + LOOK_MS;
                self.look_for_silence(now_ms);
            }
            self.reports.put_again();
            pace.gather();
        }
    }

    /// Relays what waits on one socket; how many packets.
    fn packets(&mut self, token: Token, now_ms: u64, inbox: &mut Inbox) -> usize {
        let Some((index, key)) = session::of_token(token) else { return 0 };
        self.calls.at_mut(index).map_or(0, |(_, session)| session.forward(key, now_ms, inbox))
    }

    /// Carries out the commands that wait; false once the workers are gone.
    fn commands(&mut self, now_ms: u64) -> bool {
        loop {
            match self.inbox.try_recv() {
                Ok(command) => self.command(command, now_ms),
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    fn command(&mut self, command: RelayCommand, now_ms: u64) {
        match command {
            RelayCommand::Open { relay, streams } => self.open(relay, streams.min(media::MAX_STREAMS), now_ms),
            RelayCommand::Announce { relay, side, stream, addr, rtcp } => {
                let (addr, rtcp) = (self.as_seen_here(addr), self.as_seen_here(rtcp));
                let joined = self.is_ours(addr);
                self.with(relay, |session| {
                    session.relaying.set_announced(side, stream, addr, rtcp, now_ms);
                    if joined {
                        session.relaying.pin(side, stream, now_ms);
                    }
                });
            }
            RelayCommand::Relatch { relay, side } => self.with(relay, |session| session.relaying.relatch(side, now_ms)),
            RelayCommand::Held { relay, held } => self.with(relay, |session| session.relaying.set_held(held, now_ms)),
            RelayCommand::Close { relay } => self.close(relay, now_ms),
        }
    }

    /// Whether an address is a port of a session here: that of the call which a transfer has joined to this one.
    fn is_ours(&self, addr: SocketAddr) -> bool {
        let here = [Some(self.ip), Some(self.advertised), self.other_ip].contains(&Some(addr.ip()));
        here && self.calls.iter().any(|(_, (_, session))| session.pairs().any(|pair| pair.rtp == addr.port()))
    }

    /// An address as packets from here get to it: joined calls send to one another, and not every router leads back what
    /// is sent to the address that peers know this host by.
    fn as_seen_here(&self, addr: SocketAddr) -> SocketAddr {
        let own = addr.ip() == self.advertised && !self.ip.is_unspecified();
        if own { SocketAddr::new(self.ip, addr.port()) } else { addr }
    }

    fn with(&mut self, relay: RelayId, change: impl FnOnce(&mut Session)) {
        let place = self.places.get(&relay).copied();
        if let Some((_, session)) = place.and_then(|place| self.calls.get_mut(place)) {
            change(session);
        }
    }

    fn open(&mut self, relay: RelayId, streams: usize, now_ms: u64) {
        match Session::open(self.ip, self.other_ip, streams, &mut self.ports, now_ms) {
            Ok(mut session) => {
                let index = self.calls.next_slot().index;
                if let Err(error) = session.register(self.poll.registry(), index) {
                    tracing::warn!(%error, "relay ports cannot be polled");
                    self.give_back(&session, now_ms);
                    return self.reports.put(RelayEvent::OpenFailed { relay });
                }
                let (a, b) = session.addresses(self.advertised, self.other_ip);
                let place = self.calls.insert((relay, session));
                self.places.insert(relay, place);
                self.reports.put(RelayEvent::Opened { relay, a, b });
            }
            Err(error) => {
                tracing::warn!(%error, "no relay ports: widen the port range or free it");
                self.reports.put(RelayEvent::OpenFailed { relay });
            }
        }
    }

    fn close(&mut self, relay: RelayId, now_ms: u64) {
        if let Some((_, session)) = self.places.remove(&relay).and_then(|place| self.calls.remove(place)) {
            let counters = session.relaying.counters();
            self.give_back(&session, now_ms);
            self.reports.put(RelayEvent::Closed { relay, counters });
        }
    }

    fn give_back(&mut self, session: &Session, now_ms: u64) {
        for pair in session.pairs() {
            self.ports.give_back(pair, now_ms);
        }
    }

    fn look_for_silence(&mut self, now_ms: u64) {
        let limit_ms = self.silence_ms;
        let silent = |session: &Session| session.relaying.dead_call(now_ms, limit_ms);
        let calls = self.calls.iter().map(|(_, (relay, session))| (*relay, session));
        let dead: Vec<_> = calls.filter_map(|(relay, session)| Some((relay, silent(session)?))).collect();
        for (relay, heard_ms) in dead {
            self.reports.put(RelayEvent::Silent { relay, heard_ms });
        }
    }
}
