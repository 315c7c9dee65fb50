//! A toll fraudster without sockets: guesses a password, registers with it, probes which prefix gets out, and pumps.
//!
//! The behaviour is that of published cases (DESIGN section 6): scanner user agents, users 100, 101, ..., one probe
//! number behind changing prefixes, then a few numbers again and again, many at once.

mod scanner;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use crate::stack::CallHandle;
use crate::ua::{self, AnswerPolicy, Input, Output, UserAgent};
use scanner::{Finding, Scanner};
pub use scanner::{SCANNER_AGENTS, Scan};

/// How long a probe talks before it is hung up: it only has to connect.
const PROBE_TALK_MS: u64 = 2_000;
/// An unanswered call is given up after this long.
const RING_PATIENCE_MS: u64 = 40_000;

/// What an attacker is made from.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Where it sends SIP from.
    pub address: SocketAddr,
    /// Its RTP address.
    pub media: SocketAddr,
    /// How it guesses.
    pub scan: Scan,
    /// What it dials.
    pub pump: Pump,
    /// User-Agent of its telephone, once it is in.
    pub user_agent: String,
    /// Seed of all its choices.
    pub seed: u64,
}

/// What an attacker dials once it is in.
#[derive(Clone, Debug)]
pub struct Pump {
    /// Dialled once each, one after the other, before the pump.
    pub probes: Vec<String>,
    /// The numbers that earn, dialled in turn.
    pub numbers: Vec<String>,
    /// How many pump calls in all.
    pub calls: usize,
    /// How many at the same time.
    pub parallel: usize,
    /// Pause between the beginnings of two calls.
    pub gap_ms: u64,
    /// How long each call is kept up.
    pub talk_ms: u64,
    /// Refusals in a row after which it gives up.
    pub patience: usize,
}

/// What an attacker is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Begin guessing.
    Scan,
    /// Register with what was found, and dial. Nothing happens if nothing was found.
    Dial,
    /// Hang up and stop.
    Stop,
}

/// What an attacker tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A password was found.
    Found {
        /// The user name.
        user: String,
        /// Its password.
        secret: String,
        /// After so many guesses.
        tries: u64,
    },
    /// Nothing answers: locked out.
    Silent {
        /// After so many guesses.
        tries: u64,
    },
    /// Everything was tried in vain.
    Exhausted {
        /// How many guesses that took.
        tries: u64,
    },
    /// Its telephone is registered.
    Registered,
    /// Its telephone is refused (408: no answer at all).
    RegisterRefused {
        /// SIP status.
        status: u16,
    },
    /// It calls.
    Calling {
        /// The number as dialled.
        number: String,
    },
    /// A call of it is answered.
    Answered {
        /// The number as dialled.
        number: String,
    },
    /// A call of it is over.
    Ended {
        /// The number as dialled.
        number: String,
        /// SIP status.
        status: u16,
        /// How long it talked, if it did.
        talk_ms: Option<u64>,
    },
    /// It has dialled all it wanted, or gave up.
    Done,
}

/// A simulated attacker. Feed it with [`Attacker::handle`], then drain [`Attacker::poll_output`].
#[derive(Debug)]
pub struct Attacker {
    profile: Profile,
    /// Scans begun so far.
    scans: u64,
    scanner: Option<Scanner>,
    found: Option<(String, String)>,
    phone: Option<UserAgent>,
    /// Numbers behind their handles, and when an unanswered call is given up.
    calls: BTreeMap<CallHandle, (String, Option<u64>)>,
    /// What is still to be dialled, probes first.
    queue: VecDeque<(String, u64)>,
    probes_left: usize,
    next_call_ms: Option<u64>,
    refusals: usize,
    outputs: VecDeque<Output<Event>>,
}

impl Attacker {
    /// An attacker who does nothing yet.
    #[must_use]
    pub fn new(profile: Profile) -> Attacker {
        Attacker {
            profile,
            scans: 0,
            scanner: None,
            found: None,
            phone: None,
            calls: BTreeMap::new(),
            queue: VecDeque::new(),
            probes_left: 0,
            next_call_ms: None,
            refusals: 0,
            outputs: VecDeque::new(),
        }
    }

