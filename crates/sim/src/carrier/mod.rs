//! A wholesale carrier without sockets: answers calls by a script for each number prefix, challenges and registers its
//! customer where told to, and places calls to the customer's numbers.

#[cfg(test)]
mod tests;
mod types;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use sip::digest::{Algorithm, Authenticator, Authorization, Ha1Set, Judgement, NonceMint};
use sip::transaction::ServerKey;
use sip::{Message, Method, Name, SipUri};

use crate::stack::{CallHandle, Invitation, Stack, StackEvent, Station};
use crate::talk::{Next, Packet, Talk};
use crate::ua::{Input, Output};
pub use types::{Auth, Command, Event, Fate, Profile, Rule};

/// How long its nonces are good.
const NONCE_VALIDITY_MS: u64 = 300_000;
/// The longest registration it grants, seconds.
const MAX_EXPIRES_S: u32 = 3_600;

/// A simulated carrier. Feed it with [`Carrier::handle`], then drain [`Carrier::poll_output`].
#[derive(Debug)]
pub struct Carrier {
    profile: Profile,
    stack: Stack,
    authenticator: Authenticator,
    /// Where the customer is registered, and until when.
    binding: Option<(SocketAddr, u64)>,
    calls: BTreeMap<CallHandle, Running>,
    /// What becomes of the next call to a number.
    expected: BTreeMap<String, Fate>,
    outputs: VecDeque<Output<Event>>,
}

/// One call at the carrier.
#[derive(Debug)]
struct Running {
    talk: Talk,
    /// When it is refused, and with which status.
    refuse: Option<(u64, u16)>,
}

impl Running {
    fn next_wake_ms(&self) -> Option<u64> {
        [self.talk.next_wake_ms(), self.refuse.map(|(at_ms, _)| at_ms)].into_iter().flatten().min()
    }
}

