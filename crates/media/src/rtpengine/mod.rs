//! rtpengine as the relay, over its ng protocol: the same commands and events as the built-in relay's.
//!
//! The call machine writes the session descriptions of a call itself, whichever relay carries it. What a relay has to
//! know is where each side wants its streams, and what it has to tell is where each side shall send; so rtpengine gets
//! descriptions that say this and nothing else (one `offer` for each side, with `port latching`, so that its ports stay
//! the call's), and the media goes through it untouched, encrypted or not. Its `query` tells whether media flows; silence
//! is judged as the built-in relay does, and a call that rtpengine no longer knows is a dead one.

mod bencode;
mod session;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};

use self::bencode::{Request, Value};
use self::session::{Session, Stage, opened};
use crate::{MAX_STREAMS, RelayCommand, RelayEvent, RelayId, Side};

/// How long an answer is waited for before the request is sent again.
const RESEND_MS: u64 = 250;
/// How often a request is sent before the rtpengine counts as out of order.
const TRIES: u8 = 4;
/// How long one that is out of order gets no new calls.
const REST_MS: u64 = 10_000;
/// The longest pause between two looks whether media flows.
const POLL_MS: u64 = 5_000;

/// What rtpengine is to be for us.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How many there are; new calls go to them in turn.
    pub servers: usize,
    /// Begins the names of our calls there; unlike those of other nodes and of earlier runs.
    pub name: String,
    /// Silence that ends a call, milliseconds.
    pub silence_ms: u64,
    /// Whether calls go through the built-in relay where none of them answers.
    pub falls_back: bool,
    /// Whether they listen on IPv6 addresses.
    pub is_v6: bool,
}

/// What the driver has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send a datagram.
    Send {
        /// To which rtpengine, from 0.
        server: usize,
        /// What.
        bytes: Vec<u8>,
    },
    /// Tell the call's worker.
    Report(RelayEvent),
    /// Hand to the built-in relay.
    BuiltIn(RelayCommand),
    /// An rtpengine gives no answer, or gives one again; for the log.
    State {
        /// Which.
        server: usize,
        /// Whether it works.
        works: bool,
    },
}

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Offer,
    Answer,
    Tell(Side),
    Query,
    Delete,
}

#[derive(Debug)]
struct Pending {
    relay: RelayId,
    what: What,
    server: usize,
    bytes: Vec<u8>,
    tries: u8,
    resend_ms: u64,
}

/// All calls at rtpengines.
#[derive(Debug)]
pub struct Rtpengine {
    settings: Settings,
    sessions: BTreeMap<RelayId, Session>,
    /// Requests without an answer, by their cookie; at most a few for each session.
    pending: BTreeMap<u64, Pending>,
    outputs: VecDeque<Output>,
    /// Until when each gets no new calls; 0 where it works.
    resting_ms: Vec<u64>,
    next_server: usize,
    next_cookie: u64,
}

impl Rtpengine {
    /// Without calls.
    pub fn new(settings: Settings) -> Self {
        let resting_ms = vec![0; settings.servers];
        Self {
            settings,
            sessions: BTreeMap::new(),
            pending: BTreeMap::new(),
            outputs: VecDeque::new(),
            resting_ms,
            next_server: 0,
            next_cookie: 0,
        }
    }

    /// The call machine wants something.
    pub fn command(&mut self, now_ms: u64, command: RelayCommand) {
        if let RelayCommand::Open { relay, streams } = command {
            return self.open(now_ms, relay, streams.min(MAX_STREAMS), 0);
        }
        let Some(session) = self.sessions.get_mut(&command.relay()) else {
            // Whatever is not here is the built-in relay's, if there is one.
            if self.settings.falls_back {
                self.outputs.push_back(Output::BuiltIn(command));
            }
            return;
        };
        match command {
            RelayCommand::Open { .. } => {}
            RelayCommand::Announce { relay, side, stream, addr, rtcp } => {
                session.announce(side, stream, addr, rtcp, now_ms);
                self.tell(now_ms, relay);
            }
            RelayCommand::Relatch { relay, side } => {
                session.life.relatch(side, now_ms);
                session.tell(side);
                self.tell(now_ms, relay);
            }
            RelayCommand::Held { held, .. } => session.life.set_held(held, now_ms),
            RelayCommand::Close { relay } => self.close(now_ms, relay),
        }
    }