    /// What it was made from.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// User name and password found, if any.
    #[must_use]
    pub fn found(&self) -> Option<&(String, String)> {
        self.found.as_ref()
    }

    /// Calls that ring or talk now.
    pub fn calls(&self) -> impl Iterator<Item = &str> {
        self.calls.values().map(|(number, _)| number.as_str())
    }

    /// Takes an input. Time never goes backwards.
    pub fn handle(&mut self, now_ms: u64, input: Input<'_, Command>) {
        match input {
            Input::Datagram { from, bytes } => self.datagram(from, bytes, now_ms),
            Input::Rtp { local, from, bytes } => self.phone(now_ms, Input::Rtp { local, from, bytes }),
            Input::Command(Command::Scan) => {
                // Other tags and branches each time, or a second scan would be a retransmission of the first.
                let (scan, seed) = (self.profile.scan.clone(), self.profile.seed.wrapping_add(self.scans));
                self.scans += 1;
                self.scanner = Some(Scanner::new(scan, self.profile.address, seed, now_ms));
            }
            Input::Command(Command::Dial) => self.dial(now_ms),
            Input::Command(Command::Stop) => self.stop(now_ms),
            Input::Tick => self.phone(now_ms, Input::Tick),
        }
        self.tick(now_ms);
    }

    /// When [`Input::Tick`] is wanted next.
    #[must_use]
    pub fn next_wake_ms(&self) -> Option<u64> {
        let scanner = self.scanner.as_ref().and_then(Scanner::next_wake_ms);
        let phone = self.phone.as_ref().and_then(UserAgent::next_wake_ms);
        let give_up = self.calls.values().filter_map(|(_, at_ms)| *at_ms).min();
        [scanner, phone, give_up, self.next_call_ms].into_iter().flatten().min()
    }

    /// The next thing to send or to know; call until `None` after every input.
    pub fn poll_output(&mut self) -> Option<Output<Event>> {
        self.outputs.pop_front()
    }

    fn datagram(&mut self, from: SocketAddr, bytes: &[u8], now_ms: u64) {
        let mut sends = Vec::new();
        let finding = self.scanner.as_mut().and_then(|scanner| scanner.datagram(bytes, now_ms, &mut sends));
        self.scanned(finding, sends);
        self.phone(now_ms, Input::Datagram { from, bytes });
    }

    fn scanned(&mut self, finding: Option<Finding>, sends: Vec<std::sync::Arc<[u8]>>) {
        let to = self.profile.scan.target;
        self.outputs.extend(sends.into_iter().map(|bytes| Output::Send { to, bytes }));
        let tries = self.scanner.as_ref().map_or(0, |scanner| scanner.tries);
        let event = match finding {
            None => return,
            Some(Finding::Found { user, secret }) => {
                self.found = Some((user.clone(), secret.clone()));
                Event::Found { user, secret, tries }
            }
            Some(Finding::Silent) => Event::Silent { tries },
            Some(Finding::Exhausted) => Event::Exhausted { tries },
        };
        self.scanner = None;
        self.event(event);
    }

    fn dial(&mut self, now_ms: u64) {
        let Some((user, secret)) = self.found.clone() else { return };
        let pump = &self.profile.pump;
        let probes = pump.probes.iter().map(|number| (number.clone(), PROBE_TALK_MS));
        let calls = pump.numbers.iter().cycle().take(pump.calls).map(|number| (number.clone(), pump.talk_ms));
        self.queue = probes.chain(calls).collect();
        self.probes_left = pump.probes.len();
        self.refusals = 0;
        self.phone = Some(UserAgent::new(ua::Profile {
            address: self.profile.address,
            user: user.clone(),
            name: String::new(),
            auth_name: user,
            secret,
            domain: self.profile.scan.domain.clone(),
            registrar: self.profile.scan.target,
            user_agent: self.profile.user_agent.clone(),
            media: self.profile.media,
            answer: AnswerPolicy::Busy,
            voice: None,
            expires_s: 300,
            seed: self.profile.seed ^ now_ms,
        }));
        self.phone(now_ms, Input::Command(ua::Command::Register));
    }