impl Carrier {
    /// A carrier in service.
    #[must_use]
    pub fn new(profile: Profile) -> Carrier {
        let station = Station {
            address: profile.address,
            user: "carrier".to_owned(),
            domain: profile.domain.clone(),
            user_agent: profile.user_agent.clone(),
            auth_name: String::new(),
            secret: String::new(),
        };
        let mut stack = Stack::new(station, profile.seed);
        let mint = NonceMint::new(stack.dice().bytes(), NONCE_VALIDITY_MS);
        Carrier {
            authenticator: Authenticator::new(&profile.domain, &Algorithm::ALL, mint),
            stack,
            profile,
            binding: None,
            calls: BTreeMap::new(),
            expected: BTreeMap::new(),
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

    /// Where the customer is registered now.
    #[must_use]
    pub fn binding(&self, now_ms: u64) -> Option<SocketAddr> {
        self.binding.filter(|(_, until_ms)| *until_ms > now_ms).map(|(address, _)| address)
    }

    /// Takes an input. Time never goes backwards.
    pub fn handle(&mut self, now_ms: u64, input: Input<'_, Command>) {
        match input {
            Input::Datagram { from, bytes } => self.stack.datagram(from, bytes, now_ms),
            Input::Rtp { local, from: _, bytes } => {
                if let Some(running) = self.calls.values_mut().find(|running| running.talk.media == local) {
                    running.talk.hear(bytes);
                }
            }
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
        let calls = self.calls.values().filter_map(Running::next_wake_ms).min();
        [self.stack.next_wake_ms(), calls].into_iter().flatten().min()
    }

    /// The next thing to send or to know; call until `None` after every input.
    pub fn poll_output(&mut self) -> Option<Output<Event>> {
        self.outputs.pop_front()
    }

    fn command(&mut self, command: Command, now_ms: u64) {
        match command {
            Command::Call { did, from, talk_ms } => self.call(did, from, talk_ms, now_ms),
            Command::Expect { number, fate } => drop(self.expected.insert(number, fate)),
            Command::HangUp { call } => {
                let calls: Vec<_> = self.calls.keys().copied().filter(|c| call.is_none_or(|call| call == *c)).collect();
                for call in calls {
                    self.stack.hang_up(call, now_ms);
                }
            }
        }
    }

    fn call(&mut self, did: String, from: String, talk_ms: Option<u64>, now_ms: u64) {
        let must_register = self.profile.auth.as_ref().is_some_and(|auth| auth.must_register);
        let fixed = (!must_register).then_some(self.profile.customer);
        let Some(next_hop) = self.binding(now_ms).or(fixed) else { return };
        let mut talk = Talk::new(talk_ms, self.free_media());
        let invitation = Invitation {
            next_hop,
            number: did.clone(),
            domain: next_hop.to_string(),
            from,
            name: String::new(),
            headers: Vec::new(),
            sdp: talk.describe(),
        };
        let call = self.stack.invite(invitation, now_ms);
        self.calls.insert(call, Running { talk, refuse: None });
        self.event(Event::Calling { call, did });
    }

    fn free_media(&self) -> SocketAddr {
        let mut media = self.profile.media;
        while self.calls.values().any(|running| running.talk.media == media) {
            media.set_port(media.port().wrapping_add(2));
        }
        media
    }

    fn tick(&mut self, now_ms: u64) {
        let due = self.calls.iter().filter(|(_, call)| call.next_wake_ms().is_some_and(|at_ms| at_ms <= now_ms));
        let due: Vec<CallHandle> = due.map(|(handle, _)| *handle).collect();
        for handle in due {
            let Some(running) = self.calls.get_mut(&handle) else { continue };
            if let Some((_, status)) = running.refuse.take_if(|(at_ms, _)| *at_ms <= now_ms) {
                self.stack.reject(handle, status, &[], now_ms);
                continue;
            }
            let mut voice = VecDeque::new();
            let next = running.talk.tick(now_ms, &mut voice);
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
            StackEvent::Incoming { call, invite } => self.arrived(call, invite, now_ms),
            StackEvent::Request { server, message, from } => self.request(server, &message, from, now_ms),
            StackEvent::Answered { call, body } => {
                let (voice, seed) = (self.profile.voice, self.stack.dice().seed());
                if let Some(running) = self.calls.get_mut(&call) {
                    running.talk.answered(now_ms, &body, voice, seed);
                }
                self.event(Event::Answered { call });
            }
            StackEvent::Offer { call, server, message } => {
                let Some(running) = self.calls.get_mut(&call) else { return };
                running.talk.take_offer(message.body());
                let sdp = running.talk.describe();
                self.stack.accept_offer(call, server, &message, &sdp, now_ms);
            }
            StackEvent::Acknowledged { call, body } => {
                if let Some(running) = self.calls.get_mut(&call) {
                    running.talk.take_answer(&body);
                }
            }
            StackEvent::Ended { call, by, status, hung_up_ms, .. } => {
                // A call refused before it was one (a challenge) is nobody's business.
                let Some(running) = self.calls.remove(&call) else { return };
                let end_ms = hung_up_ms.unwrap_or(now_ms);
                let talk_ms = running.talk.answered_ms.map(|at_ms| end_ms.saturating_sub(at_ms));
                self.event(Event::Ended { call, by, status, talk_ms, heard: running.talk.heard() });
            }
            StackEvent::Registered { .. }
            | StackEvent::RegisterFailed { .. }
            | StackEvent::Progress { .. }
            | StackEvent::OfferAnswered { .. }
            | StackEvent::Transfer { .. }
            | StackEvent::Info { .. } => {}
        }
    }

    fn arrived(&mut self, call: CallHandle, invite: Message, now_ms: u64) {
        if self.profile.auth.as_ref().is_some_and(|auth| auth.calls) {
            let judgement = self.judge(&invite, Name::ProxyAuthorization, now_ms);
            if judgement != Judgement::Accepted {
                let challenge = self.challenge(Name::ProxyAuthenticate, judgement, now_ms);
                return self.stack.reject(call, 407, &challenge, now_ms);
            }
        }
        let number = SipUri::parse(invite.request_uri()).ok().and_then(|uri| uri.user()).unwrap_or_default();
        let from = invite.from().ok().and_then(|from| SipUri::parse(from.uri).ok()?.user()).unwrap_or_default();
        let fate = self.fate(&number);
        let mut running = Running { talk: Talk::new(None, self.free_media()), refuse: None };
        match fate {
            Fate::Answer { ring_ms, talk_ms } => {
                let dice = self.stack.dice();
                let answer_at_ms = now_ms.saturating_add(dice.between(ring_ms.0, ring_ms.1));
                let talk_ms = talk_ms.map(|(first, last)| dice.between(first, last));
                running.talk = Talk::new(talk_ms, running.talk.media);
                running.talk.rings(&invite, Some(answer_at_ms));
            }
            Fate::NoAnswer => running.talk.rings(&invite, None),
            Fate::Refuse { status, after_ms } => {
                let after_ms = self.stack.dice().between(after_ms.0, after_ms.1);
                running.refuse = Some((now_ms.saturating_add(after_ms), status));
            }
        }
        self.calls.insert(call, running);
        self.event(Event::Arrived { call, number, from, invite });
        if !matches!(fate, Fate::Refuse { .. }) {
            self.stack.ring(call, 180, &[], now_ms);
        }
    }

    fn fate(&mut self, number: &str) -> Fate {
        let digits = number.trim_start_matches('+');
        if let Some(fate) = self.expected.remove(digits) {
            return fate;
        }
        let matching = self.profile.rules.iter().filter(|rule| digits.starts_with(&rule.prefix));
        let longest = matching.max_by_key(|rule| rule.prefix.len());
        longest.map_or(Fate::Refuse { status: 404, after_ms: (0, 0) }, |rule| rule.fate)
    }

    fn answer(&mut self, call: CallHandle, now_ms: u64) {
        let (voice, seed) = (self.profile.voice, self.stack.dice().seed());
        let Some(running) = self.calls.get_mut(&call) else { return };
        let offer = running.talk.take_offered();
        running.talk.answered(now_ms, &offer, voice, seed);
        let sdp = running.talk.describe();
        self.stack.accept(call, &sdp, now_ms);
        self.event(Event::Answered { call });
    }

    fn request(&mut self, server: ServerKey, request: &Message, from: SocketAddr, now_ms: u64) {
        let tag = self.stack.dice().token();
        if request.method() != Some(Method::Register) || self.profile.auth.is_none() {
            let response = self.stack.response(request, 501, Some(&tag), from);
            return self.stack.respond(server, 501, response, now_ms);
        }
        let judgement = self.judge(request, Name::Authorization, now_ms);
        if judgement != Judgement::Accepted {
            let mut response = self.stack.response(request, 401, Some(&tag), from);
            for (name, value) in self.challenge(Name::WwwAuthenticate, judgement, now_ms) {
                response.header(name, value);
            }
            return self.stack.respond(server, 401, response, now_ms);
        }
        let contact = request.contacts().filter_map(Result::ok).next();
        let asked_s = contact.and_then(|contact| contact.expires_s()).or(request.expires()).unwrap_or(MAX_EXPIRES_S);
        let expires_s = asked_s.min(MAX_EXPIRES_S);
        self.binding = Some((from, now_ms.saturating_add(u64::from(expires_s) * 1_000)));
        let mut response = self.stack.response(request, 200, Some(&tag), from);
        if let Some(contact) = contact {
            let uri = String::from_utf8_lossy(contact.uri);
            response.header_display(Name::Contact, format_args!("<{uri}>;expires={expires_s}"));
        }
        self.stack.respond(server, 200, response, now_ms);
        self.event(Event::Registered { from, expires_s });
    }

    fn judge(&mut self, request: &Message, header: Name, now_ms: u64) -> Judgement {
        let Some(auth) = &self.profile.auth else { return Judgement::Accepted };
        let value = request.header(header).or_else(|| request.header(Name::Authorization));
        let Some(Ok(credentials)) = value.map(Authorization::parse) else { return Judgement::Wrong };
        if credentials.username.as_ref() != auth.username.as_bytes() {
            return Judgement::Wrong;
        }
        let ha1 = Ha1Set::new(auth.username.as_bytes(), self.profile.domain.as_bytes(), auth.secret.as_bytes());
        self.authenticator.judge(&credentials, &ha1, request.method_raw(), 0, now_ms)
    }

    fn challenge(&mut self, header: Name, judgement: Judgement, now_ms: u64) -> Vec<(Name, Vec<u8>)> {
        let salt = self.stack.dice().bytes();
        let stale = judgement == Judgement::Stale;
        self.authenticator.challenge(now_ms, salt, stale).into_iter().map(|value| (header, value)).collect()
    }

    fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }
}