    /// A datagram came from an rtpengine.
    pub fn datagram(&mut self, now_ms: u64, server: usize, bytes: &[u8]) {
        let Some((cookie, body)) = split(bytes) else { return };
        let Some(cookie) = cookie.strip_prefix(self.settings.name.as_bytes()).and_then(number) else { return };
        if self.pending.get(&cookie).is_none_or(|pending| pending.server != server) {
            return;
        }
        let Some(Pending { relay, what, .. }) = self.pending.remove(&cookie) else { return };
        self.works(server);
        let answer = Value::parse(body);
        let result = answer.as_ref().and_then(|answer| answer.get("result")?.bytes());
        match answer.filter(|_| result == Some(b"ok")) {
            Some(answer) => self.answered(now_ms, relay, what, &answer),
            None => self.refused(now_ms, relay, what),
        }
    }

    /// A deadline came.
    pub fn tick(&mut self, now_ms: u64) {
        let is_due = |pending: &Pending| pending.resend_ms <= now_ms;
        let due: Vec<u64> = self.pending.iter().filter(|(_, one)| is_due(one)).map(|(cookie, _)| *cookie).collect();
        for cookie in due {
            self.overdue(now_ms, cookie);
        }
        let is_open = |session: &Session| session.stage == Stage::Open && session.next_poll_ms <= now_ms;
        let open: Vec<RelayId> = self.sessions.iter().filter(|(_, one)| is_open(one)).map(|(id, _)| *id).collect();
        for relay in open {
            self.poll(now_ms, relay);
        }
    }

    /// When [`Rtpengine::tick`] is due next.
    pub fn next_wake_ms(&self) -> Option<u64> {
        let resends = self.pending.values().map(|pending| pending.resend_ms);
        let open = self.sessions.values().filter(|session| session.stage == Stage::Open);
        resends.chain(open.map(|session| session.next_poll_ms)).min()
    }

    /// The next thing to do; call until `None` after every input.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Asks the next rtpengine for ports, after `tried` others in vain.
    fn open(&mut self, now_ms: u64, relay: RelayId, streams: usize, tried: usize) {
        let count = self.settings.servers;
        let turns = (0..count).map(|step| (self.next_server + step) % count.max(1));
        let working = turns.clone().find(|server| self.resting_ms.get(*server).is_some_and(|until| *until <= now_ms));
        // Where all rest and nothing else is left, they are tried all the same.
        let last = turns.clone().next().filter(|_| !self.settings.falls_back);
        let Some(server) = working.or(last).filter(|_| tried < count) else {
            let failed = RelayEvent::OpenFailed { relay };
            let built_in = RelayCommand::Open { relay, streams };
            let falls_back = self.settings.falls_back;
            return self.outputs.push_back(if falls_back { Output::BuiltIn(built_in) } else { Output::Report(failed) });
        };
        self.next_server = (server + 1) % count.max(1);
        let mut session = Session::new(server, streams, now_ms);
        session.tried = tried;
        let request = self.describe("offer", relay, &session, Side::A);
        self.sessions.insert(relay, session);
        self.send(now_ms, relay, What::Offer, server, &request);
    }

    /// A request with a side's description. An offer is the side's own word; an answer goes back to side A.
    fn describe(&self, command: &str, relay: RelayId, session: &Session, side: Side) -> Request {
        let (from, to) = if side == Side::A || command == "answer" { ("a", "b") } else { ("b", "a") };
        let request = self.about(command, relay).string("from-tag", from);
        // A first offer does not know the other side yet.
        let request = if session.stage == Stage::Offering { request } else { request.string("to-tag", to) };
        request
            .list("flags", &["trust-address", "port-latching"])
            .string("ICE", "remove")
            .string("sdp", &session.description(side, self.settings.is_v6))
    }