    fn stop(&mut self, now_ms: u64) {
        self.scanner = None;
        self.queue.clear();
        self.next_call_ms = None;
        self.phone(now_ms, Input::Command(ua::Command::HangUp { call: None }));
    }

    fn phone(&mut self, now_ms: u64, input: Input<'_>) {
        let Some(phone) = &mut self.phone else { return };
        phone.handle(now_ms, input);
        while let Some(output) = self.phone.as_mut().and_then(UserAgent::poll_output) {
            match output {
                Output::Send { to, bytes } => self.outputs.push_back(Output::Send { to, bytes }),
                Output::Rtp { local, to, bytes } => self.outputs.push_back(Output::Rtp { local, to, bytes }),
                Output::Event(event) => self.phone_event(event, now_ms),
            }
        }
    }

    fn phone_event(&mut self, event: ua::Event, now_ms: u64) {
        match event {
            ua::Event::Registered { expires_s } if expires_s > 0 => {
                if self.next_call_ms.is_none() && self.calls.is_empty() {
                    self.next_call_ms = Some(now_ms.saturating_add(self.profile.pump.gap_ms));
                }
                self.event(Event::Registered);
            }
            ua::Event::RegisterFailed { status } => {
                self.event(Event::RegisterRefused { status });
                self.give_up();
            }
            ua::Event::Calling { call, number } => {
                self.calls.insert(call, (number.clone(), Some(now_ms.saturating_add(RING_PATIENCE_MS))));
                self.event(Event::Calling { number });
            }
            ua::Event::Answered { call } => {
                self.refusals = 0;
                if let Some((number, give_up)) = self.calls.get_mut(&call) {
                    *give_up = None;
                    let number = number.clone();
                    self.event(Event::Answered { number });
                }
            }
            ua::Event::Ended { call, status, talk_ms, .. } => {
                let Some((number, _)) = self.calls.remove(&call) else { return };
                if talk_ms.is_none() {
                    self.refusals += 1;
                }
                self.event(Event::Ended { number, status, talk_ms });
                if self.refusals >= self.profile.pump.patience {
                    self.give_up();
                } else if self.queue.is_empty() && self.calls.is_empty() {
                    self.event(Event::Done);
                }
            }
            _ => {}
        }
    }

    fn give_up(&mut self) {
        if !self.queue.is_empty() || self.next_call_ms.is_some() {
            self.queue.clear();
            self.next_call_ms = None;
            self.event(Event::Done);
        }
    }

    fn tick(&mut self, now_ms: u64) {
        let mut sends = Vec::new();
        let finding = self.scanner.as_mut().and_then(|scanner| scanner.tick(now_ms, &mut sends));
        self.scanned(finding, sends);
        let tired = self.calls.iter().filter(|(_, (_, at_ms))| at_ms.is_some_and(|at_ms| at_ms <= now_ms));
        let tired: Vec<CallHandle> = tired.map(|(call, _)| *call).collect();
        for call in tired {
            if let Some((_, give_up)) = self.calls.get_mut(&call) {
                *give_up = None;
            }
            self.phone(now_ms, Input::Command(ua::Command::HangUp { call: Some(call) }));
        }
        if self.next_call_ms.is_some_and(|at_ms| at_ms <= now_ms) {
            self.next_call(now_ms);
        }
    }

    fn next_call(&mut self, now_ms: u64) {
        let parallel = if self.probes_left > 0 { 1 } else { self.profile.pump.parallel };
        self.next_call_ms = Some(now_ms.saturating_add(self.profile.pump.gap_ms.max(1)));
        if self.calls.len() >= parallel {
            return;
        }
        let Some((number, talk_ms)) = self.queue.pop_front() else {
            self.next_call_ms = None;
            return;
        };
        self.probes_left = self.probes_left.saturating_sub(1);
        self.phone(now_ms, Input::Command(ua::Command::Call { number, talk_ms: Some(talk_ms) }));
    }

    fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }
}
