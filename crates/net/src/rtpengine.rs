//! The thread that speaks with rtpengines: carries datagrams between them and [`Rtpengine`], which decides.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::mpsc::TryRecvError;
use std::thread::Builder;
use std::time::Duration;

use media::RelayCommand;
use media::rtpengine::{Output, Rtpengine, Settings};
use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token};
use store::QueueReceiver;

use crate::relay::{Relay, WAKE};
use crate::reports::Reports;
use crate::{Clock, NetError};

/// The largest answer; the one to `query` grows with the streams of a call.
const MAX_ANSWER: usize = 65_535;
/// The longest sleep without a deadline; reports that found no room are tried again then.
const IDLE: Duration = Duration::from_millis(500);

/// Which rtpengines carry the calls.
#[derive(Clone, Debug, Default)]
pub struct RtpengineConfig {
    /// Where they listen for the ng protocol, over UDP.
    pub servers: Vec<SocketAddr>,
    /// Whether calls go through the built-in relay where none of them answers.
    pub falls_back: bool,
    /// Begins the names of our calls there; no other node's, and no earlier run's.
    pub name: String,
}

/// Starts the thread, on a poller that its waker wakes for commands.
pub fn start(
    config: &RtpengineConfig,
    settings: Settings,
    clock: Clock,
    (poll, inbox): (Poll, QueueReceiver<RelayCommand>),
    reports: Reports,
    built_in: Option<Relay>,
) -> Result<(), NetError> {
    let system = |what| move |source| NetError::System { what, source };
    let mut sockets = Vec::new();
    for (number, server) in config.servers.iter().enumerate() {
        let any = if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        let mut socket = UdpSocket::bind(SocketAddr::new(any, 0)).map_err(system("socket for rtpengine"))?;
        // Only what comes from there is received.
        socket.connect(*server).map_err(system("socket for rtpengine"))?;
        poll.registry().register(&mut socket, Token(number), Interest::READABLE).map_err(system("poller"))?;
        sockets.push(socket);
    }
    let machine = Rtpengine::new(settings);
    let names = config.servers.clone().into();
    let thread = Thread { poll, inbox, sockets, names, machine, clock, reports, built_in };
    Builder::new().name("rtpengine".into()).spawn(move || thread.run()).map_err(system("thread"))?;
    Ok(())
}

struct Thread {
    poll: Poll,
    inbox: QueueReceiver<RelayCommand>,
    sockets: Vec<UdpSocket>,
    names: Arc<[SocketAddr]>,
    machine: Rtpengine,
    clock: Clock,
    reports: Reports,
    built_in: Option<Relay>,
}

impl Thread {
    fn run(mut self) {
        let mut events = Events::with_capacity(64);
        let mut buffer = vec![0; MAX_ANSWER];
        loop {
            let next_ms = self.machine.next_wake_ms().unwrap_or(u64::MAX);
            let patience = Duration::from_millis(next_ms.saturating_sub(self.clock.now_ms())).min(IDLE);
            if let Err(error) = self.poll.poll(&mut events, Some(patience))
                && error.kind() != std::io::ErrorKind::Interrupted
            {
                tracing::error!(%error, "the poller towards rtpengine failed");
                return;
            }
            for event in events.iter().filter(|event| event.token() != WAKE) {
                self.receive(event.token().0, &mut buffer);
            }
            loop {
                match self.inbox.try_recv() {
                    Ok(command) => self.machine.command(self.clock.now_ms(), command),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return,
                }
                self.carry_out();
            }
            self.machine.tick(self.clock.now_ms());
            self.carry_out();
            self.reports.put_again();
        }
    }

    fn receive(&mut self, server: usize, buffer: &mut [u8]) {
        loop {
            let Some(socket) = self.sockets.get(server) else { return };
            match socket.recv(buffer) {
                Ok(length) => {
                    let bytes = buffer.get(..length).unwrap_or_default();
                    self.machine.datagram(self.clock.now_ms(), server, bytes);
                    self.carry_out();
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return,
                // An ICMP error of an earlier send: nobody listens there, which the machine finds out by itself.
                Err(_) => {}
            }
        }
    }

    fn carry_out(&mut self) {
        while let Some(output) = self.machine.poll_output() {
            match output {
                Output::Send { server, bytes } => {
                    if let Some(socket) = self.sockets.get(server) {
                        // What is lost is sent again.
                        let _ = socket.send(&bytes);
                    }
                }
                Output::Report(event) => self.reports.put(event),
                Output::BuiltIn(command) => {
                    if let Some(event) = self.built_in.as_ref().and_then(|relay| relay.command(command)) {
                        self.reports.put(event);
                    }
                }
                Output::State { server, works } => {
                    let name = self.names.get(server);
                    if works {
                        tracing::info!(?name, "rtpengine answers again");
                    } else {
                        tracing::warn!(?name, "rtpengine gives no answer");
                    }
                }
            }
        }
    }
}
