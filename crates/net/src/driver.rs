//! A worker's thread: wait for packets, letters and deadlines; feed the worker; carry out what it wants.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use account::{Flow, Transport};
use media::RelayCommand;
use mio::{Events, Poll, Token};
use node::{Command, Output, Record, Share, Worker};
use store::{Pace, WriterHandle};

use crate::Clock;
use crate::batch::{BATCH, Inbox};
use crate::mailbox::{Answer, CAPACITY, Letter, Mailbox, Postbox};
use crate::post::{Post, Pulse};
use crate::relay::Relay;
use crate::resolver::Resolver;
use crate::snapshots::Snapshots;
use crate::streams::{Arrived, Streams};
use crate::udp::{MAX_DATAGRAM, Sockets};

pub const WAKE: Token = Token(usize::MAX);
/// While much comes in, it is read in steps: waking up, and sending and syncing what follows, cost nearly as much for one
/// message as for many.
const STEP: Duration = Duration::from_millis(2);
/// So many messages in one step make the next one wait for its end.
const BUSY_MESSAGES: u32 = 4;
/// Messages have waited all the time for so long while so many were read, or so many records wait for the disk, that new
/// calls are told to come back later.
const MAX_BEHIND_MS: u64 = 200;
const MAX_READ_BEHIND: usize = 2_048;
const MAX_RECORDS_BEHIND: u64 = 16_384;
/// The longest sleep without a deadline.
const IDLE: Duration = Duration::from_secs(1);
/// The longest sleep while the node winds down: whether all are idle is seen in time.
const WINDING_DOWN: Duration = Duration::from_millis(10);
/// How soon a full box of another worker is tried again.
const FULL: Duration = Duration::from_millis(1);
/// How long running calls may take to end at a stop (BYE and its answer, settlement on disk).
const STOP_MS: u64 = 5_000;

/// Where a worker listens.
pub struct Place {
    pub poll: Poll,
    pub sockets: Sockets,
    pub streams: Streams,
}

/// What makes a worker run.
pub struct Driver {
    number: usize,
    worker: Worker,
    place: Place,
    mailbox: Mailbox,
    post: Post,
    relay: Relay,
    resolver: Resolver,
    clock: Clock,
    journal: WriterHandle<Record>,
    answers: BTreeMap<u64, Answer>,
    next_token: u64,
    end: End,
}

/// How the node ends. The first worker decides when; should any thread end before, all end.
struct End {
    pulse: Arc<Pulse>,
    boxes: Arc<[Postbox]>,
    snapshots: Arc<Snapshots>,
    /// Until when running calls may go on, while the node drains.
    drain_until_ms: Option<u64>,
    /// Until when ending them may take, once the node stops.
    stop_at_ms: Option<u64>,
}

impl Drop for End {
    fn drop(&mut self) {
        self.pulse.end(&self.boxes);
        self.snapshots.close();
    }
}

/// How long the worker has been behind with its work.
#[derive(Default)]
struct Behind {
    since_ms: Option<u64>,
    read: usize,
}

/// What one turn read.
struct Received {
    /// Messages.
    read: usize,
    /// Whether more waits than was read.
    more: bool,
    /// Whether it is work that the node owes.
    owes_more: bool,
}

impl Behind {
    /// Whether it is too much for new calls. `more` says that work waits which this turn, that has read so many, has not
    /// come to.
    fn is_much(&mut self, now_ms: u64, read: usize, more: bool, waiting_records: u64) -> bool {
        if !more {
            *self = Self::default();
        }
        self.read += read;
        let since_ms = *self.since_ms.get_or_insert(now_ms);
        let is_late = now_ms.saturating_sub(since_ms) > MAX_BEHIND_MS && self.read > MAX_READ_BEHIND;
        (more && is_late) || waiting_records > MAX_RECORDS_BEHIND
    }
}

impl Driver {
    #[allow(clippy::too_many_arguments, reason = "the parts of one thread, put together in one place")]
    pub fn new(
        number: usize,
        worker: Worker,
        place: Place,
        mailbox: Mailbox,
        post: Post,
        (relay, resolver): (Relay, Resolver),
        clock: Clock,
        journal: WriterHandle<Record>,
        (pulse, boxes): (Arc<Pulse>, Arc<[Postbox]>),
        snapshots: &Arc<Snapshots>,
    ) -> Self {
        Self {
            number,
            worker,
            place,
            mailbox,
            post,
            relay,
            resolver,
            clock,
            journal,
            answers: BTreeMap::new(),
            next_token: 0,
            end: End { pulse, boxes, snapshots: Arc::clone(snapshots), drain_until_ms: None, stop_at_ms: None },
        }
    }

