//! A SIP telephone without sockets: registers, calls, answers, holds, dials digits, speaks a tone and hears one.
//!
//! ```text
//! let mut phone = UserAgent::new(profile);
//! phone.handle(now_ms, Input::Command(Command::Register));
//! while let Some(output) = phone.poll_output() { /* send it, or read the event */ }
//! // wake it with Input::Tick at phone.next_wake_ms()
//! ```

mod types;

use std::collections::{BTreeMap, VecDeque};

use sip::Message;

pub use crate::stack::Target;
use crate::stack::{CallHandle, End, Invitation, Stack, StackEvent, Station};
pub use crate::talk::{Heard, Voice};
use crate::talk::{Next, Packet, Talk};
pub use types::{AnswerPolicy, Command, Event, Input, Output, Profile};

/// How long to wait after a registration that got no answer, or one of temporary trouble.
const RETRY_REGISTER_MS: u64 = 30_000;

/// A simulated telephone. Feed it with [`UserAgent::handle`], then drain [`UserAgent::poll_output`].
#[derive(Debug)]
pub struct UserAgent {
    profile: Profile,
    stack: Stack,
    calls: BTreeMap<CallHandle, Talk>,
    /// When to register again.
    register_at_ms: Option<u64>,
    /// Whether it wants to be registered.
    registering: bool,
    outputs: VecDeque<Output>,
}

impl UserAgent {
    /// A telephone, switched on and not yet registered.
    #[must_use]
    pub fn new(profile: Profile) -> UserAgent {
        let station = Station {
            address: profile.address,
            user: profile.user.clone(),
            domain: profile.domain.clone(),
            user_agent: profile.user_agent.clone(),
            auth_name: profile.auth_name.clone(),
            secret: profile.secret.clone(),
        };
        UserAgent {
            stack: Stack::new(station, profile.seed),
            profile,
            calls: BTreeMap::new(),
            register_at_ms: None,
            registering: false,
            outputs: VecDeque::new(),
        }
    }

    /// What it was made from.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Calls that ring or talk now.
    pub fn calls(&self) -> impl Iterator<Item = CallHandle> {
        self.calls.keys().copied()
    }

    /// Takes an input. Time never goes backwards.
    pub fn handle(&mut self, now_ms: u64, input: Input<'_>) {
        match input {
            Input::Datagram { from, bytes } => self.stack.datagram(from, bytes, now_ms),
            Input::Rtp { local, from: _, bytes } => self.hear(local, bytes),
            Input::Command(command) => self.command(command, now_ms),
            Input::Tick => {}
        }
        self.stack.tick(now_ms);
        self.drain(now_ms);
        self.tick(now_ms);
        self.drain(now_ms);
    }

    /// When [`Input::Tick`] is wanted next.
    #[must_use]
    pub fn next_wake_ms(&self) -> Option<u64> {
        let calls = self.calls.values().filter_map(Talk::next_wake_ms).min();
        [self.stack.next_wake_ms(), calls, self.register_at_ms].into_iter().flatten().min()
    }