    fn about(&self, command: &str, relay: RelayId) -> Request {
        Request::new(command).string("call-id", &format!("{}{:x}", self.settings.name, relay.0))
    }

    fn send(&mut self, now_ms: u64, relay: RelayId, what: What, server: usize, request: &Request) {
        self.next_cookie += 1;
        let bytes = request.with_cookie(&format!("{}{}", self.settings.name, self.next_cookie));
        self.outputs.push_back(Output::Send { server, bytes: bytes.clone() });
        let pending = Pending { relay, what, server, bytes, tries: 1, resend_ms: now_ms.saturating_add(RESEND_MS) };
        self.pending.insert(self.next_cookie, pending);
    }

    fn answered(&mut self, now_ms: u64, relay: RelayId, what: What, answer: &Value<'_>) {
        let Some(session) = self.sessions.get_mut(&relay) else { return };
        let ports = answer.get("sdp").and_then(|sdp| opened(sdp.bytes()?, session.life.stream_count()));
        match (what, &session.stage, ports) {
            (What::Offer, Stage::Offering, Some(b)) => {
                session.stage = Stage::Answering { b };
                let server = session.server;
                let Some(session) = self.sessions.get(&relay) else { return };
                let request = self.describe("answer", relay, session, Side::B);
                self.send(now_ms, relay, What::Answer, server, &request);
            }
            (What::Answer, Stage::Answering { b }, Some(a)) => {
                let b = b.clone();
                session.stage = Stage::Open;
                session.next_poll_ms = now_ms.saturating_add(self.settings.silence_ms.div_ceil(4).min(POLL_MS));
                self.outputs.push_back(Output::Report(RelayEvent::Opened { relay, a, b }));
                self.tell(now_ms, relay);
            }
            (What::Offer | What::Answer, ..) => self.try_next(now_ms, relay),
            (What::Tell(side), ..) => {
                self.told(side, relay);
                self.tell(now_ms, relay);
            }
            (What::Query, ..) => self.polled(now_ms, relay, Some(answer)),
            (What::Delete, ..) => {}
        }
    }

    /// It answers that it cannot, or not so.
    fn refused(&mut self, now_ms: u64, relay: RelayId, what: What) {
        match what {
            What::Offer | What::Answer => self.try_next(now_ms, relay),
            // It knows the call no longer, or never will understand: the next look at it decides.
            What::Tell(side) => self.told(side, relay),
            What::Query => {
                if let Some(session) = self.sessions.get_mut(&relay) {
                    session.is_lost = true;
                }
                self.polled(now_ms, relay, None);
            }
            What::Delete => {}
        }
    }

    /// A request has had no answer for a while.
    fn overdue(&mut self, now_ms: u64, cookie: u64) {
        let Some(pending) = self.pending.get_mut(&cookie) else { return };
        if pending.tries < TRIES {
            pending.tries += 1;
            pending.resend_ms = now_ms.saturating_add(RESEND_MS);
            return self.outputs.push_back(Output::Send { server: pending.server, bytes: pending.bytes.clone() });
        }
        let Some(Pending { relay, what, server, .. }) = self.pending.remove(&cookie) else { return };
        if let Some(until_ms) = self.resting_ms.get_mut(server) {
            if *until_ms == 0 {
                self.outputs.push_back(Output::State { server, works: false });
            }
            *until_ms = now_ms.saturating_add(REST_MS);
        }
        match what {
            What::Offer | What::Answer => self.try_next(now_ms, relay),
            What::Tell(side) => {
                if let Some(session) = self.sessions.get_mut(&relay) {
                    session.tell(side);
                }
                self.told(side, relay);
            }
            What::Query => self.polled(now_ms, relay, None),
            What::Delete => {}
        }
    }

    fn works(&mut self, server: usize) {
        if let Some(until_ms) = self.resting_ms.get_mut(server).filter(|until_ms| **until_ms != 0) {
            *until_ms = 0;
            self.outputs.push_back(Output::State { server, works: true });
        }
    }