    /// Runs until the node ends; what the worker has then.
    pub fn run(mut self) -> Share {
        let mut events = Events::with_capacity(64);
        let mut inbox = Inbox::new(BATCH, MAX_DATAGRAM);
        let mut buffer = vec![0; MAX_DATAGRAM];
        let (mut patience, mut more) = (Duration::ZERO, true);
        let mut pace = Pace::new(STEP, BUSY_MESSAGES);
        let mut behind = Behind::default();
        self.carry_out();
        loop {
            // What comes, and what is due, while much comes in has gathered, and wakes nobody by itself.
            if !more && let Some(time) = pace.time_to_gather() {
                self.mailbox.will_look();
                Pace::rest(time);
                patience = Duration::ZERO;
            }
            if let Err(error) = self.place.poll.poll(&mut events, Some(patience))
                && error.kind() != std::io::ErrorKind::Interrupted
            {
                tracing::error!(%error, "the poller failed");
                return self.worker.share();
            }
            let now_ms = self.clock.now_ms();
            for event in &events {
                self.place.streams.ready(event, now_ms);
            }
            let received = self.receive(&mut inbox, &mut buffer);
            let (handled, more_letters) = self.letters();
            more = received.more || more_letters;
            let (read, owes_more) = (received.read, received.owes_more || more_letters);
            pace.done(read + handled);
            let now_ms = self.clock.now_ms();
            self.worker.set_busy(behind.is_much(now_ms, read, owes_more, self.worker.waiting_records()));
            if self.worker.next_wake_ms().is_some_and(|at_ms| at_ms <= now_ms) {
                self.worker.tick(now_ms);
            }
            self.carry_out();
            self.place.sockets.flush();
            let is_full = self.post.flush();
            if self.mailbox.journal_failed() {
                tracing::error!("the journal failed: the node stops, since nothing it did now would survive");
                return self.worker.share();
            }
            if self.has_ended(handled) {
                return self.worker.share();
            }
            patience = match (more, is_full) {
                (true, _) => Duration::ZERO,
                (false, true) => FULL,
                (false, false) => self.patience(),
            };
        }
    }

    /// Tells the others whether this worker is idle while the node winds down, and on the first worker leads it to its
    /// end. True once all is over.
    fn has_ended(&mut self, handled: usize) -> bool {
        if self.end.pulse.is_winding_down() {
            self.end.pulse.set_idle(self.number, self.worker.is_idle());
        }
        self.end.pulse.handled(handled as u64);
        let now_ms = self.clock.now_ms();
        let is_still = || self.end.pulse.is_still();
        if self.end.drain_until_ms.is_some_and(|until_ms| now_ms >= until_ms || is_still()) {
            self.end.drain_until_ms = None;
            self.stop(now_ms);
        } else if self.end.stop_at_ms.is_some_and(|at_ms| now_ms >= at_ms || is_still()) {
            self.end.pulse.end(&self.end.boxes);
        }
        self.end.pulse.is_over()
    }

    /// Ends all calls; the node ends when that is done, or some seconds later.
    fn stop(&mut self, now_ms: u64) {
        self.worker.command(now_ms, 0, Command::Shutdown);
        self.carry_out();
        self.place.sockets.flush();
        self.stopping(now_ms);
    }

    fn stopping(&mut self, now_ms: u64) {
        self.end.stop_at_ms.get_or_insert(now_ms + STOP_MS);
        self.end.pulse.wind_down();
    }

    fn patience(&self) -> Duration {
        let longest = if self.end.pulse.is_winding_down() { WINDING_DOWN } else { IDLE };
        let now_ms = self.clock.now_ms();
        let next = self.worker.next_wake_ms();
        next.map_or(longest, |at_ms| Duration::from_millis(at_ms.saturating_sub(now_ms)).min(longest))
    }