    /// The next thing to send or to know; call until `None` after every input.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn command(&mut self, command: Command, now_ms: u64) {
        match command {
            Command::Register | Command::RegisterOnce => {
                self.registering = command == Command::Register;
                self.register_at_ms = None;
                self.stack.register(self.profile.registrar, self.profile.expires_s, now_ms);
            }
            Command::Unregister => {
                self.registering = false;
                self.register_at_ms = None;
                self.stack.register(self.profile.registrar, 0, now_ms);
            }
            Command::Call { number, talk_ms } => self.call(number, talk_ms, now_ms),
            Command::HangUp { call } => {
                let calls: Vec<_> = self.calls.keys().copied().filter(|c| call.is_none_or(|call| call == *c)).collect();
                for call in calls {
                    self.stack.hang_up(call, now_ms);
                }
            }
            Command::Hold { call, on } => self.hold(call, on, now_ms),
            Command::Dtmf { call, digit } => {
                let body = format!("Signal={digit}\r\nDuration=160\r\n");
                self.stack.info(call, "application/dtmf-relay", body.as_bytes(), now_ms);
            }
            Command::Transfer { call, to } => self.stack.refer(call, &to, now_ms),
            Command::SetSecret(secret) => self.stack.set_secret(&secret),
        }
    }

    fn call(&mut self, number: String, talk_ms: Option<u64>, now_ms: u64) {
        let mut call = Talk::new(talk_ms, self.free_media());
        let invitation = Invitation {
            next_hop: self.profile.registrar,
            number: number.clone(),
            domain: self.profile.domain.clone(),
            from: self.profile.user.clone(),
            name: self.profile.name.clone(),
            headers: Vec::new(),
            sdp: call.describe(),
        };
        let handle = self.stack.invite(invitation, now_ms);
        self.calls.insert(handle, call);
        self.event(Event::Calling { call: handle, number });
    }

    /// The first media address of the profile's range that no call uses; each call takes an even and an odd port.
    fn free_media(&self) -> std::net::SocketAddr {
        let mut media = self.profile.media;
        while self.calls.values().any(|call| call.media == media) {
            media.set_port(media.port().wrapping_add(2));
        }
        media
    }

    fn hold(&mut self, handle: CallHandle, on: bool, now_ms: u64) {
        let Some(call) = self.calls.get_mut(&handle) else { return };
        call.set_held(on);
        let sdp = call.describe();
        self.stack.offer(handle, &sdp, now_ms);
    }

    fn tick(&mut self, now_ms: u64) {
        if self.register_at_ms.is_some_and(|at_ms| at_ms <= now_ms) {
            self.register_at_ms = None;
            self.stack.register(self.profile.registrar, self.profile.expires_s, now_ms);
        }
        let due = self.calls.iter().filter(|(_, call)| call.next_wake_ms().is_some_and(|at_ms| at_ms <= now_ms));
        let due: Vec<CallHandle> = due.map(|(handle, _)| *handle).collect();
        for handle in due {
            let Some(call) = self.calls.get_mut(&handle) else { continue };
            let mut voice = VecDeque::new();
            let next = call.tick(now_ms, &mut voice);
            let packets = voice.into_iter().map(|Packet { local, to, bytes }| Output::Rtp { local, to, bytes });
            self.outputs.extend(packets);
            match next {
                Next::Nothing => {}
                Next::Answer => self.answer(handle, now_ms),
                Next::HangUp => self.stack.hang_up(handle, now_ms),
            }
        }
    }

    fn drain(&mut self, now_ms: u64) {
        while let Some(event) = self.stack.poll_event() {
            self.stack_event(event, now_ms);
        }
        while let Some((to, bytes)) = self.stack.poll_send() {
            self.outputs.push_back(Output::Send { to, bytes });
        }
    }

    fn stack_event(&mut self, event: StackEvent, now_ms: u64) {
        match event {
            StackEvent::Registered { expires_s } => self.registered(expires_s, now_ms),
            StackEvent::RegisterFailed { status } => {
                let passing = status == 408 || status >= 500;
                self.register_at_ms = (self.registering && passing).then(|| now_ms.saturating_add(RETRY_REGISTER_MS));
                self.event(Event::RegisterFailed { status });
            }
            StackEvent::Incoming { call, invite } => self.incoming(call, invite, now_ms),
            StackEvent::Request { server, message, from } => {
                let response = self.stack.response(&message, 501, Some("none"), from);
                self.stack.respond(server, 501, response, now_ms);
            }
            StackEvent::Progress { call, status } => {
                if status > 100 {
                    self.event(Event::Ringing { call, status });
                }
            }
            StackEvent::Answered { call, body } => {
                let voice = self.profile.voice;
                let seed = self.stack.dice().seed();
                if let Some(talk) = self.calls.get_mut(&call) {
                    talk.answered(now_ms, &body, voice, seed);
                }
                self.event(Event::Answered { call });
            }
            StackEvent::Offer { call, server, message } => {
                let Some(talk) = self.calls.get_mut(&call) else { return };
                let held = talk.take_offer(message.body());
                let sdp = talk.describe();
                self.stack.accept_offer(call, server, &message, &sdp, now_ms);
                self.event(Event::Held { call, on: held });
            }
            StackEvent::Acknowledged { call, body } => {
                if let Some(talk) = self.calls.get_mut(&call) {
                    talk.take_answer(&body);
                }
            }
            StackEvent::Transfer { call, status } => {
                // RFC 5589 section 6.1: who has transferred a call leaves it.
                if (200..300).contains(&status) {
                    self.stack.hang_up(call, now_ms);
                }
                self.event(Event::Transfer { call, status });
            }
            StackEvent::OfferAnswered { call, status } => self.event(Event::HoldAnswered { call, status }),
            StackEvent::Info { call, message } => {
                let text = String::from_utf8_lossy(message.body()).into_owned();
                self.event(Event::Info { call, text });
            }
            StackEvent::Ended { call, by, status, reason, hung_up_ms } => {
                self.ended(call, by, status, reason, hung_up_ms.unwrap_or(now_ms));
            }
        }
    }

    fn registered(&mut self, expires_s: u32, now_ms: u64) {
        // Half of what was granted, as phones behind NAT do.
        let again_ms = now_ms.saturating_add(u64::from(expires_s).saturating_mul(500).max(1_000));
        self.register_at_ms = (self.registering && expires_s > 0).then_some(again_ms);
        self.event(Event::Registered { expires_s });
    }

    fn incoming(&mut self, handle: CallHandle, invite: Message, now_ms: u64) {
        let user = |value: Result<sip::NameAddr<'_>, sip::Malformed>| {
            let uri = value.ok().and_then(|address| address.parse_uri().ok()?.user().map(|u| u.into_owned()));
            String::from_utf8_lossy(&uri.unwrap_or_default()).into_owned()
        };
        let from = user(invite.from());
        let name = invite.from().map(|from| String::from_utf8_lossy(&from.display()).into_owned()).unwrap_or_default();
        let ring_ms = match self.profile.answer {
            AnswerPolicy::Answer { ring_ms, .. } => Some(ring_ms),
            AnswerPolicy::NoAnswer => None,
            AnswerPolicy::Busy | AnswerPolicy::Refuse { .. } => {
                let status = if let AnswerPolicy::Refuse { status } = self.profile.answer { status } else { 486 };
                self.event(Event::IncomingCall { call: handle, from, name, invite });
                return self.stack.reject(handle, status, &[], now_ms);
            }
        };
        let talk_ms = if let AnswerPolicy::Answer { talk_ms, .. } = self.profile.answer { talk_ms } else { None };
        let mut call = Talk::new(talk_ms, self.free_media());
        call.rings(&invite, ring_ms.map(|ring_ms| now_ms.saturating_add(ring_ms)));
        self.calls.insert(handle, call);
        self.event(Event::IncomingCall { call: handle, from, name, invite });
        self.stack.ring(handle, 180, &[], now_ms);
    }

    fn answer(&mut self, handle: CallHandle, now_ms: u64) {
        let (voice, seed) = (self.profile.voice, self.stack.dice().seed());
        let Some(call) = self.calls.get_mut(&handle) else { return };
        let offer = call.take_offered();
        call.answered(now_ms, &offer, voice, seed);
        let sdp = call.describe();
        self.stack.accept(handle, &sdp, now_ms);
        self.event(Event::Answered { call: handle });
    }

    fn ended(&mut self, handle: CallHandle, by: End, status: u16, reason: String, end_ms: u64) {
        let call = self.calls.remove(&handle);
        let talk_ms = call.as_ref().and_then(|call| call.answered_ms).map(|at_ms| end_ms.saturating_sub(at_ms));
        let heard = call.map(|call| call.heard()).unwrap_or_default();
        self.event(Event::Ended { call: handle, by, status, reason, talk_ms, heard });
    }

    fn hear(&mut self, local: std::net::SocketAddr, bytes: &[u8]) {
        if let Some(call) = self.calls.values_mut().find(|call| call.media == local) {
            call.hear(bytes);
        }
    }

    fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }
}