    fn try_next(&mut self, now_ms: u64, relay: RelayId) {
        let Some(session) = self.sessions.remove(&relay) else { return };
        let delete = self.about("delete", relay).number("delete-delay", 0);
        self.send(now_ms, relay, What::Delete, session.server, &delete);
        self.open(now_ms, relay, session.life.stream_count(), session.tried + 1);
    }

    fn told(&mut self, side: Side, relay: RelayId) {
        if let Some(telling) = self.sessions.get_mut(&relay).and_then(|one| one.telling.get_mut(side.index())) {
            *telling = false;
        }
    }

    /// Tells rtpengine what the sides want, one description of a side at a time.
    fn tell(&mut self, now_ms: u64, relay: RelayId) {
        for side in [Side::A, Side::B] {
            let at = side.index();
            let Some(session) = self.sessions.get_mut(&relay).filter(|session| session.stage == Stage::Open) else {
                return;
            };
            let (Some(untold), Some(telling)) = (session.untold.get_mut(at), session.telling.get_mut(at)) else {
                return;
            };
            if *untold && !*telling {
                (*untold, *telling) = (false, true);
                let server = session.server;
                let Some(session) = self.sessions.get(&relay) else { return };
                let request = self.describe("offer", relay, session, side);
                self.send(now_ms, relay, What::Tell(side), server, &request);
            }
        }
    }

    /// Asks whether media flows, and tells what could not be told before.
    fn poll(&mut self, now_ms: u64, relay: RelayId) {
        let Some(session) = self.sessions.get_mut(&relay) else { return };
        session.next_poll_ms = now_ms.saturating_add(self.settings.silence_ms.div_ceil(4).min(POLL_MS));
        if !std::mem::replace(&mut session.polling, true) {
            let server = session.server;
            let request = self.about("query", relay);
            self.send(now_ms, relay, What::Query, server, &request);
        }
        self.tell(now_ms, relay);
    }

    fn polled(&mut self, now_ms: u64, relay: RelayId, answer: Option<&Value<'_>>) {
        let Some(session) = self.sessions.get_mut(&relay) else { return };
        session.polling = false;
        for (side, tag) in [(Side::A, "a"), (Side::B, "b")] {
            if let Some((packets, bytes)) = answer.and_then(|answer| carried(answer.get("tags")?.get(tag)?)) {
                session.life.carried(side, packets, bytes, now_ms);
            }
        }
        let dead = session.life.dead_call(now_ms, self.settings.silence_ms);
        if let Some(heard_ms) = dead.or(session.is_lost.then_some(now_ms)) {
            self.outputs.push_back(Output::Report(RelayEvent::Silent { relay, heard_ms }));
        }
    }

    fn close(&mut self, now_ms: u64, relay: RelayId) {
        let Some(session) = self.sessions.remove(&relay) else { return };
        self.pending.retain(|_, pending| pending.relay != relay);
        let delete = self.about("delete", relay).number("delete-delay", 0);
        self.send(now_ms, relay, What::Delete, session.server, &delete);
        self.outputs.push_back(Output::Report(RelayEvent::Closed { relay, counters: session.life.counters() }));
    }
}

/// Packets and bytes that a side has sent, of all its streams.
fn carried(tag: &Value<'_>) -> Option<(u64, u64)> {
    let streams = tag.get("medias")?.list().iter().filter_map(|media| media.get("streams")).flat_map(Value::list);
    let stats = streams.filter_map(|stream| stream.get("stats"));
    let count = |stats: &Value<'_>, key: &str| stats.get(key).and_then(Value::number).unwrap_or_default();
    let sums = |(packets, bytes): (u64, u64), stats: &Value<'_>| {
        (packets.saturating_add(count(stats, "packets")), bytes.saturating_add(count(stats, "bytes")))
    };
    Some(stats.fold((0, 0), sums))
}

fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().take(128).position(|byte| *byte == b' ')?;
    Some((bytes.get(..at)?, bytes.get(at + 1..)?))
}

fn number(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}