    /// Reads all sockets and connections. A flood that is dropped unread is soon out of the way: what waits on a socket
    /// is work only where it is for the greater part.
    fn receive(&mut self, inbox: &mut Inbox, buffer: &mut [u8]) -> Received {
        let (mut read, mut more, mut owes_more) = (0, false, false);
        for number in 0..self.place.sockets.len() {
            let Some((local, is_left)) = self.place.sockets.receive(number, inbox) else { break };
            let now_ms = self.clock.now_ms();
            let (mut came, mut owed) = (0, 0);
            for (remote, bytes) in inbox.datagrams() {
                let flow = Flow { local, remote, transport: Transport::Udp, connection: 0 };
                came += 1;
                owed += usize::from(self.worker.datagram(now_ms, flow, bytes));
                // At once, while all of it is at hand.
                self.carry_out();
            }
            read += came;
            more |= is_left;
            owes_more |= is_left && owed * 2 > came;
        }
        let now_ms = self.clock.now_ms();
        let admits = |remote| self.worker.admits(now_ms, remote);
        self.place.streams.accept_ready(self.place.poll.registry(), now_ms, admits);
        let (worker, clock) = (&mut self.worker, &self.clock);
        let each = |flow: Flow, arrived: Arrived<'_>| match arrived {
            Arrived::Message(bytes) => {
                read += 1;
                worker.datagram(clock.now_ms(), flow, bytes);
            }
            Arrived::Certificate(certificate) => worker.proven(clock.now_ms(), flow.connection, certificate),
        };
        let is_left = self.place.streams.receive(clock.now_ms(), buffer, each);
        self.carry_out();
        Received { read, more: more || is_left, owes_more: owes_more || is_left }
    }

    /// Opens the letters, at most a box of them: how many of other workers there were, and whether more may wait.
    fn letters(&mut self) -> (usize, bool) {
        self.mailbox.look();
        self.worker.durable(self.clock.now_ms(), self.mailbox.durable());
        self.worker.disk_full(self.clock.now_ms(), self.mailbox.disk_full());
        self.carry_out();
        if self.mailbox.share_wanted() {
            self.worker.ask_share(self.clock.now_ms());
        }
        let mut handled = 0;
        for _ in 0..CAPACITY {
            let Some(letter) = self.mailbox.take() else { return (handled, false) };
            let now_ms = self.clock.now_ms();
            match letter {
                Letter::Node(letter) => {
                    handled += 1;
                    self.worker.letter(now_ms, letter);
                }
                Letter::Command(command, answer) => self.command(now_ms, *command, answer),
                Letter::Relay(event) => self.worker.relay(now_ms, event),
                Letter::Located(destination, servers) => self.worker.located(now_ms, destination, servers),
                Letter::Stop => self.stop(now_ms),
            }
            self.carry_out();
        }
        (handled, true)
    }

    fn command(&mut self, now_ms: u64, command: Command, answer: Answer) {
        match command {
            Command::Shutdown => self.stopping(now_ms),
            Command::Drain { limit_s } => {
                let until_ms = now_ms + u64::from(limit_s) * 1_000;
                self.end.drain_until_ms = Some(self.end.drain_until_ms.map_or(until_ms, |known| known.min(until_ms)));
                self.end.pulse.wind_down();
            }
            _ => {}
        }
        self.next_token += 1;
        self.answers.insert(self.next_token, answer);
        self.worker.command(now_ms, self.next_token, command);
    }

    /// Carries out everything the worker wants; datagrams are put down for the end of the turn.
    fn carry_out(&mut self) {
        self.outputs();
        while let Some(flow) = self.place.streams.next_failed() {
            self.worker.flow_failed(self.clock.now_ms(), flow);
            self.outputs();
        }
    }

    fn outputs(&mut self) {
        while let Some(output) = self.worker.poll_output() {
            match output {
                Output::Send { flow, bytes } => match flow.transport {
                    Transport::Udp => self.place.sockets.put(&flow, bytes),
                    Transport::Tcp | Transport::Tls => {
                        let name = self.worker.peer_name(&flow);
                        let now_ms = self.clock.now_ms();
                        self.place.streams.send(self.place.poll.registry(), now_ms, &flow, &name, &bytes);
                    }
                },
                Output::Letter { to, letter } => {
                    if let Err(letter) = self.post.put(to, letter) {
                        self.worker.undelivered(self.clock.now_ms(), letter);
                    }
                }
                Output::Relay(command) => self.relay(command),
                Output::Locate(destinations) => self.resolver.want(destinations),
                // A stopped writer has said so through the mailbox, which ends this thread.
                Output::Journal(record) => drop(self.journal.submit(record)),
                Output::Reply { token, reply } => {
                    if let Some(answer) = self.answers.remove(&token) {
                        answer(reply);
                    }
                }
                Output::Share(share) => self.end.snapshots.put(share),
                Output::Ban(change) => tracing::info!("{change}"),
            }
        }
    }

    fn relay(&mut self, command: RelayCommand) {
        if let Some(event) = self.relay.command(command) {
            self.worker.relay(self.clock.now_ms(), event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_is_behind_after_a_while_of_full_turns_and_no_longer_than_that() {
        let mut behind = Behind::default();
        for turn in 0..40 {
            assert!(!behind.is_much(turn * 5, 64, true, 0), "turn {turn}");
        }
        assert!(behind.is_much(205, 64, true, 0));
        assert!(!behind.is_much(206, 30, false, 0), "all was read");
        assert!(!behind.is_much(207, 64, true, 0) && !behind.is_much(500, 64, true, 0), "late, but not much was read");
        assert!(behind.is_much(501, 1, false, MAX_RECORDS_BEHIND + 1), "the disk is behind");
    }
}
